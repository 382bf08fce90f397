"""The frames of one direction of one stream of HTTP/3, from pieces of any size.

A frame of data is given out as it comes, all others whole. A gap that lies within a frame of data
costs those bytes; after any other nobody knows where a frame begins, and reading ends.
"""

from msgspec import Struct

from auditor.sources.pcap.hello import Cut
from auditor.sources.pcap.quic.headers import varint

LONGEST = 256_000  # bytes of a frame that has to be whole

DATA, HEADERS, SETTINGS, PROMISE, OF_SESSION = 0, 1, 4, 5, 0x41
_WHOLE = (HEADERS, SETTINGS, PROMISE)
_STARTED = 16  # bytes that the kind and the size of a frame have at most


class Part(Struct, frozen=True):
    """A frame, or what came of one; `lost` bytes should stand before it."""

    kind: int
    data: bytes
    lost: int = 0


class Framed:
    def __init__(self) -> None:
        self._buffer = bytearray()
        self._kind = -1  # of the frame that is passed on as it comes
        self._left = 0  # bytes of it that are still to come
        self.broken = ""  # why no more is read
        self.unread = 0
        self.session: int | None = None  # all that follows belongs to this session of WebTransport

    @property
    def waiting(self) -> int:
        """Bytes that make no frame yet."""
        return len(self._buffer)

    def feed(self, data: bytes, lost: int = 0) -> list[Part]:
        found: list[Part] = []
        if lost and not self.broken:
            self._gap(lost, found)
        if self.broken:
            self.unread += len(data)
            return found
        if self._left:
            data = self._passed(data, found)
        self._buffer += data
        while self._buffer and not self._left and not self.broken and self.session is None:
            if not self._frame(found):
                break
        return found

    def rest(self) -> bytes:
        """What follows on the name of a session."""
        rest, self._buffer = bytes(self._buffer), bytearray()
        return rest

    def _gap(self, lost: int, found: list[Part]) -> None:
        if self._buffer or lost > self._left:
            self.broken = f"{lost} bytes are missing between two frames"
            self.unread += len(self._buffer)
            self._buffer.clear()
            return
        self._left -= lost
        if self._kind == DATA:
            found.append(Part(DATA, b"", lost))

    def _frame(self, found: list[Part]) -> bool:
        """Takes the next frame from the buffer, or the beginning of one that is passed on."""
        cut = Cut(bytes(self._buffer[:_STARTED]))
        try:
            kind, size = varint(cut), varint(cut)
        except ValueError:
            return False
        if kind == OF_SESSION:
            self.session = size
            del self._buffer[: cut.at]
            return False
        if kind not in _WHOLE:
            self._kind, self._left = kind, size
            self._buffer = bytearray(self._passed(bytes(self._buffer[cut.at :]), found))
            return True
        if size > LONGEST:
            self.broken = f"a frame of {size} bytes"
            self.unread += len(self._buffer)
            self._buffer.clear()
            return False
        if len(self._buffer) < cut.at + size:
            return False
        found.append(Part(kind, bytes(self._buffer[cut.at : cut.at + size])))
        del self._buffer[: cut.at + size]
        return True

    def _passed(self, data: bytes, found: list[Part]) -> bytes:
        own, rest = data[: self._left], data[self._left :]
        self._left -= len(own)
        if self._kind == DATA and own:
            found.append(Part(DATA, own))
        return rest


def settings(data: bytes) -> dict[int, int]:
    cut, found = Cut(data), {}
    while cut.left:
        number = varint(cut)
        found[number] = varint(cut)
    return found
