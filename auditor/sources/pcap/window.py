"""What a capture file says, in order: windows of packets, and what else is written between them.

A window is a stretch of the file with columns that say where its packets lie. Its bytes are
overwritten by the next one, so what shall stay is copied. No length that the file names is
believed before the bytes are there, and none makes the window grow.
"""

from collections.abc import Iterator
from typing import Protocol, TypeAlias

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

SIZE = 8 << 20  # bytes of a window
SLACK = 128  # bytes after the last packet that may be looked at, and mean nothing
LARGEST = 1 << 20  # bytes of one packet
MOST = 1 << 16  # packets of one window

Bytes: TypeAlias = NDArray[np.uint8]
Integers: TypeAlias = NDArray[np.int64]


class Window(Struct):
    """Whole packets. What lies between and after them in `data` is not theirs."""

    data: Bytes
    starts: Integers  # of the packets, in `data`
    kept: Integers  # bytes that were captured
    wire: Integers  # bytes that were on the wire
    when: Integers  # nanoseconds since 1970
    links: Integers  # link types; negative where the interface was never described
    first: int  # the number of the first packet
    offset: int  # of `data` in the file as it is unpacked

    def __len__(self) -> int:
        return len(self.starts)

    def part(self, which: Integers | slice, first: int = 0) -> "Window":
        """Some of the packets; the number of the first holds where they stand in a row."""
        return Window(
            self.data,
            self.starts[which],
            self.kept[which],
            self.wire[which],
            self.when[which],
            self.links[which],
            self.first + first,
            self.offset,
        )

    def packet(self, index: int) -> bytes:
        start = int(self.starts[index])
        return self.data[start : start + int(self.kept[index])].tobytes()


class Secrets(Struct, frozen=True):
    """What a capture carries to open its own connections."""

    kind: str  # "tls" for the lines of a key log; others by their number
    data: bytes


class Name(Struct, frozen=True):
    """A name that the capturing machine knew for an address."""

    address: bytes
    name: str


class Comment(Struct, frozen=True):
    text: str
    number: int = 0  # the packet it is about; of the whole file where there is none


class Trouble(Struct, frozen=True):
    """Why something could not be read."""

    kind: str
    text: str
    last: bool = True  # nothing more can be read of the file
    unread: int = 0


Item: TypeAlias = Window | Secrets | Name | Comment | Trouble


class Filling(Protocol):
    """Where the bytes come from."""

    def fill(self, room: memoryview) -> int:
        """Writes what comes next, and says how much that was."""

    def settle(self) -> None:
        """Waits until nobody needs what was written any more."""


class Buffer:
    """A stretch of the file that moves on over it."""

    def __init__(self, source: Filling) -> None:
        self.data: Bytes = np.zeros(SIZE + SLACK, np.uint8)
        self.view = memoryview(self.data.data)
        self.offset = 0  # of the stretch, in the file
        self.end = 0
        self.over = False
        self._source = source

    def move(self, at: int) -> None:
        """Forgets what stands before `at` and takes in as much as there is room for."""
        left = self.end - at
        self._source.settle()
        self.data[:left] = self.data[at : self.end].copy()
        self.offset += at
        self.end = left
        while self.end < SIZE and not self.over:
            got = self._source.fill(self.view[self.end : SIZE])
            self.end += got
            self.over = not got

    def skip(self, size: int) -> int:
        """Passes over bytes that nobody wants; how many there were. The stretch is empty then."""
        gone = min(size, self.end)
        self.move(gone)
        while gone < size and self.end:
            step = min(size - gone, self.end)
            self.move(step)
            gone += step
        return gone


def heads(data: Bytes, starts: Integers, size: int) -> Bytes:
    """The first bytes of every packet, one row each: the one gather on which all columns rest."""
    every = np.ndarray((len(data) - size + 1,), f"V{size}", data, strides=(1,))
    found: Bytes = every[starts].view(np.uint8).reshape(len(starts), size)
    return found


def split(window: Window) -> Iterator[Window]:
    """As many windows as it takes so that none has too many packets."""
    for at in range(0, len(window), MOST):
        yield window.part(slice(at, at + MOST), at) if len(window) > MOST else window
