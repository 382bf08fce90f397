"""Connections, read: what TCP and UDP carry, each handed to whoever understands it.

What one connection cannot know of itself is known of the whole capture (known.py).
"""

from collections.abc import Iterable

from msgspec import structs

from auditor.model import Event, Problem, Road
from auditor.sources.pcap.assembly import Assembly
from auditor.sources.pcap.conversation import Conversation
from auditor.sources.pcap.datagrams import Datagrams
from auditor.sources.pcap.flow import Flow, Sums, summed
from auditor.sources.pcap.known import Known
from auditor.sources.pcap.onlooker import Onlooker, contact
from auditor.sources.pcap.outside import Seen
from auditor.sources.pcap.quic_conversation import QuicConversation
from auditor.sources.pcap.wire import TCP, UDP, Chunk, Packet

ELSEWHERE = "a connection of QUIC that goes on from another address"
NO_PORTS = "a protocol without conversations"


def talk(flow: Flow, known: Known) -> "OverTcp | OverUdp | Onlooker":
    if flow.protocol == TCP:
        return OverTcp(flow, known)
    return OverUdp(flow, known) if flow.protocol == UDP else Onlooker(flow, known, NO_PORTS)


class OverTcp:
    def __init__(self, flow: Flow, known: Known) -> None:
        self.flow, self._known = flow, known
        self._assembly = Assembly(flow.client)
        host = next(reversed(known.names.of(flow.server.address)), "")
        self._conversation = Conversation(
            flow.place, known.keys, flow.entry, flow.client, flow.server, host, flow.place.search,
            guessed=flow.guessed,
        )  # fmt: skip

    @property
    def settled(self) -> bool:
        return self._conversation.settled

    @property
    def over(self) -> bool:
        """Both ends said so; what was late still comes."""
        return self._assembly.over

    @property
    def waits(self) -> bool:
        """What it tells depends on what others will have said."""
        return self._known.legs.behind(self.flow.client, self.flow.server)

    def feed(self, packet: Packet) -> list[Event]:
        return self._through(
            event for chunk in self._assembly.feed(packet) for event in self._conversation.feed(chunk)
        )

    def finish(self, sums: Sums) -> list[Event]:
        found: list[Event] = []
        for chunk in () if self.settled else self._assembly.finish():
            found += self._conversation.feed(chunk)
        found += self._conversation.finish(self._assembly.over)
        if told := self._assembly.conflicts:
            why = f"{told} places were told twice, and not the same; the first telling counts"
            told_twice = self.unread("conflict", why)
            open_to_all = tuple(one for one in told_twice.channels if one.road is Road.CLEAR)
            found.append(structs.replace(told_twice, channels=open_to_all))  # TLS would not pass its check
        return self._through((summed(event, sums) for event in found), over=True)

    def unread(self, kind: str, message: str) -> Problem:
        return self._conversation.unread(kind, message)

    def _through(self, events: Iterable[Event], over: bool = False) -> list[Event]:
        told = self._known.missed.take(self.flow.client, self.flow.server, events)
        return self._known.legs.take(self.flow.entry, self.flow.client, self.flow.server, told, over)


class OverUdp:
    """Datagrams. Those of QUIC go to the connection whose they are, wherever it moved to."""

    def __init__(self, flow: Flow, known: Known) -> None:
        self.flow, self._known = flow, known
        host = next(reversed(known.names.of(flow.server.address)), "")
        self._plain = Datagrams(
            flow.place, known.keys, flow.entry, flow.client, flow.server, host, flow.place.search
        )
        self._sealed: QuicConversation | None = None
        self._others = 0
        self._named = False

    @property
    def settled(self) -> bool:
        return self._sealed is None and (self._plain.settled or self._named)

    @property
    def over(self) -> bool:
        return False

    @property
    def waits(self) -> bool:
        return False

    def feed(self, packet: Packet) -> list[Event]:
        if self.flow.naming:
            self._named = self._known.names.learn(packet.payload)
        if found := self._known.quics.find(packet.source, packet.target, packet.payload, packet.tunnel):
            quic, from_client = found
            self._sealed = self._known.conversation(quic, self.flow)
            events = self._sealed.feed(from_client, packet.payload, packet.number, packet.when)
            self._known.quics.learn(quic)
            return events
        self._others += bool(packet.payload)
        from_client = packet.source == self.flow.client
        return self._plain.feed(
            Chunk(from_client, packet.payload, packet.number, packet.when, packet.missing)
        )

    def finish(self, sums: Sums) -> list[Event]:
        begun = self._known.over(self.flow)
        found = [event for one in begun for event in one.finish()]
        if self._sealed is not None and self._sealed not in begun:
            seen = Seen("QUIC", self._sealed.quic.server_name, "SNI", self._sealed.quic.facts, protects=True)
            found.append(contact(self.flow, self._known.names, seen, ELSEWHERE, sums))
        if self._others or self._sealed is None:
            found += self._plain.finish()
        return [summed(event, sums) for event in found]

    def unread(self, kind: str, message: str) -> Problem:
        return (self._sealed or self._plain).unread(kind, message)
