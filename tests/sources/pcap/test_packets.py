"""The plain reader finds the innermost conversation, through whatever lies around it."""

import struct

import pytest

from auditor.sources.pcap.packets import DEPTH, Packets
from auditor.sources.pcap.wire import UDP
from tests.sources.pcap.building import PHONE, SERVER, ethernet, ipv4, ipv6, only, said, tcp, udp

HELLO = tcp(40_000, 5_222, 7, 24, b"hello")
FOUR, SIX = ipv4(HELLO), ipv6(HELLO)
FRAME = ethernet(FOUR)
OPTIONS = b"\x2b\0" + bytes(6) + b"\x3c\0" + bytes(6) + b"\x06\1" + bytes(14)
NETWORK = b"\x08\0\0\0\0\0\7\0"
GTP = struct.pack(">BBHI", 0x30, 255, len(FOUR), 99)


def inside(protocol: int, data: bytes) -> bytes:
    return ethernet(ipv4(data, protocol, bytes([10, 0, 0, 1]), bytes([10, 0, 0, 2])))


def carried(port: int, data: bytes) -> bytes:
    return inside(UDP, udp(50_000, port, data))


def test_of_several_packets_in_one_frame_the_others_are_counted() -> None:
    def one(inside: bytes) -> bytes:
        named = bytes(12) + struct.pack(">H", 8 + len(inside)) + b"\xaa\xaa\3\0\0\0\x08\0" + inside
        return named + bytes(-len(named) % 4)

    frame = b"\x88" + bytes(23) + b"\x80\0" + one(FOUR) + one(FOUR) + one(FOUR)
    reader = Packets()
    row = reader.read(105, frame, len(frame))
    assert (row.source_port, row.target_port, row.size) == (40_000, 5_222, 5)
    assert dict(reader.reasons) == {"not the first one in its frame of Wi-Fi": 2}


AROUND = {
    "GTP-U": carried(2152, GTP + FOUR),
    "GTP-U with a number": carried(2152, b"\x32\xff" + GTP[2:] + bytes([0, 5, 0, 0]) + SIX),
    "GTP-U with more headers": carried(
        2152, b"\x34\xff" + GTP[2:] + bytes([0, 0, 0, 0x85]) + b"\1\0\0\0" + FOUR
    ),
    "VXLAN": carried(4789, b"\x08\0\0\0\0\0\7\0" + FRAME),
    "VXLAN of Linux": carried(8472, b"\x08\0\0\0\0\0\7\0" + FRAME),
    "Geneve": carried(6081, b"\1\0\x65\x58\0\0\7\0" + bytes(4) + FRAME),
    "Geneve without frames": carried(6081, b"\0\0\x08\0\0\0\7\0" + FOUR),
    "Teredo": carried(3544, ipv6(HELLO, source=bytes.fromhex("20010000") + bytes(12))),
    "L2TP": carried(1701, b"\0\2\0\1\0\2\xff\x03\0\x21" + FOUR),
    "L2TP with a length": carried(1701, b"\x40\2\0\x40\0\1\0\2\0\x57" + SIX),
    "TZSP": carried(37008, b"\1\0\0\1\x0a\1\0\1" + FRAME),
    "LISP": carried(4341, bytes(8) + FOUR),
    "MPLS over UDP": carried(6635, b"\0\1\x11\x40" + FOUR),
    "GRE over UDP": carried(4754, b"\0\0\x08\0" + FOUR),
    "GRE": inside(47, b"\0\0\x08\0" + FOUR),
    "GRE with all its fields": inside(47, b"\xb0\0\x86\xdd" + bytes(12) + SIX),
    "PPTP": inside(47, b"\x30\x81\x88\x0b\0\x40\0\1" + bytes(8) + b"\xff\x03\0\x21" + FOUR),
    "what a switch passes on": inside(47, b"\x10\0\x88\xbe" + bytes(12) + FRAME),
    "what a newer switch passes on": inside(47, b"\x10\0\x22\xeb" + bytes(4) + bytes(12) + FRAME),
    "frames in GRE": inside(47, b"\0\0\x65\x58" + FRAME),
    "IPv4 in IPv4": inside(4, FOUR),
    "IPv6 in IPv4": inside(41, SIX),
    "IPv4 in IPv6": ethernet(ipv6(FOUR, 4), 0x86DD),
    "EtherIP": inside(97, b"\x30\0" + FRAME),
    "MPLS in IP": inside(137, b"\0\1\x11\x40" + FOUR),
    "MPLS around frames": ethernet(b"\0\1\x11\x40" + bytes(4) + FRAME, 0x8847),
    "PPPoE": ethernet(b"\x11\0\0\1\0\x40\0\x21" + FOUR, 0x8864),
    "many tags": ethernet(FOUR, tags=[0x88A8, 0x8100, 0x8100, 0x9100]),
    "a header that only signs": inside(51, bytes([6, 4]) + bytes(22) + HELLO),
    "extension headers": ethernet(ipv6(OPTIONS + HELLO, 0), 0x86DD),
    "a signature in IPv6": ethernet(ipv6(bytes([6, 4]) + bytes(22) + HELLO, 51), 0x86DD),
    "a fragment that is the whole": ethernet(ipv6(b"\x06\0\0\0" + bytes(4) + HELLO, 44), 0x86DD),
    "VXLAN in GRE in IPv6": ethernet(ipv6(b"\0\0\x08\0" + carried(4789, NETWORK + FRAME)[14:], 47), 0x86DD),
    "no length, for the card to fill in": ethernet(ipv4(HELLO, total=0)),
}  # fmt: skip


