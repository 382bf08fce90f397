"""Names that were asked for and the addresses they were answered with: DNS, mDNS and LLMNR.

A name that stands for an address is weaker than one that a hello asks for: many names share
an address, and anybody on the path could have answered. Messages come from strangers: a
pointer leads only backwards, and what does not fit is a ValueError.
"""

from functools import lru_cache
from struct import Struct as Layout

from msgspec import Struct

LONGEST = 255  # bytes of a name
MOST_LABELS = 128
MOST_RECORDS = 256  # of one message
MOST_ADDRESSES = 100_000  # that are remembered
MOST_NAMES = 8  # of one address
REMEMBERED = 4096  # messages, for they are sent again and looked at twice

_HEAD = Layout(">2x5H")
_A, _CNAME, _AAAA, _HTTPS = 1, 5, 28, 65
_HINTS = {4: 4, 6: 16}  # of HTTPS records: which parameter holds addresses, and of how many bytes
_KINDS = (_A, 2, _CNAME, 6, 12, 15, 16, _AAAA, 33, 35, 64, _HTTPS, 255)  # that somebody asks for
_CLASSES = (1, 255)


class Answered(Struct, frozen=True):
    """One message: what was asked, and what the answer was, if it is one."""

    answer: bool
    asked: tuple[str, ...]
    addresses: tuple[tuple[str, bytes], ...] = ()  # the name that was asked for, and an address of it


def read(message: bytes) -> Answered:
    """A whole message; ValueError where it is none."""
    if len(message) < 12:
        raise ValueError("shorter than its head")
    flags, *counts = _HEAD.unpack_from(message)
    if flags >> 11 & 15 > 5 or flags & 0x40 or sum(counts) > MOST_RECORDS or not (counts[0] or counts[1]):
        raise ValueError("no head of DNS")
    at, asked = 12, []
    for _ in range(counts[0]):
        name, at = _name(message, at)
        kind, kin = int.from_bytes(message[at : at + 2]), int.from_bytes(message[at + 2 : at + 4]) & 0x7FFF
        if at + 4 > len(message) or kind not in _KINDS or kin not in _CLASSES:
            raise ValueError("no question of DNS")
        at += 4
        asked.append(name)
    found: list[tuple[str, bytes]] = []
    also: dict[str, str] = {}  # other names: whose they are
    for number in range(counts[1] + counts[2] + counts[3]):
        name, kind, data, at = _record(message, at)
        if number >= counts[1]:
            continue
        first = also.get(name, name)
        if kind == _CNAME:
            also.setdefault(_name(message, data)[0], first)
        found += [(first, address) for address in _addresses(kind, message[data:at])]
    return Answered(bool(flags & 0x8000), tuple(asked), tuple(found))


def understood(message: bytes) -> Answered | None:
    """The same, and None where it is none."""
    if len(message) < 12 or message[2] & 0x78 > 5 << 3 or message[3] & 0x40:
        return None
    if message[4] > 1 or message[6] > 1:  # nearly all that is something else is gone by now
        return None
    return _understood(message)


@lru_cache(REMEMBERED)
def _understood(message: bytes) -> Answered | None:
    """What is told again is not read again."""
    try:
        return read(message)
    except ValueError:
        return None


def _record(message: bytes, at: int) -> tuple[str, int, int, int]:
    """Name, kind, where its data begins, where it ends."""
    name, at = _name(message, at)
    kind, size = int.from_bytes(message[at : at + 2]), int.from_bytes(message[at + 8 : at + 10])
    if at + 10 + size > len(message):
        raise ValueError("a record that is cut off")
    return name, kind, at + 10, at + 10 + size


def _addresses(kind: int, data: bytes) -> list[bytes]:
    if kind in (_A, _AAAA):
        return [data] if len(data) == (4 if kind == _A else 16) else []
    found: list[bytes] = []
    if kind == _HTTPS and len(data) > 3 and data[2] == 0:  # for the very name that was asked for
        at = 3
        while at + 4 <= len(data):
            key, size = int.from_bytes(data[at : at + 2]), int.from_bytes(data[at + 2 : at + 4])
            value, width = data[at + 4 : at + 4 + size], _HINTS.get(key)
            if width and len(value) == size and size % width == 0:
                found += [value[start : start + width] for start in range(0, min(size, width * 16), width)]
            at += 4 + size
    return found


def _name(message: bytes, at: int) -> tuple[str, int]:
    """A name in lower case, and where what follows it begins."""
    labels: list[bytes] = []
    behind, lowest = 0, at
    while True:
        if at >= len(message) or len(labels) > MOST_LABELS:
            raise ValueError("a name without end")
        size = message[at]
        if size >= 0xC0:
            target = int.from_bytes(message[at : at + 2]) & 0x3FFF
            if at + 2 > len(message) or target >= lowest:
                raise ValueError("a name that points to itself")
            behind = behind or at + 2
            at = lowest = target
            continue
        if size > 63 or at + 1 + size > len(message):
            raise ValueError("a label that is too long")
        at += 1 + size
        if not size:
            break
        labels.append(message[at - size : at])
    name = b".".join(labels)
    if len(name) > LONGEST:
        raise ValueError("a name that is too long")
    return name.decode("latin-1").lower(), behind or at


class Names:
    """The names that addresses were given for, newest last. The oldest addresses are forgotten first."""

    def __init__(self) -> None:
        self._names: dict[bytes, tuple[str, ...]] = {}

    def learn(self, message: bytes) -> bool:
        """Takes in an answer, and whether it was one; what is none is passed over."""
        answer = len(message) > 2 and message[2] & 0x80
        told = understood(message) if answer else None
        if told:
            self.add(told)
        return told is not None

    def add(self, message: Answered) -> None:
        for name, address in message.addresses:
            self.say(name, address)

    def say(self, name: str, address: bytes) -> None:
        """That an address has a name, which somebody else knows."""
        before = [one for one in self._names.pop(address, ()) if one != name]
        self._names[address] = (*before, name)[-MOST_NAMES:]
        if len(self._names) > MOST_ADDRESSES:
            del self._names[next(iter(self._names))]

    def of(self, address: bytes) -> tuple[str, ...]:
        """All names that this address was given for, newest last."""
        return self._names.get(address, ())


def agreed(names: tuple[str, ...]) -> str:
    """The newest of several names for one address, where all are of one owner: else nobody can say."""
    return names[-1] if len({_owner(name) for name in names}) == 1 else ""


def _owner(name: str) -> str:
    """The part of a name that somebody registered, as far as can be said without the list of all suffixes."""
    labels = name.split(".")
    short = len(labels) > 2 and len(labels[-1]) == 2 and len(labels[-2]) <= 3
    return ".".join(labels[-3:] if short else labels[-2:])
