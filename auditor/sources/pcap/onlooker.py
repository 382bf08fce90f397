"""One connection as somebody sees it who has no key and opens nothing."""

from ipaddress import ip_address

from msgspec import Struct

from auditor.model import Channel, Contact, Event, Road
from auditor.sources.heads import Place
from auditor.sources.pcap.assembly import Assembly
from auditor.sources.pcap.dns import Names
from auditor.sources.pcap.keys import Keys
from auditor.sources.pcap.outside import Outside, Seen
from auditor.sources.pcap.wire import TCP, UDP, End, Packet

PROTOCOLS = {1: "ICMP", 2: "IGMP", 47: "GRE", 50: "IPsec", 51: "IPsec", 58: "ICMPv6", 132: "SCTP"}


NAMING = {53, 5353, 5355}


class Sums(Struct, frozen=True):
    """What the table counted of one connection."""

    sent: int
    received: int
    when: float


class Line:
    """Who talks with whom, where it was found, and how much was said."""

    def __init__(self, place: Place, entry: int, client: End, server: End, protocol: int) -> None:
        self.place = place
        self.entry = entry
        self.client, self.server = client, server
        self.protocol = protocol

    @property
    def carrier(self) -> str:
        return {TCP: "tcp", UDP: "udp"}.get(
            self.protocol, PROTOCOLS.get(self.protocol, f"IP {self.protocol}")
        )

    def contact(self, seen: Seen, reason: str, sums: Sums, host: str = "") -> Contact:
        address = shown(self.server.address)
        road = Road.PROTECTED if seen.protects else Road.CLEAR if self.protocol == TCP else Road.UNKNOWN
        channel = Channel(host or address, self.server.port, road, address)
        return Contact(
            self.place.ref(self.entry), self.place.channel(channel), seen.transport.lower(), reason,
            sums.sent, sums.received, sums.when, seen.facts,
        )  # fmt: skip


class Onlooker:
    """Looks at the beginning of a connection until there is nothing more to learn."""

    def __init__(self, line: Line, names: Names, _keys: Keys) -> None:
        self.line = line
        self._names = names
        self._outside = Outside(datagrams=line.protocol != TCP)
        self._assembly = Assembly(line.client)

    @property
    def settled(self) -> bool:
        return self._outside.settled

    def feed(self, packet: Packet) -> list[Event]:
        if self.line.protocol == TCP:
            for chunk in self._assembly.feed(packet):
                self._outside.feed(chunk.from_client, chunk.data, chunk.lost)
        else:
            self._outside.feed(packet.source == self.line.client, packet.payload)
            if {packet.source.port, packet.target.port} & NAMING:
                self._names.learn(packet.payload)
        return []

    def finish(self, sums: Sums) -> list[Event]:
        if not self.settled and self.line.protocol == TCP:
            for chunk in self._assembly.finish():
                self._outside.feed(chunk.from_client, chunk.data, chunk.lost)
        seen = self._outside.seen()
        host = seen.host or next(iter(self._names.of(self.line.server.address)), "")
        return [self.line.contact(seen, "seen from outside", sums, host)]


def shown(address: bytes) -> str:
    return str(ip_address(address)) if len(address) in (4, 16) else address.hex()
