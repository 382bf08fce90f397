"""Link types that hardly anybody captures: Scapy looks for IP in them, slowly.

Scapy is loaded when the first such packet is met.
"""

import struct
from functools import cache
from logging import ERROR, getLogger
from types import ModuleType

from auditor.sources.pcap.links import IPV4, IPV6, NOTHING, Next, Unread

# What they are called that hold no packets of IP, or none that can be told.
NAMES = {
    140: "MTP2", 141: "MTP3", 147: "a private one", 165: "BACnet", 182: "multilink frame relay",
    187: "Bluetooth", 189: "USB", 195: "IEEE 802.15.4", 197: "ERF", 201: "Bluetooth", 220: "USB",
    227: "CAN", 230: "IEEE 802.15.4", 249: "USB", 251: "Bluetooth", 252: "what another program exported",
    253: "netlink", 256: "Bluetooth", 265: "NFC", 283: "IEEE 802.15.4",
}  # fmt: skip
# What dissecting bytes of a stranger may end in.
_FAILS = (
    ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError, struct.error,
    NotImplementedError, AssertionError,
)  # fmt: skip


def begin(link: int, data: bytes) -> Next:
    """The first packet of IP in it, or nothing."""
    scapy = _scapy()
    kind = scapy.conf.l2types.num2layer.get(link)
    if kind is None:
        raise Unread(f"link type {link} ({NAMES.get(link, 'unknown')}), which cannot be read")
    try:
        packet = kind(data)
        for layer, number in ((scapy.IP, IPV4), (scapy.IPv6, IPV6)):
            if found := packet.getlayer(layer):
                at = data.rfind(found.original)
                if found.original and at >= 0:
                    return number, at
    except _FAILS as why:
        raise Unread(f"link type {link}: {type(why).__name__}") from why
    return NOTHING, len(data)


@cache
def _scapy() -> ModuleType:
    getLogger("scapy").setLevel(ERROR)  # its advice is for people who write programs
    import scapy.all

    return scapy.all
