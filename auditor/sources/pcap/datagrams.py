"""What goes between two ends over UDP: QUIC, DTLS, or a protocol that is known by what it says.

Ends may change what they speak from one datagram to the next (a call asks for its way, agrees
on keys, then sends pictures), so each datagram goes to whoever knows it.
"""

from msgspec import structs

from auditor.model import Event, Parcel, Road
from auditor.sources import talk
from auditor.sources.pcap.dtls import Dtls
from auditor.sources.pcap.known import Known
from auditor.sources.pcap.line import Line, line_to
from auditor.sources.pcap.onlooker import NAMING, Flow, Sums, contact
from auditor.sources.pcap.outside import Outside
from auditor.sources.pcap.records import of_datagram
from auditor.sources.pcap.webs import Web
from auditor.sources.pcap.wire import Packet
from auditor.sources.sockets import Frame
from auditor.streams import Sorter


class OverUdp:
    def __init__(self, flow: Flow, known: Known) -> None:
        self.flow, self._known = flow, known
        self._outside = Outside(datagrams=True)
        self._line = line_to(flow.server, next(reversed(known.names.of(flow.server.address)), ""))
        self._plain = Plain(flow, self._line)
        self._inner: Plain | None = None
        self._dtls: Dtls | None = None
        self._web: Web | None = None

    @property
    def settled(self) -> bool:
        return self._outside.settled and self._plain.settled and not (self._web or self._dtls)

    def feed(self, packet: Packet) -> list[Event]:
        from_client = packet.source == self.flow.client
        self._outside.feed(from_client, packet.payload)
        if {packet.source.port, packet.target.port} & NAMING:
            self._known.names.learn(packet.payload)
        if found := self._known.quics.find(packet.source, packet.target, packet.payload, packet.tunnel):
            quic, from_client = found
            self._web = self._known.webs.of(quic, self.flow.place, self.flow.entry, self.flow.server)
            events = self._web.feed(from_client, packet)
            self._known.quics.learn(quic)
            return events
        if of_datagram(packet.payload):
            return self._unsealed(from_client, packet)
        return self._plain.take(from_client, packet.payload, packet)

    def finish(self, sums: Sums) -> list[Event]:
        webs = self._known.webs.close(self.flow.entry)
        found = [event for web in webs for event in web.finish()]
        seen, why = self._outside.seen(), talk.STRANGE
        if self._dtls:
            self._dtls.finish()
            why = self._dtls.shut or "nothing was said in it"
        for web in (self._web, *webs):
            if web is not None:
                seen, why = web.seen(seen), web.shut
        plains = [plain for plain in (self._plain, self._inner) if plain]
        found += [event for plain in plains for event in plain.finish()]
        if any(one.known for one in plains) or (self._web and self._web.opened):
            return found
        return [*found, contact(self.flow, self._known.names, seen, why, sums)]

    def _unsealed(self, from_client: bool, packet: Packet) -> list[Event]:
        self._dtls = self._dtls or Dtls(self._known.keys)
        said = self._dtls.feed(from_client, packet.payload)
        if said and self._inner is None:
            self._inner = Plain(self.flow, self._inside(self._dtls), "in")
        return [event for way, data in said if self._inner for event in self._inner.take(way, data, packet)]

    def _inside(self, dtls: Dtls) -> Line:
        host = (dtls.client.server_name if dtls.client else "") or self._line.host
        if not dtls.protects:
            return structs.replace(self._line, host=host)
        return structs.replace(self._line, host=host, road=Road.PROTECTED, opened_by="key log")


class Plain:
    """A protocol of auditor/streams, or one that nobody knows: searched where texts were planted."""

    def __init__(self, flow: Flow, line: Line, name: str = "") -> None:
        self.flow = flow
        self.known = False  # whether somebody knows this protocol
        self._channel = flow.place.channel(line.channel())
        self._name = name
        self._sorter = Sorter(carrier="udp")
        self._held: list[tuple[Frame, int]] = []
        self._count = 0

    @property
    def settled(self) -> bool:
        return self._sorter.refused and not self.flow.place.search

    def take(self, from_client: bool, data: bytes, packet: Packet) -> list[Event]:
        place, entry = self.flow.place, self.flow.entry
        found = self._sorter.feed(from_client, data)
        if self._sorter.name:
            self.known, self._held = True, []
            names = (f"{self._name}.{one.part}@{packet.number}" for one in found)
            return [
                talk.parcel(place, entry, self._channel, self._sorter.name, one, packet.when, part)
                for one, part in zip(found, names, strict=True)
            ]
        if place.search and data:
            self._held.append((Frame(self._count, from_client, data, packet.when), packet.number))
            self._count += 1
        return self._searched() if self._sorter.refused else []

    def finish(self) -> list[Event]:
        place, entry = self.flow.place, self.flow.entry
        last: list[Event] = [
            talk.parcel(place, entry, self._channel, self._sorter.name, one, None, f"{self._name}.{one.part}")
            for one in self._sorter.finish()
        ]
        self.known = self.known or bool(self._sorter.name)
        return last if self.known else self._searched()

    def _searched(self) -> list[Event]:
        """Every datagram by itself: they say where they end."""
        held, self._held = self._held, []
        place, entry = self.flow.place, self.flow.entry
        return [
            Parcel(place.ref(entry, f"{self._name}{one.ref()}@{number}"), self._channel, one.outgoing, one.data,
                   "udp", when=one.when)
            for one, number in held
        ]  # fmt: skip
