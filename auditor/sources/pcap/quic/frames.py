"""The frames in an opened packet: those that say something, one class each; the others are read past."""

from collections.abc import Iterator

from msgspec import Struct

from auditor.sources.pcap.hello import Cut
from auditor.sources.pcap.quic.headers import varint


class Crypto(Struct, frozen=True):
    at: int
    data: bytes


class Stream(Struct, frozen=True):
    stream: int
    at: int
    data: bytes
    finished: bool


class Reset(Struct, frozen=True):
    """No more of a stream comes. Up to `reliable` it is sent again where it was lost."""

    stream: int
    code: int
    size: int


class Datagram(Struct, frozen=True):
    data: bytes


class Acknowledged(Struct, frozen=True):
    largest: int


class NewId(Struct, frozen=True):
    """Packets to whoever says this may bear this id."""

    name: bytes


class Closed(Struct, frozen=True):
    code: int
    reason: bytes


Frame = Crypto | Stream | Reset | Datagram | Acknowledged | NewId | Closed

_PADDING, _RANGES = 0, (2, 3)
# Frames that say nothing to a reader: how many numbers each holds.
_PLAIN = {
    0x01: 0, 0x05: 2, 0x10: 1, 0x11: 2, 0x12: 1, 0x13: 1, 0x14: 1, 0x15: 2, 0x16: 1, 0x17: 1, 0x19: 1,
    0x1E: 0, 0x1F: 0, 0xAF: 4, 0x2F5: 1,
}  # fmt: skip
_GOOGLE_CRYPTO = 0x08
_FIXED = {0x1A: 8, 0x1B: 8}  # challenges of a path and their answers


def frames(payload: bytes, own: bool = False) -> Iterator[Frame]:
    """ValueError where one does not fit or is of a kind that nobody here knows: nothing after it is read.

    In Google's `own` frames, what hellos travel in has another number.
    """
    cut = Cut(payload)
    while cut.left:
        kind = varint(cut)
        if own and kind == _GOOGLE_CRYPTO:
            kind = 0x06
        if kind == _PADDING:
            cut.at = len(payload) - len(payload[cut.at :].lstrip(b"\0"))
        elif kind in _RANGES:
            yield _acknowledged(cut, kind)
        elif kind == 0x06:
            yield Crypto(varint(cut), cut.take(varint(cut)))
        elif 0x08 <= kind <= 0x0F:
            yield _stream(cut, kind)
        elif kind in (0x04, 0x24):
            stream, code, size = varint(cut), varint(cut), varint(cut)
            if kind == 0x24:  # a reset that still owes its beginning
                varint(cut)
            yield Reset(stream, code, size)
        elif kind in (0x30, 0x31):
            yield Datagram(cut.take(varint(cut)) if kind & 1 else cut.take(cut.left))
        elif kind == 0x18:
            varint(cut), varint(cut)
            yield NewId(cut.block(1))
            cut.take(16)  # the token that resets a connection
        elif kind in (0x1C, 0x1D):
            code = varint(cut)
            if kind == 0x1C:
                varint(cut)
            yield Closed(code, cut.take(varint(cut)))
        elif kind == 0x07:
            cut.take(varint(cut))
        elif kind in _PLAIN:
            for _ in range(_PLAIN[kind]):
                varint(cut)
        elif kind in _FIXED:
            cut.take(_FIXED[kind])
        else:
            raise ValueError(f"a frame of the unknown kind {kind:#x}")


def _acknowledged(cut: Cut, kind: int) -> Acknowledged:
    largest, _delay, count, _first = varint(cut), varint(cut), varint(cut), varint(cut)
    if count * 2 > cut.left:
        raise ValueError("more ranges than there are bytes")
    for _ in range(count * 2 + (3 if kind == 3 else 0)):
        varint(cut)
    return Acknowledged(largest)


def _stream(cut: Cut, kind: int) -> Stream:
    stream = varint(cut)
    at = varint(cut) if kind & 4 else 0
    data = cut.take(varint(cut)) if kind & 2 else cut.take(cut.left)
    return Stream(stream, at, data, bool(kind & 1))
