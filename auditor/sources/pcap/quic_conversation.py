"""One connection of QUIC, from its first datagram to the last: its parcels, and why the rest is shut.

What is agreed on inside says how its streams are read: HTTP/3, or else each stream as a talk of its
own, known by how it begins. Laws: every connection gives at least one event; what was not read of
an open one is a problem, a connection that stays shut is a contact with its facts.
"""

from collections.abc import Iterator

from msgspec import structs

from auditor.model import Channel, Contact, Event, Parcel, Problem, Road
from auditor.sources import sockets
from auditor.sources.flows import Side
from auditor.sources.heads import Place
from auditor.sources.mitm import events_of
from auditor.sources.pcap.http3 import Http3
from auditor.sources.pcap.http3.exchange import Dialogue, Exchange
from auditor.sources.pcap.keys import Keys
from auditor.sources.pcap.line import remember, shown
from auditor.sources.pcap.quic import Quic
from auditor.sources.pcap.quic.streams import DATAGRAM, StreamPiece
from auditor.sources.pcap.wire import End
from auditor.sources.sockets import offered

WAITING = 1_000_000  # bytes of streams that wait until it is known what is spoken
ROOM = 100_000_000  # bytes that are kept of all open streams together

SILENT = "nothing was said on it"
OPENED_BY = "key log"
WEB = ("http", "websocket")


class Plain:
    """Streams of a protocol that is not HTTP/3."""

    def __init__(self, client: Side, server: Side) -> None:
        self._ends = client, server
        self._open: dict[int, Dialogue] = {}
        self._held = 0
        self.remarks: list[str] = []

    def feed(self, piece: StreamPiece) -> list[Exchange]:
        way = piece.from_client
        dialogue = self._open.setdefault(piece.stream, Dialogue(piece.stream, ("stream", piece.stream)))
        dialogue.session = dialogue
        side = dialogue.begin(way, piece.number, piece.when)
        room = ROOM - self._held
        if piece.stream == DATAGRAM:
            self._held += dialogue.datagram(way, piece.data, piece.when, room)
            return []
        self._held += dialogue.add(way, piece.data, piece.when, piece.lost, room)
        if piece.finished or piece.reset:
            side.over, side.reset = True, piece.reset
            dialogue.sides[not way].over |= bool(piece.stream & 2)
        return self._emit(piece.stream) if dialogue.finished else []

    def finish(self) -> list[Exchange]:
        return [one for stream in list(self._open) for one in self._emit(stream)]

    def _emit(self, stream: int) -> list[Exchange]:
        dialogue = self._open.pop(stream)
        self._held -= dialogue.kept
        if dialogue.unread and len(self.remarks) < 20:
            self.remarks.append(
                f"{dialogue.unread} bytes of stream {stream} stand after a gap, or are too many"
            )
        return list(dialogue.exchanges(*self._ends))


