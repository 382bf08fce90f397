"""The fast path says of every packet what the plain reader says, or leaves it to it."""

import random
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.sources.pcap import columns
from auditor.sources.pcap.frames import frames
from auditor.sources.pcap.nested import PIECE, Tunnels
from auditor.sources.pcap.packets import Packets
from auditor.sources.pcap.window import Window
from auditor.sources.tape import Tape
from tests.sources.pcap.building import PHONE, SERVER, ethernet, ipv4, ipv6, pcap, said, tcp, udp
from tests.sources.pcap.corpus import CAPTURES, CORPUS

SEEN = (
    "family",
    "protocol",
    "source_port",
    "target_port",
    "sequence",
    "acknowledged",
    "flags",
    "size",
    "missing",
)
HELLO = tcp(40_000, 443, 7, 24, b"hello")
ASKED = udp(5_353, 53, b"who is it")
GRE = b"\0\0\x08\0"

# What the fast path has to say itself, and by which link type.
QUICK = {
    "TCP": (1, said(b"hello")),
    "TCP with options": (1, ethernet(ipv4(tcp(1, 2, 3, 24, b"hello", bytes(12))))),
    "IPv4 with options": (1, ethernet(ipv4(HELLO, options=bytes(8)))),
    "padding after the packet": (1, ethernet(ipv4(tcp(1, 2, 3, 16))) + bytes(6)),
    "UDP": (1, ethernet(ipv4(ASKED, 17))),
    "ICMP": (1, ethernet(ipv4(b"\x08\0\0\0ping", 1))),
    "IPv6": (1, ethernet(ipv6(HELLO), 0x86DD)),
    "IPv6 with UDP": (1, ethernet(ipv6(ASKED, 17), 0x86DD)),
    "one tag": (1, ethernet(ipv4(HELLO), tags=[0x8100])),
    "two tags": (1, ethernet(ipv6(HELLO), 0x86DD, [0x88A8, 0x8100])),
    "MPLS": (1, ethernet(bytes.fromhex("00001040") + bytes.fromhex("00011140") + ipv4(HELLO), 0x8847)),
    "Cisco's tag": (1, ethernet(bytes.fromhex("0101000100020800") + ipv4(HELLO), 0x8909)),
    "ARP": (1, ethernet(bytes(28), 0x0806)),
    "spanning tree": (1, ethernet(b"\x42\x42\x03" + bytes(35), 38)),
    "RAW": (101, ipv4(HELLO)),
    "RAW of IPv6": (101, ipv6(HELLO)),
    "loopback": (0, bytes([2, 0, 0, 0]) + ipv4(HELLO)),
    "loopback the other way round": (0, bytes([0, 0, 0, 2]) + ipv4(HELLO)),
    "PPP": (9, b"\xff\x03\0\x21" + ipv4(HELLO)),
    "PPP in short": (9, b"\0\x57" + ipv6(HELLO)),
    "PPP in GRE": (1, ethernet(ipv4(b"\0\0\x88\x0b\xff\x03\0\x21" + ipv4(HELLO), 47))),
    "options for every hop": (1, ethernet(ipv6(b"\x3a\0\5\2\0\0\1\0" + bytes(20), 0), 0x86DD)),
    "a tunnel with something else inside": (1, ethernet(ipv4(b"\x45 is not IPv6" + bytes(40), 41))),
    "SLL": (113, bytes(14) + b"\x08\0" + ipv4(HELLO)),
    "SLL2": (276, b"\x86\xdd" + bytes(18) + ipv6(HELLO)),
    "GRE": (1, ethernet(ipv4(GRE + ipv4(HELLO), 47))),
    "GRE with a key": (1, ethernet(ipv4(b"\x20\0\x86\xdd\0\0\0\7" + ipv6(HELLO), 47))),
    "IPv6 inside IPv4": (1, ethernet(ipv4(ipv6(ASKED, 17), 41))),
    "GTP": (1, ethernet(ipv4(udp(9, 2152, b"\x30\xff\0\x20\0\0\0\1" + ipv4(HELLO)), 17))),
    "GTP with a number": (1, ethernet(ipv4(udp(2152, 9, b"\x32\xff" + bytes(10) + ipv6(HELLO)), 17))),
    "VXLAN": (1, ethernet(ipv4(udp(9, 4789, b"\x08\0\0\0\0\1\2\0" + ethernet(ipv4(HELLO))), 17))),
    "Geneve": (1, ethernet(ipv4(udp(9, 6081, b"\2\0\x86\xdd\0\0\5\0" + bytes(8) + ipv6(HELLO)), 17))),
    "a frame in Geneve": (1, ethernet(ipv6(udp(9, 6081, b"\0\0\x65\x58\0\0\5\0" + said(b"hi")), 17), 0x86DD)),
    "IPv4 inside IPv4 inside GRE": (1, ethernet(ipv4(GRE + ipv4(ipv4(HELLO), 4), 47))),
}  # fmt: skip


