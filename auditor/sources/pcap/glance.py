"""What the connections of a window said, one after the other, for somebody who only looks on.

Payloads of TCP and UDP, of ends that still have something to say that matters. No object is made of a
packet: those of one connection are a stretch of rows, and how it begins has a digest that tells whether
another one was seen to begin just so.
"""

from collections.abc import Iterable, Iterator
from hashlib import sha256
from struct import Struct as Layout
from typing import TypeAlias

import numpy as np
from msgspec import Struct

from auditor.sources.pcap.flows import BOTH, ONE, SHUT, TORN, TWO, UNDECIDED
from auditor.sources.pcap.onlooker import Onlooker
from auditor.sources.pcap.sums import Flows
from auditor.sources.pcap.table import Batch
from auditor.sources.pcap.window import Integers
from auditor.sources.pcap.wire import ACK, FIN, RST, SYN, TCP, UDP, End, Packet

REACH = 1 << 14  # bytes of a beginning, which are looked at together
TURNS = 160  # packets of one

# From which end; the payload; how much of it was not kept; what TCP says of its place.
Spoken: TypeAlias = tuple[int, bytes, int, int, int, int]
_FACTS = Layout("=6I")  # which end, what was not kept, the size, two numbers, flags
_TURN, _HALF = 1 << 32, 1 << 31  # sequence numbers begin anew


class Script(Struct, frozen=True):
    """How a connection begins, wherever its two ends begin to count."""

    known: bytes  # the protocol, who opened it, whose first number was not seen: one, two
    facts: bytes  # of each packet
    said: bytes

    def digest(self, sides: int) -> bytes:
        """The same for connections that begin alike, told by who is who in them."""
        found = sha256(bytes((sides, *self.known)))
        found.update(self.facts)
        found.update(self.said)
        return found.digest()

    @property
    def opened(self) -> int:
        return self.known[1]

    @property
    def weight(self) -> int:
        return len(self.facts) + len(self.said)

    def rows(self, one: int, two: int) -> Iterator[Spoken]:
        """The packets as they are where the ends count from these numbers on."""
        bases = {ONE: 0 if self.known[2] else one, TWO: 0 if self.known[3] else two}
        at = 0
        for way, missing, size, sequence, acknowledged, flags in _FACTS.iter_unpack(self.facts):
            place = (sequence + bases[way]) % _TURN, (acknowledged + bases[BOTH - way]) % _TURN
            yield way, self.said[at : at + size], missing, *place, flags
            at += size


class Glance:
    """The rows of a window that somebody has to see, connection after connection."""

    def __init__(self, batch: Batch) -> None:
        rows, flows = batch.rows, batch.flows
        some = _spoken(batch)
        slot = batch.part.slot[some]
        some = some[np.argsort(slot, kind="stable")]
        slot = batch.part.slot[some]
        begins = np.flatnonzero(np.diff(slot, prepend=-1))
        lengths = np.diff(begins, append=len(some))
        self.slots: Integers = slot[begins]
        self._way = np.where(batch.part.forward[some], ONE, TWO)
        self._begins, self._ends = begins.tolist(), (begins + lengths).tolist()
        long = np.where(rows.protocol[some] == UDP, 0, rows.size[some])  # what datagrams show is counted
        self._reach = (begins + _reach(long, begins, lengths)).tolist()
        start, view = rows.start[some], batch.window.data.data
        self._pieces: list[bytes | memoryview] = [
            view[begin:end]
            for begin, end in zip(start.tolist(), (start + rows.size[some]).tolist(), strict=True)
        ]
        for at in np.flatnonzero(np.isin(some, list(rows.aside))).tolist() if rows.aside else ():
            self._pieces[at] = rows.aside[int(some[at])]
        self._places = rows.missing[some], rows.sequence[some], rows.acknowledged[some], rows.flags[some]
        self._relative(flows, lengths, rows.size[some])

    def _relative(self, flows: Flows, lengths: Integers, sizes: Integers) -> None:
        """Where packets stand from the first byte of their connection on; what else it rests on."""
        mine, sent = self.slots, self._way == ONE
        one, two = flows.one_base[mine], flows.two_base[mine]
        protocol = flows.kind[mine] >> np.uint64(32) & np.uint64(0xFF)
        self._known = np.stack((protocol, flows.opened[mine], one < 0, two < 0), axis=1).astype(np.uint8)
        one, two = np.repeat(one.clip(0), lengths), np.repeat(two.clip(0), lengths)
        missing, sequence, acknowledged, flags = self._places
        places = sequence - np.where(sent, one, two), acknowledged - np.where(sent, two, one)
        self._facts = np.stack((self._way, missing, sizes, *places, flags), axis=1).astype(np.uint32)

    def __len__(self) -> int:
        return len(self.slots)

    def script(self, which: int) -> Script:
        begin, end = self._begins[which], self._reach[which]
        said = b"".join(self._pieces[begin:end])
        return Script(self._known[which].tobytes(), self._facts[begin:end].tobytes(), said)

    def beginning(self, which: int) -> list[Spoken]:
        return self._rows(np.arange(self._begins[which], self._reach[which]))

    def rest(self, which: int, begun: bool, full: int) -> list[Spoken]:
        """What ends that are not full said behind the beginning; all of it where that was seen before."""
        begin, end = (self._begins if begun else self._reach)[which], self._ends[which]
        if begin == end or full == BOTH:
            return []
        return self._rows(np.flatnonzero(self._way[begin:end] & full == 0) + begin)

    def _rows(self, which: Integers) -> list[Spoken]:
        said = [bytes(self._pieces[at]) for at in which.tolist()]
        way, *places = (column[which].tolist() for column in (self._way, *self._places))
        return list(zip(way, said, *places, strict=True))


