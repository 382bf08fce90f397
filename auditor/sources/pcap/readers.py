"""Those who read a channel once it is known what is spoken on it.

Each takes the chunks of its channel from the first one on and gives the events they make. What
it does not read it says at the end: a contact where all of it stayed shut, else a problem.
"""

from collections.abc import Callable, Iterable
from typing import Protocol

from msgspec import Struct, structs

from auditor.model import Channel, Contact, Event, Parcel, Problem, Road
from auditor.sources import raw, talk
from auditor.sources.heads import Place
from auditor.sources.pcap import midst
from auditor.sources.pcap.hello import ClientHello
from auditor.sources.pcap.keys import Keys
from auditor.sources.pcap.line import Line
from auditor.sources.pcap.recognise import Asked, http1
from auditor.sources.pcap.wire import Chunk, Facts, Said
from auditor.streams import START, xmpp

UNKNOWN = 1 << 62  # bytes that are missing, where nobody can say how many


class Opener(Protocol):
    """TLS, as far as there are secrets for it."""

    client: ClientHello | None
    alpn: str
    shut: str
    protects: bool

    @property
    def facts(self) -> Facts: ...
    def feed(self, from_client: bool, data: bytes, lost: int = 0) -> list[Said]: ...
    def finish(self) -> None: ...


class About(Struct, frozen=True):
    """What all channels of one connection share."""

    place: Place
    keys: Keys
    entry: int
    opener: Callable[[Keys], Opener]
    search: bool = False  # whether bytes that nobody understands are searched for planted texts


class Channelled(Protocol):
    """The speech that is read; see speech.py."""

    about: About
    line: Line
    name: str
    sizes: dict[bool, int]
    midst: bool

    @property
    def in_the_open(self) -> bool: ...
    @property
    def settled(self) -> bool: ...
    def feed(self, chunk: Chunk) -> list[Event]: ...
    def finish(self, ended: bool = True) -> list[Event]: ...
    def inside(self, line: Line, midst: bool = False) -> "Channelled": ...
    def opened(self, line: Line) -> "Channelled": ...
    def contact(self, reason: str, facts: Facts = (), line: Line | None = None) -> Contact: ...
    def problem(
        self, kind: str, message: str, protocols: Iterable[str] = (), channels: Iterable[Channel] = ()
    ) -> Problem: ...
    def unread(self, kind: str, message: str) -> Problem: ...


class Reader(Protocol):
    @property
    def settled(self) -> bool:
        """Nothing that comes would be read."""

    def feed(self, chunk: Chunk) -> list[Event]: ...
    def finish(self, ended: bool) -> list[Event]: ...
    def unread(self, kind: str, message: str) -> Problem:
        """What is said of it from here on is not read: where that would have been understood."""


class Strange:
    """A protocol that nobody here knows: counted, and searched where texts were planted.

    Who joins in the middle of a body of HTTP understands the next request, and of XMPP the next stanza.
    Where the beginning was not heard, it may be any protocol: messages are looked for inside of what
    comes first, and where there are none, some may have been missed.
    """

    def __init__(self, speech: Channelled, why: str = talk.STRANGE, name: str = "") -> None:
        self.speech, self.why, self.name = speech, why, name
        self._then: Channelled | None = None
        self._passed = 0
        self._piece: list[Chunk] = []
        self._size = self._count = 0

    @property
    def settled(self) -> bool:
        return self._then is not None and self._then.settled

    @property
    def in_the_open(self) -> bool:
        return self._then is None or self._then.in_the_open

    def feed(self, chunk: Chunk) -> list[Event]:
        if self._then:
            return self._then.feed(chunk)
        at = self._begins(chunk) if self.why == talk.STRANGE else None
        if at is not None:
            found = self._pass(structs.replace(chunk, data=chunk.data[:at])) if at else []
            self._then = self.speech.opened(self.speech.line)
            begun = structs.replace(chunk, data=chunk.data[at:], lost=0)
            return [*found, *self.rest(), *self._then.feed(begun)]
        return self._pass(chunk)

    def _begins(self, chunk: Chunk) -> int | None:
        """Where something begins that is understood without what was said before."""
        way, data = chunk.from_client, chunk.data
        if (way and http1(data, b"")) or (data[:1] == b"<" and xmpp.recognises(way, data)):
            return 0
        looks = self.speech.midst and self._passed < START
        return midst.begins(way, data) if looks else None

    def _pass(self, chunk: Chunk) -> list[Event]:
        self._passed += len(chunk.data)
        if not self.speech.about.search:
            return []
        found: list[Event] = []
        first = self._piece[0] if self._piece else chunk
        if first.from_client != chunk.from_client or chunk.lost or self._size >= raw.MOST:
            found = self.rest()
        self._piece.append(chunk)
        self._size += len(chunk.data)
        return found

    def finish(self, ended: bool) -> list[Event]:
        if self._then:
            why = f"{self._passed} bytes come before anything that could be understood"
            return [self._then.unread("cut", why), *self._then.finish(ended)]
        found: list[Event] = [*self.rest(), self.speech.contact(self.why)]
        unheard = self.speech.midst or not all(self.speech.sizes.values())
        if unheard and self._passed:
            found.append(self.speech.problem("cut", midst.UNHEARD))
        return found

    def unread(self, kind: str, message: str) -> Problem:
        return self._then.unread(kind, message) if self._then else self.speech.problem(kind, message)

    def rest(self) -> list[Event]:
        """What was held until somebody answers."""
        if not self._size:
            return []
        first, data = self._piece[0], b"".join(chunk.data for chunk in self._piece)
        way, about = first.from_client, self.speech.about
        part = f"{self.speech.name}.{self.name}{self._count}{'>' if way else '<'}@{first.number}"
        self._piece, self._size, self._count = [], 0, self._count + 1
        channel = about.place.channel(self.speech.line.channel())
        ref = about.place.ref(about.entry, part)
        return [Parcel(ref, channel, way, data, "tcp", when=first.when)]


