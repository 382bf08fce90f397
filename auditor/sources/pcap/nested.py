"""Packets inside packets, for many at once: the common tunnels without options.

What is inside is a window again, of the same bytes, and read like any other. Names of tunnels are those
that the plain reader gives; whatever is not plain is left to it.
"""

from collections.abc import Callable

import numpy as np

from auditor.sources.pcap.links import CARRIERS, IPV4, IPV6
from auditor.sources.pcap.rows import Rows
from auditor.sources.pcap.window import Bytes, Integers, Window, heads

PIECE = -2  # in the place of a family: a fragment that nobody puts together
CARRIES = -1  # in the place of a tunnel: a sound header of IP with another packet behind it
IPIP, WIDE, GRE = 4, 41, 47
_EMPTY = -2  # what is inside is not what was promised: the tunnel is a conversation itself
_RAW, _ETHERNET, _PPP = 101, 1, 9
_BRIDGED, _MIRRORED, _DIALLED = 0x6558, 0x88BE, 0x880B
_UNDERSTOOD = (IPV4, IPV6, *CARRIERS, _MIRRORED, 0x22EB)  # what the plain reader goes into
_NAMES = ("ipip", "gre", "erspan")

Read = Callable[[Window], tuple[Rows, Integers]]


def enter(window: Window, rows: Rows, left: Integers, tunnels: "Tunnels", read: Read) -> Integers:
    """Fills in the rows whose inside can be read, and says which are still left."""
    some = left[rows.tunnel[left] == CARRIES]
    if not len(some):
        return left
    begin, link, name = _inside(rows, some, window.data)
    there = begin < window.starts[some] + window.kept[some]
    done = np.zeros(len(window), np.bool_)
    done[some[there & (link == _EMPTY)]] = True
    rows.tunnel[some] = 0
    good = (link >= 0) & there
    some, begin, link, name = some[good], begin[good], link[good], name[good]
    if not len(some):
        return left[~done[left]]
    skipped = begin - window.starts[some]
    inside = Window(window.data, begin, window.kept[some] - skipped, window.wire[some] - skipped,
                    window.when[some], link, 1, window.offset)  # fmt: skip
    inner, unsure = read(inside)
    known = inner.family != 0
    known[unsure] = False
    sure = np.flatnonzero(known)
    inner.tunnel[sure] = _named(rows, some[sure], name[sure], inner.tunnel[sure], tunnels)
    rows.copy(some[sure], inner, sure)
    done[some[sure]] = True
    return left[~done[left]]


class Tunnels:
    """The names of tunnels, and their places in a list. The first place is no tunnel."""

    def __init__(self, most: int) -> None:
        self.names = [""]
        self._places = {"": 0}
        self._most = most

    def place(self, name: str) -> int:
        """All beyond the most share the last place."""
        found = self._places.get(name)
        if found is None:
            if len(self.names) >= self._most:
                return self._most - 1
            found = self._places[name] = len(self.names)
            self.names.append(name)
        return found


def _inside(rows: Rows, some: Integers, data: Bytes) -> tuple[Integers, Integers, Integers]:
    """Of each where its inside begins, the link type of that (negative: not plain), and its kind."""
    begin, protocol, room = rows.start[some], rows.protocol[some], rows.size[some]
    head = heads(data, np.minimum(begin, len(data) - 4), 4).view(">u2").astype(np.int64)
    flags, kind = head[:, 0], head[:, 1]
    gre = (protocol == GRE) & (flags & 0x4007 == 0) & (room >= 4)
    header = 4 + 4 * ((flags & 0x8000 > 0) * 1 + (flags & 0x2000 > 0) + (flags & 0x1000 > 0))
    mirrored = kind == _MIRRORED
    header = header + np.where(mirrored & (flags & 0x1000 > 0), 8, 0)
    link = np.full(len(some), -1)
    link[gre & np.isin(kind, (0x0800, 0x86DD))] = _RAW
    link[gre & (kind == _DIALLED)] = _PPP
    link[gre & (mirrored | (kind == _BRIDGED))] = _ETHERNET
    link[(protocol == GRE) & (flags & 0x4007 == 0) & (room >= 4) & ~np.isin(kind, _UNDERSTOOD)] = _EMPTY
    straight = (protocol == IPIP) | (protocol == WIDE)
    link[straight] = _RAW
    begin = begin + np.where(straight, 0, header)
    version = data[np.minimum(begin, len(data) - 1)] >> 4
    promised = np.where((protocol == WIDE) | gre & (kind == 0x86DD), 6, 4)
    link[(link == _RAW) & (version != promised)] = _EMPTY
    return begin, link, np.where(straight, 0, np.where(mirrored, 2, 1))


def _named(rows: Rows, some: Integers, name: Integers, deeper: Integers, tunnels: Tunnels) -> Integers:
    """The tunnel of each row, by the kind, the two ends and what tunnel is inside."""
    source, target = (
        [rows.source_high[some], rows.source_low[some]],
        [rows.target_high[some], rows.target_low[some]],
    )
    turned = (source[0] > target[0]) | (source[0] == target[0]) & (source[1] > target[1])
    ends = [np.where(turned, b, a) for a, b in zip(source, target, strict=True)]
    ends += [np.where(turned, a, b) for a, b in zip(source, target, strict=True)]
    columns = [column.tolist() for column in ends]
    places = np.zeros(len(some), np.int64)
    known: dict[tuple[int, ...], int] = {}
    for at, key in enumerate(zip(*columns, name.tolist(), deeper.tolist(), strict=True)):
        place = known.get(key)
        if place is None:
            label = f"{_NAMES[key[4]]} {key[0] << 64 | key[1]:x} {key[2] << 64 | key[3]:x}"
            inner = tunnels.names[key[5]]
            place = known[key] = tunnels.place(f"{label} > {inner}" if inner else label)
        places[at] = place
    return places
