"""Packets inside packets, for many at once: the common tunnels without options.

What is inside is a window again, of the same bytes, and read like any other. Names of tunnels are those
that the plain reader gives; whatever is not plain is left to it.
"""

from collections.abc import Callable

import numpy as np

from auditor.sources.pcap.links import CARRIERS, IPV4, IPV6
from auditor.sources.pcap.rows import Rows
from auditor.sources.pcap.tunnels import PORTS, geneve, gtp, vxlan
from auditor.sources.pcap.window import Bytes, Integers, Window, heads
from auditor.sources.pcap.wire import UDP

PIECE = -2  # in the place of a family: a fragment that nobody puts together
CARRIES = -1  # in the place of a tunnel: a sound header of IP with another packet behind it
IPIP, WIDE, GRE = 4, 41, 47
_EMPTY = -2  # what is inside is not what was promised: the tunnel is a conversation itself
_RAW, _ETHERNET, _PPP = 101, 1, 9
_BRIDGED, _MIRRORED, _DIALLED = 0x6558, 0x88BE, 0x880B
_UNDERSTOOD = (IPV4, IPV6, *CARRIERS, _MIRRORED, 0x22EB)  # what the plain reader goes into
_NAMES = ("ipip", "gre", "erspan", "gtp")
_NUMBERED = ("vxlan", "geneve")  # whose names are numbers of their own, not their ends
_GTP, _VXLAN, _GENEVE = (
    [port for port, reads in PORTS.items() if reads is one] for one in (gtp, vxlan, geneve)
)

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
    head = heads(data, np.minimum(begin, len(data) - 12), 12)
    link, header, name = _generic(head, protocol, room)
    straight = (protocol == IPIP) | (protocol == WIDE)
    link[straight], header[straight], name[straight] = _RAW, 0, 0
    version = data[np.minimum(begin + header, len(data) - 1)] >> 4
    promised = np.where((protocol == WIDE) | (protocol == GRE) & (_number(head, 2, 2) == IPV6), 6, 4)
    link[(link == _RAW) & (version != promised)] = _EMPTY
    if len(mine := np.flatnonzero(protocol == UDP)):
        target, source = rows.target_port[some[mine]], rows.source_port[some[mine]]
        port = np.where(np.isin(target, (*_GTP, *_VXLAN, *_GENEVE)), target, source)
        link[mine], header[mine], name[mine] = _in_datagrams(head[mine], port, room[mine], data, begin[mine])
    return begin + header, link, name


def _generic(head: Bytes, protocol: Integers, room: Integers) -> tuple[Integers, Integers, Integers]:
    """GRE, and what switches mirror in it."""
    flags, kind = _number(head, 0, 2), _number(head, 2, 2)
    gre = (protocol == GRE) & (flags & 0x4007 == 0) & (room >= 4)
    header = 4 + 4 * ((flags & 0x8000 > 0) * 1 + (flags & 0x2000 > 0) + (flags & 0x1000 > 0))
    mirrored = kind == _MIRRORED
    header = header + np.where(mirrored & (flags & 0x1000 > 0), 8, 0)
    link = np.full(len(head), -1)
    link[gre & np.isin(kind, (IPV4, IPV6))] = _RAW
    link[gre & (kind == _DIALLED)] = _PPP
    link[gre & (mirrored | (kind == _BRIDGED))] = _ETHERNET
    link[gre & ~np.isin(kind, _UNDERSTOOD)] = _EMPTY
    return link, header, np.where(mirrored, 2, 1)


def _in_datagrams(
    head: Bytes, port: Integers, room: Integers, data: Bytes, begin: Integers
) -> tuple[Integers, Integers, Integers]:
    """GTP-U without further headers, VXLAN, Geneve: what else stands at their ports is not plain."""
    link, header, name = np.full(len(port), -1), np.full(len(port), 8), np.full(len(port), 3)
    network, flags, kind, promised = _number(head, 4, 4) >> 8, head[:, 0], head[:, 1], _number(head, 2, 2)
    mobile = np.isin(port, _GTP) & (flags & 0xF0 == 0x30) & (kind == 255) & (room > 8)
    more = mobile & (flags & 7 > 0)
    mobile &= ~more | (room > 12) & ((flags & 4 == 0) | (head[:, 11] == 0))
    sound = (head[:, 7] == 0) & (room >= 8)
    bridged = sound & np.isin(port, _VXLAN) & (_number(head, 0, 4) == 0x08000000)
    general = sound & np.isin(port, _GENEVE) & (flags >> 6 == 0) & (kind & 0x3F == 0)
    header += np.where(more, 4, 0) + np.where(general, 4 * (flags.astype(np.int64) & 0x3F), 0)
    version = data[np.minimum(begin + header, len(data) - 1)] >> 4
    known = (version == 4) | (version == 6)
    link[mobile & known] = _RAW
    link[bridged | general & (promised == _BRIDGED)] = _ETHERNET
    link[general & known & (promised == np.where(version == 4, IPV4, IPV6))] = _RAW
    numbered = bridged | general
    name[numbered] = len(_NAMES) + network[numbered] * len(_NUMBERED) + general[numbered]
    return link, header, name


def _number(head: Bytes, at: int, size: int) -> Integers:
    found: Integers = head[:, at : at + size].copy().view(f">u{size}")[:, 0].astype(np.int64)
    return found


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
            label = _label(*key[:5])
            inner = tunnels.names[key[5]]
            place = known[key] = tunnels.place(f"{label} > {inner}" if inner else label)
        places[at] = place
    return places


def _label(one_high: int, one_low: int, two_high: int, two_low: int, name: int) -> str:
    if name < len(_NAMES):
        return f"{_NAMES[name]} {one_high << 64 | one_low:x} {two_high << 64 | two_low:x}"
    network, which = divmod(name - len(_NAMES), len(_NUMBERED))
    return f"{_NUMBERED[which]} {network}"
