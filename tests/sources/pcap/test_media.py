"""Sound and pictures are known by several packets that follow each other, never by one."""

import pytest

from auditor.sources.pcap.media import ENOUGH, media, report
from auditor.sources.pcap.vpn import Piece


def packet(number: int, source: int = 7, kind: int = 111, first: int = 0x80) -> Piece:
    head = bytes((first, kind)) + (number % 65536).to_bytes(2) + bytes(4) + source.to_bytes(4)
    return Piece(head, 172)


STREAMS = {
    "one after the other": [packet(n) for n in range(ENOUGH)],
    "over the edge of the numbers": [packet(n) for n in range(65534, 65534 + ENOUGH)],
    "with one lost": [packet(n) for n in (5, 6, 8)],
    "two sources in turn": [packet(n // 2, source=n % 2) for n in range(2 * ENOUGH)],
}
OTHERS = {
    "too few": [packet(n) for n in range(ENOUGH - 1)],
    "the same number": [packet(5) for _ in range(9)],
    "numbers that jump": [packet(n * 999) for n in range(9)],
    "many sources": [packet(n, source=n) for n in range(9)],
    "reports": [packet(n, kind=200) for n in range(9)],
    "another version": [packet(n, first=0x40) for n in range(9)],
    "heads": [Piece(packet(n).head[:8], 8) for n in range(9)],
}


@pytest.mark.parametrize("what", STREAMS)
def test_packets_that_are_numbered_are_a_stream(what: str) -> None:
    assert media(STREAMS[what])


@pytest.mark.parametrize("what", OTHERS)
def test_other_packets_are_none(what: str) -> None:
    assert not media(OTHERS[what])


def test_a_report_is_whole_words() -> None:
    assert report(Piece(b"\x80\xc8\0\6" + bytes(24), 28))
    assert not report(Piece(b"\x80\xc8\0\x40" + bytes(24), 28))
    assert not report(Piece(b"\x80\x6f\0\6" + bytes(24), 28))
