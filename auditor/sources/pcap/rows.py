"""What a table knows of packets: one row each, in columns.

A row is the innermost conversation a packet belongs to. Protocols of IP without ports have port 0;
a packet that is none of IP has family 0. Addresses of IPv4 stand in the low word.
"""

import numpy as np
from msgspec import Struct, structs
from numpy.typing import NDArray

from auditor.sources.pcap.window import Integers

Words = NDArray[np.uint64]


class Row(Struct):
    """One packet as the plain reader says it."""

    family: int = 0  # 4 or 6
    protocol: int = 0
    source: int = 0
    target: int = 0
    source_port: int = 0
    target_port: int = 0
    sequence: int = 0
    acknowledged: int = 0
    flags: int = 0
    start: int = 0  # of the payload, in the bytes it was read from
    size: int = 0  # of the payload that was kept
    missing: int = 0
    tunnel: str = ""
    payload: bytes | None = None  # where it stands in no one place of the window


class Rows(Struct):
    """Many packets, in the order of the file."""

    number: Integers
    when: Integers
    wire: Integers
    family: Integers
    protocol: Integers
    source_high: Words
    source_low: Words
    target_high: Words
    target_low: Words
    source_port: Integers
    target_port: Integers
    sequence: Integers
    acknowledged: Integers
    flags: Integers
    start: Integers  # of the payload, in the window
    size: Integers
    missing: Integers
    tunnel: Integers  # its place in a list of tunnels; 0 is none
    aside: dict[int, bytes]  # payloads that stand in no one place of the window, by row

    def __len__(self) -> int:
        return len(self.number)

    def take(self, which: Integers) -> "Rows":
        found = structs.replace(self, aside={})
        for name in ("number", "when", "wire", *_WORDS, *_SMALL):
            setattr(found, name, getattr(self, name)[which])
        places = {old: new for new, old in enumerate(which.tolist())} if self.aside else {}
        found.aside = {places[row]: payload for row, payload in self.aside.items() if row in places}
        return found

    def copy(self, places: Integers, other: "Rows", which: Integers) -> None:
        """What others say of the same packets, but for their numbers and times."""
        for name in (*_WORDS, *_SMALL):
            getattr(self, name)[places] = getattr(other, name)[which]

    def put(self, places: Integers, rows: list[Row], begins: Integers, tunnels: list[int]) -> None:
        """Writes what the plain reader said of some rows; their packets begin there in the window."""
        for name in _ALIKE:
            getattr(self, name)[places] = [getattr(row, name) for row in rows]
        for name in ("source", "target"):
            addresses = [getattr(row, name) for row in rows]
            getattr(self, f"{name}_high")[places] = [address >> 64 for address in addresses]
            getattr(self, f"{name}_low")[places] = [address & _LOW for address in addresses]
        self.start[places] = begins + np.array([row.start for row in rows], np.int64)
        self.tunnel[places] = tunnels
        for place, row in zip(places.tolist(), rows, strict=True):
            if row.payload is not None:
                self.aside[place] = row.payload


_LOW = 0xFFFFFFFFFFFFFFFF
_WORDS = ("source_high", "source_low", "target_high", "target_low")
_ALIKE = (
    "family", "protocol", "source_port", "target_port", "sequence", "acknowledged", "flags",
    "size", "missing",
)  # fmt: skip
_SMALL = (*_ALIKE, "start", "tunnel")


def empty(number: Integers, when: Integers, wire: Integers) -> Rows:
    """Rows of which nothing is known yet but that the packets were there."""
    high, low, far_high, far_low = (np.zeros(len(number), np.uint64) for _ in range(4))
    a, b, c, d, e, f, g, h, i, j, k = (np.zeros(len(number), np.int64) for _ in range(11))
    return Rows(number, when, wire, a, b, high, low, far_high, far_low, c, d, e, f, g, h, i, j, k, {})
