"""The bytes of a capture, in order, each one hashed and counted once.

No read asks for more than a chunk at a time: a length that a hostile file
names costs no memory beyond what the file really holds.
"""

import hashlib
from collections.abc import Iterator
from io import BufferedIOBase
from typing import Protocol

CHUNK = 1 << 20


class Raw(Protocol):
    """What a file, a pipe and a part of a file have in common."""

    def read(self, size: int, /) -> bytes: ...
    def close(self) -> None: ...


class Tape:
    """Reads forward only, so a pipe is as good as a file."""

    def __init__(self, raw: Raw, *, owned: bool = True, hashed: bool = True) -> None:
        self._raw = raw
        self._owned = owned
        self._ahead = b""
        self._hash = hashlib.sha256() if hashed else None
        self._fetched = 0
        self.entries = 0  # set by the reader of the format
        self.unread = 0  # bytes that were seen, but not understood
        self.phones: dict[str, int] = {}  # how often private ends talked, in a capture of packets

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest() if self._hash else ""

    @property
    def position(self) -> int:
        """How many bytes were handed out; after `drain`, the size of the file."""
        return self._fetched - len(self._ahead)

    def peek(self, size: int) -> bytes:
        """The next bytes without moving on; fewer only at the end."""
        while len(self._ahead) < size and (more := self._fetch(size)):
            self._ahead += more
        return self._ahead[:size]

    def chunk(self) -> bytes:
        """Whatever comes next, empty at the end."""
        if self._ahead:
            ahead, self._ahead = self._ahead, b""
            return ahead
        return self._fetch(CHUNK)

    def read(self, size: int) -> bytes:
        """Exactly so many bytes; fewer only at the end."""
        pieces = [self._ahead[:size]]
        self._ahead = self._ahead[size:]
        missing = size - len(pieces[0])
        while missing and (more := self._fetch(min(missing, CHUNK))):
            pieces.append(more)
            missing -= len(more)
        return b"".join(pieces)

    def fill(self, room: memoryview) -> int:
        """Writes what comes next into `room`; how much that was, nothing at the end."""
        if not self._ahead and isinstance(self._raw, BufferedIOBase):  # without a copy between
            size = self._raw.readinto(room)
            if self._hash:
                self._hash.update(room[:size])
            self._fetched += size
            return size
        data = self._ahead or self._fetch(min(len(room), CHUNK))
        size = min(len(data), len(room))
        self._ahead = data[size:]
        room[:size] = data[:size]
        return size

    def lines(self, longest: int) -> Iterator[tuple[bytes, int]]:
        """Line by line with its end and its length; nothing of one that is longer than `longest`."""
        held: list[bytes] = []
        size = 0
        while chunk := self.chunk():
            for piece in _split(chunk):
                size += len(piece)
                if size <= longest:
                    held.append(piece)
                else:
                    held.clear()
                if piece.endswith(b"\n"):
                    yield b"".join(held), size
                    held, size = [], 0
        if size:
            yield b"".join(held), size

    def skip(self, size: int) -> int:
        """Moves on without keeping the bytes; says how many there were."""
        before = self.position
        while size and (gone := len(self.read(min(size, CHUNK)))):
            size -= gone
        return self.position - before

    def drain(self) -> int:
        """Hashes what nobody read; says how much that was."""
        before = self.position
        while self.chunk():
            pass
        return self.position - before

    def close(self) -> None:
        if self._owned:
            self._raw.close()

    def _fetch(self, size: int) -> bytes:
        data = self._raw.read(size)
        if self._hash:
            self._hash.update(data)
        self._fetched += len(data)
        return data


def _split(chunk: bytes) -> list[bytes]:
    """At line feeds, which stay with their lines."""
    *ends, rest = chunk.split(b"\n")
    return [*(end + b"\n" for end in ends), *([rest] if rest else [])]
