"""Stretches of numbers: from, and up to, the last not included. What an audit covered of a capture."""

from collections.abc import Iterable, Iterator
from struct import Struct as Layout

from msgspec import Struct

_PAIR = Layout(">2Q")  # they sort as their numbers do


class Stretches(Struct, frozen=True, order=True):
    """Stretches in order, packed: of a capture of packets there is one for every connection or two."""

    packed: bytes = b""

    @classmethod
    def of(cls, pairs: Iterable[tuple[int, int]]) -> "Stretches":
        return cls(b"".join(_PAIR.pack(*pair) for pair in pairs))

    def __len__(self) -> int:
        return len(self.packed) // _PAIR.size

    def __iter__(self) -> Iterator[tuple[int, int]]:
        yield from ((start, end) for start, end in _PAIR.iter_unpack(self.packed))


def overlap(one: Iterable[tuple[int, int]], other: Iterable[tuple[int, int]]) -> bool:
    """Two sorted lists of stretches, walked side by side."""
    mine, theirs = iter(one), iter(other)
    a, b = next(mine, None), next(theirs, None)
    while a and b:
        if a[0] < b[1] and b[0] < a[1]:
            return True
        if a[1] <= b[1]:
            a = next(mine, None)
        else:
            b = next(theirs, None)
    return False


def of_numbers(numbers: Iterable[int]) -> Iterator[tuple[int, int]]:
    """The stretches that these make, without one for each in between: there may be very many."""
    start = end = -1
    for number in sorted(numbers):
        if number > end:
            if start >= 0:
                yield start, end
            start = number
        end = number + 1
    if start >= 0:
        yield start, end


def joined(ranges: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Stretches in order, those that touch made one."""
    out: list[tuple[int, int]] = []
    for start, end in sorted(ranges):
        if out and start <= out[-1][1]:
            out[-1] = (out[-1][0], max(out[-1][1], end))
        else:
            out.append((start, end))
    return tuple(out)
