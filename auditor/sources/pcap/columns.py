"""The fast path: what a packet is, for all packets of a window at once.

It says only what it is sure of: Ethernet with up to two tags and a few other links, IPv4 and IPv6
without fragments, extension headers or tunnels. Every other row is left to the plain reader, against
which the tests hold this one packet by packet.
"""

from collections.abc import Iterator
from functools import cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from auditor.sources.pcap.links import CARRIERS, CISCO, FRAMES, IPV4, IPV6, MPLS, MPLS_UP, TAGS
from auditor.sources.pcap.nested import CARRIES, GRE, IPIP, PIECE, WIDE, Tunnels, enter
from auditor.sources.pcap.rows import Rows, empty
from auditor.sources.pcap.tunnels import PORTS, PROTOCOLS
from auditor.sources.pcap.window import Bytes, Integers, Window, heads
from auditor.sources.pcap.wire import TCP, UDP

DEPTH = 3  # tunnels inside tunnels
HEAD = 96  # two tags, IPv6 and TCP, and IPv4 and TCP with many options
ETHERNET, NULL, LOOP, PPP, SLL, SLL2 = 1, 0, 108, 9, 113, 276
RAW = (12, 14, 101, 228, 229)
# Protocols of IP that carry another packet, or stand before one.
INNER = (*PROTOCOLS, 0, 43, 44, 51, 60, 135, 139, 140)

Flags: TypeAlias = NDArray[np.bool_]
Picked: TypeAlias = Integers | slice

# Of each packet its protocol, where that begins, how long it is, whether to believe it.
Behind: TypeAlias = tuple[NDArray[np.uint8], Integers, Integers, Flags]

_LEFT = -1  # for the plain reader
_SERVICES = (0xAAAA, 0x0606)  # of IEEE 802.2, that carry IP


def read(window: Window, tunnels: Tunnels, together: bool = True, depth: int = 0) -> tuple[Rows, Integers]:
    """The rows of a window, and which of them somebody has to read packet by packet.

    Fragments are among those, unless nobody puts them together: then they are rows of their own family.
    """
    number = np.arange(window.first, window.first + len(window), dtype=np.int64)
    rows = empty(number, window.when, window.wire)
    if not len(window):
        return rows, number
    head = heads(window.data, window.starts, HEAD)
    family, begin = _layers(window, head)
    left = family == _LEFT
    for kind, inner, picked in _groups(family, begin):
        if inner + 42 > HEAD:
            left[picked] = True
            continue
        step = _ipv4 if kind == 4 else _ipv6
        done = step(rows, window, head if isinstance(picked, slice) else head.take(picked, 0), inner, picked)
        if not done.all():
            left[picked] = ~done
    some = np.flatnonzero(left)
    if len(some) and depth < DEPTH:
        some = enter(window, rows, some, tunnels, lambda part: read(part, tunnels, together, depth + 1))
    if len(some) and not together:
        fragments = _pieces(window, some)
        rows.family[some[fragments]] = PIECE
        some = some[~fragments]
    return rows, some


def _pieces(window: Window, left: Integers) -> Flags:
    """Which of some rows are fragments of IP."""
    some = window.part(left)
    head = heads(some.data, some.starts, HEAD)
    family, begin = _layers(some, head)
    found = np.zeros(len(left), np.bool_)
    for kind, at, picked in _groups(family, begin):
        mine = head[picked]
        if kind == 4:
            found[picked] = _number(mine, at + 6, ">u2") & 0x3FFF != 0
        else:
            found[picked] = (mine[:, at + 6] == 44) | (mine[:, at + 6] == 0) & (mine[:, at + 40] == 44)
    return found


def _layers(window: Window, head: Bytes) -> tuple[Integers, Integers]:
    """Of each packet the family of IP (0: none, -1: left) and where its header begins."""
    links = np.unique(window.links) if (window.links != window.links[0]).any() else window.links[:1]
    if len(links) == 1:
        return _link(int(links[0]), head, window.kept)
    family, begin = np.zeros(len(window), np.int64), np.zeros(len(window), np.int64)
    for link in links.tolist():
        picked = np.flatnonzero(window.links == link)
        family[picked], begin[picked] = _link(link, head[picked], window.kept[picked])
    return family, begin