class Sealed:
    """TLS: what it hides is a speech of its own."""

    def __init__(self, speech: Channelled) -> None:
        self.speech = speech
        self._tls = speech.about.opener(speech.about.keys)
        self._inner: Channelled | None = None
        self._holes = {True: False, False: False}
        self._opened = 0

    @property
    def settled(self) -> bool:
        return bool(self._tls.shut) and (self._inner is None or self._inner.settled)

    def feed(self, chunk: Chunk) -> list[Event]:
        found: list[Event] = []
        for way, data in self._tls.feed(chunk.from_client, chunk.data, chunk.lost):
            if not data:
                self._holes[way] = True
                continue
            self._inner = self._inner or self.speech.opened(self._line())
            lost, self._holes[way] = UNKNOWN if self._holes[way] else 0, False
            self._opened += len(data)
            found += self._inner.feed(Chunk(way, data, chunk.number, chunk.when, lost))
        return found

    def _line(self) -> Line:
        tls, line = self._tls, self.speech.line
        host = (tls.client.server_name if tls.client else "") or line.host
        road, by = (Road.PROTECTED, "key log") if tls.protects else (line.road, "nobody")
        return structs.replace(line, host=host, alpn=tls.alpn, road=road, opened_by=by)

    def finish(self, ended: bool) -> list[Event]:
        self._tls.finish()
        why, facts = self._tls.shut, self._tls.facts
        found = self._inner.finish(ended) if self._inner else []
        if not self._opened:
            line = structs.replace(self._line(), opened_by="nobody")
            found.append(self.speech.contact(why or "nothing was said in it", facts, line))
        elif why:
            found.append(self.unread("shut", f"TLS is read no further: {why}"))
        return found

    def unread(self, kind: str, message: str) -> Problem:
        return (self._inner or self.speech.opened(self._line())).unread(kind, message)


class Through:
    """Somebody was asked to lead on to another host, and what follows is said to that host."""

    def __init__(self, speech: Channelled, asked: Asked) -> None:
        self.speech = speech
        self._skip = {True: asked.sent, False: asked.received}
        line = speech.line.to(asked.host, asked.port)
        self._inner = speech.inside(line) if asked.host else speech.opened(line)

    @property
    def settled(self) -> bool:
        return self._inner.settled

    def feed(self, chunk: Chunk) -> list[Event]:
        way = chunk.from_client
        skip = min(self._skip[way], len(chunk.data))
        self._skip[way] -= skip
        return (
            self._inner.feed(structs.replace(chunk, data=chunk.data[skip:])) if skip < len(chunk.data) else []
        )

    def finish(self, ended: bool) -> list[Event]:
        return self._inner.finish(ended)

    def unread(self, kind: str, message: str) -> Problem:
        return self._inner.unread(kind, message)
