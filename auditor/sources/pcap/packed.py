"""Captures that were compressed as a whole: gzip and Zstandard, in one or several pieces.

What comes out is bounded, in all and for what went in; damage ends it, and all that came out before
is kept. Never more than some megabytes come out at once.
"""

import zlib
from collections.abc import Callable
from io import BytesIO
from typing import Protocol

import zstandard

from auditor.sources.tape import Tape

MOST = 1 << 36  # bytes that may come out
RATIO = 1_000
FREE = 1 << 20  # bytes that may come out whatever the ratio
_STEP = 512  # four bytes of Zstandard may stand for a block of 128 kB
_ZSTD = b"\x28\xb5\x2f\xfd"
_GZIP = b"\x1f\x8b"
_MAGIC = 64  # bytes of what is inside that tell what it is


class Piece(Protocol):
    """A member of gzip or a frame of Zstandard."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, /) -> bytes: ...


class Unpacked:
    """Fills a room like a tape does. Why it ended before the file did stands in `trouble`."""

    def __init__(self, tape: Tape, magic: bytes, begin: Callable[[], Piece]) -> None:
        self.trouble = ""
        self._tape = tape
        self._magic = magic
        self._begin = begin
        self._piece: Piece | None = None
        self._ahead = memoryview(b"")
        self._in = self._out = 0

    def fill(self, room: memoryview) -> int:
        while not self._ahead and not self.trouble and self._next():
            pass
        size = min(len(self._ahead), len(room))
        room[:size] = self._ahead[:size]
        self._ahead = self._ahead[size:]
        return size

    def settle(self) -> None:
        """What comes out is a copy, which nobody else reads."""

    def _next(self) -> bool:
        """Takes in a little more; False at the end."""
        data = self._tape.peek(_STEP)
        if self._piece is None:
            if not data.startswith(self._magic):
                self.trouble = "something else follows what is compressed" if data.strip(b"\0") else ""
                return False
            self._piece = self._begin()
        if not data:
            self.trouble = "cut off: the file ends inside what is compressed"
            return False
        try:
            out = self._piece.decompress(data)
        except (zlib.error, zstandard.ZstdError) as error:
            self.trouble = f"damaged compression ({error})"
            return False
        used = len(data) - len(self._piece.unused_data)
        if self._piece.eof:
            self._piece = None
        self._tape.read(used)
        self._in, self._out = self._in + used, self._out + len(out)
        if self._out > min(MOST, max(FREE, RATIO * self._in)):
            self.trouble = (
                f"more than {self._out - len(out)} bytes would come out of {self._in} compressed ones"
            )
            return False
        self._ahead = memoryview(out)
        return True


def unpacked(tape: Tape) -> Unpacked | None:
    """What is inside the file if it is compressed."""
    start = tape.peek(4)
    if start.startswith(_GZIP):
        return Unpacked(tape, _GZIP, lambda: zlib.decompressobj(zlib.MAX_WBITS | 16))
    if start == _ZSTD:
        opener = zstandard.ZstdDecompressor(max_window_size=1 << 27)
        return Unpacked(tape, _ZSTD, lambda: opener.decompressobj(write_size=1 << 17))
    return None


def beginning(start: bytes) -> bytes:
    """How a file that begins like this begins when it is unpacked; nothing where it is not compressed."""
    inside = unpacked(Tape(BytesIO(start)))
    room, size = bytearray(_MAGIC), 0
    while inside and (more := inside.fill(memoryview(room)[size:])):
        size += more
    return bytes(room[:size])
