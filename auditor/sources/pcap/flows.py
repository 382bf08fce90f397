"""Conversations, told apart in columns.

Both directions of a conversation are one flow. Rows are sorted by a mixed key, and whatever shares
a key is compared in full, so that two conversations are never taken for one. A flow costs 151 bytes
in arrays and no object; those that ended, or were silent for the longest, are handed out when too
many of their lane are live.
"""

from collections.abc import Iterator

import numpy as np
from msgspec import Struct

from auditor.sources.pcap.ends import Ends, Flags, Mixer, ends
from auditor.sources.pcap.lanes import LANES, lanes
from auditor.sources.pcap.rows import Rows, Words
from auditor.sources.pcap.sums import Flows, none
from auditor.sources.pcap.window import Bytes, Integers
from auditor.sources.pcap.wire import ACK, FIN, RST, SYN, TCP

LIVE = 1 << 18  # flows that are kept at once
IDLE = 60 * 1_000_000_000  # nanoseconds of silence after which a flow that ended is over

UNDECIDED, WANTED, SHUT, OVER = 0, 1, 2, 3
TORN = 4  # undecided, and its beginning was not seen or came out of order
ONE, TWO, BOTH = 1, 2, 3
GUESS = 4
_TOLD_BY = ("one_high", "one_low", "two_high", "two_low", "kind")


class Part(Struct):
    """What a window says about flows."""

    slot: Integers  # where the flow of each row stands in the table; -1 for what is no conversation
    forward: Flags  # whether a row came from the one end
    fresh: Integers  # the slots of flows that began here
    spoke: Bytes  # by slot, who had sent payload before
    swept: Flows  # flows that are complete: none of their packets comes in this window or after it
    replaced: Integers  # the slots of flows that end in this window: others took their place


class Groups(Struct):
    """The rows of one window, flow after flow, each in the order of the file."""

    order: Integers
    begins: Integers  # where in that order each flow begins
    forward: Flags  # these and those below in that order
    flags: Integers
    sequence: Integers
    cut: Flags  # of each flow, whether it is a new connection between ends that were known
    old: Integers  # the slot of the connection before, where that is not the flow before

    def first(self, which: Flags) -> Integers:
        """Of each flow the first place that is so; beyond the end where none is."""
        return self.least(np.where(which, np.arange(len(which)), len(which)))

    def least(self, values: Integers) -> Integers:
        found: Integers = np.minimum.reduceat(values, self.begins)
        return found


