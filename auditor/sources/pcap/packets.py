"""The plain reader: one packet at a time, through everything that may lie around a conversation.

It is complete where the columns are quick, and what the tests hold them against. What is no
conversation is a row of family 0; what cannot be read is counted by its reason. A tunnel whose inside
cannot be read is a conversation itself.
"""

from collections import Counter
from struct import Struct as Layout
from typing import TypeAlias

from auditor.sources.pcap import links, odd
from auditor.sources.pcap.fragments import Fragments
from auditor.sources.pcap.links import Unread, number
from auditor.sources.pcap.rows import Row
from auditor.sources.pcap.tunnels import PORTS, PROTOCOLS, Tunnel, mpls
from auditor.sources.pcap.wire import TCP, UDP

DEPTH = 12  # headers that carry another packet, tags and labels of one packet
REASONS = 200
_OPTIONS = (0, 43, 60, 135, 139, 140)  # extension headers of IPv6 with a length (RFC 8200)
_FRAGMENT, _AUTHENTICATED = 44, 51

_IPV4, _IPV6, _TCP = Layout(">BxHHHxBxxII"), Layout(">B3xHBxQQQQ"), Layout(">HHIIBB")

Deeper: TypeAlias = tuple[int, int] | None  # the kind of what is inside, and where it begins

TORN = "a packet of which fragments never came"


class Packets:
    """Reads packets; keeps the fragments of some, and the reasons of those it cannot read."""

    def __init__(self) -> None:
        self.reasons: Counter[str] = Counter()
        self._fragments = Fragments()

    def read(self, link: int, data: bytes, wire: int) -> Row:
        """Never raises: what cannot be read is a row without a family."""
        try:
            kind, at = self._begin(link, data)
            if kind == links.SEVERAL:
                self.reasons["not the first one in its frame of Wi-Fi"] += links.further(data, at)
                kind, at = links.llc(data, at + 14)
            return Walk(data, wire, self._fragments).follow(kind, at)
        except Unread as why:
            reason = str(why)
            self.reasons[reason if reason in self.reasons or len(self.reasons) < REASONS else "others"] += 1
            return Row()

    def finish(self) -> Counter[str]:
        """All reasons, once nothing comes any more."""
        if lost := len(self._fragments) + self._fragments.lost:
            self.reasons[TORN] += lost
        return self.reasons

    def _begin(self, link: int, data: bytes) -> tuple[int, int]:
        if link < 0:
            raise Unread("an interface that was never described")
        try:
            return links.begin(link, data)
        except KeyError:
            return odd.begin(link, data)


