"""What lies under IP: from the first byte of a packet, as its link type says, to the next protocol.

Every function is given the bytes and where its header begins, and says the number that Ethernet has
for what follows and where that begins; 0 is nothing that could be a conversation. ValueError, with
the reason in plain words, where the bytes do not hold what they promise.
Source: tcpdump.org/linktypes.html, and the standards named beside the functions.
"""

from collections.abc import Callable
from typing import TypeAlias

Next: TypeAlias = tuple[int, int]

IPV4, IPV6, ETHERNET, PPP, MPLS, MPLS_UP, PPPOE = 0x0800, 0x86DD, 0x6558, 0x880B, 0x8847, 0x8848, 0x8864
NOTHING = 0
SEVERAL = 0x10000  # several packets in one frame of Wi-Fi: no number that Ethernet has
TAGS = (0x8100, 0x88A8, 0x9100, 0x9200)
CISCO = 0x8909  # a tag with the group of the sender
CARRIERS = (*TAGS, CISCO, MPLS, MPLS_UP, PPPOE, PPP, ETHERNET)  # what carries another packet
FRAMES = 1500  # up to here a number of Ethernet is a length (IEEE 802.3)


class Unread(ValueError):
    """Why no more can be told of a packet."""


def number(data: bytes, at: int, size: int) -> int:
    if at + size > len(data):
        raise Unread("cut inside a header")
    return int.from_bytes(data[at : at + size])


def little(data: bytes, at: int, size: int) -> int:
    if at + size > len(data):
        raise Unread("cut inside a header")
    return int.from_bytes(data[at : at + size], "little")


def version(data: bytes, at: int) -> Next:
    """IP of either version, by its first half byte."""
    found = number(data, at, 1) >> 4
    return {4: IPV4, 6: IPV6}.get(found, NOTHING), at


def ethernet(data: bytes, at: int) -> Next:
    kind, at = number(data, at + 12, 2), at + 14
    return llc(data, at) if kind <= FRAMES else (kind, at)


def llc(data: bytes, at: int) -> Next:
    """IEEE 802.2, and SNAP above it."""
    services = number(data, at, 2)
    if services == 0xAAAA:
        number(data, at, 8)
        # RFC 1042, and 802.1H for what bridges pass on.
        return (number(data, at + 6, 2), at + 8) if number(data, at + 3, 3) in (0, 0xF8) else (NOTHING, at)
    if services == 0x0606:
        return IPV4, at + 3
    return NOTHING, at


def null(data: bytes, at: int) -> Next:
    """The family of BSD's sockets, in whichever order the machine wrote it."""
    family = number(data, at, 4)
    if family > 0xFFFF:
        family = little(data, at, 4)
    return version(data, at + 4) if family in (2, 10, 23, 24, 28, 30) else (NOTHING, at + 4)


def loop(data: bytes, at: int) -> Next:
    return version(data, at + 4) if number(data, at, 4) in (2, 10, 23, 24, 28, 30) else (NOTHING, at + 4)


def ppp(data: bytes, at: int) -> Next:
    """RFC 1661 and 1662; address, control and half of the protocol may have been left out."""
    start = number(data, at, 2)
    if start in (0x0F00, 0x8F00):
        return cisco_hdlc(data, at)
    at += 2 if start == 0xFF03 else 0
    kind, at = _protocol(data, at)
    if kind == 0x3D and number(data, at, 1) & 0xC0 == 0xC0:  # multilink, in one piece (RFC 1990)
        kind, at = _protocol(data, at + 4)
    if kind in (0x2D, 0x2F, 0x3D):
        raise Unread("a packet of PPP that is compressed or in pieces")
    return {0x21: IPV4, 0x57: IPV6, 0x281: MPLS, 0x283: MPLS_UP}.get(kind, NOTHING), at


def _protocol(data: bytes, at: int) -> Next:
    kind = number(data, at, 1)
    return (kind, at + 1) if kind & 1 else (number(data, at, 2), at + 2)


def pppoe(data: bytes, at: int) -> Next:
    return ppp(data, at + 6) if number(data, at + 1, 1) == 0 else (NOTHING, at)


def cisco_hdlc(data: bytes, at: int) -> Next:
    return number(data, at + 2, 2), at + 4


def cooked(data: bytes, at: int) -> Next:
    """Linux' SLL: what was captured on all interfaces at once."""
    kind = number(data, at + 14, 2)
    return llc(data, at + 16) if kind == 4 else (kind if kind > FRAMES else NOTHING, at + 16)


def cooked_again(data: bytes, at: int) -> Next:
    kind = number(data, at, 2)
    number(data, at, 20)
    return llc(data, at + 20) if kind == 4 else (kind if kind > FRAMES else NOTHING, at + 20)


def wifi(data: bytes, at: int, flags: int = 0) -> Next:
    """IEEE 802.11: data frames that are not sealed by the radio."""
    control, more = number(data, at, 1), number(data, at + 1, 1)
    if control & 0x0F != 8 or control & 0x40:  # not data, or data without any
        return NOTHING, at
    if more & 0x04 or number(data, at + 22, 1) & 0x0F:
        raise Unread("a frame of Wi-Fi in pieces")
    if more & 0x40:
        raise Unread("sealed by Wi-Fi")
    quality, between = control & 0x80, more & 3 == 3
    size = 24 + (6 if between else 0) + (2 if quality else 0) + (4 if quality and more & 0x80 else 0)
    begin = at + size + (-size % 4 if flags & 0x20 else 0)  # "frame has padding between header and payload"
    if quality and number(data, at + 24 + (6 if between else 0), 1) & 0x80:
        return (SEVERAL, begin) if further(data, begin) else llc(data, begin + 14)
    return llc(data, begin)