@pytest.mark.parametrize("what", AROUND)
def test_the_conversation_inside_is_found(what: str) -> None:
    found = only(AROUND[what])
    assert found is not None
    assert (found.source.port, found.target.port, found.payload) == (40_000, 5_222, b"hello")
    assert (found.sequence, found.flags, found.missing) == (7, 24, 0)


@pytest.mark.parametrize("what", AROUND)
def test_a_packet_cut_anywhere_never_raises_and_never_reads_past_its_end(what: str) -> None:
    data = AROUND[what]
    for size in range(len(data)):
        row = Packets().read(1, data[:size], len(data))
        assert row.family == 0 or row.start + row.size <= max(size, row.start)
        assert row.size >= 0 <= row.missing


def test_a_snapped_payload_counts_what_is_missing() -> None:
    row = Packets().read(1, said(b"x" * 500)[:100], 554)
    assert (row.size, row.missing) == (46, 454)
    header = Packets().read(1, said(b"x" * 500)[: 14 + 20 + 4], 554)
    assert (header.source_port, header.target_port, header.size, header.flags) == (40_000, 443, 0, 0)


def test_packets_of_different_tunnels_never_belong_together_and_both_ways_of_one_do() -> None:
    there = only(ethernet(ipv4(b"\0\0\x08\0" + FOUR, 47, PHONE, SERVER)))
    back = only(ethernet(ipv4(b"\0\0\x08\0" + FOUR, 47, SERVER, PHONE)))
    other = only(ethernet(ipv4(b"\0\0\x08\0" + FOUR, 47, PHONE, PHONE)))
    network, another = only(AROUND["VXLAN"]), only(carried(4789, b"\x08\0\0\0\0\0\x08\0" + FRAME))
    assert there and back and other and network and another
    assert there.tunnel == back.tunnel != other.tunnel
    assert network.tunnel == "vxlan 7" != another.tunnel


@pytest.mark.parametrize(
    "what", ["not GTP at all", b"\x30\xff\0\x10\0\0\0\1\xde\xad", b"\x08\0\0\0\0\0\7\0", b"\0\0\0\0"]
)
@pytest.mark.parametrize("port", [2152, 4789, 6081, 3544, 1701, 37008, 4341])
def test_a_tunnel_without_an_inside_is_a_conversation_itself(port: int, what: str | bytes) -> None:
    data = what.encode() if isinstance(what, str) else what
    found = only(carried(port, data))
    assert found is not None
    assert (found.target.port, found.payload) == (port, data)


def test_tunnels_in_tunnels_end_somewhere() -> None:
    data = FOUR
    for _ in range(DEPTH + 5):
        data = ipv4(data, 4)
    found = only(ethernet(data))
    assert found is not None
    assert found.protocol == 4


def test_headers_that_cannot_be_are_counted_by_their_reason() -> None:
    reader = Packets()
    for broken in (
        ethernet(b"\x44" + FOUR[1:]),
        ethernet(ipv4(HELLO, total=12)),
        ethernet(b"\x46" + FOUR[1:20]),
        ethernet(b"\x50" + SIX[1:], 0x86DD),
        ethernet(ipv6(b"\x06\xff" + bytes(6), 0), 0x86DD),
        bytes(5),
    ):
        assert reader.read(1, broken, len(broken)).family == 0
    assert reader.finish() == {
        "a header of IPv4 that cannot be": 2,
        "cut inside a header": 2,
        "a header of IPv6 that cannot be": 1,
        "a header of IP that is longer than its packet": 1,
    }
    assert reader.read(-1, FRAME, 60).family == 0


@pytest.mark.parametrize(
    "broken", [tcp(1, 2, 3, 24)[:12] + b"\x10" + bytes(7), tcp(1, 2, 3, 24)[:12] + b"\xf0" + bytes(7)]
)
def test_a_header_of_tcp_that_cannot_be_has_ports_and_no_payload(broken: bytes) -> None:
    found = only(ethernet(ipv4(broken)))
    assert found is not None
    assert (found.source.port, found.target.port, found.payload) == (1, 2, b"")


@pytest.mark.parametrize(("length", "payload"), [(0, b"hello"), (5, b""), (10, b"he"), (500, b"hello")])
def test_a_length_of_udp_is_believed_as_far_as_it_can_be(length: int, payload: bytes) -> None:
    found = only(ethernet(ipv4(udp(9, 10, b"hello", length), UDP)))
    assert found is not None
    assert found.payload == payload
