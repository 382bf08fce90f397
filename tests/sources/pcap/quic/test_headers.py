"""Packets in a datagram, as far as anybody can read them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.sources.pcap.hello import Cut
from auditor.sources.pcap.quic.headers import Offer, Sealed, split, varint
from auditor.sources.pcap.quic.versions import EARLY, HANDSHAKE, INITIAL, RETRY, SHORT

IDS = b"\x03one\x02me"
FIRST = b"\xc0\0\0\0\1" + IDS + b"\x02tk\x05hello"
SECOND = b"\xe0\0\0\0\1" + IDS + b"\x40\x03abc"


def test_packets_share_a_datagram() -> None:
    short = b"\x41nothing is known of this"
    found = list(split(FIRST + SECOND + short))
    assert found == [
        Sealed(INITIAL, FIRST, 1, b"one", b"me", b"tk", len(FIRST) - 5),
        Sealed(HANDSHAKE, SECOND, 1, b"one", b"me", b"", len(SECOND) - 3),
        Sealed(SHORT, short),
    ]


def test_what_fills_up_a_datagram_is_no_packet() -> None:
    assert len(list(split(FIRST + bytes(100)))) == 1


@pytest.mark.parametrize(
    ("first", "version", "kind"),
    [
        (0xC0, 1, INITIAL), (0xD0, 1, EARLY), (0xE0, 1, HANDSHAKE), (0xF0, 1, RETRY),
        (0xD0, 0x6B3343CF, INITIAL), (0xE0, 0x6B3343CF, EARLY), (0xF0, 0x6B3343CF, HANDSHAKE),
        (0xC0, 0x6B3343CF, RETRY), (0xC0, 0xFF00001D, INITIAL),
    ],
)  # fmt: skip
def test_kinds_have_other_numbers_in_the_second_version(first: int, version: int, kind: str) -> None:
    data = bytes((first,)) + version.to_bytes(4) + IDS + b"\x00\x1e" + bytes(30)
    (packet,) = split(data)
    assert isinstance(packet, Sealed) and packet.kind == kind


def test_a_retry_has_a_token_before_its_tag() -> None:
    (packet,) = split(b"\xf0\0\0\0\1" + IDS + b"a token" + bytes(16))
    assert isinstance(packet, Sealed) and packet.token == b"a token"


def test_a_server_offers_versions() -> None:
    data = b"\x80\0\0\0\0" + IDS + b"\0\0\0\1\xff\0\0\x1d\7"
    assert list(split(data)) == [Offer(b"one", b"me", (1, 0xFF00001D))]


@pytest.mark.parametrize(
    "data", [FIRST[:-1], b"\xc0\0\0\0\1\x15" + bytes(40), b"\xc3Q046\x50" + bytes(40), b"\x80"]
)
def test_what_does_not_fit_is_no_packet(data: bytes) -> None:
    assert list(split(data)) == []


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("25", 37),
        ("4025", 37),
        ("7bbd", 15_293),
        ("9d7f3e7d", 494_878_333),
        ("c2197c5eff14e88c", 151_288_809_941_952_652),
    ],
)
def test_numbers_say_how_long_they_are(written: str, number: int) -> None:
    assert varint(Cut(bytes.fromhex(written))) == number


@given(st.binary(max_size=200))
def test_noise_never_makes_more_than_there_is(noise: bytes) -> None:
    found = list(split(noise))
    assert sum(len(packet.data) for packet in found if isinstance(packet, Sealed)) <= len(noise)