def in_order(rows: Iterable[Spoken]) -> bool:
    """Whether nothing is late, lost or told twice where nobody saw a connection open, by its numbers."""
    following: dict[int, int] = {}
    for way, data, missing, sequence, acknowledged, flags in rows:
        if missing or flags & (SYN | RST) or following.setdefault(way, sequence) != sequence:
            return False
        following[way] = (sequence + len(data) + (flags & FIN)) % _TURN
        if flags & ACK and (following.setdefault(BOTH - way, acknowledged) - acknowledged) % _TURN > _HALF:
            return False
    return True


def show(
    one: Onlooker, ends: tuple[End, End], rows: Iterable[Spoken], full: int = 0, sure: bool = False
) -> tuple[int, bool]:
    """Shows a connection what is said in it: which ends are full then, whether every packet counts.

    `sure` where one thing is known to follow the other.
    """
    client = ONE if one.flow.client == ends[0] else TWO
    sure, torn = sure or one.flow.protocol == UDP, False
    for way, data, missing, sequence, acknowledged, flags in rows:
        if full & way:  # so it is with most
            continue
        from_client = way == client
        place = sequence, acknowledged, flags
        if sure:
            one.hear(from_client, data)
        elif missing or not data or not one.glance(from_client, data, place):
            source, target = ends if way == ONE else ends[::-1]
            one.feed(Packet(0, 0.0, source, target, one.flow.protocol, data, missing, *place))
            torn = True
        if one.full(from_client):
            full |= way
            if one.settled:
                one.settle()
                return BOTH, torn
    return full, torn


def _reach(sizes: Integers, begins: Integers, lengths: Integers) -> Integers:
    """How many packets each beginning has."""
    if not len(begins):
        return begins
    before = np.cumsum(sizes) - sizes
    before -= np.repeat(before[begins], lengths)
    turn = np.arange(len(sizes)) - np.repeat(begins, lengths)
    found: Integers = np.add.reduceat((before < REACH) & (turn < TURNS), begins, dtype=np.int64)
    return found


def _whole(batch: Batch) -> None:
    """Of TCP whose beginning was not seen all packets count: they tell what was lost."""
    flows, fresh = batch.flows, np.unique(batch.part.slot[batch.part.slot >= 0])
    tcp = flows.kind[fresh] >> np.uint64(32) & np.uint64(0xFF) == TCP
    torn = tcp & (flows.opened[fresh] != BOTH) & (flows.state[fresh] == UNDECIDED) & (flows.spoke[fresh] > 0)
    batch.mark(fresh[torn], TORN)


def _spoken(batch: Batch) -> Integers:
    """The rows that somebody has to see."""
    rows, flows, slot = batch.rows, batch.flows, batch.part.slot
    _whole(batch)
    some = np.flatnonzero((slot >= 0) & ((rows.size > 0) | (flows.state[slot] == TORN)))
    way = np.where(batch.part.forward[some], ONE, TWO)
    mine, protocol = slot[some], rows.protocol[some]
    wanted = (flows.state[mine] != SHUT) & (flows.full[mine] & way == 0)
    found: Integers = some[wanted & ((protocol == TCP) | (protocol == UDP))]
    return found
