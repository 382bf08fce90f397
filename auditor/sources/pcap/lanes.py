"""Who looks at which connections, where several processes look at one capture.

Connections that begin alike are in one lane, for what is seen of one is seen of all of them. Every lane
has budgets of its own, so that nothing that is found out depends on who looks at the other lanes.
"""

import numpy as np

from auditor.sources.heads import Share
from auditor.sources.pcap.flows import BOTH
from auditor.sources.pcap.rows import Words
from auditor.sources.pcap.sums import Flows
from auditor.sources.pcap.table import Batch
from auditor.sources.pcap.window import Integers
from auditor.sources.pcap.wire import TCP, UDP

LANES = 6  # two, three or six processes have the same to do
_HEAD = 64  # bytes of what is said first: the random part of a hello is among them
_FLAG = np.uint64(0x9E3779B97F4A7C15)
_ODD: Words = _FLAG * np.arange(1, 2 * _HEAD // 8, 2, dtype=np.uint64)


def first_said(batch: Batch) -> Integers:
    """The rows with which connections nobody was shown speak for the first time, and all that follow here."""
    rows, slot = batch.rows, batch.part.slot
    carried = (rows.protocol == TCP) | (rows.protocol == UDP)
    speaks = np.flatnonzero((slot >= 0) & (rows.size > 0) & carried)
    found: Integers = speaks[batch.flows.sides[slot[speaks]] == 0]
    return found


def lanes(batch: Batch, speaks: Integers) -> tuple[Integers, Integers]:
    """The slots of those connections, and the lane of each: by what is said first, and how much."""
    slots, first, mine = np.unique(batch.part.slot[speaks], return_index=True, return_inverse=True)
    begin = speaks[first]
    heads = batch.heads(begin, _HEAD)
    heads[np.arange(_HEAD) >= batch.rows.size[begin, None]] = 0
    mixed = (heads.view(np.uint64) * _ODD).sum(axis=1, dtype=np.uint64)
    mixed += np.bincount(mine, batch.rows.size[speaks], len(slots)).astype(np.uint64)
    mixed = (mixed ^ mixed >> np.uint64(29)) * _FLAG
    return slots, (mixed >> np.uint64(32)).astype(np.int64) % LANES


def divide(flows: Flows, slots: Integers, lane: Integers, share: Share) -> None:
    """Notes the lanes below zero, until a view is noted there; those that others look at say nothing here."""
    flows.seen[slots] = ~lane
    flows.full[slots[lane % share.of != share.number]] = BOTH


def own(flows: Flows, share: Share) -> Flows:
    """Those that are told by this process: those it looked at, and some of those that never spoke."""
    if share.of == 1:
        return flows
    silent = (flows.seen == 0) & (flows.number % share.of == share.number)
    return flows.take((flows.seen > 0) | silent)
