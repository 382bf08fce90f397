"""What carries another packet says where that begins; what only looks like it does not."""

import pytest

from auditor.sources.pcap.links import ETHERNET, IPV4, IPV6, Unread
from auditor.sources.pcap.tunnels import (
    PORTS,
    PROTOCOLS,
    geneve,
    gre,
    gtp,
    l2tp,
    mpls,
    sniffed,
    teredo,
    vxlan,
)


def test_each_says_what_is_inside_and_where() -> None:
    assert gtp(b"\x30\xff\0\x14\0\0\0\1\x45" + bytes(20), 0) == (IPV4, 8, "gtp")
    assert vxlan(b"\x08\0\0\0\0\1\2\0", 0) == (ETHERNET, 8, "vxlan 258")
    assert geneve(b"\2\0\x86\xdd\0\0\5\0" + bytes(8), 0) == (IPV6, 16, "geneve 5")
    assert gre(b"\x20\0\x08\0\0\0\0\1", 0) == (IPV4, 8, "gre")
    assert mpls(b"\0\0\x10\x40\0\0\x11\x40\x60", 0) == (IPV6, 8)


@pytest.mark.parametrize(
    ("reads", "data"),
    [
        (gtp, b"\x10\xff" + bytes(20)),  # the version before
        (gtp, b"\x30\x01" + bytes(20)),  # an echo
        (gtp, b"\x34\xff" + bytes(8) + b"\0\x85\0" + bytes(9)),  # a header without length
        (gtp, b"\x30\xff" + bytes(20)),  # neither IPv4 nor IPv6
        (vxlan, b"\x09\0\0\0\0\0\7\0"),
        (geneve, b"\x40\0\x65\x58\0\0\7\0"),
        (gre, b"\x40\0\x08\0" + bytes(8)),  # routed by its source
        (gre, b"\0\5\x08\0"),
        (gre, b"\x30\x01\x88\x0b\0\0\0\1" + bytes(8)),  # an answer of PPTP, without payload
        (teredo, b"\x60" + bytes(60)),
        (l2tp, b"\xc8\2" + bytes(20)),  # control, not data
        (sniffed, b"\2\0\0\1\1" + bytes(9)),
        (sniffed, b"\1\0\0\x12\1" + bytes(9)),
    ],
)
def test_what_only_looks_like_a_tunnel_is_none(reads: object, data: bytes) -> None:
    assert callable(reads)
    assert reads(data, 0) is None


@pytest.mark.parametrize("reads", [*PORTS.values(), *PROTOCOLS.values(), mpls])
def test_rubbish_is_unread_and_nothing_worse(reads: object) -> None:
    assert callable(reads)
    for first in range(256):
        for size in (0, 1, 5, 30):
            try:
                reads(bytes([first]) * size, 0)
            except Unread:
                continue