def further(data: bytes, at: int) -> int:
    """How many packets stand behind the first one in a frame that holds several (A-MSDU)."""
    found = 0
    while (size := number(data, at + 12, 2)) and (at := at + (14 + size + 3 & ~3)) + 22 <= len(data):
        found += 1
    return found


def radiotap(data: bytes, at: int) -> Next:
    size, present = little(data, at + 2, 2), little(data, at + 4, 4)
    field, word = 8, present
    while word >> 31 and field < size:
        word = little(data, at + field, 4)
        field += 4
    field += (-field % 8) + 8 if present & 1 else 0
    return wifi(data, at + size, number(data, at + field, 1) if present & 2 else 0)


def prism(data: bytes, at: int) -> Next:
    if number(data, at, 4) >> 12 == 0x80211:  # the header of AVS in its place
        return wifi(data, at + number(data, at + 4, 4))
    return wifi(data, at + max(little(data, at + 4, 4), 8))


def per_packet(data: bytes, at: int) -> Next:
    """PPI: it names the link type that follows."""
    return _named(little(data, at + 4, 4), data, at + max(little(data, at + 2, 2), 8))


def apple(data: bytes, at: int) -> Next:
    """PKTAP, as of macOS and of iPhones by remote interface; it names the link type that follows."""
    return _named(little(data, at + 8, 4), data, at + max(little(data, at, 4), 8))


def _named(link: int, data: bytes, at: int) -> Next:
    if link in _NAMING or link not in LINKS:
        raise Unread(f"link type {link} inside another")
    return begin(link, data, at)


def netfilter(data: bytes, at: int) -> Next:
    """NFLOG: pieces with a length and a kind, in the order of the machine; kind 9 is the packet."""
    for read in (little, number):
        place = at + 4
        while place + 4 <= len(data) and (size := read(data, place, 2)) >= 4:
            if read(data, place + 2, 2) & 0x7FFF == 9:
                return version(data, place + 4)
            place += size + 3 & ~3
    raise Unread("no packet in the pieces of NFLOG")


def frame_relay(data: bytes, at: int) -> Next:
    """RFC 2427, or Cisco's form without it."""
    while not number(data, at, 1) & 1:
        at += 1
    kind, at = number(data, at + 1, 1), at + 2
    if kind != 3:
        return number(data, at - 1, 2), at + 1
    at += number(data, at, 1) == 0  # "a Pad octet"
    kind = number(data, at, 1)
    if kind == 0x80:
        return number(data, at + 4, 2), at + 6
    return {0xCC: IPV4, 0x8E: IPV6}.get(kind, NOTHING), at + 1


def arcnet(data: bytes, at: int) -> Next:
    """RFC 1201 and 1051, as Linux hands it out."""
    kind = number(data, at + 4, 1)
    if kind in (212, 213, 214) and number(data, at + 5, 1):
        raise Unread("a packet of ARCNET in pieces")
    return {212: (IPV4, at + 8), 240: (IPV4, at + 5)}.get(kind, (NOTHING, at))


def slip(data: bytes, at: int) -> Next:
    """BSD's header of 16 bytes; what its compression took away is not put back."""
    if number(data, at + 1, 1) & 0xC0 != 0x40:
        raise Unread("a packet of SLIP that is compressed")
    return version(data, at + 16)


def behind(size: int, after: Callable[[bytes, int], Next]) -> Callable[[bytes, int], Next]:
    """A header that says nothing to us, and what follows it."""
    return lambda data, at: after(data, at + size)


def _broadcom(data: bytes, at: int) -> Next:
    return ethernet(data, at + 4)  # the tag stands between the addresses and the number


def _firewall(data: bytes, at: int) -> Next:
    return version(data, at + (number(data, at, 1) + 3 & ~3))


LINKS: dict[int, Callable[[bytes, int], Next]] = {
    0: null, 1: ethernet, 8: slip, 9: ppp, 10: behind(13, llc), 11: llc, 12: version, 14: version,
    50: ppp, 51: behind(6, ppp), 101: version, 104: cisco_hdlc, 105: wifi, 107: frame_relay, 108: loop,
    109: behind(12, version), 113: cooked, 117: _firewall, 119: prism, 127: radiotap, 129: arcnet, 149: apple,
    163: prism, 166: behind(2, ppp), 192: per_packet, 204: behind(1, ppp), 228: version, 229: version,
    239: netfilter, 240: behind(4, ethernet), 241: behind(12, ethernet), 258: apple, 274: behind(8, ethernet),
    276: cooked_again, 281: _broadcom, 282: behind(4, ethernet), 284: _broadcom, 285: behind(8, ethernet),
}  # fmt: skip

_NAMING = (149, 192, 258)


def begin(link: int, data: bytes, at: int = 0) -> Next:
    """KeyError where nobody here knows the link type."""
    if at > len(data):
        raise Unread("cut inside a header")
    return LINKS[link](data, at)
