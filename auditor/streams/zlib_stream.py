"""The zlib-stream of Discord's gateway: WebSocket messages that share one compression.

Discord, Gateway, Transport Compression: "every packet sent to the client is [...] a single
zlib context; [...] the last four bytes are 00 00 FF FF (Z_SYNC_FLUSH)". What comes out are
the messages that the WebSocket would have carried, so its parcels are a WebSocket's. What
the app sends is not compressed. From a damaged place on messages are passed on as they are.
"""

import zlib
from collections.abc import Callable, Iterator

from auditor.model import Head
from auditor.streams import START, Message
from auditor.streams.talk import MOST

name = "zlib_stream"
protocol = "websocket"

RATIO, FREE = 100, 16_000_000  # what may come out: so many times what went in, or so much
_END = b"\0\0\xff\xff"


class Inflater:
    """One direction that is compressed. ValueError where it is damaged, or more than may come out."""

    def __init__(self, window: int = zlib.MAX_WBITS) -> None:
        self._inside = zlib.decompressobj(window)
        self._in = self._out = 0

    def pieces(self, data: bytes) -> Iterator[bytes]:
        while data:
            try:
                piece = self._inside.decompress(data, START)
            except zlib.error as error:
                raise ValueError(f"damaged compression: {error}") from error
            self._out += len(piece)
            self._in += len(data) - len(self._inside.unconsumed_tail)
            if self._out > max(FREE, RATIO * self._in):
                raise ValueError(f"compression that gives more than {self._out - len(piece)} bytes")
            data = self._inside.unconsumed_tail
            if piece:
                yield piece
            if self._inside.eof:
                raise ValueError("compression that ends")


def recognises(outgoing: bool, start: bytes) -> bool | None:
    """By the first message that came: it begins as zlib does and ends in a flush."""
    if outgoing or not start:
        return None
    if start[0] != 0x78 or (len(start) > 1 and int.from_bytes(start[:2]) % 31):
        return False
    return start.endswith(_END) or None


class Unpacker:
    """Is fed whole messages; those that came are one compression, which `pieces` undoes.

    `ended` says whether a message ends where the bytes do.
    """

    def __init__(
        self, pieces: Callable[[bytes], Iterator[bytes]], ended: Callable[[bytearray], bool]
    ) -> None:
        self._pieces: Callable[[bytes], Iterator[bytes]] | None = pieces
        self._ended = ended
        self._held = bytearray()
        self._count = 0

    @property
    def waiting(self) -> int:
        return len(self._held)

    def feed(self, outgoing: bool, data: bytes) -> list[Message]:
        if outgoing or not self._pieces:
            return [self._say(outgoing, data)] if data else []
        self._held += data
        if len(self._held) < MOST and not self._ended(self._held):
            return []
        packed, out = bytes(self._held), bytearray()
        self._held.clear()
        try:
            for piece in self._pieces(packed):
                out += piece
        except ValueError:
            self._pieces = None
            return [self._say(False, bytes(out))] * bool(out) + [self._say(False, packed)]
        return [self._say(False, bytes(out))]

    def _say(self, outgoing: bool, data: bytes) -> Message:
        self._count += 1
        return Message(outgoing, Head(), data, f"{self._count - 1}{'>' if outgoing else '<'}")


def Stream() -> Unpacker:  # noqa: N802
    return Unpacker(Inflater().pieces, lambda held: held.endswith(_END))


carriers = {"websocket": Stream}
