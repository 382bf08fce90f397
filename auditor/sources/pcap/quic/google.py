"""What shows of Google's own QUIC, before TLS was put into it: versions Q024 to Q050.

Its first packet is not sealed, only hashed (up to Q046), or sealed with keys that everybody can make
(Q050). A hello of tags and values lies in it, with the name that is asked for. All later packets are
shut, and no program logs their keys, so nothing more is read here.
QUIC Crypto (general), and the packets themselves.
"""

from collections.abc import Iterator

from msgspec import Struct

from auditor.sources.pcap.hello import Cut

TAGS = 128  # in one hello

_OFFSET, _PRIME, _BITS = (
    0x6C62272E07BB014262B821756295C58D,
    0x0000000001000000000000000000013B,
    (1 << 128) - 1,
)
_HASH = 12  # bytes of it that are kept
_LONG, _LAST_SHORT, _SIDED = (
    44,
    43,
    37,
)  # versions: with long headers; the last without; whose hash names the side
_NUMBERS = (1, 2, 4, 6)  # bytes of a packet number


class GoogleHello(Struct, frozen=True):
    version: str
    server_name: str = ""
    user_agent: str = ""


def hello(datagram: bytes) -> GoogleHello | None:
    """The hello in a client's first datagram; nothing where the hash says that it is none."""
    try:
        version, start = _header(Cut(datagram))
    except ValueError:
        return None
    number = int(version[1:])
    said = datagram[start + _HASH :]
    side = b"Client" if number >= _SIDED else b""
    if _hash(datagram[:start] + said + side) != datagram[start : start + _HASH]:
        return None
    return tags(said, version.decode())


def tags(said: bytes, version: str) -> GoogleHello | None:
    """The tags of a hello: what it is, how many there are, and where each value ends."""
    at = said.find(b"CHLO")
    if at < 0:
        return None
    cut = Cut(said[at + 4 :])
    try:
        values = dict(_values(cut))
    except ValueError:
        values = {}
    name, agent = (values.get(tag, b"").decode("latin-1") for tag in (b"SNI\0", b"UAID"))
    return GoogleHello(version, name.lower() if name.isascii() else "", agent)


def _values(cut: Cut) -> Iterator[tuple[bytes, bytes]]:
    count = int.from_bytes(cut.take(2), "little")
    cut.take(2)
    if count > TAGS:
        raise ValueError("too many tags")
    ends = [(cut.take(4), int.from_bytes(cut.take(4), "little")) for _ in range(count)]
    last = 0
    for tag, end in ends:
        if end < last:
            raise ValueError("a value ends before it begins")
        yield tag, cut.take(end - last)
        last = end


def _header(cut: Cut) -> tuple[bytes, int]:
    """The version, and where the hash begins."""
    flags = cut.number(1)
    if flags & 0x80:
        version = _version(cut)
        if not _LONG <= int(version[1:]) < 50:
            raise ValueError("another kind of header")
        sizes = cut.number(1)
        for nibble in (sizes >> 4, sizes & 0x0F):
            cut.take(nibble + 3 if nibble else 0)
        cut.take((flags & 3) + 1)
    else:
        if not flags & 1 or flags & 0x02:
            raise ValueError("no version, or a reset")
        cut.take(8 if flags & 0x08 else 0)
        version = _version(cut)
        if int(version[1:]) > _LAST_SHORT:
            raise ValueError("another kind of header")
        cut.take(_NUMBERS[flags >> 4 & 3])
    return version, cut.at


def _version(cut: Cut) -> bytes:
    version = cut.take(4)
    if version[:1] != b"Q" or not version[1:].isdigit():
        raise ValueError("not a version of Google's")
    return version


def _hash(data: bytes) -> bytes:
    """FNV-1a of 128 bits, its lower 96."""
    value = _OFFSET
    for byte in data:
        value = (value ^ byte) * _PRIME & _BITS
    return value.to_bytes(16, "little")[:_HASH]
