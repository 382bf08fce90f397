"""One connection as somebody sees it who has no key and opens nothing."""

from ipaddress import ip_address

from msgspec import Struct

from auditor.model import Channel, Contact, Event, Road
from auditor.sources.heads import Place
from auditor.sources.pcap.assembly import Assembly
from auditor.sources.pcap.dns import Names
from auditor.sources.pcap.known import Known
from auditor.sources.pcap.outside import Outside, Seen
from auditor.sources.pcap.wire import TCP, UDP, End, Packet

PROTOCOLS = {1: "icmp", 2: "igmp", 47: "gre", 50: "ipsec", 51: "ipsec", 58: "icmpv6", 132: "sctp"}
NAMING = {53, 5353, 5355}  # ports where names are asked for
UNSEEN = "nothing of it was opened"


class Flow(Struct, frozen=True):
    """A connection: who talks with whom, and where it was found."""

    place: Place
    entry: int  # the number of its first packet
    client: End
    server: End
    protocol: int
    device: str = ""
    turned: bool = False  # whether the phone is the server
    other: bool = False  # whether the phone is neither

    @property
    def carrier(self) -> str:
        named = {TCP: "tcp", UDP: "udp", **PROTOCOLS}
        return named.get(self.protocol, f"ip protocol {self.protocol}")


class Sums(Struct, frozen=True):
    """What the table counted of a connection."""

    sent: int
    received: int
    when: float


class Onlooker:
    """Looks at the beginning of a connection until there is nothing more to learn."""

    def __init__(self, flow: Flow, known: Known, reason: str = UNSEEN) -> None:
        self.flow = flow
        self.reason = reason
        self._names = known.names
        self._outside = Outside(datagrams=flow.protocol != TCP)
        self._assembly = Assembly(flow.client)

    @property
    def settled(self) -> bool:
        return self._outside.settled

    def feed(self, packet: Packet) -> list[Event]:
        if self.flow.protocol == TCP:
            for chunk in self._assembly.feed(packet):
                self._outside.feed(chunk.from_client, chunk.data, chunk.lost)
        elif self.flow.protocol == UDP:
            self._outside.feed(packet.source == self.flow.client, packet.payload)
            if {packet.source.port, packet.target.port} & NAMING:
                self._names.learn(packet.payload)
        return []

    def finish(self, sums: Sums) -> list[Event]:
        if self.flow.protocol == TCP and not self.settled:
            for chunk in self._assembly.finish():
                self._outside.feed(chunk.from_client, chunk.data, chunk.lost)
        seen = self._outside.seen() if self.flow.protocol in (TCP, UDP) else Seen(self.flow.carrier)
        return [contact(self.flow, self._names, seen, self.reason, sums)]


def contact(flow: Flow, names: Names, seen: Seen, reason: str, sums: Sums) -> Contact:
    address = shown(flow.server.address)
    host, facts = seen.host, seen.facts
    if not host and (known := names.of(flow.server.address)):
        host, facts = known[-1], (*facts, ("named by", "DNS"))
    clear = flow.protocol == TCP
    road = Road.PROTECTED if seen.protects else Road.CLEAR if clear else Road.UNKNOWN
    channel = Channel(host or address, flow.server.port, road, address)
    return Contact(
        flow.place.ref(flow.entry), flow.place.channel(channel), seen.transport.lower(), reason,
        sums.sent, sums.received, sums.when, facts, carrier=flow.carrier, start=seen.start,
    )  # fmt: skip


def shown(address: bytes) -> str:
    return str(ip_address(address)) if len(address) in (4, 16) else address.hex(":")
