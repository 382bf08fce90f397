"""The packets of one datagram, as far as anybody can read them: up to where the packet number begins."""

from collections.abc import Iterator

from msgspec import Struct

from auditor.sources.pcap.hello import Cut
from auditor.sources.pcap.quic.versions import (
    INITIAL,
    NEGOTIATION,
    RETRY,
    SHORT,
    V1,
    VERSIONS,
    is_google,
)

_LONGEST_ID = 20
_TAG = 16  # bytes at the end of a retry


class Sealed(Struct, frozen=True):
    """One packet. Of a short one only the receiver knows how long the id in it is."""

    kind: str
    data: bytes  # header and payload
    version: int = 0
    target: bytes = b""
    source: bytes = b""
    token: bytes = b""
    start: int = 1  # where the packet number begins; in a short one, where the id does


class Offer(Struct, frozen=True):
    """A server says which versions it speaks instead."""

    target: bytes
    source: bytes
    versions: tuple[int, ...]


def varint(cut: Cut) -> int:
    if not cut.left:
        raise ValueError("a number is missing")
    size = 1 << (cut.data[cut.at] >> 6)
    return cut.number(size) & (1 << 8 * size - 2) - 1


def split(datagram: bytes) -> Iterator[Sealed | Offer]:
    """What lies in a datagram, up to where nothing follows that could be a packet."""
    at = 0
    while at < len(datagram):
        if not datagram[at] & 0x80:
            if at == 0 or datagram[at] & 0x40:  # what fills up a datagram is mostly zeros
                yield Sealed(SHORT, datagram[at:])
            return
        try:
            packet, size = _long(datagram[at:])
        except ValueError:
            return
        yield packet
        at += size


def _long(data: bytes) -> tuple[Sealed | Offer, int]:
    cut = Cut(data)
    first, version = cut.number(1), cut.number(4)
    target, source = cut.block(1), cut.block(1)
    if version == NEGOTIATION:
        rest = cut.take(cut.left)
        listed = tuple(int.from_bytes(rest[at : at + 4]) for at in range(0, len(rest) - 3, 4))
        return Offer(target, source, listed), len(data)
    if max(len(target), len(source)) > _LONGEST_ID or is_google(version):
        raise ValueError("no packet of this kind of QUIC")
    kind = VERSIONS.get(version, V1).kinds[first >> 4 & 3]
    if kind == RETRY:
        token = cut.take(cut.left - _TAG) if cut.left > _TAG else b""
        return Sealed(RETRY, data, version, target, source, token, len(data)), len(data)
    token = cut.take(varint(cut)) if kind == INITIAL else b""
    size = varint(cut)
    start = cut.at
    cut.take(size)
    return Sealed(kind, data[: cut.at], version, target, source, token, start), cut.at


def is_long(datagram: bytes) -> bool:
    return datagram[:1] >= b"\x80"