def _link(link: int, head: Bytes, kept: Integers) -> tuple[Integers, Integers]:
    count = len(kept)
    if link == ETHERNET:
        return _ethernet(head, kept)
    if link in RAW:
        return _version(head, kept, 0), np.zeros(count, np.int64)
    if link in (NULL, LOOP):
        word = _number(head, 0, ">u4")
        word = np.where(word > 0xFFFF, word.byteswap() if link == NULL else word, word).astype(np.int64)
        return np.where(np.isin(word, (2, 24, 28, 30)), _version(head, kept, 4), _LEFT), np.full(count, 4)
    if link == PPP:
        full = _number(head, 0, ">u2") == 0xFF03
        kind = np.where(full, _number(head, 2, ">u2"), _number(head, 0, ">u2"))
        family = np.where(full, _version(head, kept, 4), _version(head, kept, 2))
        return np.where(np.isin(kind, (0x0021, 0x0057)), family, _LEFT), np.where(full, 4, 2)
    if link in (SLL, SLL2):
        kind, begin = (
            _number(head, 14 if link == SLL else 0, ">u2").astype(np.int64),
            16 if link == SLL else 20,
        )
        return _named(kind, kept >= begin), np.full(count, begin)
    return np.full(count, _LEFT), np.zeros(count, np.int64)


def _ethernet(head: Bytes, kept: Integers) -> tuple[Integers, Integers]:
    kind = _number(head, 12, ">u2").astype(np.int64)
    family, begin = _named(kind, kept >= 14), np.full(len(kept), 14, np.int64)
    left = np.flatnonzero(family == _LEFT)
    short = left[(kind[left] <= FRAMES) & (kept[left] >= 16)]
    if len(short):
        family[short[~np.isin(_number(head[short], 14, ">u2"), _SERVICES)]] = 0
    # Between the addresses and IP: the tag, where in it the number of what follows stands, its length.
    for tag, number, length in ((TAGS, 2, 4), (TAGS, 2, 4), ((CISCO,), 6, 8), ((MPLS, MPLS_UP), 0, 4)):
        for at in (14, 18, 22):
            some = left[(family[left] == _LEFT) & (begin[left] == at) & (kept[left] >= at + length + 1)]
            some = some[np.isin(kind[some], tag)] if len(some) else some
            if not len(some):
                continue
            if tag[0] == MPLS:
                last = some[head[some, at + 2] & 1 == 1]
                family[last], kind[last] = _version(head[last], kept[last], at + length), 0
            else:
                kind[some] = _number(head[some], at + number, ">u2")
                family[some] = _named(kind[some], kept[some] >= at + length)
            begin[some] = at + length
    return family, begin


def _named(kind: Integers, whole: Flags) -> Integers:
    """The family that the number of Ethernet for a protocol means."""
    family: Integers = _FAMILIES[kind]
    if not whole.all():
        family[~whole] = _LEFT
    return family


def _version(head: Bytes, kept: Integers, at: int) -> Integers:
    version = (head[:, at] >> 4).astype(np.int64)
    return np.where(((version == 4) | (version == 6)) & (kept > at), version, _LEFT)


def _groups(family: Integers, begin: Integers) -> Iterator[tuple[int, int, Picked]]:
    """Packets that look alike: their family, where it begins, and which they are."""
    code = np.where(family > 0, family + (begin << 3), 0)
    if code[0] > 0 and (code == code[0]).all():
        yield int(code[0]) & 7, int(code[0]) >> 3, slice(None)
        return
    for value in np.flatnonzero(np.bincount(code)).tolist():
        if value:
            yield value & 7, value >> 3, np.flatnonzero(code == value)


def _ipv4(rows: Rows, window: Window, head: Bytes, begin: int, picked: Picked) -> Flags:
    """Fills in the rows it can say; which those are."""
    length = (head[:, begin] & 15).astype(np.int64) * 4
    kept = window.kept[picked]
    total = _number(head, begin + 2, ">u2").astype(np.int64)
    whole = _number(head, begin + 6, ">u2") & 0x3FFF == 0
    good = (head[:, begin] >> 4 == 4) & (length >= 20) & (total >= length) & whole & (kept >= begin + length)
    rows.family[picked] = 4
    rows.source_low[picked] = _number(head, begin + 12, ">u4")
    rows.target_low[picked] = _number(head, begin + 16, ">u4")
    return _inner(rows, window, head, picked, (head[:, begin + 9], begin + length, total - length, good))


def _ipv6(rows: Rows, window: Window, head: Bytes, begin: int, picked: Picked) -> Flags:
    size = _number(head, begin + 4, ">u2").astype(np.int64)
    good = (head[:, begin] >> 4 == 6) & (size > 0) & (window.kept[picked] >= begin + 40)
    rows.family[picked] = 6
    for name, at in (("source_high", 8), ("source_low", 16), ("target_high", 24), ("target_low", 32)):
        getattr(rows, name)[picked] = _number(head, begin + at, ">u8")
    # Options for every hop stand before much that is no conversation; the shortest of them are passed over.
    hops = (head[:, begin + 6] == 0) & (head[:, begin + 41] == 0) & (size >= 8)
    hops &= window.kept[picked] >= begin + 48
    protocol = np.where(hops, head[:, begin + 40], head[:, begin + 6])
    inner = np.where(hops, begin + 48, begin + 40)
    return _inner(rows, window, head, picked, (protocol, inner, size - 8 * hops, good))


