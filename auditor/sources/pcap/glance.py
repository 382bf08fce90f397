"""What the connections of a window said, one after the other, for somebody who only looks on.

Payloads of TCP and UDP, of ends that still have something to say that matters. No object is made of a
packet: those of one connection are a stretch of rows, and how it begins has a digest that tells whether
another one was seen to begin just so.
"""

from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from itertools import accumulate, compress
from operator import ne
from struct import Struct as Layout
from typing import TypeAlias

import numpy as np
from msgspec import Struct

from auditor.sources.pcap.ends import Flags
from auditor.sources.pcap.flows import BOTH, ONE, SHUT, TORN, TWO, UNDECIDED
from auditor.sources.pcap.onlooker import Onlooker
from auditor.sources.pcap.outside import TURNS as FEW
from auditor.sources.pcap.sums import Flows
from auditor.sources.pcap.table import Batch
from auditor.sources.pcap.window import MOST, Integers
from auditor.sources.pcap.wire import ACK, FIN, RST, SYN, TCP, UDP, Packet, Said

REACH = 1 << 14  # bytes of a beginning, which are looked at together
TURNS = 160  # packets of one

# From which end; the payload; how much of it was not kept; what TCP says of its place.
Spoken: TypeAlias = tuple[int, bytes, int, int, int, int]
_FACTS = Layout("=6I")  # which end, what was not kept, the size, two numbers, flags
_WAYS, _SIZES = slice(0, None, 6), slice(2, None, 6)  # of all packets
_TURN, _HALF = 1 << 32, 1 << 31  # sequence numbers begin anew


class Script(Struct, frozen=True):
    """How a connection begins, wherever its two ends begin to count."""

    known: bytes  # the protocol, who opened it, whose first number was not seen: one, two
    facts: bytes  # of each packet
    said: bytes

    def digest(self, sides: int) -> bytes:
        """The same for connections that begin alike, told by who is who in them."""
        found = sha256(bytes((sides,)) + self.known + self.facts)
        found.update(self.said)
        return found.digest()

    @property
    def opened(self) -> int:
        return self.known[1]

    @property
    def weight(self) -> int:
        return len(self.facts) + len(self.said)

    @property
    def protocol(self) -> int:
        return self.known[0]

    def rows(self, one: int, two: int) -> Iterator[Spoken]:
        """The packets as they are where the ends count from these numbers on."""
        bases = {ONE: 0 if self.known[2] else one, TWO: 0 if self.known[3] else two}
        at = 0
        for way, missing, size, sequence, acknowledged, flags in _FACTS.iter_unpack(self.facts):
            place = (sequence + bases[way]) % _TURN, (acknowledged + bases[BOTH - way]) % _TURN
            yield way, self.said[at : at + size], missing, *place, flags
            at += size

    def turns(self, client: int) -> list[Said]:
        """What is said where every packet follows the one before; of a stream turns, if they are few."""
        facts = memoryview(self.facts).cast("I")
        ways, ends = facts[_WAYS].tolist(), [*accumulate(facts[_SIZES].tolist())]
        if self.protocol == TCP and len(joined := _joined(ways, ends)) < FEW:
            ways, ends = [way for way, _ in joined], [end for _, end in joined]
        turns = zip(ways, [0, *ends], ends, strict=False)
        return [(way == client, self.said[begin:end]) for way, begin, end in turns]


def _joined(ways: list[int], ends: list[int]) -> list[tuple[int, int]]:
    """Who says something, and up to where that is: what one end says until the other does is one."""
    last = [*map(ne, ways, [*ways[1:], 0])]
    return [*zip(compress(ways, last), compress(ends, last), strict=True)]


