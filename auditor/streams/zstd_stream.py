"""The zstd-stream of Discord's gateway: WebSocket messages that share one Zstandard frame.

The sister of zlib_stream.py, asked for with `compress=zstd-stream`. The frame begins with the
first message that came and never ends; each message is flushed, so it ends with a block (RFC
8878, 3.1.1.2) that is not the last. Frames that do end are whole, and the decoder zstd opens them.
"""

from collections.abc import Iterator

import zstandard

from auditor.streams.zlib_stream import FREE, RATIO, Unpacker

name = "zstd_stream"
protocol = "websocket"

WINDOW = 1 << 23  # RFC 8878, 3.1.1.1.2: what every decoder should be able to hold
LONGEST = 1 << 17  # of a block: 3.1.1.2.4
NOT_BLOCKS = -1
_MAGIC = b"\x28\xb5\x2f\xfd"
_STEP = 256  # four bytes of input may stand for a block of 128 kB


class Inflater:
    """One direction that is compressed. ValueError where it is damaged, or more than may come out."""

    def __init__(self) -> None:
        opener = zstandard.ZstdDecompressor(max_window_size=WINDOW)
        self._inside = opener.decompressobj(write_size=1 << 14)
        self._in = self._out = 0

    def pieces(self, data: bytes) -> Iterator[bytes]:
        for at in range(0, len(data), _STEP):
            packed = data[at : at + _STEP]
            try:
                piece = self._inside.decompress(packed)
            except zstandard.ZstdError as error:
                raise ValueError(f"damaged compression: {error}") from error
            self._in += len(packed)
            self._out += len(piece)
            if self._out > max(FREE, RATIO * self._in):
                raise ValueError(f"compression that gives more than {self._out - len(piece)} bytes")
            if piece:
                yield piece
            if self._inside.eof:
                raise ValueError("compression that ends")


class Blocks:
    """Where the blocks of a frame end, without opening them."""

    def __init__(self) -> None:
        self._begun = False
        self._last = 0  # where the last block begins that was seen: nobody walks twice

    def ended(self, data: bytes | bytearray) -> bool:
        """Whether a message ends with these bytes: with a block, or in something that is none."""
        end = self.walk(data)
        ended = end in (len(data), NOT_BLOCKS)
        self._begun |= end == len(data)
        self._last = 0 if ended else self._last
        return ended

    def walk(self, data: bytes | bytearray) -> int:
        """The end of the last block that begins in these bytes; more than there are while it is to come."""
        known = self._last if self._last < len(data) else 0
        at = start = known or (0 if self._begun else _header(data))
        while at < len(data) or at == start:
            if at + 3 > len(data):
                return at + 3
            self._last = at
            head = int.from_bytes(data[at : at + 3], "little")
            last, kind, size = head & 1, head >> 1 & 3, head >> 3
            if last or kind == 3 or size > LONGEST:
                return NOT_BLOCKS
            at += 3 + (1 if kind == 1 else size)
        return at


def _header(data: bytes | bytearray) -> int:
    """How long the header of the frame is."""
    flags = data[4] if len(data) > 4 else 0
    single = flags >> 5 & 1
    return 6 - single + (0, 1, 2, 4)[flags & 3] + (single, 2, 4, 8)[flags >> 6]


def recognises(outgoing: bool, start: bytes) -> bool | None:
    """By the first message that came: a frame whose blocks are whole and which does not end."""
    if outgoing or not start:
        return None
    if not start.startswith(_MAGIC):
        return None if _MAGIC.startswith(start) else False
    end = Blocks().walk(start)
    return False if end == NOT_BLOCKS else end == len(start) or None


def Stream() -> Unpacker:  # noqa: N802
    return Unpacker(Inflater().pieces, Blocks().ended)


carriers = {"websocket": Stream}
