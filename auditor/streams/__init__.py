"""Streams: the bytes of one connection to messages, without I/O. Drop a file here and it is found.

A stream is a module with

    name                          of the protocol
    recognises(outgoing, start)   whether a direction that begins so is this protocol;
                                  None while more bytes could tell
    Stream                        `feed(outgoing, data)` takes what came and gives the messages
                                  it makes whole; `waiting` counts the bytes still held back

Laws: a protocol is known by its content, never by its port; one object sees both
directions, because protocols answer each other; any cutting of the same bytes
gives the same messages; nothing is dropped without a message that says so.
"""

import importlib
import pkgutil
from collections.abc import Mapping
from typing import Protocol

from msgspec import Struct

from auditor.model import Head

START = 65536  # bytes of one direction that are kept until a stream knows them


class Message(Struct, frozen=True):
    """One message of a protocol, going one way."""

    outgoing: bool
    head: Head
    body: bytes
    part: str  # its number in the connection and its direction: "3>"


class Conversation(Protocol):
    """Both directions of one connection, as one protocol understands them."""

    @property
    def waiting(self) -> int: ...
    def feed(self, outgoing: bool, data: bytes) -> list[Message]: ...


class StreamModule(Protocol):
    name: str

    def recognises(self, outgoing: bool, start: bytes) -> bool | None: ...
    def Stream(self) -> Conversation: ...  # noqa: N802


def _discover() -> dict[str, StreamModule]:
    modules = [importlib.import_module(f"{__name__}.{m.name}") for m in pkgutil.iter_modules(__path__)]
    return {module.name: module for module in modules}


class Sorter:
    """Finds the stream that knows a connection, then feeds it, from the first byte on."""

    def __init__(self, streams: Mapping[str, StreamModule] | None = None) -> None:
        self._asked = dict(STREAMS if streams is None else streams)
        self._held: list[tuple[bool, bytes]] = []
        self._starts = {True: b"", False: b""}
        self._stream: Conversation | None = None
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
        """The connection has ended: the last chance to recognise what it began with."""
        if self._stream or self.refused:
            return []
        return self._ask(True) or self._ask(False)

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
                self._stream, self.name = module.Stream(), name
                return True
            if answer is False or len(start) >= START:
                del self._asked[name]
        if self.refused:
            self._held.clear()
        return False


STREAMS = _discover()
