"""pcap files of every kind that is about, whole, cut and damaged."""

import struct
from io import BytesIO

import pytest

from auditor.sources.pcap import window
from auditor.sources.pcap.classic import style
from auditor.sources.pcap.frames import frames, recognised
from auditor.sources.pcap.window import Window
from auditor.sources.tape import Tape
from tests.sources.pcap.building import SECOND, items, kept, pcap, said, times, troubles

PACKETS = [said(b"one"), said(b"three" * 11), said(b"")]

KINDS = {
    "little-endian microseconds": (pcap(PACKETS), 1_000),
    "big-endian microseconds": (pcap(PACKETS, order=">"), 1_000),
    "little-endian nanoseconds": (pcap(PACKETS, magic=0xA1B23C4D), 1),
    "big-endian nanoseconds": (pcap(PACKETS, order=">", magic=0xA1B23C4D), 1),
    "Kuznetzov's": (pcap(PACKETS, magic=0xA1B2CD34, more=bytes(8)), 1_000),
    "Kuznetzov's, big-endian": (pcap(PACKETS, order=">", magic=0xA1B2CD34, more=bytes(8)), 1_000),
    "of hardware by IXIA": (pcap(PACKETS, magic=0x1C0001AC), 1),
    "of software by IXIA": (pcap(PACKETS, magic=0x1C0001AB), 1_000),
    "before version 2.3": (pcap(PACKETS, version=(2, 2), swapped=True), 1_000),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_pcap_gives_its_packets_and_their_times(kind: str) -> None:
    data, tick = KINDS[kind]
    assert kept(data) == PACKETS
    assert times(data) == [(SECOND + n) * 1_000_000_000 + tick for n in range(3)]
    assert troubles(data) == []


@pytest.mark.parametrize("swapped", [False, True])
def test_version_2_3_was_written_both_ways_and_the_first_packet_tells(swapped: bool) -> None:
    data = pcap([b"x" * 90], version=(2, 3), swapped=swapped, snap=60)
    assert [len(packet) for packet in kept(data)] == [60]


def test_a_snapped_packet_says_what_was_on_the_wire() -> None:
    (found,) = [item for item in items(pcap([b"x" * 900], snap=64)) if isinstance(item, Window)]
    assert (found.kept.tolist(), found.wire.tolist()) == ([64], [900])


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_file_that_is_cut_anywhere_gives_all_that_precedes_the_cut(order: str) -> None:
    data = pcap(PACKETS, order=order)
    ends = [24]
    for one in PACKETS:
        ends.append(ends[-1] + 16 + len(one))
    for size in range(24, len(data) + 1):
        whole = sum(end <= size for end in ends) - 1
        assert kept(data[:size]) == PACKETS[:whole]
        tape = Tape(BytesIO(data[:size]))
        said_so = [item for item in frames(tape) if not isinstance(item, Window)]
        assert bool(said_so) == (size not in ends)
        assert tape.unread == size - max(end for end in ends if end <= size)


def test_a_length_that_cannot_be_ends_the_file_and_nothing_is_made_for_it() -> None:
    data = pcap(PACKETS[:1]) + struct.pack("<IIII", SECOND, 0, 0xFFFF_FFF0, 60) + b"x" * 5_000
    assert kept(data) == PACKETS[:1]
    (why,) = troubles(data)
    assert "4294967280 bytes cannot be" in why


def test_a_capture_larger_than_a_window_loses_no_packet(monkeypatch: pytest.MonkeyPatch) -> None:
    packets = [bytes([n % 256]) * (n * 37 % 1_900) for n in range(600)]
    whole = kept(pcap(packets))
    monkeypatch.setattr(window, "SIZE", 1 << 16)
    monkeypatch.setattr(window, "MOST", 20)
    windows = [item for item in items(pcap(packets)) if isinstance(item, Window)]
    assert len(windows) > 30
    assert [w.first for w in windows] == [1 + sum(map(len, windows[:n])) for n in range(len(windows))]
    assert kept(pcap(packets)) == whole == packets


def test_what_does_not_begin_like_a_capture_is_none() -> None:
    with pytest.raises(ValueError, match="no header"):
        style(b"hello, this is a text that is long enough")
    assert recognised(pcap([]))
    assert not recognised(pcap([])[:20])
