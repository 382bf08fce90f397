"""Connections, read: what TCP and UDP carry, each handed to whoever understands it.

What one connection cannot know of itself is known of the whole capture (known.py).
"""

from collections.abc import Iterable

from msgspec import structs

from auditor.model import Contact, Event
from auditor.sources.pcap.assembly import Assembly
from auditor.sources.pcap.conversation import Conversation
from auditor.sources.pcap.datagrams import OverUdp
from auditor.sources.pcap.known import Known
from auditor.sources.pcap.onlooker import Flow, Onlooker, Sums
from auditor.sources.pcap.wire import TCP, UDP, Packet

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
            flow.place, known.keys, flow.entry, flow.client, flow.server, host, flow.place.search
        )

    @property
    def settled(self) -> bool:
        return self._conversation.settled

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
            why = f"{told} places of this connection were told twice, and not the same; the first telling counts"
            found.append(self.flow.place.problem(self.flow.entry, "conflict", why))
        return self._through((_summed(event, sums) for event in found), over=True)

    def _through(self, events: Iterable[Event], over: bool = False) -> list[Event]:
        return self._known.legs.take(self.flow.entry, self.flow.client, self.flow.server, list(events), over)


def _summed(event: Event, sums: Sums) -> Event:
    """A contact of the connection itself has the bytes that the table counted."""
    if isinstance(event, Contact) and not event.ref.part:
        return structs.replace(event, sent=sums.sent, received=sums.received, when=sums.when)
    return event
