"""Headers that carry another packet: from where they begin to the packet inside.

Each says the number that Ethernet has for what is inside, where that begins, and what tells this
tunnel from others; nothing where it carries none.
"""

from collections.abc import Callable
from typing import TypeAlias

from auditor.sources.pcap.links import ETHERNET, IPV4, IPV6, MPLS, PPP, number, version

Inside: TypeAlias = tuple[int, int, str] | None
Tunnel: TypeAlias = Callable[[bytes, int], Inside]


def mpls(data: bytes, at: int) -> tuple[int, int]:
    """RFC 3032, and RFC 4385 for what is no IP."""
    while not number(data, at + 2, 1) & 1:
        at += 4
    kind, at = version(data, at + 4)
    if kind:
        return kind, at
    return ETHERNET, at + (4 if number(data, at, 1) >> 4 == 0 else 0)


def gre(data: bytes, at: int) -> Inside:
    """RFC 2784 and 2890; version 1 is PPTP's (RFC 2637)."""
    flags, kind = number(data, at, 2), number(data, at + 2, 2)
    begin = at + 4 + sum(4 for bit in (0x2000, 0x1000) if flags & bit) + (4 if flags & 0xC000 else 0)
    if flags & 7 == 1:
        begin += 4 if flags & 0x80 else 0
        return (PPP, begin, "pptp") if kind == PPP and number(data, at + 4, 2) else None
    if flags & 7 or flags & 0x4000:
        return None
    if kind == 0x88BE:  # what a switch passes on: type I has no header, type II eight bytes
        return ETHERNET, begin + (8 if flags & 0x1000 else 0), "erspan"
    if kind == 0x22EB:
        return ETHERNET, begin + 12 + (8 if number(data, begin + 11, 1) & 1 else 0), "erspan"
    return kind, begin, "gre"


def gtp(data: bytes, at: int) -> Inside:
    """GTP-U version 1 (3GPP TS 29.281): what a phone sends through the network of its carrier."""
    flags = number(data, at, 1)
    if flags & 0xF0 != 0x30 or number(data, at + 1, 1) != 255:
        return None
    begin = at + 8
    if flags & 7:
        begin, following = at + 12, number(data, at + 11, 1) if flags & 4 else 0
        while following:
            size = 4 * number(data, begin, 1)
            if not size:
                return None
            following = number(data, begin + size - 1, 1)
            begin += size
    kind, _ = version(data, begin)
    return (kind, begin, "gtp") if kind else None


def vxlan(data: bytes, at: int) -> Inside:
    """RFC 7348."""
    if number(data, at, 4) != 0x08000000 or number(data, at + 7, 1):
        return None
    return ETHERNET, at + 8, f"vxlan {number(data, at + 4, 3)}"


def geneve(data: bytes, at: int) -> Inside:
    """RFC 8926."""
    start = number(data, at, 1)
    if start >> 6 or number(data, at + 1, 1) & 0x3F or number(data, at + 7, 1):
        return None
    return number(data, at + 2, 2), at + 8 + 4 * (start & 0x3F), f"geneve {number(data, at + 4, 3)}"


def teredo(data: bytes, at: int) -> Inside:
    """RFC 4380: IPv6 behind a translator, after what the two ends tell each other."""
    if number(data, at, 2) == 1:
        at += 13 + number(data, at + 2, 1) + number(data, at + 3, 1)
    if number(data, at, 2) == 0:
        at += 8
    prefixes = (number(data, at + 8, 4), number(data, at + 24, 4))
    its_own = 0x20010000 in prefixes or 0xFE800000 in prefixes
    return (IPV6, at, "teredo") if its_own and number(data, at, 1) >> 4 == 6 else None


def l2tp(data: bytes, at: int) -> Inside:
    """RFC 2661: data of version 2."""
    flags = number(data, at, 2)
    if flags & 0x800F != 2:
        return None
    begin = at + 6 + (2 if flags & 0x4000 else 0) + (4 if flags & 0x0800 else 0)
    if flags & 0x0200:
        begin += 2 + number(data, begin, 2)
    return PPP, begin, "l2tp"


def sniffed(data: bytes, at: int) -> Inside:
    """TZSP, as routers of MikroTik pass packets on."""
    if number(data, at, 1) != 1 or number(data, at + 2, 2) != 1:
        return None
    at += 4
    while (kind := number(data, at, 1)) != 1:
        at += 2 + number(data, at + 1, 1) if kind else 1  # padding has no length
    return ETHERNET, at + 1, "tzsp"


def lisp(data: bytes, at: int) -> Inside:
    """RFC 9300."""
    kind, begin = version(data, at + 8)
    return (kind, begin, "lisp") if kind else None


PORTS: dict[int, Tunnel] = {
    1701: l2tp, 2152: gtp, 3544: teredo, 4341: lisp, 4754: gre, 4789: vxlan, 6081: geneve,
    6635: lambda data, at: (MPLS, at, "mpls"), 8472: vxlan, 37008: sniffed,
}  # fmt: skip
# Protocols of IP: the header between is no longer than this, or has its own reader.
PROTOCOLS: dict[int, Tunnel] = {
    4: lambda data, at: (IPV4, at, "ipip"), 41: lambda data, at: (IPV6, at, "ipip"),
    47: gre, 94: lambda data, at: (IPV4, at, "ipip"), 97: lambda data, at: (ETHERNET, at + 2, "etherip"),
    137: lambda data, at: (MPLS, at, "mpls"),
}  # fmt: skip
