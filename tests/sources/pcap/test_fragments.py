"""Packets in pieces are put together, in any order, and only once all is there."""

import random

import pytest

from auditor.sources.pcap.fragments import Fragments
from auditor.sources.pcap.links import Unread
from auditor.sources.pcap.packets import Packets
from tests.sources.pcap.building import conversation, ethernet, ipv4, ipv6, pcap, tcp

WHOLE = tcp(40_000, 443, 1, 24, bytes(range(250)) * 4)


def pieces(size: int = 200, name: int = 9) -> list[bytes]:
    cuts = range(0, len(WHOLE), size)
    return [
        ethernet(ipv4(WHOLE[at : at + size], name=name, at=at, more=at + size < len(WHOLE))) for at in cuts
    ]


def pieces6() -> list[bytes]:
    heads = [(0, 1), (400, 1), (800, 0)]
    return [
        ethernet(ipv6(b"\x06\0" + (at | more).to_bytes(2) + b"name" + WHOLE[at : at + 400], 44), 0x86DD)
        for at, more in heads
    ]


@pytest.mark.parametrize("version", ["IPv4", "IPv6"])
@pytest.mark.parametrize("seed", range(5))
def test_pieces_in_any_order_make_one_packet_at_the_place_of_the_last(version: str, seed: int) -> None:
    mixed = pieces() if version == "IPv4" else pieces6()
    random.Random(seed).shuffle(mixed)
    ((_, packet),) = conversation(pcap(mixed))
    assert packet.number == len(mixed)
    assert (packet.payload, packet.target.port, packet.missing) == (bytes(range(250)) * 4, 443, 0)


def test_pieces_of_different_packets_are_not_mixed() -> None:
    both = [piece for pair in zip(pieces(name=1), pieces(name=2), strict=True) for piece in pair]
    assert [packet.payload for _, packet in conversation(pcap(both))] == [bytes(range(250)) * 4] * 2


def test_what_never_becomes_whole_is_counted() -> None:
    reader = Packets()
    for piece in pieces()[:-1]:
        assert reader.read(1, piece, len(piece)).family == 0
    assert reader.finish() == {"a packet of which fragments never came": 1}


def test_the_first_bytes_for_a_place_stay() -> None:
    fragments = Fragments()
    assert fragments.add("packet", 0, b"AAAAAAAA", True) is None
    assert fragments.add("packet", 0, b"BBBBBBBB", True) is None
    assert fragments.add("packet", 4, b"CCCCCCCC", False) == b"AAAAAAAACCCC"
    assert len(fragments) == 0


def test_a_hole_keeps_a_packet_waiting_however_much_came() -> None:
    fragments = Fragments()
    assert fragments.add("packet", 16, b"C" * 8, False) is None
    assert fragments.add("packet", 0, b"A" * 8, True) is None
    assert fragments.add("packet", 4, b"B" * 8, True) is None
    assert fragments.add("packet", 8, b"D" * 8, True) == b"A" * 8 + b"B" * 4 + b"D" * 4 + b"C" * 8


def test_a_piece_that_was_not_kept_whole_or_lies_beyond_every_packet_is_no_piece() -> None:
    reader = Packets()
    assert reader.read(1, pieces()[0][:90], 234).family == 0
    assert dict(reader.reasons) == {"a fragment that was not kept whole": 1}
    with pytest.raises(Unread, match="beyond the end"):
        Fragments().add("packet", 65_528, b"123456789", False)
