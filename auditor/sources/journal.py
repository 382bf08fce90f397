"""Session journals: what the addon wrote down while the proxy ran, one JSON object a line.

The first line says what the file is, the others are records, each written as it happened:

    {"journal": 1, "made_by": "mitmproxy 11.0.2"}
    {"what": "begun", "id": "...", "flow": {...}}     a flow and what is known of it
    {"what": "said", "id": "...", "out": true, ...}   one message of a connection that stays open
    {"what": "poured", "id": "...", "out": true, ...} a part of a body that is passed on as it comes
    {"what": "ended", "id": "...", "flow": {...}}     the flow once more, with its answer
    {"what": "refused", "side": "client", ...}        a handshake that failed, which no dump holds
    {"what": "passed", "why": "...", ...}             a connection that was passed through unopened
    {"what": "hello", "shown": "unknown CA", ...}     an app that was shown a false certificate on purpose
    {"what": "lost", "count": 3, "why": "..."}        records that could not be written

Laws: a journal gives the same events as the dump of the same flows; flows are numbered in the
order of their first record, and so are refusals; the proxy may have died at any time, so what
was never ended is read as far as it went; a damaged line costs that line.
"""

from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec import structs

from auditor.errors import CaptureError
from auditor.model import Channel, Contact, Event, Parcel, Road
from auditor.sources import heads
from auditor.sources.flows import Flow, Frame, Piece, Socket
from auditor.sources.heads import Place
from auditor.sources.mitm import WRONG, events_of
from auditor.sources.probed import Outcome, Probes
from auditor.sources.records import (
    START,
    VERSION,
    Begun,
    Closed,
    Ended,
    First,
    Hello,
    Lost,
    Opened,
    Passed,
    Poured,
    Record,
    Refused,
    Said,
    record_of,
)
from auditor.sources.refusals import LEFT, reason_of
from auditor.sources.sockets import offered
from auditor.sources.tape import Tape
from auditor.text import printable

LONGEST = 350_000_000  # bytes of a line: base64 of the largest flow that is read of a dump
HELD = 256_000_000  # bytes of messages whose connections are still open
MOST = 100_000  # connections that are open at the same time


class Unfinished:
    """A flow that has not ended."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.flow: Flow | None = None
        self.messages: list[Said] = []
        self.bodies: dict[bool, list[bytes]] = {True: [], False: []}  # outgoing, incoming
        self.over = False  # without an error, so that nothing more would have come
        self.size = 0
        self.lost = 0
        self.hello: Hello | None = None  # of the connection, where the probe knows it


class Reader:
    """Records in, events out: those of a flow when it ends. The addon asks the same one."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.entries = 0
        self.heard = 0  # records
        self._open: dict[str, Unfinished] = {}
        self._silent: dict[str, Opened] = {}  # opened by a handshake; nothing was said there yet
        self._held = 0
        self._probes = Probes()

    def take(self, record: First | Record) -> Iterator[Event]:
        self.heard += 1
        outcome = self._probes.hear(record)
        match record:
            case First():
                yield from self.finish()
            case Begun():
                begun = self._of(record.id)
                begun.flow, begun.hello = record.flow, self._probes.hello(record.connection)
                self._silent.pop(record.connection, None)
            case Said():
                if self._kept(record):
                    self._of(record.id).messages.append(record)
            case Poured():
                if self._kept(record):
                    self._of(record.id).bodies[record.out].append(record.data)
            case Ended():
                begun = self._of(record.id)
                begun.flow, begun.over = _joined(begun.flow, record.flow), record.flow.error is None
                yield from self._end(record.id)
            case Refused() if outcome is None:
                yield self._contact(record, reason_of(record))
            case Passed():
                yield self._contact(record, f"passed through unopened: {_plain(record.why)}")
            case Opened() if record.tls and record.side == "client":
                self._silent[record.id] = record
            case Closed() if (silent := self._silent.pop(record.id, None)) and outcome is None:
                yield self._contact(silent, LEFT)
            case Lost():
                yield self.damaged(f"{record.count:,} records are missing: {_plain(record.why)}", "too-much")
        if outcome:
            yield self._probed(outcome)
        while len(self._open) > MOST:
            yield from self._end(next(iter(self._open)))
        while len(self._silent) > MOST:
            del self._silent[next(iter(self._silent))]

    def finish(self) -> Iterator[Event]:
        """The proxy has stopped: what was still open is read as far as it went."""
        for name in list(self._open):
            yield from self._end(name)
        self._silent.clear()

    def so_far(self) -> Iterator[Event]:
        """What is said on connections that are still open; it is all said again when they end."""
        for begun in self._open.values():
            yield from self._read(begun) if begun.size else ()

    def damaged(self, why: str, kind: str = "damaged entry") -> Event:
        return self.place.problem(max(0, self.entries - 1), kind, why)

    def _number(self) -> int:
        self.entries += 1
        return self.entries - 1

    def _of(self, name: str) -> Unfinished:
        if name not in self._open:
            self._open[name] = Unfinished(self._number())
        return self._open[name]

    def _kept(self, record: Said | Poured) -> bool:
        begun, size = self._of(record.id), len(record.data)
        if self._held + size > HELD:
            begun.lost += 1
            return False
        begun.size += size
        self._held += size
        return True

    def _end(self, name: str) -> Iterator[Event]:
        begun = self._open.pop(name)
        self._held -= begun.size
        yield from self._read(begun)

    def _read(self, begun: Unfinished) -> Iterator[Event]:
        number, count = begun.number, len(begun.messages)
        if begun.flow is None:
            yield self.place.problem(
                number, "damaged entry", f"the beginning is lost; {count} messages not read"
            )
            return
        told: list[Event] = []
        try:
            events = list(events_of(_whole(begun.flow, begun), number, self.place))
            told += map(_laid_bare, events) if self._probes.bare(begun.hello) else events
            told = [_cut(one, begun) for one in told] if not begun.over else told
        except WRONG as error:
            what = f"{type(error).__name__}: {printable(str(error))[:200]}"
            yield self.place.problem(number, "damaged entry", what)
        yield from told
        if begun.lost:
            why = f"{begun.lost} messages were passed over: too much was open at the same time"
            on = {one.channel: None for one in told if isinstance(one, Parcel | Contact)}
            read = [one for one in told if isinstance(one, Parcel)]
            spoken = {"websocket", *(p for one in read for p in (one.protocol, *offered(one.head)))}
            yield self.place.problem(number, "too-much", why, "", tuple(on), tuple(sorted(spoken)))

    def _probed(self, outcome: Outcome) -> Event:
        contact = self._contact(outcome.hello, outcome.reason)
        return (
            structs.replace(contact, facts=(("weak", f"the app {outcome.weak}"),))
            if outcome.weak
            else contact
        )

    def _contact(self, record: Refused | Opened | Passed | Hello, reason: str) -> Contact:
        road = Road.PROTECTED if isinstance(record, Opened) else Road.UNKNOWN
        channel = Channel(record.host, record.port, road, heads.clean(record.address), opened_by="proxy")
        when = heads.seconds(record.when)
        carrier = getattr(record, "carrier", "tls")
        return self.place.contact(self._number(), self.place.channel(channel), carrier, reason, when)