class Tracker:
    """All flows that are live. Slots hold until the next window is taken in."""

    def __init__(self) -> None:
        self.most = LIVE // LANES  # of each lane
        self.table = none(1024)
        self.live = 0  # slots in use
        self.total = 0  # flows ever
        self._keys: Words = np.zeros(0, np.uint64)  # sorted, and the slots beside them
        self._slots: Integers = np.zeros(0, np.int64)
        self._mixer = Mixer()
        self._counts = np.zeros(LANES, np.int64)  # slots in use, by lane
        self._ceilings = np.full(LANES, self.most // 2)
        self._windows = 0

    def take(self, rows: Rows) -> Part:
        swept = self._sweep()
        self._windows += 1
        them = ends(rows)
        keys = self._mixer.keys(them)
        order, begins = _sort(keys, them, rows.family)
        slot = np.full(len(rows), -1)
        if not len(order):
            nothing = np.zeros(0, np.int64)
            return Part(slot, them.forward, nothing, self.table.spoke.copy(), swept, nothing)
        groups = Groups(order, begins, them.forward[order], rows.flags[order], rows.sequence[order],
                        np.zeros(len(begins), np.bool_), np.full(len(begins), -1))  # fmt: skip
        first = order[begins]
        known = self._find(keys[first], them.take(first))
        cuts = self._cuts(groups, known)
        if len(cuts):
            known = _divide(groups, known, cuts)
        fresh = known < 0
        first = groups.order[groups.begins[fresh]]
        known[fresh] = self._add(keys[first], them.take(first), rows.number[first])
        spoke = self.table.spoke[: self.live].copy()
        self._count(groups, rows, known, fresh)
        slot[order] = np.repeat(known, np.diff(groups.begins, append=len(order)))
        replaced = self._place(groups, known, fresh)
        return Part(slot, them.forward, np.sort(known[fresh]), spoke, swept, replaced)

    def finish(self) -> Flows:
        """Every flow that is still live: nothing comes any more, and nothing is kept."""
        found = self.table
        found.keep((np.arange(len(found)) < self.live) & (found.state != OVER), 0)
        self.table, self.live = none(), 0
        return found

    def _find(self, keys: Words, them: Ends) -> Integers:
        """The slots of the flows that are known; -1 for the others."""
        known = np.full(len(keys), -1)
        at = np.searchsorted(self._keys, keys)
        todo = np.arange(len(keys))
        while len(todo := todo[at[todo] < len(self._keys)]):
            todo = todo[self._keys[at[todo]] == keys[todo]]
            slots = self._slots[at[todo]]
            same = np.ones(len(todo), np.bool_)
            for name in _TOLD_BY:
                same &= getattr(self.table, name)[slots] == getattr(them, name)[todo]
            known[todo[same]] = slots[same]
            todo = todo[~same]
            at[todo] += 1
        return known

    def _cuts(self, groups: Groups, known: Integers) -> Integers:
        """Where a new connection begins between the same ends: at a SYN with another number."""
        opening = np.flatnonzero(groups.flags & (SYN | ACK) == SYN)
        if not len(opening):
            return opening
        group = np.searchsorted(groups.begins, opening, "right") - 1
        suspicious = np.zeros(len(opening), np.bool_)
        for way, name in ((True, "one_base"), (False, "two_base")):
            base = np.where(known < 0, -1, getattr(self.table, name)[known])
            first = groups.first(groups.forward == way).clip(max=len(groups.order) - 1)
            base = np.where(base < 0, _base(groups, first), base)
            suspicious |= (groups.forward[opening] == way) & (groups.sequence[opening] != base[group])
        cuts: list[int] = []
        for number in np.unique(group[suspicious]).tolist():
            slot = int(known[number])
            bases = [-1, -1] if slot < 0 else [int(self.table.two_base[slot]), int(self.table.one_base[slot])]
            cuts += _scan(groups, number, bases)
        return np.array(cuts, np.int64)

    def _add(self, keys: Words, them: Ends, first: Integers) -> Integers:
        """Slots for new flows, in the order in which they began."""
        count, begin = len(keys), self.live
        while begin + count > len(self.table):
            self.table.keep(slice(None), max(count, len(self.table) // 8))
        order = np.argsort(first)
        new = slice(begin, begin + count)
        for name in _TOLD_BY:
            getattr(self.table, name)[new] = getattr(them, name)[order]
        self.table.key[new], self.table.first[new] = keys[order], first[order]
        self.table.number[new] = np.arange(self.total + 1, self.total + 1 + count)
        self.live, self.total = begin + count, self.total + count
        self._counts += np.bincount(lanes(self.table.kind[new]), minlength=LANES)
        slots = np.empty(count, np.int64)
        slots[order] = np.arange(begin, begin + count)
        return slots

    def _count(self, groups: Groups, rows: Rows, slots: Integers, fresh: Flags) -> None:
        """Adds up what this window knows of each flow."""
        table, order, begins = self.table, groups.order, groups.begins
        packets, wire, when = np.diff(begins, append=len(order)), rows.wire[order], rows.when[order]
        mine = np.add.reduceat(groups.forward, begins, dtype=np.int64)
        sent = np.add.reduceat(np.where(groups.forward, wire, 0), begins)
        table.touched[slots] = self._windows
        table.one_packets[slots] += mine
        table.two_packets[slots] += packets - mine
        table.one_bytes[slots] += sent
        table.two_bytes[slots] += np.add.reduceat(wire, begins) - sent
        table.began[slots] = np.minimum(table.began[slots], groups.least(when))
        table.ended[slots] = np.maximum(table.ended[slots], np.maximum.reduceat(when, begins))
        spoke = np.where(rows.size[order] > 0, np.where(groups.forward, ONE, TWO), 0)
        table.spoke[slots] |= np.bitwise_or.reduceat(spoke, begins).astype(np.uint8)
        table.flags[slots] |= np.bitwise_or.reduceat(groups.flags, begins).astype(np.uint8)
        for way, base in ((True, table.one_base), (False, table.two_base)):
            first = groups.first(groups.forward == way)
            unset = np.flatnonzero((first < len(order)) & (base[slots] < 0))
            base[slots[unset]] = _base(groups, first[unset])
        opening = np.flatnonzero(groups.flags & SYN)
        mine, forward = slots[np.searchsorted(begins, opening, "right") - 1], groups.forward[opening]
        first = groups.sequence[opening] == np.where(forward, table.one_base[mine], table.two_base[mine])
        np.bitwise_or.at(table.opened, mine, (np.where(forward, ONE, TWO) * first).astype(np.uint8))
        self._guess(groups, rows, slots, fresh)

    def _guess(self, groups: Groups, rows: Rows, slots: Integers, fresh: Flags) -> None:
        """Who the client is: who sent a SYN, else who got the answer to one, else a guess."""
        client = self.table.client
        begin = groups.order[groups.begins[fresh]]
        source, target = rows.source_port[begin], rows.target_port[begin]
        answers = np.where(rows.protocol[begin] == TCP, source < target, (source < 1024) & (target >= 1024))
        client[slots[fresh]] = np.where(groups.forward[groups.begins[fresh]] != answers, ONE, TWO) | GUESS
        kind = groups.flags & (SYN | ACK | RST | FIN)
        for opening, sender in ((SYN, ONE), (SYN | ACK, TWO)):
            first = groups.first(kind == opening)
            seen = np.flatnonzero(first < len(groups.order))
            ways = np.where(groups.forward[first[seen]], sender, BOTH - sender)
            unsure = client[slots[seen]] & GUESS > 0
            client[slots[seen[unsure]]] = ways[unsure]

    def _place(self, groups: Groups, slots: Integers, fresh: Flags) -> Integers:
        """Makes new flows findable; the slots of those that others took the place of."""
        new = slots[fresh & ~groups.cut]
        keys = self.table.key[new]
        order = np.argsort(keys)
        at = np.searchsorted(self._keys, keys[order])
        self._keys = np.insert(self._keys, at, keys[order])
        self._slots = np.insert(self._slots, at, new[order])
        cut = np.flatnonzero(groups.cut)
        replaced = np.where(groups.old[cut] < 0, slots[cut - 1], groups.old[cut])
        if len(cut):
            goes = np.arange(self.live)
            for was, now in zip(replaced[::-1].tolist(), slots[cut][::-1].tolist(), strict=True):
                goes[was] = goes[now]
            self._slots = goes[self._slots]
            self.table.state[replaced] = OVER
        return replaced

    def _sweep(self) -> Flows:
        """Makes room in lanes where too many are live."""
        if not len(full := np.flatnonzero(self._counts >= self._ceilings)):
            return none()
        table, live = self.table, np.arange(len(self.table)) < self.live
        gone, which = table.state == OVER, lanes(table.kind)
        for lane in full.tolist():
            mine = np.flatnonzero(live & (which == lane) & ~gone)
            gone[mine[self._given_up(table.take(mine))]] = True
            self._counts[lane] = left = np.count_nonzero(~gone[mine])
            self._ceilings[lane] = min(self.most, left + self.most // 4)
        over = table.take(live & gone & (table.state != OVER))
        table.keep(live & ~gone, max(1024, LIVE // 4))
        self.live = int(np.count_nonzero(live & ~gone))
        self._slots = np.argsort(table.key[: self.live])
        self._keys = table.key[self._slots]
        return over

    def _given_up(self, table: Flows) -> Flags:
        """Of one lane: first what ended, then what was silent for the longest."""
        silent = table.ended.max(initial=0) - table.ended > IDLE
        gone: Flags = silent & (table.flags & (FIN | RST) > 0) & (table.touched < self._windows)
        left = np.flatnonzero(~gone)
        if (excess := len(left) - self.most * 3 // 4) > 0:
            # By where they stand in the file before what the clock said, which may have been set.
            order = table.ended[left], table.touched[left], table.state[left] == WANTED
            oldest = np.lexsort(order)
            gone[left[oldest[:excess]]] = True
        return gone


def _sort(keys: Words, them: Ends, family: Integers) -> tuple[Integers, Integers]:
    """The rows, conversation after conversation, and where in this order each begins."""
    if not len(keys):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    packed = keys << np.uint64(16) | np.arange(len(keys), dtype=np.uint64)
    packed.sort()
    order = (packed & np.uint64(0xFFFF)).astype(np.int64)
    packed >>= np.uint64(16)
    changes = them.take(order).changes()
    if (changes != (packed[1:] != packed[:-1])).any():  # a key that two conversations share
        order = them.sorted()
        changes = them.take(order).changes()
    begins = np.flatnonzero(np.concatenate(([True], changes)))
    if (mute := family[order[begins]] == 0).any():  # all that is no conversation looks the same
        lengths = np.diff(begins, append=len(order))
        order = order[np.repeat(~mute, lengths)]
        lengths = lengths[~mute]
        begins = np.cumsum(lengths) - lengths
    return order, begins


def _divide(groups: Groups, known: Integers, cuts: Integers) -> Integers:
    """Begins a new flow at each cut; what was known of the others."""
    begins = np.union1d(groups.begins, cuts)
    groups.cut = np.isin(begins, cuts)
    was = np.searchsorted(groups.begins, begins, "right") - 1
    groups.old = np.where(groups.begins[was] == begins, known[was], -1)
    groups.begins = begins
    return np.where(groups.cut | (groups.old < 0), -1, groups.old)


def _scan(groups: Groups, number: int, bases: list[int]) -> Iterator[int]:
    """The cuts of one group; `bases` are the first numbers of the two ends, the one end second."""
    begin = int(groups.begins[number])
    end = int(groups.begins[number + 1]) if number + 1 < len(groups.begins) else len(groups.order)
    columns = (groups.forward, groups.flags, groups.sequence)
    rows = zip(*(column[begin:end].tolist() for column in columns), strict=True)
    for at, (forward, flags, sequence) in enumerate(rows, begin):
        if flags & (SYN | ACK) == SYN and bases[forward] not in (-1, sequence):
            bases[:] = [-1, -1]
            yield at
        if bases[forward] < 0:
            bases[forward] = sequence if flags & SYN else (sequence - 1) & 0xFFFFFFFF


def _base(groups: Groups, at: Integers) -> Integers:
    """The number before the first byte that was sent there."""
    sequence: Integers = groups.sequence[at]
    return np.where(groups.flags[at] & SYN, sequence, (sequence - 1) & 0xFFFFFFFF)
