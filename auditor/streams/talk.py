"""What most streams are made of: the bytes of both directions, held until a step can be taken.

What is too long is kept by its beginning and told; a protocol says how its steps go, and the
holding, the cutting and the hand-over to another channel are the same for all.
"""

import json
from collections.abc import Callable, Iterator, Mapping

from auditor.model import Head
from auditor.streams import Message

MOST = 64_000_000  # bytes of one message
EXCERPT = 16384  # bytes that are kept of a message that is longer than may be
_JSON = json.JSONEncoder(ensure_ascii=False).encode


class Buffer:
    """One direction: lines and blocks of a known length. What is too long is kept by its beginning."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.gone = 0  # bytes of the unfinished line or block that are no longer kept
        self.seen = 0  # how far the data was searched in vain
        self.start = b""

    @property
    def size(self) -> int:
        return self.gone + len(self.data)

    def take(self, size: int) -> bytes:
        taken = bytes(memoryview(self.data)[:size])
        del self.data[:size]
        self.seen = 0
        return taken

    def skip(self, size: int, keep: int = EXCERPT) -> None:
        """Lets go of the beginning of something unfinished, but for `keep` bytes of it."""
        self.start += self.data[: min(size, max(0, keep - len(self.start)))]
        del self.data[:size]
        self.gone, self.seen = self.gone + size, 0

    def done(self) -> tuple[bytes, int]:
        """The beginning and the length of what was skipped, which is over."""
        ended = self.start, self.gone
        self.gone, self.start = 0, b""
        return ended

    def line(self, longest: int) -> tuple[bytes, int] | None:
        """The next line without its end, and its length: of more than `longest` bytes only these."""
        end = self.data.find(b"\n", self.seen)
        if end < 0:
            if len(self.data) > longest + 1:
                self.skip(len(self.data) - 1, longest)  # the last could be a carriage return
            self.seen = len(self.data)
            return None
        carriage = self.data[end - 1 : end] == b"\r"
        if not self.gone and end - carriage <= longest:
            line = self.take(end + 1)[: end - carriage]
            return line, len(line)
        self.skip(end - carriage, longest)
        self.take(carriage + 1)
        return self.done()

    def block(self, size: int, most: int = MOST) -> tuple[bytes, int] | None:
        """The next `size` bytes; of more than `most` only an excerpt."""
        if size <= most:
            return (self.take(size), size) if len(self.data) >= size else None
        self.skip(min(size - self.gone, len(self.data)))
        return self.done() if self.gone == size else None


class Talk:
    """The bytes of both directions, for a protocol that reads them one step at a time.

    `step(talk, outgoing)` takes one thing off the buffer of that direction and says whether it
    could, and is asked again for both directions. `end(talk)` says what is left unfinished, and
    whether steps can go on behind it.
    """

    def __init__(
        self, step: Callable[["Talk", bool], bool], end: Callable[["Talk"], bool] = lambda _: False
    ) -> None:
        self.sides = {True: Buffer(), False: Buffer()}
        self.held = 0  # bytes that the protocol itself keeps
        self.handed_over = ""
        self.rest = {True: 0, False: 0}
        self._step, self._end = step, end
        self._unpack: Mapping[bool, Callable[[bytes], Iterator[bytes]]] = {}
        self._turned: list[tuple[bool, bytes]] = []
        self._said: list[Message] = []
        self._count = 0

    @property
    def waiting(self) -> int:
        return self.held + sum(side.size for side in self.sides.values())

    def feed(self, outgoing: bool, data: bytes) -> list[Message]:
        work = [(outgoing, data)]
        while work:
            for way, piece in work:
                self._take(way, piece)
            work, self._turned = self._turned, []
        found, self._said = self._said, []
        return found

    def finish(self) -> list[Message]:
        while not self.handed_over and self._end(self):
            self._run(True)
        return self.feed(True, b"")

    def say(self, outgoing: bool, head: Head, body: object = b"") -> None:
        """`body` is bytes, or something that is said in JSON."""
        data = body if isinstance(body, bytes) else _JSON(body).encode(errors="replace")
        part = f"{self._count}{'>' if outgoing else '<'}"
        self._said.append(Message(outgoing, head, data, part, data is not body))
        self._count += 1

    def too_long(self, outgoing: bool, start: bytes, size: int) -> None:
        self.say(outgoing, Head(method="TOO-LONG"), {"length": size, "start": words(start[:EXCERPT])})

    def hand_over(self, why: str) -> None:
        """Nothing more is read here: another channel begins, or nobody could say what follows."""
        self.handed_over = why
        for way, side in self.sides.items():
            self.rest[way] += side.size
            self.sides[way] = Buffer()

    def unpack(self, ways: Mapping[bool, Callable[[bytes], Iterator[bytes]]]) -> None:
        """Both directions are packed from here on; what unpacks them raises ValueError where it cannot."""
        if not self._unpack:
            self._unpack = ways
            self._turned += [(way, side.take(len(side.data))) for way, side in self.sides.items()]

    def _take(self, outgoing: bool, data: bytes) -> None:
        unpacks = self._unpack and not self.handed_over
        try:
            for piece in self._unpack[outgoing](data) if unpacks else (data,):
                if self.handed_over:
                    self.rest[outgoing] += len(piece)
                else:
                    self.sides[outgoing].data += piece
                    self._run(outgoing)
        except ValueError as error:
            self.hand_over(str(error))

    def _run(self, outgoing: bool) -> None:
        # The other side goes first: what was held back there is older than what has just come.
        while not self.handed_over and (self._step(self, not outgoing) or self._step(self, outgoing)):
            pass


def words(data: bytes) -> str:
    """Bytes of a head as text. Everything is some text in Latin-1."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")
