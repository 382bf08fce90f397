"""Stretches of numbers: from, and up to, the last not included. What an audit covered of a capture."""

from array import array
from collections.abc import Iterable, Iterator
from heapq import merge
from struct import Struct as Layout

from msgspec import Struct

NEAR = 1 << 16  # numbers that are put in order together
_PAIR = Layout(">2Q")  # they sort as their numbers do


class Numbers:
    """Numbers in any order, by the million, and in their order when they are asked for."""

    def __init__(self) -> None:
        self._near: dict[int, array[int]] = {}

    def add(self, number: int) -> None:
        where, rest = divmod(number, NEAR)
        if where not in self._near:
            self._near[where] = array("H")
        self._near[where].append(rest)

    def __iter__(self) -> Iterator[int]:
        for where in sorted(self._near):
            first = where * NEAR
            yield from (first + rest for rest in sorted(self._near[where]))


class Stretches(Struct, frozen=True, order=True):
    """Stretches in order, packed: of a capture of packets there is one for every connection or two."""

    packed: bytes = b""

    @classmethod
    def of(cls, pairs: Iterable[tuple[int, int]]) -> "Stretches":
        packed = bytearray()
        for pair in pairs:
            packed += _PAIR.pack(*pair)
        return cls(bytes(packed))

    def __add__(self, other: "Stretches") -> "Stretches":
        return Stretches.of(_joined(merge(self, other)))

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
    """The stretches that numbers in their order make, without one for each in between."""
    start = end = -1
    for number in numbers:
        if number > end:
            if start >= 0:
                yield start, end
            start = number
        end = number + 1
    if start >= 0:
        yield start, end


def joined(ranges: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Stretches in order, those that touch made one."""
    return tuple(_joined(sorted(ranges)))


def _joined(ranges: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    start = end = -1
    for first, last in ranges:
        if first > end:
            if start >= 0:
                yield start, end
            start = first
        end = max(end, last)
    if start >= 0:
        yield start, end
