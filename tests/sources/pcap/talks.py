"""Captures read the plain way, one packet after the other, with Scapy: for tests that need true ones."""

import contextlib
import gzip
import struct
from collections.abc import Iterator
from pathlib import Path

from scapy.layers.inet import TCP, UDP
from scapy.utils import PcapReader

from auditor.sources.pcap.keys import Keys


class Talk:
    """One connection: what was said, in the order in which it was caught."""

    def __init__(self, first: tuple[str, int], other: tuple[str, int], number: int) -> None:
        self.client, self.server = first, other
        self.number = number  # as tshark counts the streams of one protocol
        self.said: list[tuple[bool, bytes, int]] = []
        self._next: dict[bool, int] = {}
        self._early: dict[bool, dict[int, bytes]] = {True: {}, False: {}}

    def begin(self, way: bool, sequence: int) -> None:
        self._next.setdefault(way, sequence + 1 & 0xFFFFFFFF)

    def segment(self, way: bool, sequence: int, data: bytes) -> None:
        at = self._next.setdefault(way, sequence)
        self._early[way].setdefault(sequence, data)
        while True:
            fit = None
            for start, piece in self._early[way].items():
                behind = at - start & 0xFFFFFFFF
                if behind < 1 << 31:
                    fit = start, piece[behind:]
                    break
            if fit is None:
                return
            del self._early[way][fit[0]]
            if fit[1]:
                self.said.append((way, fit[1], 0))
                at = self._next[way] = at + len(fit[1]) & 0xFFFFFFFF

    def finish(self) -> None:
        """Where something never came, the rest stands behind a hole."""
        for way, pieces in self._early.items():
            for start in sorted(pieces, key=lambda s: s - self._next[way] & 0xFFFFFFFF):
                gap = start - self._next[way] & 0xFFFFFFFF
                data = pieces[start]
                if gap >= 1 << 31:
                    data, gap = data[-gap & 0xFFFFFFFF :], 0
                if data:
                    self.said.append((way, data, gap))
                    self._next[way] = start + len(pieces[start]) & 0xFFFFFFFF


def talks(path: Path) -> list[Talk]:
    """The connections over TCP of a capture."""
    found: dict[object, Talk] = {}
    with contextlib.closing(PcapReader(str(path))) as packets:
        for packet in packets:
            if not packet.haslayer(TCP):
                continue
            tcp = packet[TCP]
            ip = tcp.underlayer
            if ip is None or not hasattr(ip, "src"):
                continue
            source, target = (ip.src, tcp.sport), (ip.dst, tcp.dport)
            name = tuple(sorted((source, target)))
            flags = int(tcp.flags)
            fresh = flags & 18 == 2 and name in found and found[name].said
            if name not in found or fresh:
                first, other = (target, source) if flags & 18 == 18 else (source, target)
                number = len({id(talk) for talk in found.values()})
                found[(name, number) if fresh else name] = found[name] = Talk(first, other, number)
            talk = found[name]
            way = source == talk.client
            if flags & 2:
                talk.begin(way, tcp.seq)
            payload = _payload(ip, tcp)
            if payload:
                talk.segment(way, tcp.seq + bool(flags & 2), payload)
    made = list({id(talk): talk for talk in found.values()}.values())
    for talk in made:
        talk.finish()
    return sorted(made, key=lambda talk: talk.number)


def datagrams(path: Path) -> Iterator[tuple[bool, bytes]]:
    """What the ends of a capture said over UDP; the first to speak is the client."""
    client = None
    with contextlib.closing(PcapReader(str(path))) as packets:
        for packet in packets:
            if packet.haslayer(UDP):
                client = client or packet[UDP].sport
                yield packet[UDP].sport == client, bytes(packet[UDP].payload)


def _payload(ip: object, tcp: object) -> bytes:
    """Without what Ethernet fills short frames up with."""
    data = bytes(tcp.payload)  # type: ignore[attr-defined]
    if getattr(ip, "version", 0) == 4 and getattr(ip, "len", 0):
        size = ip.len - (ip.ihl or 5) * 4 - (tcp.dataofs or 5) * 4  # type: ignore[attr-defined]
        return data[: max(size, 0)] if size < len(data) else data
    return data


def embedded(path: Path) -> Keys:
    """The secrets that a capture carries in its own blocks."""
    keys = Keys()
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    for kind, body in _blocks(data):
        if kind == 10 and body[:4] == b"KSLT":
            keys.add(body[8 : 8 + struct.unpack("<I", body[4:8])[0]])
        elif kind == 0x0A0D0D0A:
            keys.add(body, remark=True)
    return keys


def _blocks(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    if data[:4] != b"\x0a\x0d\x0d\x0a":
        return
    while at + 12 <= len(data):
        kind, size = struct.unpack_from("<II", data, at)
        if size < 12:
            return
        yield kind, data[at + 8 : at + size - 4]
        at += size
