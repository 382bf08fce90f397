"""Bytes read from front to end, for the few seals that are a walk and not a shape.

Law: whoever reads beyond the end, or finds something else than expected, gets a ValueError.
"""

from typing import Literal


class Reader:
    """A place in some bytes."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    @property
    def left(self) -> int:
        return len(self.data) - self.at

    def take(self, size: int) -> bytes:
        if not 0 <= size <= self.left:
            raise ValueError("beyond the end")
        self.at += size
        return self.data[self.at - size : self.at]

    def rest(self) -> bytes:
        return self.take(self.left)

    def number(self, size: int = 1, order: Literal["big", "little"] = "big") -> int:
        return int.from_bytes(self.take(size), order)

    def sized(self, size: int, order: Literal["big", "little"] = "big") -> bytes:
        """What a length of this many bytes stands before."""
        return self.take(self.number(size, order))

    def skip(self, expected: bytes) -> None:
        if self.take(len(expected)) != expected:
            raise ValueError("something else")

    def end(self) -> None:
        if self.left:
            raise ValueError("more than expected")


def check(fits: bool) -> None:
    """ValueError unless it does."""
    if not fits:
        raise ValueError("something else")
