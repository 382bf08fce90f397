"""Link types: what lies under IP, and what is no conversation."""

import struct

import pytest

from auditor.sources.pcap.links import IPV4, IPV6, NOTHING, Unread, begin
from tests.sources.pcap.building import ethernet, ipv4, ipv6, tcp

FOUR, SIX = ipv4(tcp(1, 2, 3, 24, b"hello")), ipv6(tcp(1, 2, 3, 24, b"hello"))
SNAP = b"\xaa\xaa\x03\0\0\0"
SNAP4 = SNAP + b"\x08\0" + FOUR
WIFI = bytes([8, 1]) + bytes(22)
QUALITY = bytes([0x88, 1]) + bytes(22) + bytes(2)
RADIOTAP = struct.pack("<BBHI", 0, 0, 9, 2)

# (link type, bytes): the kind of what follows, and its first bytes.
KNOWN = {
    "Ethernet with SNAP": (1, bytes(12) + struct.pack(">H", len(SNAP4)) + SNAP4, IPV4, FOUR),
    "Ethernet with another service": (1, bytes(12) + b"\0\x26" + bytes(38), NOTHING, None),
    "BSD's loopback": (0, struct.pack("<I", 30) + SIX, IPV6, SIX),
    "BSD's loopback, in network order": (108, struct.pack(">I", 2) + FOUR, IPV4, FOUR),
    "loopback of something else": (0, struct.pack("<I", 7) + FOUR, NOTHING, None),
    "SLIP": (8, b"\0\x40" + bytes(14) + FOUR, IPV4, FOUR),
    "PPP": (9, b"\xff\x03\0\x57" + SIX, IPV6, SIX),
    "PPP in short": (9, b"\x21" + FOUR, IPV4, FOUR),
    "PPP of Cisco": (50, b"\x0f\0\x08\0" + FOUR, IPV4, FOUR),
    "PPP in one piece of several links": (9, b"\xff\x03\0\x3d\xc0\0\0\1\0\x21" + FOUR, IPV4, FOUR),
    "PPP's own talk": (9, b"\xff\x03\xc0\x21" + bytes(8), NOTHING, None),
    "FDDI": (10, bytes(13) + SNAP4, IPV4, FOUR),
    "PPPoE": (51, b"\x11\0\0\1\0\x40\0\x21" + FOUR, IPV4, FOUR),
    "RAW": (101, SIX, IPV6, SIX),
    "Cisco's HDLC": (104, b"\x0f\0\x08\0" + FOUR, IPV4, FOUR),
    "Wi-Fi": (105, WIFI + SNAP4, IPV4, FOUR),
    "Wi-Fi with quality": (105, QUALITY + SNAP4, IPV4, FOUR),
    "Wi-Fi between stations": (105, bytes([8, 3]) + bytes(28) + SNAP4, IPV4, FOUR),
    "several packets in one frame of Wi-Fi": (105, QUALITY[:24] + b"\x80\0" + bytes(14) + SNAP4, IPV4, FOUR),
    "a beacon": (105, bytes([0x80, 0]) + bytes(40), NOTHING, None),
    "Wi-Fi without data": (105, bytes([0x48, 1]) + bytes(22), NOTHING, None),
    "radiotap": (127, RADIOTAP + b"\0" + WIFI + SNAP4, IPV4, FOUR),
    "radiotap, padded": (127, RADIOTAP + b"\x20" + QUALITY + bytes(2) + SNAP4, IPV4, FOUR),
    "radiotap with a clock": (127, struct.pack("<BBHIQB", 0, 0, 17, 3, 9, 0x20) + QUALITY + bytes(2) + SNAP4,
                              IPV4, FOUR),
    "Prism": (119, struct.pack("<II", 0x44, 144) + bytes(136) + WIFI + SNAP4, IPV4, FOUR),
    "AVS": (163, struct.pack(">II", 0x80211001, 64) + bytes(56) + WIFI + SNAP4, IPV4, FOUR),
    "frame relay": (107, b"\x18\x41\x03\xcc" + FOUR, IPV4, FOUR),
    "frame relay with SNAP": (107, b"\x18\x41\x03\0\x80\0\0\0\x86\xdd" + SIX, IPV6, SIX),
    "frame relay of Cisco": (107, b"\x18\x41\x08\0" + FOUR, IPV4, FOUR),
    "a firewall's log": (117, bytes([61, 2]) + bytes(62) + FOUR, IPV4, FOUR),
    "what was inside IPsec": (109, bytes(12) + SIX, IPV6, SIX),
    "SLL": (113, bytes(14) + b"\x86\xdd" + SIX, IPV6, SIX),
    "SLL of a service": (113, bytes(14) + b"\0\4" + SNAP4, IPV4, FOUR),
    "SLL2": (276, b"\x08\0" + bytes(18) + FOUR, IPV4, FOUR),
    "ARCNET": (129, bytes([1, 2, 0, 0, 212, 0, 0, 1]) + FOUR, IPV4, FOUR),
    "PPI": (192, struct.pack("<BBHI", 0, 0, 8, 1) + ethernet(FOUR), IPV4, FOUR),
    "PKTAP": (258, struct.pack("<III", 108, 1, 1) + bytes(96) + ethernet(SIX, 0x86DD), IPV6, SIX),
    "NFLOG": (239, bytes(4) + b"\4\0\1\0" + struct.pack("<HH", 4 + len(FOUR), 9) + FOUR, IPV4, FOUR),
    "NFLOG of a big machine": (239, bytes(4) + struct.pack(">HH", 4 + len(FOUR), 9) + FOUR, IPV4, FOUR),
    "a switch by Broadcom": (281, bytes(12) + bytes(4) + b"\x08\0" + FOUR, IPV4, FOUR),
    "a switch that tags in front": (282, bytes(4) + ethernet(FOUR), IPV4, FOUR),
    "a preamble": (274, bytes(8) + ethernet(FOUR), IPV4, FOUR),
}  # fmt: skip


@pytest.mark.parametrize("what", KNOWN)
def test_a_link_type_says_what_follows_and_where(what: str) -> None:
    link, data, kind, inside = KNOWN[what]
    found, at = begin(link, data)
    assert found == kind
    assert inside is None or data[at:].startswith(inside)


@pytest.mark.parametrize("what", KNOWN)
def test_a_packet_that_is_cut_is_unread_and_nothing_worse(what: str) -> None:
    link, data, _, _ = KNOWN[what]
    for size in range(len(data)):
        try:
            kind, at = begin(link, data[:size])
        except Unread:
            continue
        assert kind in (NOTHING, IPV4, IPV6) or at <= size


@pytest.mark.parametrize(
    ("link", "data", "why"),
    [
        (105, bytes([8, 0x41]) + bytes(40), "sealed by Wi-Fi"),
        (105, bytes([8, 5]) + bytes(40), "in pieces"),
        (8, bytes(40), "compressed"),
        (9, b"\xff\x03\0\x2d" + bytes(40), "compressed"),
        (239, bytes(40), "no packet"),
        (192, struct.pack("<BBHI", 0, 0, 8, 192) * 9, "inside another"),
        (129, bytes([1, 2, 0, 0, 212, 3, 0, 1]), "in pieces"),
    ],
)
def test_what_cannot_be_read_says_why(link: int, data: bytes, why: str) -> None:
    with pytest.raises(Unread, match=why):
        begin(link, data)
