"""Whose traffic it is: the phone is one end of every conversation that matters.

The user may say which; else it is the private end of a conversation with a public one,
and of all private ends the one that talks most. A guess is told as one.
"""

from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import ip_address

import numpy as np

from auditor.errors import CaptureError
from auditor.sources.pcap.ends import Flags
from auditor.sources.pcap.lanes import LANES, lanes
from auditor.sources.pcap.rows import Words
from auditor.sources.pcap.sums import Flows, between, packed
from auditor.sources.pcap.window import Bytes, Integers
from auditor.sources.pcap.wire import End
from auditor.text import printable

MOST = 1_700  # private addresses that are counted in each lane
_SINGLE = {(169, 254), (192, 0), (192, 168), (198, 18), (198, 19), (198, 51), (203, 0)}


def _specials() -> Flags:
    """Of the first two bytes of addresses of IPv4, whether not all routers of the world may know them."""
    first, second = np.divmod(np.arange(1 << 16), 256)
    found: Flags = (first == 0) | (first == 10) | (first == 127) | (first >= 224)
    found |= (first == 100) & (second >= 64) & (second < 128) | (first == 172) & (second >> 4 == 1)
    found[[256 * one + two for one, two in _SINGLE]] = True
    return found


_SPECIAL = _specials()


class Devices:
    """The devices that were named, or those that look like one."""

    def __init__(self, named: Iterable[str] = ()) -> None:
        self.named = dict(map(_named, named))
        self.hardware = [address for address in self.named if len(address) == 6]
        self._talks = [Counter[bytes]() for _ in range(LANES)]

    def of(self, one: End, two: End) -> End | None:
        """Which of two ends is the phone; none where nothing says so."""
        if self.named:
            return next((end for end in (one, two) if end.address in self.named), None)
        near = is_private(one.address)
        if near is is_private(two.address):
            return None
        side = one if near else two
        self._count(self._talks[0], side.address, 1)
        return side

    def phones(self, flows: Flows, rows: Integers) -> Bytes:
        """The same for many conversations: 1 or 2 for the one end or the other, 0 where nothing says so."""
        if self.named:
            ends = [between(flows, row) for row in rows.tolist()]
            found = [(self.of(*pair), pair) for pair in ends]
            return np.array([0 if end is None else 1 + (end is two) for end, (_, two) in found], np.uint8)
        wide = flows.kind[rows] >> np.uint64(40) & np.uint64(0xF) == 6
        one = _private(flows.one_high[rows], flows.one_low[rows], wide)
        two = _private(flows.two_high[rows], flows.two_low[rows], wide)
        phone = np.where(one == two, 0, np.where(one, 1, 2)).astype(np.uint8)
        told = np.flatnonzero(phone)
        high = np.where(one, flows.one_high[rows], flows.two_high[rows])[told].tolist()
        low = np.where(one, flows.one_low[rows], flows.two_low[rows])[told].tolist()
        where, is_wide = lanes(flows.kind[rows[told]]).tolist(), wide[told].tolist()
        for (lane, *number), count in Counter(zip(where, is_wide, high, low, strict=True)).items():
            self._count(self._talks[lane], packed(*number), count)
        return phone

    def _count(self, known: Counter[bytes], address: bytes, talks: int) -> None:
        if address in known or len(known) < MOST:
            known[address] += talks

    def learn(self, hardware: bytes, address: bytes) -> None:
        """An address of IP that a device with a MAC address sends from."""
        if len(self.named) < MOST:
            self.named.setdefault(address, self.named[hardware])

    def called(self, end: End) -> str:
        """The name under which a device is a subject of its own: only those that the user told apart."""
        return self.named.get(end.address, "") if len(set(self.named.values())) > 1 else ""

    def talks(self) -> dict[str, int]:
        """How often each private end talked, where nobody was named."""
        every = sum(self._talks, Counter[bytes]())
        return {} if self.named else {str(ip_address(address)): count for address, count in every.items()}


def is_private(address: bytes) -> bool:
    """Addresses that no router of the world knows; those of groups are nobody's."""
    if len(address) not in (4, 16) or (len(address) == 4 and not _SPECIAL[address[0] << 8 | address[1]]):
        return False
    return _is_private(address)


def _private(high: Words, low: Words, wide: Flags) -> Flags:
    """The same for many addresses: each is asked once."""
    start = (low >> np.uint64(16)).astype(np.int64) & 0xFFFF
    found: Flags = ~wide & ((start >> 8 == 10) | (start == 0xC0A8) | (start >> 4 == 0xAC1))  # RFC 1918
    few = np.flatnonzero(~wide & ~found & _SPECIAL[start])
    every, which = np.unique(low[few], return_inverse=True)
    found[few] = np.array([is_private(packed(False, 0, one)) for one in every.tolist()], np.bool_)[which]
    some = np.flatnonzero(wide)
    pairs = zip(high[some].tolist(), low[some].tolist(), strict=True)
    found[some] = [is_private(packed(True, *pair)) for pair in pairs]
    return found


@lru_cache(maxsize=4096)
def _is_private(address: bytes) -> bool:
    known = ip_address(address)
    return (known.is_private or not known.is_global) and not known.is_multicast and not known.is_unspecified


def _named(text: str) -> tuple[bytes, str]:
    try:
        return ip_address(text.strip()).packed, text.strip()
    except ValueError:
        digits = text.replace(":", "").replace("-", "").strip()
    if len(digits) == 12:
        try:
            return bytes.fromhex(digits), text.strip()
        except ValueError:
            pass
    raise CaptureError(
        f"{printable(text)}: not an address of a device; give its IP address, like 192.168.1.23,"
        " or its MAC address, like 3c:22:fb:01:02:03"
    )
