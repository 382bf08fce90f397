"""The readers of HTTP on a channel: exchanges to events, and whatever HTTP was exchanged for."""

from collections import deque

from auditor.model import Channel, Contact, Event, Parcel, Problem
from auditor.sources.pcap.line import remember
from auditor.sources.pcap.readers import Channelled, Reader, Strange
from auditor.sources.pcap.replay.exchange import Exchange, events
from auditor.sources.pcap.replay.http1 import Http1
from auditor.sources.pcap.replay.http2 import Http2
from auditor.sources.pcap.replay.websocket import WebSocket
from auditor.sources.pcap.wire import Chunk
from auditor.sources.sockets import offered
from auditor.streams import START

WEB = ("http", "websocket")


class Told:
    """Numbers the exchanges of a channel and says what is in them."""

    def __init__(self, speech: Channelled) -> None:
        self.speech = speech
        self.channels: dict[Channel, None] = {}  # of what was told
        self.spoken = set(WEB)  # in it, and in WebSockets that were asked for
        self._count = 0

    def of(self, exchanges: list[Exchange]) -> list[Event]:
        about = self.speech.about
        found: list[Event] = []
        for exchange in exchanges:
            name = f"{self.speech.name}.{self._count}"
            for event in events(exchange, self.speech.line, about.place, about.entry, name):
                if isinstance(event, Parcel | Contact):  # what was asked and never answered, too
                    remember(event.channel, self.channels)
                if isinstance(event, Parcel):
                    self.spoken |= {event.protocol, *offered(event.head)}
                found.append(event)
            self._count += 1
        return found

    def unread(self, kind: str, message: str) -> Problem:
        return self.speech.problem(kind, message, sorted(self.spoken), self.channels)


class Left:
    """What HTTP made nothing of is searched all the same where texts were planted.

    It stands in what was said since the last message; some of that may be told twice.
    """

    def __init__(self, speech: Channelled) -> None:
        self._strange = Strange(speech, "", "left")
        self._search = speech.about.search
        self._kept: deque[Chunk] = deque()
        self._size = 0

    def take(self, chunk: Chunk, told: bool, passed: bool) -> list[Event]:
        if not self._search:
            return []
        self._kept.append(chunk)
        self._size += len(chunk.data)
        while self._size - len(self._kept[0].data) >= START:
            self._size -= len(self._kept.popleft().data)
        found = self.tell() if passed else []
        if told:
            self._kept.clear()
            self._size = 0
        return found

    def tell(self) -> list[Event]:
        kept, self._kept, self._size = self._kept, deque(), 0
        found = [event for chunk in kept for event in self._strange.feed(chunk)]
        return found + self._strange.rest()


class Web1:
    """HTTP/1, and what it is exchanged for."""

    def __init__(self, speech: Channelled) -> None:
        self.speech = speech
        self._told = Told(speech)
        self._http = Http1(speech.line)
        self._then: Reader | None = None
        self._left = Left(speech)

    @property
    def settled(self) -> bool:
        return self._then is not None and self._then.settled

    def feed(self, chunk: Chunk) -> list[Event]:
        if self._then:
            return self._then.feed(chunk)
        before = self._http.passed_over
        found = self._told.of(self._http.feed(chunk))
        found += self._left.take(chunk, bool(found), self._http.passed_over > before)
        if upgraded := self._http.upgraded:
            self._then, first = self._changed(upgraded)
            found += first
            for rest in self._http.rest:
                found += self._then.feed(rest)
        return found

    def finish(self, ended: bool) -> list[Event]:
        before = self._http.passed_over
        found = self._told.of(self._http.finish(ended))
        if left := self._http.passed_over:
            found += self._left.tell() if left > before else []
            found.append(self._told.unread("damaged", f"{left} bytes of HTTP make no message"))
        elif gaps := self._http.broken:
            found.append(self._told.unread("cut", f"HTTP: {gaps}"))
        return found + (self._then.finish(ended) if self._then else [])

    def unread(self, kind: str, message: str) -> Problem:
        return self._then.unread(kind, message) if self._then else self._told.unread(kind, message)

    def _changed(self, exchange: Exchange) -> tuple[Reader, list[Event]]:
        if exchange.upgrade == "websocket":
            return Frames(self.speech, exchange, self._told), []
        if exchange.upgrade == "h2c":
            return Web2(self.speech, self._told, exchange), []
        line = self.speech.line
        if exchange.upgrade == "connect":
            line = line.to(exchange.request.host, exchange.request.port)
        return Inside(self.speech.inside(line)), self._told.of([exchange])


class Inside:
    """Another channel takes over."""

    def __init__(self, inner: Channelled) -> None:
        self._inner = inner

    @property
    def settled(self) -> bool:
        return self._inner.settled

    def feed(self, chunk: Chunk) -> list[Event]:
        return self._inner.feed(chunk)

    def finish(self, ended: bool) -> list[Event]:
        return self._inner.finish(ended)

    def unread(self, kind: str, message: str) -> Problem:
        return self._inner.unread(kind, message)


class Web2:
    """HTTP/2."""

    def __init__(
        self, speech: Channelled, told: Told | None = None, upgraded: Exchange | None = None
    ) -> None:
        self.speech = speech
        self._told = told or Told(speech)
        self._http = Http2(speech.line, upgraded)

    @property
    def settled(self) -> bool:
        return False

    def feed(self, chunk: Chunk) -> list[Event]:
        return self._told.of(self._http.feed(chunk))

    def finish(self, ended: bool) -> list[Event]:
        found = self._told.of(self._http.finish(ended))
        left, why = self._http.passed_over, self._http.broken or self._http.damaged
        if left or why:
            what = f"{why}; {left} bytes not read" if why else f"{left} bytes make no message"
            found.append(self.unread("damaged", f"HTTP/2: {what}"))
        return found

    def unread(self, kind: str, message: str) -> Problem:
        return self._told.unread(kind, message)


class Frames:
    """A WebSocket: its messages are told together, for they may be those of a protocol that travels in it."""

    def __init__(self, speech: Channelled, exchange: Exchange, told: Told) -> None:
        self.speech = speech
        self._told, self._exchange = told, exchange
        self._socket = WebSocket(exchange)
        self._over = False

    @property
    def settled(self) -> bool:
        return False

    def feed(self, chunk: Chunk) -> list[Event]:
        self._socket.feed(chunk)
        return self._tell() if self._socket.closed else []

    def finish(self, ended: bool) -> list[Event]:
        found = self._tell()
        left, why = self._socket.passed_over + self._socket.waiting, self._socket.wrong
        if left or why:
            what = why or "it ends early"
            found.append(self.unread("cut", f"WebSocket: {what}; {left} bytes not read"))
        return found

    def unread(self, kind: str, message: str) -> Problem:
        return self._told.unread(kind, message)

    def _tell(self) -> list[Event]:
        if self._over:
            return []
        self._over = True
        return self._told.of([self._exchange])