class QuicConversation:
    def __init__(
        self, place: Place, keys: Keys, entry: int, client: End, server: End, host: str = "",
        quic: Quic | None = None,
    ) -> None:  # fmt: skip
        self.quic = quic or Quic(keys)
        self._place, self._entry, self._server, self._host = place, entry, server, host
        self._reader: Http3 | Plain | None = None
        self._waiting: list[StreamPiece] = []
        self._sizes = {True: 0, False: 0}
        self._when: float | None = None
        self._told = False
        self._channels: dict[Channel, None] = {}  # what messages were read on
        self._spoken: set[str] = set()

    def feed(self, from_client: bool, datagram: bytes, number: int, when: float) -> list[Event]:
        self._sizes[from_client] += len(datagram)
        self._when = when if self._when is None else self._when
        self._waiting += self.quic.feed(from_client, datagram, number, when)
        if self._reader is None and not self.quic.alpn and self._few():
            return []
        return self._read()

    def finish(self) -> list[Event]:
        self._waiting += self.quic.finish()
        found = self._read()
        if self._reader is not None:
            found += [event for one in self._reader.finish() for event in self._events(one)]
        found += self._problems()
        if self.quic.shut or not self._told:
            found.append(self._contact(self.quic.shut or SILENT))
        if self.quic.shut and self._channels:
            found.append(self.unread("shut", f"QUIC is read no further: {self.quic.shut}"))
        return found

    def unread(self, kind: str, message: str) -> Problem:
        """A problem of all that is said from here on."""
        spoken = self._spoken | set(WEB if isinstance(self._reader, Http3) else ())
        on = tuple(self._channels) or (structs.replace(self._contact("").channel, opened_by=OPENED_BY),)
        return self._place.problem(self._entry, kind, message, "", on, tuple(sorted(spoken)))

    def _few(self) -> bool:
        return sum(len(piece.data) for piece in self._waiting) < WAITING

    def _read(self) -> list[Event]:
        waiting, self._waiting = self._waiting, []
        if waiting and self._reader is None:
            self._reader = self._chosen()
        if self._reader is None:
            return []
        found = [one for piece in waiting for one in self._reader.feed(piece)]
        return [event for one in found for event in self._events(one)]

    def _chosen(self) -> Http3 | Plain:
        """By what both agreed on; where that was not seen, by what the client offered."""
        offered = self.quic.client.protocols if self.quic.client else ()
        alpn = self.quic.alpn or next((name.decode("latin-1") for name in offered if name[:2] == b"h3"), "")
        name = self.quic.server_name or self._host
        client = Side(name or None, alpn.encode("latin-1"), tls=True, tls_version="QUIC")
        address = shown(self._server.address)
        server = structs.replace(client, address=[name or address, self._server.port], peername=[address])
        return Http3(client, server) if alpn.startswith("h3") else Plain(client, server)

    def _events(self, one: Exchange) -> Iterator[Event]:
        """As of a flow in a dump, with the stream and the packet where each begins."""
        for event in events_of(one.flow, self._entry, self._place):
            part = event.ref.part
            number = one.answered if part.startswith("<") or not one.asked else one.asked
            ref = self._place.ref(self._entry, f".{one.stream}{part}@{number}")
            if not isinstance(event, Parcel | Contact):
                yield structs.replace(event, ref=ref)
                continue
            channel = structs.replace(event.channel, opened_by=OPENED_BY)
            self._told = True
            remember(channel, self._channels)
            if isinstance(event, Parcel):
                self._spoken |= {event.protocol, *offered(event.head)}
            if isinstance(event, Parcel) and event.protocol == "http":
                whole = event.whole and (one.asked_whole if event.outgoing else one.answered_whole)
                yield structs.replace(event, ref=ref, channel=channel, whole=whole)
            else:
                yield structs.replace(event, ref=ref, channel=channel)
            if isinstance(event, Contact) and one.flow.messages and isinstance(self._reader, Http3):
                yield sockets.session(self._entry, self._place, channel, f"stream {one.stream} of HTTP/3")

    def _problems(self) -> Iterator[Event]:
        for why in self._remarks:
            yield self.unread("cut", f"QUIC: {why}")

    @property
    def _remarks(self) -> list[str]:
        """Of a connection that is shut as a whole, its contact says so."""
        own = self.quic.remarks if self.quic.opened else []
        return [*own, *(self._reader.remarks if self._reader else ())]

    def _contact(self, reason: str) -> Contact:
        road = Road.PROTECTED if self.quic.proven else Road.UNKNOWN
        name, address = self.quic.server_name or self._host, shown(self._server.address)
        channel = self._place.channel(
            Channel(name or address, self._server.port, road, address, self.quic.alpn)
        )
        sent, received = self._sizes[True], self._sizes[False]
        ref = self._place.ref(self._entry)
        facts = self.quic.facts
        return Contact(ref, channel, "quic", reason, sent, received, self._when, facts, carrier="udp")
