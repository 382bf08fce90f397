"""Texts by the hundred thousand, put in in any order and taken out in theirs.

Few of them are held as they are. The others lie sorted and packed, and take a fraction of their size.

Law: a text has no line feed.
"""

import zlib
from collections.abc import Callable, Iterable, Iterator
from heapq import merge
from itertools import islice
from typing import TypeAlias

HELD = 1 << 13  # texts that are held as they are
TOGETHER = 512  # texts that are packed together
RUNS = 32  # sorted parts that are taken out side by side; more are made one
FASTEST = 1

Packed: TypeAlias = tuple[bytes, ...]


def packed(texts: Iterable[bytes]) -> Packed:
    """As they come."""
    left = iter(texts)
    parts = iter(lambda: list(islice(left, TOGETHER)), [])
    return tuple(zlib.compress(b"\n".join(some), FASTEST) for some in parts)


def unpacked(parts: Packed) -> Iterator[bytes]:
    for part in parts:
        yield from zlib.decompress(part).split(b"\n")


class Pile:
    """`folded` may make one text of several that follow each other."""

    def __init__(self, folded: Callable[[Iterable[bytes]], Iterable[bytes]] = iter) -> None:
        self._folded = folded
        self._held: list[bytes] = []
        self._runs: list[Packed] = []

    def add(self, text: bytes) -> None:
        self._held.append(text)
        if len(self._held) == HELD:
            self._runs.append(packed(self._folded(sorted(self._held))))
            self._held = []
            if len(self._runs) == RUNS:
                self._runs = [packed(self)]

    def __iter__(self) -> Iterator[bytes]:
        """All so far, in their order, as often as somebody asks."""
        yield from self._folded(merge(sorted(self._held), *map(unpacked, self._runs)))
