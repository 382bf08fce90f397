"""The rows of a window that somebody who only looks on has to see, without an object for each.

Payloads of TCP and UDP, of ends that still have something to say that matters. What is out of its
order is handed on as a packet.
"""

from collections.abc import Callable, Iterator

import numpy as np

from auditor.sources.pcap.flows import BOTH, ONE, SHUT, TORN, TWO, UNDECIDED
from auditor.sources.pcap.onlooker import Onlooker
from auditor.sources.pcap.table import Batch
from auditor.sources.pcap.window import Integers
from auditor.sources.pcap.wire import TCP, UDP

Begin = Callable[[int], tuple[Onlooker, bool]]  # by slot; whether its client is the one end


def look(batch: Batch, begin: Begin) -> None:
    """Shows every connection what is said in it, in the order of the file."""
    flows, rows, view = batch.flows, batch.rows, batch.window.data.data
    met: dict[int, tuple[Onlooker, bool]] = {}
    full: dict[int, int] = {}
    torn: set[int] = set()
    which, slots, ways, *columns = _spoken(batch)
    for at, (slot, way) in enumerate(zip(slots, ways, strict=True)):
        if full.get(slot, 0) & way:  # so it is with most
            continue
        row, start, end, missing, sequence, acknowledged, flagged = (which[at], *(one[at] for one in columns))
        if slot not in met:
            met[slot] = begin(slot)
        one, client = met[slot]
        from_client = (way == ONE) is client
        data = rows.aside.get(row) or view[start:end].tobytes()
        place = sequence, acknowledged, flagged
        if missing or start == end or not one.glance(from_client, data, place):
            one.feed(batch.packet(row))
            torn.add(slot)
        if one.full(from_client):
            full[slot] = full.get(slot, 0) | way
            if one.settled:
                one.settle()
                full[slot] = BOTH
    batch.mark(np.fromiter(torn, np.int64, len(torn)), TORN)
    if full:
        marked = np.fromiter(full, np.int64, len(full))
        flows.full[marked] |= np.fromiter(full.values(), np.uint8, len(full))
        batch.mark(marked[flows.full[marked] == BOTH], SHUT)


def _whole(batch: Batch) -> None:
    """Of TCP whose beginning was not seen all packets count: they tell what was lost."""
    flows, fresh = batch.flows, np.unique(batch.part.slot[batch.part.slot >= 0])
    tcp = flows.kind[fresh] >> np.uint64(32) & np.uint64(0xFF) == TCP
    torn = tcp & (flows.opened[fresh] != BOTH) & (flows.state[fresh] == UNDECIDED) & (flows.spoke[fresh] > 0)
    batch.mark(fresh[torn], TORN)


def _spoken(batch: Batch) -> Iterator[list[int]]:
    """Of the rows that somebody has to see: which, whose, from which end, and what the loop needs."""
    rows, flows, slot = batch.rows, batch.flows, batch.part.slot
    _whole(batch)
    some = np.flatnonzero((slot >= 0) & ((rows.size > 0) | (flows.state[slot] == TORN)))
    way = np.where(batch.part.forward[some], ONE, TWO)
    mine, protocol = slot[some], rows.protocol[some]
    wanted = (flows.state[mine] != SHUT) & (flows.full[mine] & way == 0)
    some = some[wanted & ((protocol == TCP) | (protocol == UDP))]
    way, start = np.where(batch.part.forward[some], ONE, TWO), rows.start[some]
    columns: tuple[Integers, ...] = (
        some, slot[some], way, start, start + rows.size[some],
        rows.missing[some], rows.sequence[some], rows.acknowledged[some], rows.flags[some],
    )  # fmt: skip
    return (column.tolist() for column in columns)
