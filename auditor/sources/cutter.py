"""Cuts a JSON text into values as it comes, without ever holding all of it.

Only quotes, backslashes and brackets are looked at; what a piece means is the
business of a real decoder. A quote or a bracket inside a string never counts.
"""

import json
import re
from collections.abc import Iterator

from auditor.sources.tape import Tape

LIMIT = 256_000_000  # bytes of one value

_SPACE = b" \t\r\n"
_DARK = re.compile(rb"[^ \t\r\n]")
_MARK = re.compile(rb'["{}\[\]]')
_REST_OF_STRING = re.compile(rb'[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)  # never goes back: linear
_END_OF_WORD = re.compile(rb"[,}\] \t\r\n]")


class CutError(Exception):
    """The text ended inside a value. `rest` is what there was of it."""

    def __init__(self, rest: bytes = b"") -> None:
        super().__init__("the text ends inside a value")
        self.rest = rest


class LostError(Exception):
    """What comes next is not what JSON has there."""


class Cutter:
    """A position in a JSON text. The chunk at hand is the only memory, and a value that is kept."""

    def __init__(self, tape: Tape, limit: int = LIMIT) -> None:
        self._tape = tape
        self._limit = limit
        self._chunk = b""
        self._at = 0
        self._kept: list[bytes] | None = None
        self._size = 0
        if tape.peek(3) == b"\xef\xbb\xbf":
            tape.read(3)

    @property
    def position(self) -> int:
        return self._tape.position - len(self._chunk) + self._at

    def next(self) -> bytes:
        """The next byte that is not space, not moving past it. Empty at the end."""
        while True:
            if found := _DARK.search(self._chunk, self._at):
                self._at = found.start()
                return self._chunk[self._at : self._at + 1]
            if not self._refill():
                return b""

    def take(self, expected: bytes) -> None:
        found = self.next()
        if not found:
            raise CutError
        if found not in expected:
            raise LostError(f"expected {expected.decode()!r}, found {found!r}")
        self._at += 1

    def fields(self) -> Iterator[str]:
        """The keys of an object. Before asking for the next, its reader takes the value."""
        self.take(b"{")
        if self.next() == b"}":
            return self.take(b"}")
        while True:
            if (found := self.next()) != b'"':
                raise LostError(f"expected a key, found {found!r}") if found else CutError
            raw = self.value() or b'""'
            self.take(b":")
            yield _key(raw)
            if self.next() == b"}":
                return self.take(b"}")
            self.take(b",")

    def items(self) -> Iterator[None]:
        """Stops before every item of an array; its reader takes the value."""
        self.take(b"[")
        if self.next() == b"]":
            return self.take(b"]")
        while True:
            yield None
            if self.next() == b"]":
                return self.take(b"]")
            self.take(b",")

    def value(self) -> bytes | None:
        """The bytes of the next value; None where it is longer than the limit."""
        self._kept, self._size = [], 0
        return self._value()

    def skip(self) -> None:
        """Moves past the next value without keeping it."""
        self._kept = None
        self._value()

    def rest(self) -> Iterator[bytes]:
        """Everything that is left, as it comes."""
        if self._at < len(self._chunk):
            yield self._chunk[self._at :]
        self._chunk, self._at = b"", 0
        while chunk := self._tape.chunk():
            yield chunk

    def _value(self) -> bytes | None:
        kept, self._kept = self._kept, None  # space in front is not kept
        first = self.next()
        if not first:
            raise CutError
        self._kept = kept
        start = self._at
        if first in b"{[":
            start = self._container()
        elif first == b'"':
            self._at += 1
            start = self._string(start)
        elif first in b",:]}":
            raise LostError(f"expected a value, found {first!r}")
        else:
            start = self._word(start)
        if self._kept is None:
            return None
        pieces, self._kept = self._kept, None
        return b"".join((*pieces, self._chunk[start : self._at]))

    def _container(self) -> int:
        """Past the bracket that closes what begins here; where in the chunk the unkept part begins."""
        start, depth = self._at, 0
        while True:
            found = _MARK.search(self._chunk, self._at)
            if not found:
                start = self._more(start)
                continue
            mark = found.group()
            self._at = found.end()
            if mark == b'"':
                start = self._string(start)
            else:
                depth += 1 if mark in b"{[" else -1
                if depth == 0:
                    return start

    def _string(self, start: int) -> int:
        """Past the quote that ends the string."""
        while not (found := _REST_OF_STRING.match(self._chunk, self._at)):
            escaped = _backslashes(self._chunk, self._at) % 2
            start = self._more(start)
            self._at = escaped  # the first byte of the new chunk is the escaped one
        self._at = found.end()
        return start

    def _word(self, start: int) -> int:
        while True:
            if found := _END_OF_WORD.search(self._chunk, self._at):
                self._at = found.start()
                return start
            start = self._more(start)

    def _more(self, start: int) -> int:
        """Keeps the chunk from `start`, fetches the next, and says where that begins."""
        if self._kept is not None:
            self._kept.append(self._chunk[start:])
            self._size += len(self._chunk) - start
            if self._size > self._limit:
                self._kept = None
        if not self._refill():
            raise CutError(b"".join(self._kept or ()))
        return 0

    def _refill(self) -> bool:
        self._chunk, self._at = self._tape.chunk(), 0
        return bool(self._chunk)


def _backslashes(data: bytes, start: int) -> int:
    """How many backslashes stand at the end."""
    piece = data[start:]
    return len(piece) - len(piece.rstrip(b"\\"))


def _key(raw: bytes) -> str:
    try:
        return str(json.loads(raw))
    except ValueError:
        return ""