class Walk:
    """The way through one packet, from the outside in."""

    def __init__(self, data: bytes, wire: int, fragments: Fragments) -> None:
        self._data = data
        self._wire = wire  # where the data would end had all been kept
        self._fragments = fragments
        self._tunnels: list[str] = []
        self._whole = False  # put together from fragments, so that it stands nowhere in the file

    def follow(self, kind: int, at: int) -> Row:
        """The innermost conversation."""
        outer = Row()
        for _ in range(DEPTH):
            try:
                match kind:
                    case links.IPV4:
                        outer, inside = self._ipv4(at)
                    case links.IPV6:
                        outer, inside = self._ipv6(at)
                    case _:
                        inside = self._between(kind, at)
            except Unread:
                if outer.family:
                    return outer
                raise
            if inside is None:
                break
            kind, at = inside
        return outer

    def _between(self, kind: int, at: int) -> Deeper:
        """What is neither a conversation nor IP."""
        if kind in links.TAGS:
            inner = number(self._data, at + 2, 2)
            return (inner, at + 4) if inner > links.FRAMES else links.llc(self._data, at + 4)
        match kind:
            case links.MPLS | links.MPLS_UP:
                return mpls(self._data, at)
            case links.PPPOE:
                return links.pppoe(self._data, at)
            case links.CISCO:
                return number(self._data, at + 6, 2), at + 8
            case links.PPP:
                return links.ppp(self._data, at)
            case links.ETHERNET:
                return links.ethernet(self._data, at)
        return None

    def _ipv4(self, at: int) -> tuple[Row, Deeper]:
        start, total, name, piece, protocol, source, target = _read(_IPV4, self._data, at)
        length = 4 * (start & 15)
        total = total or self._wire - at  # a network card was to fill it in
        if start >> 4 != 4 or not 20 <= length <= total:
            raise Unread("a header of IPv4 that cannot be")
        if at + length > len(self._data):
            raise Unread("cut inside a header")
        row = self._row(4, source, target)
        begin, size = at + length, total - length
        if piece & 0x3FFF:
            packet = (source, target, name, protocol, row.tunnel)
            if not self._join(packet, (piece & 0x1FFF) * 8, bool(piece & 0x2000), begin, size):
                return Row(), None
            begin, size = 0, self._wire
        while protocol == _AUTHENTICATED:
            protocol, begin, size = self._beyond(begin, size, 4 * (number(self._data, begin + 1, 1) + 2))
        return self._inner(row, protocol, begin, size)

    def _ipv6(self, at: int) -> tuple[Row, Deeper]:
        start, size, protocol, source, source_low, target, target_low = _read(_IPV6, self._data, at)
        if start >> 4 != 6:
            raise Unread("a header of IPv6 that cannot be")
        row = self._row(6, source << 64 | source_low, target << 64 | target_low)
        begin = at + 40
        size = size or max(self._wire - begin, 0)
        while protocol in (*_OPTIONS, _FRAGMENT, _AUTHENTICATED):
            data, header = self._data, begin
            if protocol != _FRAGMENT:
                unit, more = (4, 2) if protocol == _AUTHENTICATED else (8, 1)
                protocol, begin, size = self._beyond(begin, size, unit * (number(data, begin + 1, 1) + more))
                continue
            inner, begin, size = self._beyond(begin, size, 8)
            if (piece := number(data, header + 2, 2)) & 0xFFF9:
                packet = (row.source, row.target, number(data, header + 4, 4), inner, row.tunnel)
                if not self._join(packet, piece & 0xFFF8, bool(piece & 1), begin, size):
                    return Row(), None
                begin, size = 0, self._wire
            protocol = inner
        return self._inner(row, protocol, begin, size)

    def _row(self, family: int, source: int, target: int) -> Row:
        return Row(family=family, source=source, target=target, tunnel=" > ".join(self._tunnels))

    def _beyond(self, begin: int, size: int, header: int) -> tuple[int, int, int]:
        """What follows a header that names its successor first."""
        if header > size:
            raise Unread("a header of IP that is longer than its packet")
        return number(self._data, begin, 1), begin + header, size - header

    def _join(self, packet: tuple[int | str, ...], at: int, more: bool, begin: int, size: int) -> bool:
        """Goes on in the whole packet once all its fragments are there."""
        piece = self._data[begin : begin + size]
        if len(piece) < size:
            raise Unread("a fragment that was not kept whole")
        whole = self._fragments.add(packet, at, piece, more)
        if whole is None:
            return False
        self._data, self._wire, self._whole = whole, len(whole), True
        return True

    def _inner(self, row: Row, protocol: int, begin: int, size: int) -> tuple[Row, Deeper]:
        row.protocol = protocol
        if protocol == TCP:
            return self._tcp(row, begin, size), None
        if protocol == UDP:
            return self._udp(row, begin, size)
        self._payload(row, begin, size)
        return row, self._enter(row, PROTOCOLS.get(protocol), begin)

    def _tcp(self, row: Row, begin: int, size: int) -> Row:
        """What of the header was kept counts; one that cannot be has no payload."""
        data, kept = self._data, min(len(self._data) - begin, size)
        header = 20
        if kept >= 14:
            (row.source_port, row.target_port, row.sequence, row.acknowledged, offset,
             row.flags) = _read(_TCP, data, begin)  # fmt: skip
            header = offset >> 4 << 2 if kept >= 20 else 20
        else:
            self._ports(row, begin, kept)
        if not 20 <= header <= size:
            header = size
        self._payload(row, begin + header, size - header)
        return row

    def _udp(self, row: Row, begin: int, size: int) -> tuple[Row, Deeper]:
        kept = min(len(self._data) - begin, size)
        self._ports(row, begin, kept)
        length = number(self._data, begin + 4, 2) if kept >= 8 else size
        length = min(length or size, size)  # RFC 2675: none where 16 bits cannot say it
        self._payload(row, begin + 8, max(length - 8, 0))
        for port in (row.target_port, row.source_port):
            if row.size and (inside := self._enter(row, PORTS.get(port), begin + 8)):
                return row, inside
        return row, None

    def _ports(self, row: Row, begin: int, kept: int) -> None:
        if kept >= 4:
            row.source_port, row.target_port = number(self._data, begin, 2), number(self._data, begin + 2, 2)

    def _payload(self, row: Row, begin: int, size: int) -> None:
        row.start = begin
        row.size = max(0, min(size, len(self._data) - begin))
        row.missing = size - row.size
        if self._whole:
            row.payload = self._data[begin : begin + row.size]

    def _enter(self, row: Row, tunnel: Tunnel | None, begin: int) -> Deeper:
        """Into a tunnel, if it is one; those between other ends are other tunnels."""
        try:
            found = tunnel(self._data, begin) if tunnel else None
        except Unread:
            return None
        if found is None:
            return None
        kind, at, name = found
        between = " ".join(f"{end:x}" for end in sorted((row.source, row.target)))
        self._tunnels.append(name if " " in name else f"{name} {between}")
        return kind, at


def _read(layout: Layout, data: bytes, at: int) -> tuple[int, ...]:
    if at + layout.size > len(data):
        raise Unread("cut inside a header")
    return layout.unpack_from(data, at)
