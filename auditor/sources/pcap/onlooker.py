"""One connection as somebody sees it who has no key and opens nothing."""

from functools import cache
from sys import intern

from auditor.model import Channel, Contact, Event, Problem, Road
from auditor.sources.pcap.assembly import Assembly, resumed
from auditor.sources.pcap.dns import Names
from auditor.sources.pcap.flow import Flow, Sums, carrier
from auditor.sources.pcap.known import Known
from auditor.sources.pcap.line import shown
from auditor.sources.pcap.outside import Outside, Seen
from auditor.sources.pcap.reasons import reason_of
from auditor.sources.pcap.vpn import BY_NUMBER, HIDES
from auditor.sources.pcap.wire import ACK, RST, SYN, TCP, UDP, Packet, Said

_TURN, _HALF = 1 << 32, 1 << 31  # sequence numbers begin anew


class Onlooker:
    """Looks at the beginning of a connection until there is nothing more to learn."""

    over = waits = False
    __slots__ = ("_assembly", "_names", "_naming", "_next", "_outside", "_seen", "flow", "reason")

    def __init__(self, flow: Flow, known: Known, reason: str = "") -> None:
        self.flow = flow
        self.reason = reason
        self._names = known.names
        self._naming = flow.naming
        self._outside: Outside | None = None
        self._assembly: Assembly | None = None
        self._next: dict[bool, int] = {}  # where each end of TCP goes on, while all comes in order
        self._seen: Seen | None = None

    @property
    def settled(self) -> bool:
        return self._seen is not None or (self._outside is not None and self._outside.settled)

    def opened(self, from_client: bool, sequence: int) -> None:
        """The sequence number of the first byte of one end, where its SYN was seen."""
        self._next[from_client] = sequence

    def hear(self, turns: list[Said]) -> None:
        """What is known to be the next that is said."""
        feed = self._begun().feed
        for from_client, data in turns:
            feed(from_client, data)
        for way, place in () if self.settled else self._next.items():
            said = sum(len(data) for from_client, data in turns if from_client is way)
            self._next[way] = (place + said) % _TURN

    def glance(self, from_client: bool, data: bytes, place: tuple[int, int, int]) -> bool:
        """What stands where it was expected is looked at without a packet; false where it does not.

        `place` is the sequence number, what was acknowledged, and the flags.
        """
        if len(self._next) < 2:
            return False
        sequence, acknowledged, flags = place
        ahead = (sequence - self._next[from_client]) % _TURN
        if flags & (RST | SYN) or (ahead and ahead + len(data) > _TURN):
            return False
        if ahead >= _HALF:  # told again
            return True
        # What was acknowledged may be a FIN besides, which nobody shows us.
        missed = (acknowledged - self._next[not from_client]) % _TURN
        if ahead or (flags & ACK and 1 < missed < _HALF and not self.full(not from_client)):
            return False
        self._next[from_client] = (sequence + len(data)) % _TURN
        self._begun().feed(from_client, data)
        return True

    def full(self, from_client: bool) -> bool:
        """Nothing that this end says would change anything."""
        if self._outside is None or not self._outside.full(from_client):
            return self._seen is not None
        if self._assembly:
            self._assembly.excuse(from_client)
        return True

    def feed(self, packet: Packet) -> list[Event]:
        if self.flow.protocol == TCP:
            if self._assembly is None:
                self._assembly = resumed(self.flow.client, self._next)
                self._next = {}
            for chunk in self._assembly.feed(packet):
                self._begun().feed(chunk.from_client, chunk.data, chunk.lost)
        elif self.flow.protocol == UDP:
            self.hear([(packet.source == self.flow.client, packet.payload)])
            if self._naming:
                self._names.learn(packet.payload)
        return []

    def settle(self) -> Seen:
        """Whatever comes from now on is not looked at; what was seen stays."""
        if self._seen is None:
            for chunk in self._assembly.finish() if self._assembly and not self.settled else ():
                self._begun().feed(chunk.from_client, chunk.data, chunk.lost)
            self._seen = self._outside.seen() if self._outside else unsaid(self.flow.protocol)
            self._outside = self._assembly = None
        return self._seen

    def finish(self, sums: Sums) -> list[Event]:
        seen = self.settle()
        return [contact(self.flow, self._names, seen, self.reason or reason_of(seen), sums)]

    def unread(self, kind: str, message: str) -> Problem:
        """What nobody reads is no message less."""
        return self.flow.place.problem(self.flow.entry, kind, message)

    def _begun(self) -> Outside:
        self._outside = self._outside or Outside(datagrams=self.flow.protocol != TCP)
        return self._outside


@cache
def unsaid(protocol: int) -> Seen:
    """What shows of a connection in which nothing was said, or nothing that is looked at."""
    if protocol in (TCP, UDP):
        return Outside(datagrams=protocol != TCP).seen()
    name, what = BY_NUMBER.get(protocol, (carrier(protocol), ""))
    if not what:
        return Seen(name)
    sealed = what == HIDES
    return Seen(name, facts=(("vpn" if sealed else "tunnel", what),), protects=sealed, tunnel=sealed)


def contact(
    flow: Flow, names: Names, seen: Seen, reason: str, sums: Sums, also: tuple[int, ...] = ()
) -> Contact:
    """Of one connection, or of all that look alike: the sums are theirs together."""
    address = shown(flow.server.address)
    host, facts = seen.host, seen.facts
    if not host and (known := names.of(flow.server.address)):
        host, facts = known[-1], (*facts, ("named by", "DNS"))
    clear = flow.protocol == TCP
    road = Road.PROTECTED if seen.protects else Road.CLEAR if clear else Road.UNKNOWN
    channel = Channel(host, flow.server.port, road, address, device=flow.device)
    return Contact(
        flow.place.ref(flow.entry), flow.place.channel(channel), intern(seen.transport.lower()), reason,
        sums.sent, sums.received, sums.when, facts, carrier=flow.carrier, start=seen.start, also=also,
    )  # fmt: skip
