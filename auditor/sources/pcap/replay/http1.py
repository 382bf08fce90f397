"""HTTP/1 from both directions of a connection, read by the two halves of mitmproxy.

Each half speaks to nobody: what the client said goes to the one that plays the server, its
requests are told to the one that plays the client, and that reads the answers. Where bytes
are missing or make no sense, reading goes on at the next thing that begins like a request.
"""

from collections import deque

from mitmproxy.proxy.events import DataReceived, Event, Start
from mitmproxy.proxy.layers.http import _events as said
from mitmproxy.proxy.layers.http._base import ReceiveHttp

from auditor.sources.pcap.line import Line
from auditor.sources.pcap.replay import halves
from auditor.sources.pcap.replay.exchange import LONGEST, Exchange, Mark
from auditor.sources.pcap.replay.halves import Half, Marks
from auditor.sources.pcap.wire import Chunk

HEAD = 1_000_000  # bytes of a head, or of anything else that waits to be understood
EARLY = 4_000_000  # bytes of answers that came before the question was read
_STEP = 65536  # zeros that stand for lost bytes, at once


class Http1:
    """`feed` gives the exchanges that are complete. After an upgrade `rest` is what came behind it."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self.passed_over = 0  # bytes that were no part of any message
        self.broken = ""  # why it was not read on, at least once
        self.upgraded: Exchange | None = None
        self.rest: list[Chunk] = []
        self._work: deque[tuple[bool, Chunk | Event, int]] = deque()
        self._finished: list[Exchange] = []
        self._lost_track = self._unsure = False
        self._restart()

    def feed(self, chunk: Chunk) -> list[Exchange]:
        if self.upgraded:
            self.rest.append(chunk)
            return []
        if chunk.lost:
            self._gap(chunk)
        if self._expected(chunk):
            self._work.append((chunk.from_client, chunk, 0))
            self._work_off()
        return self._taken()

    def finish(self, ended: bool = False) -> list[Exchange]:
        """Nothing more comes; `ended` where both sides said so."""
        if self._now and ended:
            self._now.received.done |= self._left(False) == LONGEST
        while self._now and self._unanswered():
            self.broken = self.broken or "an answer was not heard, and another question follows"
            self._work_off()
        if not self.upgraded:
            self._forget()
        return self._taken()

    def _taken(self) -> list[Exchange]:
        taken, self._finished = self._finished, []
        return taken

    def _expected(self, chunk: Chunk) -> bool:
        """Whether to read a chunk now: an answer that comes before its question waits."""
        if self._lost_track:
            if not (chunk.from_client and halves.REQUEST.match(chunk.data)):
                self.passed_over += len(chunk.data)
                return False
            self._restart()
            self._lost_track, self._unsure = False, True
        if not chunk.data:
            return False
        if chunk.from_client:
            between = self._now is None and not self._halves[True].buf
            self._lost_track = between and not halves.BEGINS.match(chunk.data)
            self.passed_over += len(chunk.data) if self._lost_track else 0
            return not self._lost_track
        unasked = self._now is None and not self._early and not self._halves[False].buf
        if (self._unsure or unasked) and not b"HTTP/1.".startswith(chunk.data[:7]):
            self.passed_over += len(chunk.data)
            return False
        self._unsure = False
        if self._now is not None and not self._now.received.done:
            return True
        if self._waits + len(chunk.data) > EARLY:
            self.passed_over += len(chunk.data)
        else:
            self._early.append(chunk)
            self._waits += len(chunk.data)
        return False

    def _restart(self) -> None:
        self._early: deque[Chunk] = deque()
        self._waits = 0  # bytes of what came early
        self._now: Exchange | None = None
        self._asked: said.RequestHeaders | None = None
        self._answered: said.ResponseHeaders | None = None
        self._halves: dict[bool, Half] = {}
        self._marks = {True: Marks(), False: Marks()}
        self._next = {True: 0, False: 0}  # where the next head begins
        self._renew(True, False)

    def _renew(self, *ways: bool) -> None:
        for way in ways:
            self._halves[way] = halves.half_of(way)
            self._run(way, Start())

    def _work_off(self) -> None:
        while self._work and not self.upgraded:
            way, what, place = self._work.popleft()
            if isinstance(what, Chunk):
                self._marks[way].add(len(what.data), Mark(what.number, what.when))
                self._run(way, DataReceived(self._halves[way].conn, what.data))
                if self._now and (self._now.response or way):  # its head is read: no more is asked about it
                    self._marks[way].at(self._marks[way].size - len(self._halves[way].buf))
            else:
                self._hear(way, what, place)
            if not self._work and len(self._halves[way].buf) > HEAD:
                waits = way and self._now and self._now.sent.done and not self._now.response
                if not (waits and self._unanswered()):
                    self._break("a head that does not end")
            if not self._work and self._now is None:
                self._go_on()

    def _go_on(self) -> None:
        """One side said that this was the last message. Who goes on all the same is listened to."""
        if not any(half.state == half.done for half in self._halves.values()):
            return
        read = self._marks[True].size - len(self._halves[True].buf)
        if read > self._next[True]:  # it is the half that gave up: this was no message
            self.passed_over += read - self._next[True]
            self._break("no message of HTTP")
            return
        early, waits = self._early, self._waits
        self._begin_anew()
        self.passed_over += waits if self._lost_track else 0
        if not self._lost_track:
            self._early, self._waits = early, waits

    def _unanswered(self) -> bool:
        """The answer was never seen, or not all of it; whether another question waits behind this one."""
        if self._now:
            self._close(self._now)
        self.passed_over += self._waits + len(self._halves[False].buf)
        return self._begin_anew()

    def _begin_anew(self) -> bool:
        """What the client said behind the last message is read by halves that know nothing of it."""
        rest = bytes(self._halves[True].buf)
        again = halves.REQUEST.match(rest) is not None
        mark = self._marks[True].at(self._next[True]) if again else Mark(0, 0.0)
        self._restart()
        self._lost_track = bool(rest) and not again
        if again:
            self._work.append((True, Chunk(True, rest, mark.number, mark.when), 0))
        else:
            self.passed_over += len(rest)
        return again

    def _run(self, way: bool, event: Event) -> None:
        half = self._halves[way]
        try:
            for command in half.handle_event(event):
                if not isinstance(command, ReceiveHttp):
                    continue
                heard = command.event
                place = self._marks[way].size - len(half.buf)
                if isinstance(heard, said.ResponseHeaders) and halves.preliminary(heard.response.status_code):
                    halves.hint(self._now, heard)
                    self._before_the_answer(bytes(half.buf), place)
                    return
                self._work.append((way, heard, place))
                if isinstance(heard, said.ResponseHeaders) and self._switches(heard):
                    return
        except halves.WRONG as error:
            self._break(f"{type(error).__name__}: {error}")

    def _switches(self, heard: said.ResponseHeaders) -> bool:
        status, connects = heard.response.status_code, self._now is not None and self._now.connects
        return status == 101 or (200 <= status < 300 and connects)

    def _before_the_answer(self, rest: bytes, place: int) -> None:
        """A word between question and answer (100 Continue, 103 Early Hints): the answer is still to come."""
        self._renew(False)
        self._next[False] = place
        self._tell_client()
        self._work.appendleft((False, DataReceived(self._halves[False].conn, rest), 0))

    def _tell_client(self) -> None:
        assert self._asked
        self._run(False, self._asked)
        if self._now and self._now.sent.done:
            self._run(False, said.RequestEndOfMessage(self._asked.stream_id))

    def _hear(self, way: bool, event: Event, place: int) -> None:
        now = self._now
        match event:
            case DataReceived():
                self._run(way, event)
            case said.RequestHeaders():
                self._ask(event)
            case _ if now is None:
                pass
            case said.RequestData():
                now.sent.add(event.data)
            case said.ResponseData():
                now.received.add(event.data)
            case said.RequestTrailers():
                now.request.trailers = list(event.trailers.fields)
            case said.ResponseTrailers() if now.response:
                now.response.trailers = list(event.trailers.fields)
            case said.RequestEndOfMessage():
                now.sent.done, self._next[True] = True, place
                self._run(False, event)
            case said.ResponseHeaders():
                self._answer(event)
            case said.ResponseEndOfMessage():
                now.received.done, self._next[False] = True, place
                self._run(True, event)
            case said.RequestProtocolError() | said.ResponseProtocolError():
                self._break(event.message)
        if now is not None and now.connects:
            self._refused(now)
        if (now := self._now) and now.sent.done and now.received.done:
            self._close(now)

    def _ask(self, event: said.RequestHeaders) -> None:
        mark = self._marks[True].at(self._next[True])
        request = halves.request_of(event, self.line, mark)
        self._now, self._asked, self._answered = Exchange(request, mark), event, None
        self._now.sent.done = self._now.connects
        self._tell_client()
        if self._halves[False].buf:
            self._work.append((False, DataReceived(self._halves[False].conn, b""), 0))
        self._work.extend((False, early, 0) for early in self._early)
        self._early.clear()
        self._waits = 0

    def _answer(self, event: said.ResponseHeaders) -> None:
        assert self._now
        mark = self._marks[False].at(self._next[False])
        self._now.response = halves.response_of(event, mark)
        self._now.answered, self._answered = mark, event
        if self._switches(event):
            self._now.sent.done = self._now.received.done = True
            self.upgraded, self._now = self._now, None
            for way in (False, True):
                if rest := bytes(self._halves[way].buf):
                    last = self._marks[way].at(self._marks[way].size - len(rest))
                    self.rest.append(Chunk(way, rest, last.number, last.when))
            self.rest += [*self._early, *(what for _, what, _ in self._work if isinstance(what, Chunk))]
        else:
            self._run(True, event)

    def _refused(self, now: Exchange) -> None:
        """The answer to a CONNECT has a body of which mitmproxy does not say where it ends."""
        half = self._halves[False]
        if now.response and not now.received.done and not self.upgraded and half.request is None:
            self._work.append(
                (False, said.ResponseEndOfMessage(half.stream_id or 1), self._marks[False].size)
            )

    def _close(self, exchange: Exchange) -> None:
        self._finished.append(exchange)
        self._now = None

    def _left(self, way: bool) -> int:
        """Bytes of the body that are still to come in this direction; none where nobody could say."""
        now = self._now
        if now is None or self._asked is None or not (way or self._answered):
            return 0
        return halves.left_of(now.sent if way else now.received, self._asked, None if way else self._answered)

    def _gap(self, chunk: Chunk) -> None:
        """Lost bytes of a body leave a hole of zeros; others cost all up to the next request."""
        way, now = chunk.from_client, self._now
        if self._lost_track:
            return
        if now is None or not 0 < chunk.lost <= min(self._left(way), LONGEST) or self._halves[way].buf:
            self._break("bytes are missing")
            return
        (now.sent if way else now.received).whole = False
        for size in [_STEP] * (chunk.lost // _STEP) + [chunk.lost % _STEP]:
            self._work.append((way, Chunk(way, bytes(size), chunk.number, chunk.when), 0))
        self._work_off()

    def _break(self, why: str) -> None:
        self.broken = why
        self._work.clear()
        if self._now:
            self._now.failure = why
            self._close(self._now)
        self._forget()
        self._lost_track = True

    def _forget(self) -> None:
        self.passed_over += self._waits + sum(len(half.buf) for half in self._halves.values())
        self._restart()
