"""Lanes: connections are told apart by the ports of their two ends, so that several processes can share them.

Whatever is bounded is bounded in each lane by itself. So nothing that is found out depends on who looks
at the other lanes, or whether anybody does.
"""

import numpy as np

from auditor.sources.heads import Share
from auditor.sources.pcap.columns import ETHERNET
from auditor.sources.pcap.flow import NAMING
from auditor.sources.pcap.rows import Rows, Words
from auditor.sources.pcap.tunnels import PORTS
from auditor.sources.pcap.window import Bytes, Integers, Window, heads
from auditor.sources.pcap.wire import TCP, UDP

LANES = 6  # two, three or six processes have the same to do
_PORT = np.uint64(0xFFFF)
_ONE, _TWO = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F)
# Ethernet, IPv4 without options, and what comes first in TCP and UDP.
_PLAIN = np.dtype({
    "names": ["kind", "version", "size", "piece", "protocol", "source", "target", "length", "header"],
    "formats": [">u2", "u1", ">u2", ">u2", "u1", ">u2", ">u2", ">u2", "u1"],
    "offsets": [12, 14, 16, 20, 23, 34, 36, 38, 46],
    "itemsize": 54,
})  # fmt: skip


def lane(ports: Words | Integers, others: Words | Integers) -> Integers:
    """The same whichever end is named first."""
    a, b = ports.astype(np.uint64), others.astype(np.uint64)
    mixed = (a + b) * _ONE ^ (a ^ b) * _TWO
    return (mixed >> np.uint64(40)).astype(np.int64) % LANES


def lanes(kinds: Words) -> Integers:
    """Of conversations, by their kinds (ends.py)."""
    return lane(kinds & _PORT, kinds >> np.uint64(16) & _PORT)


def naming(rows: Rows) -> Integers:
    """The rows in which names may be told: they concern everybody."""
    named = _NAMING[rows.source_port] | _NAMING[rows.target_port]
    return np.flatnonzero(named & (rows.protocol == UDP) & (rows.family > 0) & (rows.size > 0))


def own(rows: Rows, share: Share) -> Rows:
    """Those of its lanes, and all that are no conversation."""
    if share.of == 1:
        return rows
    mine = lane(rows.source_port, rows.target_port) % share.of == share.number
    return rows.take(np.flatnonzero(mine))


def sifted(window: Window, share: Share) -> Integers | None:
    """The packets that have to be read, where it shows at once that others are somebody else's alone."""
    if share.of == 1 or not len(window) or (window.links != ETHERNET).any():
        return None
    head: Bytes = heads(window.data, window.starts, _PLAIN.itemsize)
    seen = head.view(_PLAIN)[:, 0]
    size, protocol, kept = seen["size"].astype(np.int64) - 20, seen["protocol"], window.kept
    source, target, header = seen["source"], seen["target"], (seen["header"] >> 4).astype(np.int64) * 4
    plain = (seen["kind"] == 0x0800) & (seen["version"] == 0x45) & (seen["piece"] & 0x3FFF == 0)
    tcp = (protocol == TCP) & (header >= 20) & (header <= size) & (kept >= 54)
    udp = (protocol == UDP) & (seen["length"] == size) & (size >= 8) & (kept >= 42)
    udp &= ~(_ASIDE[source] | _ASIDE[target])
    theirs = lane(source, target) % share.of != share.number
    return np.flatnonzero(~(plain & (tcp | udp) & theirs))


def _those(ports: list[int]) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    found = np.zeros(1 << 16, np.bool_)
    found[ports] = True
    return found


_NAMING = _those([*NAMING])
_ASIDE = _those([*NAMING, *PORTS])
