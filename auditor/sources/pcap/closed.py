"""A connection of which nothing more is read: all that is left is what to say of it when it is over.

Most of a capture's connections are shut or at an end long before the capture is. They weigh no
more than the contact that they will be.
"""

from auditor.model import Event, Problem
from auditor.sources.pcap.dns import Names
from auditor.sources.pcap.flow import Flow, Sums, summed
from auditor.sources.pcap.wire import Packet

MISSED = "was silent for longest among too many connections: what it said afterwards was not read"


class Closed:
    over = True
    waits = False

    def __init__(self, flow: Flow, left: list[Event], names: Names, early: Problem | None = None) -> None:
        self.early = early  # where it was closed to make room, and not because there was nothing to come
        self.missed = 0  # bytes that came later
        self._left = left
        self._flow = flow
        self._names = names if flow.naming else None

    @property
    def settled(self) -> bool:
        return self.early is None

    def feed(self, packet: Packet) -> list[Event]:
        """Names are learned as long as somebody tells them."""
        self.missed += len(packet.payload)
        if self._names:
            self._names.learn(packet.payload)
        return []

    def finish(self, sums: Sums) -> list[Event]:
        found = [summed(event, sums) for event in self._left]
        if self.early and self.missed:
            found.append(self.early)
        return found

    def unread(self, kind: str, message: str) -> Problem:
        return self._flow.place.problem(self._flow.entry, kind, message)
