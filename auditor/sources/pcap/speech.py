"""What is said on one channel: recognised by how it begins, then read to its end.

A channel may begin inside another: TLS, what somebody was asked to lead on to, what follows
STARTTLS. Each is a speech of its own, so that the road never changes under a parcel.
"""

from collections.abc import Iterable

from msgspec import structs

from auditor.model import Channel, Contact, Event, Problem
from auditor.sources.pcap import readers, recognise
from auditor.sources.pcap.line import Line
from auditor.sources.pcap.readers import About, Reader
from auditor.sources.pcap.stream import Stream
from auditor.sources.pcap.wire import Chunk, Facts
from auditor.streams import START, Sorter

DEPTH = 8  # channels inside channels


class Speech:
    """Both directions of one channel."""

    def __init__(
        self, about: About, line: Line, name: str = "", depth: int = 0, other: Line | None = None,
        midst: bool = False,
    ) -> None:  # fmt: skip
        self.about, self.line, self.name, self.depth = about, line, name, depth
        self._other = other  # the line the other way round, where who began is only guessed
        self.midst = midst or other is not None  # whether its beginning was not heard
        self.sizes = {True: 0, False: 0}
        self.when: float | None = None
        self._reader: Reader | None = None
        self._held: list[Chunk] = []
        self._starts = {True: b"", False: b""}
        self._told = {True: 0, False: 0}  # how long each start was when it was last asked
        self._sorter = Sorter()
        self._inside = 0

    def feed(self, chunk: Chunk) -> list[Event]:
        self.sizes[chunk.from_client] += len(chunk.data)
        self.when = chunk.when if self.when is None else self.when
        if self._reader:
            return self._reader.feed(chunk)
        self._hold(chunk)
        way = chunk.from_client
        size = len(self._starts[way])
        if 64 < size < min(START, self._told[way] * 9 // 8) and not self._sorter.name:
            return []  # asking at every byte would read the start as often as it has bytes
        self._told[way] = size
        self._reader = self._decide()
        return self._replay() if self._reader else []

    def finish(self, ended: bool = True) -> list[Event]:
        """Nothing more comes; `ended` where both ends said so."""
        found: list[Event] = []
        if self._reader is None and self._held:
            self._sorter.finish()
            self._reader = self._decide(last=True)
            found = self._replay()
        return found + (self._reader.finish(ended) if self._reader else [])

    @property
    def settled(self) -> bool:
        """Nothing that comes would be read."""
        return self._reader is not None and self._reader.settled

    @property
    def in_the_open(self) -> bool:
        """Whether it was joined in its middle and can be joined again: no other channel begins in it."""
        return self.midst and (self._reader is None or getattr(self._reader, "in_the_open", False))

    def inside(self, line: Line, midst: bool = False) -> "Speech":
        """A channel that begins in this one; or, behind lost bytes, goes on in the midst."""
        self._inside += 1
        return Speech(self.about, line, f"{self.name}.inside{self._inside}", self.depth + 1, midst=midst)

    def opened(self, line: Line) -> "Speech":
        """The same channel without its wrapping."""
        return Speech(self.about, line, self.name, self.depth + 1)

    def contact(self, reason: str, facts: Facts = (), line: Line | None = None) -> Contact:
        channel = self.about.place.channel((line or self.line).channel())
        ref = self.about.place.ref(self.about.entry, self.name)
        sizes = self.sizes[True], self.sizes[False]
        return Contact(ref, channel, "tcp", reason, *sizes, self.when, facts)

    def problem(
        self, kind: str, message: str, protocols: Iterable[str] = (), channels: Iterable[Channel] = ()
    ) -> Problem:
        """What was not read; `protocols` are those of the messages that may lie in it."""
        place = self.about.place
        on = tuple(channels) or (place.channel(self.line.channel()),)
        return place.problem(self.about.entry, kind, message, self.name, on, tuple(protocols))

    def unread(self, kind: str, message: str) -> Problem:
        """A problem of all that is said from here on."""
        return self._reader.unread(kind, message) if self._reader else self.problem(kind, message)

    def _hold(self, chunk: Chunk) -> None:
        way = chunk.from_client
        self._held.append(chunk)
        self._starts[way] += chunk.data[: START - len(self._starts[way])]
        self._sorter.feed(way, chunk.data)

    def _replay(self) -> list[Event]:
        held, self._held = self._held, []
        assert self._reader
        return [event for chunk in held for event in self._reader.feed(chunk)]

    def _decide(self, last: bool = False) -> Reader | None:
        """What reads this; None while more bytes could tell, and some may still come."""
        if self.depth > DEPTH:
            return readers.Strange(self, f"more than {DEPTH} channels inside each other")
        client, server = self._starts[True], self._starts[False]
        asked = recognise.proxied(client) or recognise.socks(client, server)
        if isinstance(asked, recognise.Asked):
            return readers.Through(self, asked)
        answers = [asked]
        for knows, reader in _KNOWN:
            answer = knows(client, server)
            if answer:
                return reader(self)
            answers.append(answer)
        if self._sorter.name:
            return Stream(self, self._sorter)
        unsure = None in answers or not self._sorter.refused
        full = any(len(start) >= START for start in self._starts.values())
        if unsure and not full and not last:
            return None
        return self._turned(last) or readers.Strange(self)

    def _turned(self, last: bool) -> Reader | None:
        """Who reads this with the two ends changed, if anybody does."""
        if self._other is None:
            return None
        turned = Speech(self.about, self._other, self.name, self.depth + 1)
        for chunk in self._held:
            turned._hold(_turned(chunk))
        if last:
            turned._sorter.finish()
        reader = turned._decide(last)
        return None if reader is None or isinstance(reader, readers.Strange) else Turned(reader)


def _turned(chunk: Chunk) -> Chunk:
    return structs.replace(chunk, from_client=not chunk.from_client)


class Turned:
    """The reader of a channel whose client is the end that was taken for its server."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    @property
    def settled(self) -> bool:
        return self._reader.settled

    def feed(self, chunk: Chunk) -> list[Event]:
        return self._reader.feed(_turned(chunk))

    def finish(self, ended: bool) -> list[Event]:
        return self._reader.finish(ended)

    def unread(self, kind: str, message: str) -> Problem:
        return self._reader.unread(kind, message)


def _web1(speech: Speech) -> Reader:
    from auditor.sources.pcap.replay.web import Web1  # half a second

    return Web1(speech)


def _web2(speech: Speech) -> Reader:
    from auditor.sources.pcap.replay.web import Web2

    return Web2(speech)


_KNOWN = ((recognise.tls, readers.Sealed), (recognise.http2, _web2), (recognise.http1, _web1))