def _inner(rows: Rows, window: Window, head: Bytes, picked: Picked, ip: Behind) -> Flags:
    """What stands behind the header of IP."""
    protocol, begin, size, good = ip
    rows.protocol[picked] = protocol
    if (carried := _CARRIED[protocol]).any():
        rows.tunnel[picked] = np.where(carried, CARRIES, 0)
    header = np.zeros(len(begin), np.int64)
    sound, good = good, good & ~_INNER[protocol]
    for at in np.flatnonzero(np.bincount(begin)).tolist():
        here = begin == at
        for number, step in ((TCP, _tcp), (UDP, _udp)):
            mine = here & (protocol == number)
            if not mine.any():
                continue
            if mine.all():
                good &= step(rows, head, at, picked, (size, header, window.kept[picked]))
                continue
            some = np.flatnonzero(mine)
            part = np.zeros(len(some), np.int64)
            which = some if isinstance(picked, slice) else picked[some]
            good[some] &= step(rows, head.take(some, 0), at, which, (size[some], part, window.kept[which]))
            header[some] = part
    if (tunnel := rows.tunnel[picked]).any():
        rows.tunnel[picked] = tunnel * sound
    start = begin + header
    payload = size - header
    there = np.clip(window.kept[picked] - start, 0, payload.clip(0))
    rows.start[picked] = window.starts[picked] + start
    rows.size[picked] = there
    rows.missing[picked] = payload - there
    return good


def _tcp(
    rows: Rows, head: Bytes, at: int, picked: Picked, sizes: tuple[Integers, Integers, Integers]
) -> Flags:
    """Fills in the length of the headers, which is the second of the sizes."""
    size, header, kept = sizes
    if at + 20 > HEAD:
        return np.zeros(len(size), np.bool_)
    header[:] = (head[:, at + 12] >> 4).astype(np.int64) * 4
    rows.source_port[picked] = _number(head, at, ">u2")
    rows.target_port[picked] = _number(head, at + 2, ">u2")
    rows.sequence[picked] = _number(head, at + 4, ">u4")
    rows.acknowledged[picked] = _number(head, at + 8, ">u4")
    rows.flags[picked] = head[:, at + 13]
    good: Flags = (header >= 20) & (header <= size) & (kept >= at + 20)
    return good


def _udp(
    rows: Rows, head: Bytes, at: int, picked: Picked, sizes: tuple[Integers, Integers, Integers]
) -> Flags:
    """Like that of TCP; the sizes are corrected, for the datagram may be shorter than its packet."""
    size, header, kept = sizes
    if at + 8 > HEAD:
        return np.zeros(len(size), np.bool_)
    source, target = _number(head, at, ">u2"), _number(head, at + 2, ">u2")
    length = _number(head, at + 4, ">u2").astype(np.int64)
    good: Flags = (length == size) & (length >= 8) & (kept >= at + 8)
    header[:] = 8
    rows.source_port[picked], rows.target_port[picked] = source, target
    tunnels: Flags = _TUNNELS[source] | _TUNNELS[target]
    if not tunnels.any():
        return good
    rows.tunnel[picked] = np.where(good & tunnels, CARRIES, 0)
    return good & ~tunnels


def _number(head: Bytes, at: int, kind: str) -> NDArray[np.uint64]:
    """A number in network order that stands at the same place in every row."""
    found: NDArray[np.uint64] = head.view(_field(at, kind, head.shape[1]))["number"][:, 0]
    return found.astype(kind.replace(">", "="))


@cache
def _field(at: int, kind: str, size: int) -> np.dtype[np.void]:
    return np.dtype({"names": ["number"], "formats": [kind], "offsets": [at], "itemsize": size})


def _those(numbers: tuple[int, ...], size: int) -> Flags:
    found = np.zeros(size, np.bool_)
    found[list(numbers)] = True
    return found


def _families() -> Integers:
    """Of every number of Ethernet, the family of IP; left is what carries another packet."""
    found = np.zeros(65536, np.int64)
    found[[*range(FRAMES + 1), *CARRIERS]] = _LEFT
    found[[IPV4, IPV6]] = 4, 6
    return found


_FAMILIES = _families()
_CARRIED = _those((IPIP, WIDE, GRE), 256)
_INNER = _those(INNER, 256)
_TUNNELS = _those(tuple(PORTS), 65536)
