"""A connection before anybody reads it: who talks with whom, where it was found, how much was said."""

from msgspec import Struct

from auditor.sources.heads import Place
from auditor.sources.pcap.wire import TCP, UDP, End

PROTOCOLS = {1: "icmp", 2: "igmp", 47: "gre", 50: "ipsec", 51: "ipsec", 58: "icmpv6", 132: "sctp"}


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
    def carrier(self) -> str:
        named = {TCP: "tcp", UDP: "udp", **PROTOCOLS}
        return named.get(self.protocol, f"ip protocol {self.protocol}")


class Sums(Struct, frozen=True):
    """What the table counted of a connection."""

    sent: int
    received: int
    when: float
