"""Wire's Proteus envelope: CBOR {0: version, 1: {0: MAC}, 2: message}, which may open a session."""

import random

from auditor.rulebook.reader import Reader, check
from auditor.rulebook.shut import Part

starts = (b"\xa3\x00\x01\x01\xa1\x00\x58\x20",)
_KEY = b"\xa1\x00\x58\x20"  # a map whose only value is 32 bytes


def cut(data: bytes) -> list[Part] | None:
    reader = Reader(data)
    reader.skip(starts[0])
    mac = reader.take(32)
    reader.skip(b"\x02")
    message = Reader(_bytes(reader))
    reader.end()
    match message.number():
        case 1:
            parts = _cipher(message)
        case 2:
            parts = _opens(message)
        case _:
            return None
    message.end()
    return [Part("mac", mac, secret=True), *parts]


def _cipher(reader: Reader) -> list[Part]:
    reader.skip(b"\xa5\x00")
    tag = _bytes(reader)
    check(len(tag) == 16)
    for key in (b"\x01", b"\x02"):
        reader.skip(key)
        check(_head(reader)[0] == 0)
    reader.skip(b"\x03" + _KEY)
    ratchet = reader.take(32)
    reader.skip(b"\x04")
    return [Part("session", tag), Part("ratchet", ratchet), Part("message", _bytes(reader), secret=True)]


def _opens(reader: Reader) -> list[Part]:
    reader.skip(b"\xa4\x00")
    check(_head(reader)[0] == 0)
    reader.skip(b"\x01" + _KEY)
    base = reader.take(32)
    reader.skip(b"\x02\xa1\x00" + _KEY)
    identity = reader.take(32)
    reader.skip(b"\x03")
    return [Part("base", base), Part("identity", identity), *_cipher(reader)]


def _head(reader: Reader) -> tuple[int, int]:
    """Major type and number of a CBOR item (RFC 8949, 3)."""
    first = reader.number()
    small = first & 31
    check(small < 27)
    return first >> 5, small if small < 24 else reader.number(1 << (small - 24))


def _bytes(reader: Reader) -> bytes:
    major, size = _head(reader)
    check(major == 2 and size > 0)
    return reader.take(size)


def _sized(data: bytes) -> bytes:
    size = len(data)
    head = (
        bytes([0x40 + size])
        if size < 24
        else b"\x58" + bytes([size])
        if size < 256
        else b"\x59" + size.to_bytes(2)
    )
    return head + data


def sample(rng: random.Random) -> bytes:
    cipher = b"\xa5\x00" + _sized(rng.randbytes(16)) + b"\x01" + bytes([rng.randrange(24)]) + b"\x02\x00\x03"
    cipher += _KEY + rng.randbytes(32) + b"\x04" + _sized(rng.randbytes(rng.randint(48, 400)))
    if rng.random() < 0.5:
        message = b"\x01" + cipher
    else:
        message = b"\x02\xa4\x00\x19" + rng.randbytes(2) + b"\x01" + _KEY + rng.randbytes(32)
        message += b"\x02\xa1\x00" + _KEY + rng.randbytes(32) + b"\x03" + cipher
    return starts[0] + rng.randbytes(32) + b"\x02" + _sized(message)
