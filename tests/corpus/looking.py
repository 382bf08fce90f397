"""Captures looked at from outside, in the plainest way: one packet at a time, and nothing opened."""

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

from auditor.model import Channel, Contact, Ref
from auditor.sources.pcap.dns import Names, agreed
from auditor.sources.pcap.outside import Outside, Seen
from auditor.sources.pcap.table import Batch, Table
from auditor.sources.pcap.wire import ACK, SYN, TCP, End, Packet
from auditor.sources.tape import Tape

MOST_WAITING = 500


@dataclass
class Way:
    """One direction of a connection of TCP."""

    expected: int | None = None
    waiting: dict[int, bytes] = field(default_factory=dict)

    def take(self, packet: Packet) -> Iterator[bytes]:
        if packet.flags & SYN:
            self.expected = (packet.sequence + 1) % 2**32
        if self.expected is None:
            self.expected = packet.sequence
        if packet.payload:
            held = self.waiting.get(packet.sequence, b"")
            if len(packet.payload) > len(held) and len(self.waiting) < MOST_WAITING:
                self.waiting[packet.sequence] = packet.payload
        while self.waiting:
            behind = {start: (self.expected - start) % 2**32 for start in self.waiting}
            start = next((s for s, gone in behind.items() if gone < 2**31), None)
            if start is None:
                return
            piece = self.waiting.pop(start)[behind[start] :]
            if piece:
                self.expected = (self.expected + len(piece)) % 2**32
                yield piece


@dataclass
class Connection:
    """One connection and what it showed."""

    number: int
    client: End
    server: End
    stream: bool
    outside: Outside
    ways: dict[bool, Way]
    named: tuple[str, ...] = ()  # by DNS, before it began
    sizes: dict[bool, int] = field(default_factory=lambda: {True: 0, False: 0})

    @property
    def seen(self) -> Seen:
        return self.outside.seen()

    def contact(self, file: str) -> Contact:
        """What a source would say of it."""
        seen, address = self.seen, str(ipaddress.ip_address(self.server.address))
        host, by = seen.host, seen.named_by
        if not host and (name := agreed(self.named)):
            host, by = name, "DNS"
        facts = (*seen.facts, *([("named by", by)] if by else []))
        return Contact(
            Ref(file, self.number),
            Channel(host, self.server.port, address=address),
            seen.transport,
            "no keys",
            self.sizes[True],
            self.sizes[False],
            facts=facts,
            carrier="tcp" if self.stream else "udp",
            start=seen.start,
        )


def connections(file: Path) -> list[Connection]:
    """Every connection of a capture, in the order in which they began."""
    found: dict[tuple[object, ...], Connection] = {}
    every: list[Connection] = []
    names = Names()
    for item in Table(Tape(BytesIO(file.read_bytes()))):
        for _, packet in item.packets() if isinstance(item, Batch) else ():
            if packet.protocol not in (6, 17):
                continue
            ends = tuple(sorted((packet.source, packet.target)))
            key = (*ends, packet.protocol, packet.tunnel)
            one = found.get(key)
            fresh = (
                packet.protocol == TCP and packet.flags & 0x12 == SYN and one is not None and one.sizes[True]
            )
            if one is None or fresh:
                one = found[key] = _begun(packet, names)
                every.append(one)
            _take(one, packet, names)
    return every


def _begun(packet: Packet, names: Names) -> Connection:
    stream = packet.protocol == TCP
    answers = stream and packet.flags & (SYN | ACK) == SYN | ACK
    well_known = not stream and packet.source.port < 1024 <= packet.target.port
    client, server = (packet.source, packet.target)
    if answers or well_known:
        client, server = server, client
    ways = {True: Way(), False: Way()}
    return Connection(
        packet.number, client, server, stream, Outside(not stream), ways, names.of(server.address)
    )


def _take(one: Connection, packet: Packet, names: Names) -> None:
    sent = packet.source == one.client
    one.sizes[sent] += len(packet.payload)
    if one.stream:
        for piece in one.ways[sent].take(packet):
            one.outside.feed(sent, piece)
    elif packet.payload:
        if 53 in (packet.source.port, packet.target.port) or packet.source.port in (5353, 5355):
            names.learn(packet.payload)
        one.outside.feed(sent, packet.payload)
