"""pcapng: sections, interfaces, clocks, and what stands between the packets."""

import struct
from io import BytesIO

import pytest

from auditor.sources.pcap import window
from auditor.sources.pcap.frames import frames, secrets
from auditor.sources.pcap.notes import options
from auditor.sources.pcap.window import Comment, Name, Secrets, Window
from auditor.sources.tape import Tape
from tests.sources.pcap.building import (
    SECOND,
    block,
    interface,
    items,
    kept,
    option,
    packet,
    said,
    section,
    times,
    troubles,
)  # fmt: skip

LINE = b"CLIENT_RANDOM " + b"a1" * 32 + b" " + b"b2" * 48
BILLION = 1_000_000_000


@pytest.mark.parametrize("order", ["<", ">"])
def test_packets_of_every_kind_of_block_are_read(order: str) -> None:
    data = said(b"hello")
    old = struct.pack(f"{order}HHIIII", 0, 3, 0, 5, len(data), len(data)) + data
    simple = struct.pack(f"{order}I", len(data)) + data
    file = section(order) + interface(order) + packet(data, order, ticks=5) + block(2, old, order)
    file += block(3, simple, order)
    assert kept(file) == [data] * 3
    assert times(file) == [5_000] * 3  # a simple packet has the time of the one before
    assert troubles(file) == []


def test_sections_have_their_own_order_and_interfaces() -> None:
    one = section("<") + interface("<", link=1) + interface("<", link=101) + packet(b"a" * 60, face=1)
    two = section(">") + interface(">", link=228) + packet(b"b" * 60, ">", face=0) + packet(b"c", ">", face=1)
    links = [(w.first, w.links.tolist()) for w in items(one + two) if isinstance(w, Window)]
    assert links == [(1, [101]), (2, [228, -1])]  # the second section never described a second interface


@pytest.mark.parametrize(
    ("resolution", "ticks", "nanoseconds"),
    [
        (b"\x06", SECOND * 1_000_000 + 7, SECOND * BILLION + 7_000),
        (b"\x09", SECOND * BILLION + 7, SECOND * BILLION + 7),
        (b"\x03", SECOND * 1_000 + 7, SECOND * BILLION + 7_000_000),
        (b"\x00", SECOND, SECOND * BILLION),
        (b"\x0c", 5_123_456, 5_123),
        (b"\x8a", SECOND << 10 | 512, SECOND * BILLION + BILLION // 2),
        (b"\xa8", 3 << 40 | 1 << 39, 3 * BILLION + BILLION // 2),
    ],
)
def test_clocks_tick_as_their_interface_says(resolution: bytes, ticks: int, nanoseconds: int) -> None:
    face = interface(options=option(9, resolution))
    assert times(section() + face + packet(b"x", ticks=ticks)) == [nanoseconds]


def test_a_clock_may_be_moved_by_seconds() -> None:
    face = interface(options=option(14, struct.pack("<q", -3600)))
    assert times(section() + face + packet(b"x", ticks=SECOND * 1_000_000)) == [(SECOND - 3600) * BILLION]


def test_secrets_names_and_comments_are_handed_out() -> None:
    names = struct.pack("<HH", 1, 10) + bytes([10, 0, 0, 1]) + b"a.box\0" + bytes(2) + bytes(4)
    file = section(options=option(1, b"made at home")) + interface()
    file += packet(b"x" * 61, options=option(1, b"look here") + bytes(4))
    file += block(10, struct.pack("<II", 0x544C534B, len(LINE)) + LINE) + block(4, names)
    found = [item for item in items(file) if not isinstance(item, Window)]
    assert found == [
        Comment("made at home"),
        Secrets("tls", LINE),
        Name(bytes([10, 0, 0, 1]), "a.box"),
        Comment("look here", 1),
    ]


def test_a_key_log_in_the_comment_of_a_section_is_found() -> None:
    file = section(options=option(1, b"# keys\n" + LINE))
    assert [item.data for item in items(file) if isinstance(item, Secrets)] == [b"# keys\n" + LINE]


def test_secrets_after_the_packets_can_be_looked_for_beforehand() -> None:
    file = section() + interface() + packet(b"x") + block(10, struct.pack("<II", 0x544C534B, 4) + b"keys")
    assert list(secrets(Tape(BytesIO(file)))) == [Secrets("tls", b"keys")]
    assert list(secrets(Tape(BytesIO(b"\xd4\xc3\xb2\xa1" + bytes(20))))) == []


def test_blocks_that_nobody_knows_are_passed_over() -> None:
    strange = block(0xBAD, bytes(40)) + block(0x40000BAD, b"custom") + block(5, bytes(8)) + block(99, b"")
    assert kept(section() + interface() + strange + packet(b"after")) == [b"after"]


def test_a_block_larger_than_a_window_is_passed_over_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(window, "SIZE", 1 << 16)
    monkeypatch.setattr("auditor.sources.pcap.pcapng.SIZE", 1 << 16)
    file = section() + interface() + packet(b"before") + block(77, bytes(200_000)) + packet(b"after")
    tape = Tape(BytesIO(file))
    assert kept(file) == [b"before", b"after"]
    assert [item for item in frames(tape) if type(item).__name__ == "Trouble"]
    assert tape.unread == 200_012


def test_a_file_that_is_cut_anywhere_gives_all_that_precedes_the_cut() -> None:
    parts = [section(), interface(), packet(b"one" * 9), packet(b"two"), packet(b"three")]
    file, ends = b"".join(parts), [sum(map(len, parts[:n])) for n in range(1, 6)]
    for size in range(ends[0], len(file) + 1):
        done = sum(end <= size for end in ends)
        assert len(kept(file[:size])) == max(done - 2, 0)
        assert bool(troubles(file[:size])) == (size not in ends)


def test_a_length_that_cannot_be_ends_the_file() -> None:
    file = section() + interface() + packet(b"one") + struct.pack("<III", 6, 3, 0) + packet(b"two")
    assert kept(file) == [b"one"]
    assert "length of a block cannot be" in troubles(file)[0]


def test_a_packet_that_says_it_is_longer_than_its_block_ends_with_it() -> None:
    lie = block(6, struct.pack("<IIIII", 0, 0, 0, 5_000, 5_000) + b"little.." + bytes(4))
    assert kept(section() + interface() + lie + packet(b"next")) == [b"little.." + bytes(4), b"next"]


def test_options_end_where_they_make_no_sense() -> None:
    assert list(options(option(1, b"abc") + option(2, b"") + struct.pack("<HH", 5, 900), "<")) == [
        (1, b"abc"),
        (2, b""),
    ]