def compared(data: bytes) -> tuple[int, int]:
    """How many packets there are, and how many of them were left to the plain reader; all others agree."""
    packets = left_over = 0
    plain, tunnels = Packets(), Tunnels(1_000)
    for window in frames(Tape(BytesIO(data), hashed=False)):
        if not isinstance(window, Window):
            continue
        rows, left = columns.read(window, tunnels)
        packets, left_over = packets + len(window), left_over + len(left)
        unsure = set(left.tolist())
        for index in range(len(window)):
            row = plain.read(int(window.links[index]), window.packet(index), int(window.wire[index]))
            if index in unsure:
                continue
            start = int(rows.start[index] - window.starts[index])
            source = int(rows.source_high[index]) << 64 | int(rows.source_low[index])
            target = int(rows.target_high[index]) << 64 | int(rows.target_low[index])
            seen = {name: int(getattr(rows, name)[index]) for name in SEEN}
            tunnel = tunnels.names[int(rows.tunnel[index])]
            if row.family or rows.family[index]:
                seen |= {"source": source, "target": target, "start": start}
                assert (seen, tunnel) == ({name: getattr(row, name) for name in seen}, row.tunnel), row
    return packets, left_over


@pytest.mark.parametrize("what", QUICK)
def test_the_fast_path_says_it_itself_and_as_the_plain_reader(what: str) -> None:
    link, data = QUICK[what]
    assert compared(pcap([data], link=link)) == (1, 0)


@pytest.mark.parametrize("what", QUICK)
def test_a_packet_that_is_cut_anywhere_is_read_alike(what: str) -> None:
    link, data = QUICK[what]
    for size in range(len(data)):
        assert compared(pcap([data], link=link, snap=size))[0] == 1


@given(st.integers(0, 2**32), st.sampled_from(sorted(QUICK)))
def test_a_packet_with_wrong_bytes_is_read_alike(seed: int, what: str) -> None:
    link, data = QUICK[what]
    chance, broken = random.Random(seed), []
    for _ in range(30):
        other = bytearray(data)
        for _ in range(chance.randint(1, 4)):
            other[chance.randrange(len(other))] = chance.choice(
                (0, 1, 6, 17, 47, 0x45, 0x60, 255, chance.randrange(256))
            )
        broken.append(bytes(other[: chance.randint(0, len(other))] if chance.random() < 0.2 else other))
    compared(pcap(broken, link=link))


def test_fragments_are_told_from_others() -> None:
    pieces = [ethernet(ipv4(HELLO, more=True)), ethernet(ipv4(HELLO, at=8)), said(b"x" * 9)]
    pieces += [ethernet(ipv6(bytes(8) + HELLO, 44), 0x86DD), ethernet(ipv4(GRE[:3], 47))]
    pieces += [ethernet(ipv6(b"\x2c" + bytes(7) + bytes(8) + HELLO, 0), 0x86DD)]
    pieces += [ethernet(ipv4(GRE + ipv4(HELLO, more=True), 47))]
    (window,) = (w for w in frames(Tape(BytesIO(pcap(pieces)))) if isinstance(w, Window))
    assert columns.read(window, Tunnels(9))[1].tolist() == [0, 1, 3, 4, 5, 6]
    rows, left = columns.read(window, Tunnels(9), together=False)
    assert left.tolist() == [4]
    assert np.flatnonzero(rows.family == PIECE).tolist() == [0, 1, 3, 5, 6]


def test_tunnels_between_the_same_ends_are_one_whichever_way_and_others_are_others() -> None:
    inner = ipv4(HELLO)
    packets = [
        ethernet(ipv4(GRE + inner, 47, PHONE, SERVER)),
        ethernet(ipv4(GRE + inner, 47, SERVER, PHONE)),
        ethernet(ipv4(GRE + inner, 47, PHONE, PHONE)),
        ethernet(ipv4(inner, 4, PHONE, SERVER)),
    ]
    (window,) = (w for w in frames(Tape(BytesIO(pcap(packets)))) if isinstance(w, Window))
    tunnels = Tunnels(9)
    rows, _ = columns.read(window, tunnels)
    assert rows.tunnel[0] == rows.tunnel[1]
    assert len(np.unique(rows.tunnel)) == 3
    assert tunnels.names[int(rows.tunnel[0])] == "gre 5db8d822 c0a80114"


def damaged(data: bytes, seed: int) -> bytes:
    """The packets of a capture, some cut, flipped, doubled or moved."""
    chance, packets, link = random.Random(seed), list[bytes](), 1
    for window in frames(Tape(BytesIO(data))):
        if isinstance(window, Window):
            link = int(window.links[0]) if len(window) else link
            packets += (window.packet(n) for n in range(min(len(window), 400)))
    for at in range(len(packets)):
        other = bytearray(packets[at])
        match chance.randrange(6):
            case 0:
                del other[chance.randint(0, len(other)) :]
            case 1 | 2:
                for _ in range(3 if other else 0):
                    other[chance.randrange(min(len(other), 90))] ^= 1 << chance.randrange(8)
            case 3:
                packets.append(packets[at])
            case 4:
                other = bytearray(packets[chance.randrange(len(packets))])
        packets[at] = bytes(other)
    return pcap(packets, link=max(link, 0))


@pytest.mark.corpus
@pytest.mark.slow
def test_both_readers_agree_on_every_packet_of_the_corpus_whole_and_damaged() -> None:
    if not CAPTURES:
        pytest.skip("the shared corpus is absent")
    packets = 0
    for number, entry in enumerate(CAPTURES):
        data = Path(CORPUS / entry["path"]).read_bytes()
        packets += compared(data)[0]
        compared(damaged(data, number))
    assert packets == sum(entry["packets"] for entry in CAPTURES)
