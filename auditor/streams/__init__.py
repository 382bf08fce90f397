"""Streams: the bytes of one connection to messages, without I/O. Drop a file here and it is found.

A stream is a module with

    name                          of the protocol
    recognises(outgoing, start)   whether a direction that begins so is this protocol;
                                  None while more bytes could tell
    Stream                        `feed(outgoing, data)` takes what came and gives the messages
                                  it makes whole; `waiting` counts the bytes still held back;
                                  `handed_over` says why it reads no further (TLS, or what is
                                  wrong) and `rest` counts the bytes each way from there on;
                                  `finish()`, where it is, tells what the end left unfinished
    carriers                      where not {"tcp": Stream}: {what it travels in: its Stream
                                  there}. In "websocket" and "udp" a piece that is fed is one
                                  message, one datagram
    protocol                      where its parcels have another name than the stream

Laws: a protocol is known by its content, never by its port; one object sees both
directions, because protocols answer each other; any cutting of the same bytes
gives the same messages; nothing is dropped without a message that says so (one of PARTS).
Most streams are a step of a `Talk`, which holds the bytes for them.
"""

import importlib
import json
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

from msgspec import Struct

from auditor.model import Head

START = 65536  # bytes of one direction that are kept until a stream knows them
MOST = 64_000_000  # bytes of one message
EXCERPT = 16384  # bytes that are kept of a message that is longer than may be
TLS = "TLS"
_JSON = json.JSONEncoder(ensure_ascii=False).encode
PARTS = ("TOO-LONG", "UNREADABLE", "DATA-PART", "APPEND-PART", "FETCH-PART", "RETR-PART", "SEND-PART")


class Message(Struct, frozen=True):
    """One message of a protocol, going one way."""

    outgoing: bool
    head: Head
    body: bytes
    part: str  # its number in the connection and its direction: "3>"
    retold: bool = False  # whether the body is JSON of ours, which stands nowhere in the connection


class Conversation(Protocol):
    """Both directions of one connection, as one protocol understands them."""

    @property
    def waiting(self) -> int: ...
    def feed(self, outgoing: bool, data: bytes) -> list[Message]: ...


class StreamModule(Protocol):
    name: str

    def recognises(self, outgoing: bool, start: bytes) -> bool | None: ...
    def Stream(self) -> Conversation: ...  # noqa: N802


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


class Sorter:
    """Finds the stream that knows a connection, then feeds it, from the first byte on."""

    def __init__(self, streams: Mapping[str, StreamModule] | None = None, carrier: str = "tcp") -> None:
        known = STREAMS if streams is None else streams
        self._asked = {name: module for name, module in known.items() if carrier in _carriers(module)}
        self._carrier = carrier
        self._held: list[tuple[bool, bytes]] = []
        self._starts = {True: b"", False: b""}
        self._stream: Conversation | None = None
        self._found: Callable[[], Conversation] | None = None
        self._told = {True: 0, False: 0}  # how long each start was when the streams were asked
        self.name = ""  # of the protocol, once it is known

    @property
    def refused(self) -> bool:
        """No stream knows this connection; nothing that is fed from now on changes that."""
        return not self._stream and not self._asked

    @property
    def waiting(self) -> int:
        """Bytes of a known protocol that make no whole message yet."""
        return self._stream.waiting if self._stream else 0

    @property
    def handed_over(self) -> str:
        """Why the stream reads no further: TLS, or what is wrong."""
        return str(getattr(self._stream, "handed_over", ""))

    @property
    def rest(self) -> Mapping[bool, int]:
        """Bytes each way that came after the hand-over."""
        rest: Mapping[bool, int] = getattr(self._stream, "rest", {True: 0, False: 0})
        return rest

    def again(self) -> Conversation | None:
        """A new stream of the protocol that was found, to be fed from the start."""
        return self._found() if self._found else None

    def feed(self, outgoing: bool, data: bytes) -> list[Message]:
        if self._stream:
            return self._stream.feed(outgoing, data)
        if self.refused or not data:
            return []
        self._held.append((outgoing, data))
        self._starts[outgoing] += data[: START - len(self._starts[outgoing])]
        # Asking at every byte would read the start as often as it has bytes.
        told, size = self._told[outgoing], len(self._starts[outgoing])
        if size > 64 and size < START and size < told + told // 8:
            return []
        return self._ask(outgoing)

    def finish(self) -> list[Message]:
        """The connection has ended: the last chance to recognise it, and to tell what is unfinished."""
        found = [] if self._stream or self.refused else self._ask(True) or self._ask(False)
        return [*found, *getattr(self._stream, "finish", list)()]

    def _ask(self, outgoing: bool) -> list[Message]:
        self._told[outgoing] = len(self._starts[outgoing])
        if self._stream or not self._recognised(outgoing):
            return []
        held, self._held = self._held, []
        return [message for way, piece in held for message in self.feed(way, piece)]

    def _recognised(self, outgoing: bool) -> bool:
        start = self._starts[outgoing]
        for name, module in list(self._asked.items()):
            answer = module.recognises(outgoing, start)
            if answer:
                self._found = _carriers(module)[self._carrier]
                self._stream = self._found()
                self.name = getattr(module, "protocol", name)
                return True
            if answer is False or len(start) >= START:
                del self._asked[name]
        if self.refused:
            self._held.clear()
        return False


def _carriers(module: StreamModule) -> Mapping[str, Callable[[], Conversation]]:
    return getattr(module, "carriers", None) or {"tcp": module.Stream}


_MODULES = (importlib.import_module(f"{__name__}.{module.name}") for module in pkgutil.iter_modules(__path__))
STREAMS: dict[str, StreamModule] = {module.name: module for module in _MODULES}
# Layers that the service opens: what lies in their frames says nothing about the recipient.
LAYERS = frozenset(name for name, module in STREAMS.items() if getattr(module, "opened_by", "") == "server")
