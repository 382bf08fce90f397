"""Between whom a packet goes: the two ends in a fixed order, and a key of 48 mixed bits to sort by.

The constants of the key are drawn anew each time, so that nobody can prepare packets that share one.
Nothing that is found out depends on them: whatever shares a key is compared in full.
"""

import secrets

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from auditor.sources.pcap.rows import Rows, Words
from auditor.sources.pcap.window import Integers

KEY_BITS = 48  # the other 16 say which row it was
TUNNELS = 1 << 20  # how many the kind of a conversation can tell apart

Flags = NDArray[np.bool_]


class Ends(Struct):
    """Of each row the end with the smaller address, the other, and what is between them."""

    one_high: Words
    one_low: Words
    two_high: Words
    two_low: Words
    kind: Words  # ports, protocol, family and tunnel in one
    forward: Flags  # from one to two

    def take(self, order: Integers) -> "Ends":
        return Ends(*(getattr(self, name).take(order) for name in self.__struct_fields__))

    def changes(self) -> Flags:
        """Whether each row but the first is another conversation than the row before it."""
        found: Flags = self.kind[1:] != self.kind[:-1]
        for column in (self.one_low, self.two_low, self.one_high, self.two_high):
            found |= column[1:] != column[:-1]
        return found

    def sorted(self) -> Integers:
        """The order by all there is; the order of the file within one conversation."""
        columns = (self.one_high, self.one_low, self.two_high, self.two_low, self.kind)
        return np.lexsort(columns).astype(np.int64)


def ends(rows: Rows) -> Ends:
    forward = (rows.source_low < rows.target_low) | (
        (rows.source_low == rows.target_low) & (rows.source_port <= rows.target_port)
    )
    if rows.source_high.any() or rows.target_high.any():
        same = rows.source_high == rows.target_high
        forward = (rows.source_high < rows.target_high) | (same & forward)
    source, target = rows.source_port.astype(np.uint64), rows.target_port.astype(np.uint64)
    kind = np.where(forward, source | target << np.uint64(16), target | source << np.uint64(16))
    above = rows.protocol | rows.family << 8 | rows.tunnel << 12
    return Ends(
        np.where(forward, rows.source_high, rows.target_high),
        np.where(forward, rows.source_low, rows.target_low),
        np.where(forward, rows.target_high, rows.source_high),
        np.where(forward, rows.target_low, rows.source_low),
        kind | above.astype(np.uint64) << np.uint64(32),
        forward,
    )


class Mixer:
    """Keys of conversations: equal for equal ones, and nearly always different for others."""

    def __init__(self) -> None:
        self._odd = [np.uint64(secrets.randbits(64) | 1) for _ in range(5)]

    def keys(self, them: Ends) -> Words:
        a, b, c, d, e = self._odd
        key = them.one_low * a
        key ^= key >> np.uint64(32)
        key += them.two_low * b
        key ^= key >> np.uint64(29)
        key *= c
        key += them.kind * b
        if them.one_high.any() or them.two_high.any():  # adds nothing where there are none
            high = them.one_high * d
            high ^= high >> np.uint64(33)
            high = high * a + them.two_high * e
            high ^= high >> np.uint64(31)
            key += high * c
        key ^= key >> np.uint64(32)
        key *= e
        return key >> np.uint64(64 - KEY_BITS)
