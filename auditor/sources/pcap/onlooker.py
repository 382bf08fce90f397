"""One connection as somebody sees it who has no key and opens nothing."""

from ipaddress import ip_address

from auditor.model import Channel, Contact, Event, Road
from auditor.sources.pcap.assembly import Assembly
from auditor.sources.pcap.dns import Names
from auditor.sources.pcap.flow import Flow, Sums
from auditor.sources.pcap.known import Known
from auditor.sources.pcap.outside import Outside, Seen
from auditor.sources.pcap.reasons import reason_of
from auditor.sources.pcap.vpn import BY_NUMBER, HIDES
from auditor.sources.pcap.wire import TCP, UDP, Packet

NAMING = {53, 5353, 5355}  # ports where names are asked for


class Onlooker:
    """Looks at the beginning of a connection until there is nothing more to learn."""

    def __init__(self, flow: Flow, known: Known, reason: str = "") -> None:
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
        seen = self._outside.seen() if self.flow.protocol in (TCP, UDP) else _without_ports(self.flow)
        return [contact(self.flow, self._names, seen, self.reason or reason_of(seen), sums)]


def _without_ports(flow: Flow) -> Seen:
    name, what = BY_NUMBER.get(flow.protocol, (flow.carrier, ""))
    if not what:
        return Seen(name)
    sealed = what == HIDES
    return Seen(name, facts=(("vpn" if sealed else "tunnel", what),), protects=sealed, tunnel=sealed)


def contact(flow: Flow, names: Names, seen: Seen, reason: str, sums: Sums) -> Contact:
    address = shown(flow.server.address)
    host, facts = seen.host, seen.facts
    if not host and (known := names.of(flow.server.address)):
        host, facts = known[-1], (*facts, ("named by", "DNS"))
    clear = flow.protocol == TCP
    road = Road.PROTECTED if seen.protects else Road.CLEAR if clear else Road.UNKNOWN
    channel = Channel(host, flow.server.port, road, address)
    return Contact(
        flow.place.ref(flow.entry), flow.place.channel(channel), seen.transport.lower(), reason,
        sums.sent, sums.received, sums.when, facts, carrier=flow.carrier, start=seen.start,
    )  # fmt: skip


def shown(address: bytes) -> str:
    return str(ip_address(address)) if len(address) in (4, 16) else address.hex(":")