class Glance:
    """The rows of a window that somebody has to see, connection after connection."""

    def __init__(self, batch: Batch) -> None:
        rows, flows = batch.rows, batch.flows
        some = _spoken(batch)
        slot = batch.part.slot[some]
        order = slot * MOST + np.arange(len(slot))
        order.sort()
        some, slot = some[order % MOST], order // MOST
        begins = np.flatnonzero(np.diff(slot, prepend=-1))
        lengths = np.diff(begins, append=len(some))
        self.slots: Integers = slot[begins]
        self._way = np.where(batch.part.forward[some], ONE, TWO)
        self._begins, self._ends = begins.tolist(), (begins + lengths).tolist()
        size, start, datagrams = rows.size[some], rows.start[some], rows.protocol[some] == UDP
        # Of most datagrams the head is enough: more of them are told by it than of packets of a stream.
        reach = begins + _reach(np.where(datagrams, size // 3, size), begins, lengths)
        self._reach = reach.tolist()
        self.longer: Flags = reach < begins + lengths  # whether it is not all said with the beginning
        self._view = batch.window.data.data
        self._starts, self._stops = start.tolist(), (start + size).tolist()
        aside = np.flatnonzero(np.isin(some, list(rows.aside))).tolist() if rows.aside else []
        self._aside = {at: rows.aside[int(some[at])] for at in aside}
        self._places = rows.missing[some], rows.sequence[some], rows.acknowledged[some], rows.flags[some]
        self._relative(flows, lengths, size)
        wrong = np.concatenate(([0], np.cumsum(~datagrams & self._astray(flows, begins, lengths, size))))
        self.ordered: list[bool] = (wrong[reach] == wrong[begins]).tolist()

    def _relative(self, flows: Flows, lengths: Integers, sizes: Integers) -> None:
        """Where packets stand from the first byte of their connection on; what else it rests on."""
        mine, sent = self.slots, self._way == ONE
        one, two = flows.one_base[mine], flows.two_base[mine]
        protocol = flows.kind[mine] >> np.uint64(32) & np.uint64(0xFF)
        known = np.stack((protocol, flows.opened[mine], one < 0, two < 0), axis=1)
        self._known = known.astype(np.uint8).tobytes()
        one, two = np.repeat(one.clip(0), lengths), np.repeat(two.clip(0), lengths)
        missing, sequence, acknowledged, flags = self._places
        places = sequence - np.where(sent, one, two), acknowledged - np.where(sent, two, one)
        facts = np.empty((len(sizes), 6), np.uint32)
        for at, column in enumerate((self._way, missing, sizes, *places, flags)):
            facts[:, at] = column
        self._facts = facts.tobytes()

    def _astray(self, flows: Flows, begins: Integers, lengths: Integers, sizes: Integers) -> Flags:
        """Which rows of TCP are late, lost, told twice, or answer what was not seen.

        Where nobody saw both ends open, the first numbers that are seen tell where each begins, and what
        the one end answers says nothing while the other is silent. SYN and FIN are seen there; else the
        number of a FIN may be acknowledged, and no more.
        """
        if not len(begins):
            return np.zeros(0, np.bool_)
        missing, sequence, acknowledged, flags = self._places
        sent, opened = self._way == ONE, flows.opened[self.slots] == BOTH
        whole, first = np.repeat(opened, lengths), sent[begins]
        said = sizes + np.where(whole, 0, (flags & FIN) + (flags & SYN > 0))
        hints = (sent != np.repeat(first, lengths)) | (flags & ACK > 0)
        hint = np.where(hints, np.arange(len(sent)), len(sent) - 1)
        hint = np.minimum.reduceat(hint, begins)
        other = np.where(sent[hint] != first, sequence[hint], acknowledged[hint])
        bases = np.where(first, sequence[begins], other), np.where(first, other, sequence[begins])
        known = flows.one_base[self.slots] + 1, flows.two_base[self.slots] + 1
        gone, ways = [], []
        for way, base, start in zip((sent, ~sent), bases, known, strict=True):
            before = np.cumsum(np.where(way, said, 0)) - np.where(way, said, 0)
            gone.append(before - np.repeat(before[begins], lengths))
            ways.append(gone[-1] + np.repeat(np.where(opened, start, base), lengths))
        mine, theirs = np.where(sent, *ways), np.where(sent, *ways[::-1])
        ahead, missed = sequence - mine & _TURN - 1, acknowledged - theirs & _TURN - 1
        unseen = (flags & ACK > 0) & (missed > whole) & (missed < _HALF)
        unseen &= whole | np.repeat(np.bitwise_or.reduceat(self._way, begins) == BOTH, lengths)
        again = (flags & SYN > 0) & (whole | (np.where(sent, *gone) > 0) | (sizes > 0))
        wrong: Flags = (ahead > 0) | unseen | again | (missing > 0) | (flags & RST > 0)
        wrong |= whole & (sizes == 0)
        return wrong

    def __len__(self) -> int:
        return len(self.slots)

    def script(self, which: int) -> Script:
        begin, end = self._begins[which], self._reach[which]
        said = b"".join(self._pieces(range(begin, end)))
        facts = self._facts[begin * _FACTS.size : end * _FACTS.size]
        return Script(self._known[which * 4 : which * 4 + 4], facts, said)

    def rest(self, which: int, begun: bool, full: int) -> list[Spoken]:
        """What ends that are not full said behind the beginning; all of it where that was seen before."""
        begin, end = (self._begins if begun else self._reach)[which], self._ends[which]
        if full == BOTH:
            return []
        some = begin + np.flatnonzero(self._way[begin:end] & full == 0)
        way, *places = (column[some].tolist() for column in (self._way, *self._places))
        return list(zip(way, map(bytes, self._pieces(some.tolist())), *places, strict=True))

    def _pieces(self, which: Sequence[int]) -> list[memoryview | bytes]:
        view, starts, stops = self._view, self._starts, self._stops
        found: list[memoryview | bytes] = [view[starts[at] : stops[at]] for at in which]
        if self._aside:
            return [self._aside.get(at, one) for at, one in zip(which, found, strict=True)]
        return found


def tell(one: Onlooker, client: int, turns: list[Said]) -> int:
    """Tells a connection what is known to be said, one thing after the other: which ends are full then."""
    one.hear(turns)
    if one.settled:
        one.settle()
        return BOTH
    return client * one.full(True) | (BOTH - client) * one.full(False)


def show(one: Onlooker, client: int, rows: Iterable[Spoken], full: int = 0) -> tuple[int, bool]:
    """Shows a connection of TCP its packets: which ends are full then, whether every packet counts."""
    torn = False
    one_end, other = one.flow.client, one.flow.server
    for way, data, missing, sequence, acknowledged, flags in rows:
        if full & way:  # so it is with most
            continue
        from_client = way == client
        place = sequence, acknowledged, flags
        if torn or missing or not data or not one.glance(from_client, data, place):
            source, target = (one_end, other) if from_client else (other, one_end)
            one.feed(Packet(0, 0.0, source, target, TCP, data, missing, *place))
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
    flows, here = batch.flows, np.zeros(len(batch.flows), np.bool_)
    here[batch.part.slot[batch.part.slot >= 0]] = True
    fresh = np.flatnonzero(here)
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
