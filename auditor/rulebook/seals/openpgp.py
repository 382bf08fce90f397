"""OpenPGP, binary (RFC 9580): session keys for recipients or a password, then one sealed packet.

What is only signed or only compressed has no session key and is none. Partial lengths
are joined; nothing may follow.
"""

import random

from auditor.rulebook.reader import Reader, check
from auditor.rulebook.shut import Part

starts = (b"\xc1", b"\x84", b"\x85", b"\xc3", b"\x8c", b"\x8d")

_PUBLIC, _SYMMETRIC, _OLD, _SEALED, _AEAD = 1, 3, 9, 18, 20
_POINTS = {25: 32, 26: 56}  # X25519, X448
_IVS = {1: 16, 2: 15, 3: 12}  # EAX, OCB, GCM


def cut(data: bytes) -> list[Part] | None:
    reader = Reader(data)
    parts: list[Part] = []
    while True:
        tag, body = _packet(reader)
        if tag == _PUBLIC:
            parts += _public(Reader(body))
        elif tag == _SYMMETRIC:
            parts += _symmetric(Reader(body))
        elif parts and tag in (_OLD, _SEALED, _AEAD):
            reader.end()
            return [*parts, *_sealed(tag, Reader(body))]
        else:
            return None


def _packet(reader: Reader) -> tuple[int, bytes]:
    head = reader.number()
    check(bool(head & 0x80))
    if not head & 0x40:
        size = head & 3
        return head >> 2 & 15, reader.rest() if size == 3 else reader.sized(1 << size)
    pieces = []
    while True:
        first = reader.number()
        if first < 192 or first == 255:
            pieces.append(reader.take(first if first < 192 else reader.number(4)))
        elif first < 224:
            pieces.append(reader.take((first - 192 << 8) + reader.number() + 192))
        else:
            pieces.append(reader.take(1 << (first & 31)))
            continue
        return head & 63, b"".join(pieces)


def _public(reader: Reader) -> list[Part]:
    version = reader.number()
    check(version in (3, 6))
    key = reader.take(8) if version == 3 else reader.sized(1)
    kind = reader.number()
    parts = [Part("key", key)]
    match kind:
        case 1 | 2:
            parts.append(_long(reader, 64))
        case 16:
            parts += (_long(reader, 64), _long(reader, 64))
        case 18:
            parts += (_long(reader, 32), Part("session", reader.sized(1)))
            check(len(parts[-1].data) in range(24, 80))
        case 25 | 26:
            parts += (Part("point", reader.take(_POINTS[kind])), Part("session", reader.sized(1)))
            check(len(parts[-1].data) in range(24, 80))
        case _:
            check(False)
    reader.end()
    return parts


def _long(reader: Reader, least: int) -> Part:
    """A long number behind the count of its bits."""
    bits = reader.number(2)
    data = reader.take((bits + 7) // 8)
    check(len(data) >= least and int.from_bytes(data[:1]).bit_length() == (bits - 1) % 8 + 1)
    return Part("session", data)


def _symmetric(reader: Reader) -> list[Part]:
    version = reader.number()
    check(version in (4, 5, 6))
    if version == 6:
        check(reader.number() < 64)
    check(reader.number() in range(1, 14))
    if version > 4:
        iv = _IVS.get(reader.number())
        check(iv is not None and (version == 5 or reader.number() in (2, 10, 11, 20)))
    parts = _from_password(reader)
    check(reader.left <= 96 and (version == 4 or reader.left >= 44))
    return [*parts, *([Part("session", reader.rest())] if reader.left else [])]


def _from_password(reader: Reader) -> list[Part]:
    kind = reader.number()
    check(kind in (0, 1, 3, 4))
    if kind == 4:
        salt = reader.take(16)
        reader.take(3)
        return [Part("salt", salt)]
    check(reader.number() in (*range(1, 4), *range(8, 15)))
    parts = [Part("salt", reader.take(8))] if kind else []
    reader.take(1 if kind == 3 else 0)
    return parts


def _sealed(tag: int, reader: Reader) -> list[Part]:
    parts = []
    if tag == _SEALED:
        version = reader.number()
        check(version in (1, 2))
        if version == 2:
            check(reader.number() in range(1, 14) and reader.number() in _IVS and reader.number() <= 16)
            parts.append(Part("salt", reader.take(32)))
    elif tag == _AEAD:
        reader.skip(b"\x01")
        check(reader.number() in range(1, 14))
        iv = _IVS.get(reader.number())
        check(iv is not None and reader.number() <= 56)
        parts.append(Part("iv", reader.take(iv or 0)))
    check(reader.left >= 20)
    return [*parts, Part("message", reader.rest(), secret=True)]


def sample(rng: random.Random) -> bytes:
    out = b""
    for _ in range(rng.randint(1, 2)):
        number = (2047).to_bytes(2) + bytes([0x40 | rng.randrange(64)]) + rng.randbytes(255)
        point = (263).to_bytes(2) + b"\x40" + rng.randbytes(32) + b"\x30" + rng.randbytes(48)
        body = b"\x03" + rng.randbytes(8) + rng.choice((b"\x01" + number, b"\x12" + point))
        out += _written(_PUBLIC, body)
    return out + _written(_SEALED, b"\x01" + rng.randbytes(rng.randint(60, 300)))


def _written(tag: int, body: bytes) -> bytes:
    size = len(body)
    length = bytes([size]) if size < 192 else (size - 192 + (192 << 8)).to_bytes(2)
    return bytes([0xC0 | tag]) + length + body
