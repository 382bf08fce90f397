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
Most streams are a step of a `Talk` (see talk.py), which holds the bytes for them.
"""

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from typing import Protocol

from msgspec import Struct

from auditor.model import Head

START = 65536  # bytes of one direction that are kept until a stream knows them
TLS = "TLS"
SIGNS = {8: "WS-CLOSE", 9: "WS-PING", 10: "WS-PONG"}  # frames of a WebSocket that are no messages
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


def _discover() -> dict[str, StreamModule]:
    names = [m.name for m in pkgutil.iter_modules(__path__) if m.name != "talk"]
    modules = [importlib.import_module(f"{__name__}.{name}") for name in names]
    return {module.name: module for module in modules}


STREAMS = _discover()
# Layers that the service opens: what lies in their frames says nothing about the recipient.
LAYERS = frozenset(name for name, module in STREAMS.items() if getattr(module, "opened_by", "") == "server")