def _cut(event: Event, begun: Unfinished) -> Event:
    """A body that was passed on as it came, and whose end nobody saw."""
    if not isinstance(event, Parcel) or event.protocol != "http" or not begun.bodies[event.outgoing]:
        return event
    answered = begun.flow is not None and begun.flow.response is not None
    return structs.replace(event, whole=event.outgoing and answered)


def _laid_bare(event: Event) -> Event:
    """What was said inside TLS that protects nothing: anybody on the way could have opened it."""
    if not isinstance(event, Parcel):
        return event
    return structs.replace(event, channel=structs.replace(event.channel, road=Road.CLEAR))


def read(tape: Tape, place: Place) -> Iterator[Event]:
    reader = Reader(place)
    yield from entries(tape, reader)
    yield from reader.finish()
    tape.entries = reader.entries


def entries(tape: Tape, reader: Reader) -> Iterator[Event]:
    """The records of a file; what is open at its end stays open."""
    lines = tape.lines(LONGEST)
    for number, (data, size) in enumerate(lines, 1):
        where = f"line {number}"
        if not data:
            tape.unread += size
            yield reader.damaged(f"{where} is longer than {LONGEST:,} bytes", "too-much")
            continue
        try:
            record = record_of(data)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            tape.unread += size
            if data.endswith(b"\n"):
                yield reader.damaged(f"{where}: {printable(str(error))[:200] or 'nested too deep'}")
            else:
                yield reader.damaged(f"the last record was not finished; {size} bytes not read", "cut")
            continue
        if isinstance(record, First) and record.journal != VERSION:
            why = f"a journal of version {record.journal}; version {VERSION} is read"
            yield reader.damaged(why, "too-new")
            tape.unread += size + sum(size for _, size in lines)
            return
        yield from reader.take(record)
        tape.entries = reader.entries


def _joined(begun: Flow | None, ended: Flow) -> Flow:
    if begun is None or ended.request is not None:
        return ended
    return structs.replace(ended, request=begun.request)


def _whole(flow: Flow, begun: Unfinished) -> Flow:
    """The flow with its messages, as a dump has it, and with the bodies that a dump does not have."""
    said = begun.messages
    if flow.type != "http":
        return structs.replace(flow, messages=[Piece(one.out, one.data, one.when) for one in said])
    for side, out in ((flow.request, True), (flow.response, False)):
        if side and begun.bodies[out]:
            side.content = b"".join(begun.bodies[out])
    frames = [Frame(one.kind, one.out, one.data, one.when) for one in said]
    opened = flow.response is not None and flow.response.status_code == 101  # of which all is written down
    if not (frames or opened):
        return flow
    return structs.replace(flow, websocket=structs.replace(flow.websocket or Socket(), messages=frames))


def _plain(text: str) -> str:
    return printable(heads.clean(text))[:200]


def records(path: Path) -> Iterator[First | Record]:
    """What can be read of a journal, record by record; `read` says what cannot."""
    with path.open("rb") as file:
        if file.read(len(START)) != START:
            why = "not a session journal, and none beside it; `auditor live` and the addon write them"
            raise CaptureError(f"{path}: {why}")
    tape = Tape(path.open("rb"), hashed=False)
    try:
        for data, _ in tape.lines(LONGEST):
            try:
                yield record_of(data)
            except (msgspec.MsgspecError, ValueError, RecursionError):
                continue
    finally:
        tape.close()
