"""A request and its answer, as they were seen on the wire, and what they are in the words of all sources.

An exchange becomes a flow as a proxy would have written it down, so that packets and a
dump of the same session give the same parcels.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from msgspec import Struct, structs

from auditor.model import Contact, Event, Parcel, Problem, Ref, Road
from auditor.sources.flows import (
    Failure,
    Fields,
    Flow,
    Frame,
    Request,
    Response,
    Side,
    Socket,
    hinted,
)
from auditor.sources.heads import Place
from auditor.sources.mitm import events_of
from auditor.sources.pcap.line import Line

LONGEST = 64_000_000  # bytes of a body that are kept
HINTS = 1_000  # lines that come before an answer


class Mark(Struct, frozen=True):
    """Where in the capture something begins."""

    number: int
    when: float


@dataclass
class Body:
    """What follows a head; more than may be is counted only."""

    data: bytearray = field(default_factory=bytearray)
    size: int = 0
    whole: bool = True
    done: bool = False

    def add(self, data: bytes) -> None:
        self.size += len(data)
        self.data += data[: max(0, LONGEST - len(self.data))]
        self.whole = self.whole and self.size <= LONGEST

    @property
    def content(self) -> bytes | None:
        return bytes(self.data) if self.data or (self.whole and self.done) else None


@dataclass
class Exchange:
    """One request, its answer, and the messages of the WebSocket that began with them."""

    request: Request
    asked: Mark
    sent: Body = field(default_factory=Body)
    response: Response | None = None
    answered: Mark | None = None
    received: Body = field(default_factory=Body)
    frames: list[tuple[Mark, Frame]] = field(default_factory=list)
    signs: list[tuple[Mark, Frame]] = field(default_factory=list)
    hints: Fields = field(default_factory=list)  # of what the server says before its answer
    failure: str = ""

    def hint(self, fields: Fields) -> None:
        self.hints += hinted(fields)[: max(0, HINTS - len(self.hints))]
        self.received.whole = self.received.whole and len(self.hints) < HINTS

    @property
    def connects(self) -> bool:
        return self.request.method.upper() == b"CONNECT"

    @property
    def upgrade(self) -> str:
        """What is spoken from here on, where both sides agreed to speak something else."""
        if self.response is None:
            return ""
        if self.connects and 200 <= self.response.status_code < 300:
            return "connect"
        if self.response.status_code != 101:
            return ""
        return header(self.response.headers, b"upgrade").decode("ascii", "replace").lower() or "unnamed"

    @property
    def socket(self) -> Socket:
        return Socket([frame for _, frame in self.frames], [frame for _, frame in self.signs])

    @property
    def spoken(self) -> bool:
        """Whether it is a WebSocket, with messages or still without."""
        return bool(self.frames or self.signs) or self.upgrade == "websocket"


def header(fields: Fields, name: bytes) -> bytes:
    return next((value for key, value in fields if key.lower() == name), b"")


def flow_of(exchange: Exchange, line: Line) -> Flow:
    request, response = exchange.request, exchange.response
    request = structs.replace(request, content=exchange.sent.content)
    if response is not None:
        said = [*response.headers, *exchange.hints]
        response = structs.replace(response, content=exchange.received.content, headers=said)
    secured = line.road is Road.PROTECTED
    alpn = line.alpn.encode() or None
    return Flow(
        "http",
        Side(line.host or None, alpn, secured),
        Side(
            line.host or None,
            alpn,
            secured,
            address=[line.host or line.address, line.port],
            peername=[line.address],
        ),
        error=Failure(exchange.failure) if exchange.failure else None,
        timestamp_created=exchange.asked.when,
        request=request,
        response=response,
        websocket=exchange.socket if exchange.spoken else None,
    )


def events(exchange: Exchange, line: Line, place: Place, entry: int, name: str) -> Iterator[Event]:
    """What an exchange has to say. `name` is its own among those of the connection."""
    for event in events_of(flow_of(exchange, line), entry, place, line.opened_by):
        part = event.ref.part
        mark = _mark(exchange, part)
        ref = Ref(event.ref.capture, entry, f"{name}{part}@{mark.number}")
        match event:
            case Parcel(protocol="http"):
                body = exchange.sent if event.outgoing else exchange.received
                yield structs.replace(event, ref=ref, whole=event.whole and body.whole and body.done)
            case Parcel() | Contact() | Problem():
                yield structs.replace(event, ref=ref)


def _mark(exchange: Exchange, part: str) -> Mark:
    """Where the thing begins that an event is about: a frame has its number, an answer its arrow."""
    frame = part[1:].split(".", maxsplit=1)[0].rstrip("<>") if part.startswith(".") else ""
    if frame.isdigit() and int(frame) < len(exchange.frames) + len(exchange.signs):
        number = int(frame) - len(exchange.frames)
        return (exchange.frames[number] if number < 0 else exchange.signs[number])[0]
    return exchange.answered or exchange.asked if part.startswith("<") else exchange.asked
