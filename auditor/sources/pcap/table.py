"""The table of a capture: which packets belong to which conversation, and who wants to read them.

    table = Table(tape)
    for item in table:            # a Batch for each window; secrets, names, comments and troubles between
        batch.firsts()            # where a flow spoke for the first time: decide by columns
        batch.mark(slots, SHUT)   # its packets never become objects
        for slot, packet in batch.packets(): ...
        batch.over                # flows that are complete, with their sums
    table.finish()

A consumer that decides nothing gets every packet. Slots hold for one batch; `batch.number(slot)` is the
name of a flow for good.
"""

from collections.abc import Iterator
from typing import TypeAlias

import numpy as np

from auditor.sources.heads import Share
from auditor.sources.pcap import columns
from auditor.sources.pcap.ends import TUNNELS
from auditor.sources.pcap.flows import ONE, OVER, SHUT, TWO, UNDECIDED, Part, Tracker
from auditor.sources.pcap.frames import frames
from auditor.sources.pcap.lanes import naming, own, sifted
from auditor.sources.pcap.nested import PIECE, Tunnels
from auditor.sources.pcap.packets import Packets
from auditor.sources.pcap.rows import Rows
from auditor.sources.pcap.sums import Flows, joined, packed
from auditor.sources.pcap.window import Bytes, Comment, Integers, Name, Secrets, Trouble, Window, heads
from auditor.sources.pcap.wire import End, Packet
from auditor.sources.tape import Tape

WHOLE = Share()


class Batch:
    """What one window says."""

    def __init__(
        self, window: Window, rows: Rows, naming: list[bytes], tracker: Tracker, tunnels: list[str]
    ) -> None:
        self.window = window
        self.rows = rows
        self.naming = naming  # payloads in which names may be told, for who only looks on
        self.part: Part = tracker.take(rows)
        self.flows = tracker.table  # by slot
        self._tunnels = tunnels

    @property
    def over(self) -> Flows:
        """Flows that are complete, as they are known by now."""
        return joined(self.part.swept, self.flows.take(self.part.replaced))

    def number(self, slot: int) -> int:
        return int(self.flows.number[slot])

    def mark(self, slots: Integers | int, state: int) -> None:
        """Says for good who shall be read: WANTED or SHUT. What was handed out stays so."""
        known = self.flows.state[slots]
        self.flows.state[slots] = np.where(known == OVER, known, state)

    def firsts(self) -> Integers:
        """The rows with which an undecided flow speaks for the first time in either direction."""
        slot = self.part.slot
        speaks = np.flatnonzero((slot >= 0) & (self.rows.size > 0))
        mine, way = slot[speaks], np.where(self.part.forward[speaks], ONE, TWO)
        new = (self.flows.state[mine] == UNDECIDED) & (self.part.spoke[mine] & way == 0)
        speaks = speaks[new]
        _, first = np.unique(mine[new] * 2 + way[new], return_index=True)
        return np.sort(speaks[first])

    def heads(self, which: Integers, size: int) -> Bytes:
        """The first bytes of payloads, one row each; what stands beyond a payload means nothing."""
        starts = np.minimum(self.rows.start[which], len(self.window.data) - size)
        found = heads(self.window.data, starts, size)
        for place in np.flatnonzero(np.isin(which, list(self.rows.aside))).tolist():
            whole = self.rows.aside[int(which[place])][:size]
            found[place] = 0
            found[place, : len(whole)] = np.frombuffer(whole, np.uint8)
        return found

    def payload(self, row: int) -> bytes:
        return payload(self.window, self.rows, row)

    def packets(self) -> Iterator[tuple[int, Packet]]:
        """The packets of all flows that are not shut, in the order of the file, with their slots.

        A flow that is shut meanwhile gives no more.
        """
        slot = self.part.slot
        candidates = np.flatnonzero(slot >= 0)
        candidates = candidates[self.flows.state[slot[candidates]] != SHUT]
        state = self.flows.state
        for row, mine in zip(candidates.tolist(), slot[candidates].tolist(), strict=True):
            if state[mine] != SHUT:
                yield mine, self.packet(row)

    def packet(self, row: int) -> Packet:
        rows = self.rows
        wide = rows.family[row] == 6
        source = packed(wide, int(rows.source_high[row]), int(rows.source_low[row]))
        target = packed(wide, int(rows.target_high[row]), int(rows.target_low[row]))
        return Packet(
            number=int(rows.number[row]),
            when=int(rows.when[row]) / 1_000_000_000,
            source=End(source, int(rows.source_port[row])),
            target=End(target, int(rows.target_port[row])),
            protocol=int(rows.protocol[row]),
            payload=self.payload(row),
            missing=int(rows.missing[row]),
            sequence=int(rows.sequence[row]),
            acknowledged=int(rows.acknowledged[row]),
            flags=int(rows.flags[row]),
            tunnel=self._tunnels[int(rows.tunnel[row])],
        )


def payload(window: Window, rows: Rows, row: int) -> bytes:
    aside = rows.aside.get(row)
    if aside is not None:
        return aside
    start = int(rows.start[row])
    return window.data[start : start + int(rows.size[row])].tobytes()


Item: TypeAlias = Batch | Secrets | Name | Comment | Trouble


class Table:
    """Reads a capture once, from its first window to its last."""

    def __init__(self, tape: Tape, *, together: bool = True, share: Share = WHOLE) -> None:
        self._tape = tape
        self._share = share  # of its conversations; only who looks on may have less than all
        self._together = together  # whether fragments are put together
        self._tracker = Tracker()
        self._packets = Packets()
        self.reasons = self._packets.reasons  # why packets could not be read, and how many
        self.others = 0  # packets that are no conversation, those that could not be read among them
        self._tunnels = Tunnels(TUNNELS)

    def __iter__(self) -> Iterator[Item]:
        for item in frames(self._tape):
            if not isinstance(item, Window):
                yield item
                continue
            self._tape.entries += len(item)
            rows = self._rows(item)
            self.others += int(np.count_nonzero(rows.family == 0))
            told = [] if self._together else [payload(item, rows, row) for row in naming(rows).tolist()]
            yield Batch(item, own(rows, self._share), told, self._tracker, self._tunnels.names)

    def _rows(self, window: Window) -> Rows:
        if (asked := sifted(window, self._share)) is not None:
            window = window.part(asked)
        rows, left = columns.read(window, self._tunnels, self._together)
        if asked is not None:
            rows.number = window.first + asked
        if not self._together and len(pieces := np.flatnonzero(rows.family == PIECE)):
            rows.family[pieces] = 0
            self.reasons["a fragment, which nobody put together"] += len(pieces)
        if len(left):
            columns_of = zip(
                window.links[left].tolist(), left.tolist(), window.wire[left].tolist(), strict=True
            )
            found = [self._packets.read(link, window.packet(at), wire) for link, at, wire in columns_of]
            rows.put(left, found, window.starts[left], [self._tunnels.place(row.tunnel) for row in found])
        return rows

    def finish(self) -> Flows:
        """The flows that were live to the end."""
        self._packets.finish()
        return self._tracker.finish()
