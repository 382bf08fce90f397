"""What begins in the midst: where in a stretch of bytes somebody is understood without what came before."""

import re
from collections.abc import Iterable, Iterator

from msgspec import structs

from auditor.model import Channel, Event, Parcel, Problem
from auditor.sources.pcap.line import remember
from auditor.sources.pcap.recognise import http1
from auditor.sources.pcap.wire import End
from auditor.streams import LAYERS, STREAMS

UNHEARD = "not all of a connection was heard, and nothing in it could be understood"

SPOKEN = {
    name: module
    for name, module in STREAMS.items()
    if name not in LAYERS and "tcp" in getattr(module, "carriers", ("tcp",))
}
PLACES = 64  # in one stretch

# Where a line, a command or an element could begin; the words that begin a request stand anywhere.
_COULD = re.compile(rb"(?<=[\n|])[^\r\n]|<(?=[a-z])|(?<![A-Z])[A-Z]{3,20} |YMSG")


def begins(outgoing: bool, data: bytes) -> int | None:
    """The first place where a message begins; None where none does."""
    for _, at in zip(range(PLACES), _places(data), strict=False):
        rest = data[at:]
        if outgoing and http1(rest, b""):
            return at
        if any(module.recognises(outgoing, rest) for module in SPOKEN.values()):
            return at
    return None


def _places(data: bytes) -> Iterator[int]:
    yield 0
    yield from (found.start() for found in _COULD.finditer(data, 1))


class Missed:
    """Connections of which nobody heard the beginning, or one side, nor understood the rest.

    Messages may have been missed there of what is spoken at the same far end, as others show.
    """

    def __init__(self) -> None:
        self._spoken: dict[End, tuple[dict[Channel, None], set[str]]] = {}
        self._missed: dict[tuple[bytes, End], Problem] = {}  # one of a device and a far end

    def take(self, client: End, server: End, events: Iterable[Event]) -> list[Event]:
        """The events of a connection, but for what waits until all connections were heard."""
        found: list[Event] = []
        for event in events:
            if isinstance(event, Problem) and event.message == UNHEARD:
                self._missed.setdefault((client.address, server), event)
                continue
            if isinstance(event, Parcel):
                channels, protocols = self._spoken.setdefault(server, ({}, set()))
                remember(event.channel, channels)
                protocols.add(event.protocol)
            found.append(event)
        return found

    def finish(self) -> Iterator[Problem]:
        """Nothing more comes."""
        for (_, server), problem in self._missed.items():
            if server in self._spoken:
                channels, protocols = self._spoken[server]
                yield structs.replace(problem, channels=tuple(channels), protocols=tuple(sorted(protocols)))
