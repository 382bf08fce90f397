"""Whose traffic it is: the phone is one end of every conversation that matters.

The user may say which; else it is the private end of a conversation with a public one,
and of all private ends the one that talks most. A guess is told as one.
"""

from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import ip_address

from auditor.errors import CaptureError
from auditor.sources.pcap.wire import End
from auditor.text import printable

MOST = 10_000  # private addresses that are counted
SHOWN = 3
# First bytes of addresses of IPv4 that not all routers of the world know.
_SPECIAL = {0, 10, 100, 127, 169, 172, 192, 198, 203, *range(224, 256)}


class Devices:
    """The devices that were named, or those that look like one."""

    def __init__(self, named: Iterable[str] = ()) -> None:
        self.named = dict(map(_named, named))
        self.hardware = [address for address in self.named if len(address) == 6]
        self._talks: Counter[bytes] = Counter()

    def of(self, one: End, two: End) -> End | None:
        """Which of two ends is the phone; none where nothing says so."""
        if self.named:
            return next((end for end in (one, two) if end.address in self.named), None)
        near = is_private(one.address)
        if near is is_private(two.address):
            return None
        side = one if near else two
        if side.address in self._talks or len(self._talks) < MOST:
            self._talks[side.address] += 1
        return side

    def learn(self, hardware: bytes, address: bytes) -> None:
        """An address of IP that a device with a MAC address sends from."""
        if len(self.named) < MOST:
            self.named.setdefault(address, self.named[hardware])

    def called(self, end: End) -> str:
        """The name under which a device is a subject of its own: only those that the user told apart."""
        return self.named.get(end.address, "") if len(set(self.named.values())) > 1 else ""

    def told(self) -> str:
        """What the report says of whose traffic it took this for."""
        if self.named or not self._talks:
            return ""
        most = [str(ip_address(address)) for address, _ in self._talks.most_common(SHOWN)]
        if len(self._talks) == 1:
            return f"taken for the phone: {most[0]}, the private end"
        more = " ..." if len(self._talks) > SHOWN else ""
        return f"taken for phones: {', '.join(most)}{more}; --device ADDRESS says which"


def is_private(address: bytes) -> bool:
    """Addresses that no router of the world knows; those of groups are nobody's."""
    if len(address) not in (4, 16) or (len(address) == 4 and address[0] not in _SPECIAL):
        return False
    return _is_private(address)


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
