"""Head lines of HTTP/3 (QPACK, RFC 9204): blocks that point into a table, filled on another stream.

How large the table may be is said by the listener, so a block that points into it waits for both
streams. One byte of a block can stand for a line of 60,000; so before a block is opened, its
pointers are counted.
"""

from collections.abc import Sequence

import pylsqpack

from auditor.sources.pcap.hello import Cut

TABLE = 1 << 20  # bytes of the largest table
EXPANDED = 16_000_000  # bytes that the pointers of one block can stand for
WAITING = 4_000_000  # bytes that wait for the table or its size
BLOCKED = 1_000  # blocks that wait
LINES = 2_000  # in one block

Fields = list[tuple[bytes, bytes]]
Found = tuple[int, Fields | None]  # the number of a block; its lines, or nothing where it cannot be opened

_AROUND = 100  # bytes that are kept around a block
_WRONG = (
    pylsqpack.DecompressionFailed, pylsqpack.EncoderStreamError, pylsqpack.StreamBlocked,
    ValueError, OverflowError,
)  # fmt: skip


class Tables:
    """One direction. Blocks are numbered by whoever brings them."""

    def __init__(self) -> None:
        self._plain = pylsqpack.Decoder(0, 0)
        self._table: pylsqpack.Decoder | None = None
        self._size = 0
        self._filling = bytearray()  # what fills the table, while its size is unknown
        self._blocks: dict[int, bytes] = {}  # those that wait for it
        self._blocked: set[int] = set()
        self._waiting = 0  # bytes of both
        self.broken = ""

    def sized(self, size: int) -> list[Found]:
        """The listener says how large the table may be."""
        if self._table is not None or self.broken:
            return []
        if size > TABLE:
            return self._give_up(f"a table of {size} bytes")
        self._table, self._size = pylsqpack.Decoder(size, BLOCKED), size
        filling, blocks = bytes(self._filling), self._blocks
        self._filling, self._blocks, self._waiting = bytearray(), {}, 0
        found = self.filled(filling)
        for number, block in blocks.items():
            found += self.block(number, block)
        return found

    def filled(self, data: bytes, lost: int = 0) -> list[Found]:
        """The speaker fills the table; what can be opened now that could not before."""
        if self.broken or not (data or lost):
            return []
        if lost:
            return self._give_up(f"{lost} bytes that fill it are missing")
        if self._table is None:
            self._filling += data
            self._waiting += len(data)
            return self._give_up("too much waits for its size") if self._waiting > WAITING else []
        try:
            ready = self._table.feed_encoder(data)
        except _WRONG as error:
            return self._give_up(f"it was filled wrongly: {error}")
        return [self._resumed(number) for number in ready]

    def block(self, number: int, block: bytes) -> list[Found]:
        """A block comes; its lines, unless it has to wait."""
        lines, pointers = _counted(block)
        if lines > LINES:
            return [(number, None)]
        if block[:1] == b"\0":
            return [(number, self._opened(self._plain, number, block))]
        if self.broken:
            return [(number, None)]
        if self._table is None:
            self._blocks[number] = block
            self._waiting += len(block) + _AROUND
            return self._give_up("too much waits for its size") if self._waiting > WAITING else []
        if len(self._blocked) >= BLOCKED or pointers * self._size > EXPANDED:
            return [(number, None)]
        try:
            return [(number, self._table.feed_header(number, block)[1])]
        except pylsqpack.StreamBlocked:
            self._blocked.add(number)
            return []
        except _WRONG:
            return [(number, None)]

    def _resumed(self, number: int) -> Found:
        self._blocked.discard(number)
        try:
            return (number, self._table.resume_header(number)[1] if self._table else None)
        except _WRONG:
            return (number, None)

    def _opened(self, decoder: pylsqpack.Decoder, number: int, block: bytes) -> Fields | None:
        try:
            return decoder.feed_header(number, block)[1]
        except _WRONG:
            return None

    def _give_up(self, why: str) -> list[Found]:
        self.broken = f"the table of head lines: {why}"
        left: Sequence[int] = [*self._blocks, *self._blocked]
        self._filling, self._blocks, self._waiting = bytearray(), {}, 0
        self._blocked.clear()
        return [(number, None) for number in left]


def _counted(block: bytes) -> tuple[int, int]:
    """How many lines a block has, and pointers into the table; too many where it cannot be read."""
    cut, lines, pointers = Cut(block), 0, 0
    try:
        _number(cut, cut.number(1), 8), _number(cut, cut.number(1), 7)
        while cut.left:
            first = cut.number(1)
            lines += 1
            if first & 0x80:  # a whole line
                pointers += not first & 0x40
                _number(cut, first, 6)
            elif first & 0x40:  # a name, and a value that follows
                pointers += not first & 0x10
                _number(cut, first, 4)
                _text(cut, cut.number(1), 7)
            elif first & 0x20:  # both follow
                _text(cut, first, 3)
                _text(cut, cut.number(1), 7)
            else:  # a line, or a name, that came late into the table
                pointers += 1
                _number(cut, first, 4 if first & 0x10 else 3)
                if not first & 0x10:
                    _text(cut, cut.number(1), 7)
    except ValueError:
        return LINES + 1, 0
    return lines, pointers


def _number(cut: Cut, first: int, bits: int) -> int:
    most = (1 << bits) - 1
    if first & most < most:
        return first & most
    value = most
    for shift in range(0, 63, 7):
        byte = cut.number(1)
        value += (byte & 0x7F) << shift
        if not byte & 0x80:
            return value
    raise ValueError("a number without end")


def _text(cut: Cut, first: int, bits: int) -> None:
    cut.take(_number(cut, first, bits))
