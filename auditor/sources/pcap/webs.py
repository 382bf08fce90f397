"""Connections of QUIC, read: what their streams said, as far as secrets open them."""

from collections.abc import Iterator

from msgspec import structs

from auditor.model import Channel, Event, Parcel, Road
from auditor.sources import mitm
from auditor.sources.flows import Side
from auditor.sources.heads import Place
from auditor.sources.pcap.http3 import Http3
from auditor.sources.pcap.http3.exchange import Exchange
from auditor.sources.pcap.line import line_to
from auditor.sources.pcap.outside import Seen
from auditor.sources.pcap.quic import Quic
from auditor.sources.pcap.quic.streams import StreamPiece
from auditor.sources.pcap.wire import End, Packet

SILENT = "nothing was said in it"


class Web:
    """One connection. It stays the same where its address changes, so it is known by its first packet."""

    def __init__(self, quic: Quic, place: Place, entry: int, server: End) -> None:
        self.quic = quic
        self.place, self.entry, self.server = place, entry, server
        self.opened = False
        self._http: Http3 | None = None
        self._count = 0

    @property
    def shut(self) -> str:
        return self.quic.shut or SILENT

    def seen(self, looked: Seen) -> Seen:
        """What the first packets show of it, which anybody can open."""
        host = self.quic.server_name or looked.host
        facts = (*self.quic.facts, *(fact for fact in looked.facts if fact not in self.quic.facts))
        return structs.replace(looked, transport="QUIC", host=host, facts=facts, protects=True)

    def feed(self, from_client: bool, packet: Packet) -> list[Event]:
        pieces = self.quic.feed(from_client, packet.payload, packet.number, packet.when)
        return [event for piece in pieces for event in self._read(piece)]

    def finish(self) -> list[Event]:
        found = [event for piece in self.quic.finish() for event in self._read(piece)]
        if self._http:
            found += [event for one in self._http.finish() for event in self._told(one)]
        remarks = [*self.quic.remarks, *(self._http.remarks if self._http else ())] if self.opened else []
        return [*found, *(self.place.problem(self.entry, "damaged", why) for why in remarks)]

    def _read(self, piece: StreamPiece) -> Iterator[Event]:
        self.opened = self.opened or bool(piece.data)
        if not self.quic.alpn.startswith("h3"):
            yield from self._strange(piece)
            return
        self._http = self._http or self._begun()
        for exchange in self._http.feed(piece):
            yield from self._told(exchange)

    def _begun(self) -> Http3:
        line = line_to(self.server, self.quic.server_name)
        alpn, name = self.quic.alpn.encode(), line.host or line.address
        near = Side(line.host or None, alpn, tls=True, tls_version="QUICv1")
        return Http3(near, structs.replace(near, address=[name, line.port], peername=[line.address]))

    def _told(self, exchange: Exchange) -> Iterator[Event]:
        """Flows of a connection count on; what was cut is not whole."""
        number, self._count = self._count, self._count + 1
        for event in mitm.events_of(exchange.flow, self.entry, self.place, "key log"):
            answer = event.ref.part.startswith("<")
            at = exchange.answered if answer else exchange.asked
            ref = structs.replace(event.ref, part=f".{number}{event.ref.part}@{at}")
            whole = exchange.answered_whole if answer else exchange.asked_whole
            if isinstance(event, Parcel) and event.protocol == "http":
                yield structs.replace(event, ref=ref, whole=event.whole and whole)
            else:
                yield structs.replace(event, ref=ref)

    def _strange(self, piece: StreamPiece) -> Iterator[Event]:
        """Another protocol inside QUIC: its bytes are searched as they came."""
        if self.place.search and piece.data:
            line = line_to(self.server, self.quic.server_name)
            channel = Channel(line.host, line.port, Road.PROTECTED, line.address, self.quic.alpn, "key log")
            way = ">" if piece.from_client else "<"
            ref = self.place.ref(self.entry, f".{self._count}{way}@{piece.number}")
            self._count += 1
            channel = self.place.channel(channel)
            yield Parcel(ref, channel, piece.from_client, piece.data, "udp", when=piece.when)


class Webs:
    """Which connection of QUIC is read under which packet's number."""

    def __init__(self) -> None:
        self._webs: dict[Quic, Web] = {}

    def of(self, quic: Quic, place: Place, entry: int, server: End) -> Web:
        if quic not in self._webs:
            self._webs[quic] = Web(quic, place, entry, server)
        return self._webs[quic]

    def close(self, entry: int) -> list[Web]:
        """The connections that were read under this number, which is over."""
        found = [quic for quic, web in self._webs.items() if web.entry == entry]
        return [self._webs.pop(quic) for quic in found]
