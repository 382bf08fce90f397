"""A channel that speaks a protocol of auditor/streams, until it hands over to TLS or bytes are missing."""

from collections import deque

from msgspec import structs

from auditor.model import Channel, Event, Parcel, Problem
from auditor.sources import talk
from auditor.sources.pcap.readers import Channelled
from auditor.sources.pcap.wire import Chunk
from auditor.streams import START, TLS, Conversation, Message, Sorter


class Stream:
    """A protocol of auditor/streams, until it hands over to TLS."""

    def __init__(self, speech: Channelled, sorter: Sorter) -> None:
        stream = sorter.again()
        assert stream
        self.speech, self.protocol = speech, sorter.name
        self._stream: Conversation = stream
        self._begun: dict[bool, Chunk | None] = {True: None, False: None}
        self._tails: dict[bool, deque[Chunk]] = {True: deque(), False: deque()}
        self._kept = {True: 0, False: 0}
        self._inner: Channelled | None = None
        self._lost = 0
        self._last = Chunk(True, b"", speech.about.entry, 0.0)

    @property
    def settled(self) -> bool:
        return self._inner is not None and self._inner.settled

    def feed(self, chunk: Chunk) -> list[Event]:
        if self._inner and not (chunk.lost and self._inner.in_the_open):
            return self._inner.feed(chunk)
        way, self._last = chunk.from_client, chunk
        if chunk.lost:
            return self._after_a_gap(chunk)
        begun = self._begun[way] or chunk
        found: list[Event] = []
        self._keep(chunk)
        for message in self._stream.feed(way, chunk.data):
            mine = message.outgoing == way
            found.append(self._parcel(message, begun if mine else self._begun[not way] or chunk))
            begun = chunk if mine else begun
        self._begun[way] = begun if self._stream.waiting else None
        if talk.handed_over(self._stream) == TLS:
            found += self._hand_over()
        return found

    @property
    def in_the_open(self) -> bool:
        return self._inner is None

    def finish(self, ended: bool) -> list[Event]:
        about = self.speech.about
        found: list[Event] = []
        if talk.handed_over(self._stream) != TLS:
            last: list[Message] = getattr(self._stream, "finish", list)()
            found += [self._parcel(one, self._begun[one.outgoing] or self._last) for one in last]
            found += talk.left_over(
                about.place, about.entry, self._channel, self.protocol, self._stream, self.speech.name
            )
        if self._lost:
            why = f"{self.protocol}: bytes are missing in the middle"
            found.append(self.speech.problem("cut", why, (self.protocol,)))
        return found + (self._inner.finish(ended) if self._inner else [])

    def unread(self, kind: str, message: str) -> Problem:
        if self._inner:
            return self._inner.unread(kind, message)
        return self.speech.problem(kind, message, (self.protocol,))

    @property
    def _channel(self) -> Channel:
        return self.speech.about.place.channel(self.speech.line.channel())

    def _parcel(self, message: Message, begun: Chunk) -> Parcel:
        about, channel = self.speech.about, self._channel
        part = f"{self.speech.name}.{message.part}@{begun.number}"
        return talk.parcel(about.place, about.entry, channel, self.protocol, message, begun.when, part)

    def _keep(self, chunk: Chunk) -> None:
        way, tail = chunk.from_client, self._tails[chunk.from_client]
        tail.append(chunk)
        self._kept[way] += len(chunk.data)
        while self._kept[way] - len(tail[0].data) >= START:
            self._kept[way] -= len(tail.popleft().data)

    def _hand_over(self) -> list[Event]:
        """What the stream left over is the beginning of the channel inside."""
        self._inner = self.speech.inside(self.speech.line)
        rest = talk.rest(self._stream)
        found: list[Event] = []
        for way in (True, False):
            behind: list[Chunk] = []
            left = rest[way]
            for chunk in reversed(self._tails[way]):
                if left:
                    data = chunk.data[-left:]
                    left -= len(data)
                    behind.insert(0, structs.replace(chunk, data=data))
            for chunk in behind:
                found += self._inner.feed(chunk)
        return found

    def _after_a_gap(self, chunk: Chunk) -> list[Event]:
        """What comes behind lost bytes is read from where a message begins, as if it had just been joined."""
        self._lost += 1
        found = self._inner.finish(False) if self._inner else []
        self._inner = self.speech.inside(self.speech.line, midst=True)
        return found + (self._inner.feed(structs.replace(chunk, lost=0)) if chunk.data else [])
