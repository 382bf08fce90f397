"""A connection before anybody reads it: who talks with whom, where it was found, how much was said."""

from msgspec import Struct, structs

from auditor.model import Contact, Event
from auditor.sources.heads import Place
from auditor.sources.pcap.wire import TCP, UDP, End

PROTOCOLS = {
    TCP: "tcp",
    UDP: "udp",
    1: "icmp",
    2: "igmp",
    47: "gre",
    50: "ipsec",
    51: "ipsec",
    58: "icmpv6",
    132: "sctp",
}

NAMING = {53, 5353, 5355}  # ports where names are asked for


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
    guessed: bool = False  # whether nothing in the packets says who is the client

    @property
    def naming(self) -> bool:
        """Whether names are asked for at this port."""
        return self.protocol == UDP and bool({self.client.port, self.server.port} & NAMING)

    @property
    def carrier(self) -> str:
        return carrier(self.protocol)


def carrier(protocol: int) -> str:
    return PROTOCOLS.get(protocol) or f"ip protocol {protocol}"


class Sums(Struct, frozen=True):
    """What the table counted of a connection."""

    sent: int
    received: int
    when: float


def summed(event: Event, sums: Sums) -> Event:
    """A contact of the connection itself has the bytes that the table counted."""
    if isinstance(event, Contact) and not event.ref.part:
        return structs.replace(event, sent=sums.sent, received=sums.received, when=sums.when)
    return event
