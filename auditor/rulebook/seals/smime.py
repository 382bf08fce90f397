"""S/MIME: CMS enveloped data or authenticated-enveloped data (RFC 5652, 6; RFC 5083). Signed data is none.

Names of certificates are text and are let stand, up to the length a name has; all other values are parts.
"""

import random

from auditor.rulebook.reader import Reader, check
from auditor.rulebook.shut import Part

starts = tuple(bytes([0x30, length]) for length in range(0x80, 0x85))
_ENVELOPED = bytes.fromhex("06092a864886f70d010703")
_AUTHENTICATED = bytes.fromhex("060b2a864886f70d0109100117")
_DATA = bytes.fromhex("06092a864886f70d010701")
_NAMES = (0x0C, 0x13, 0x14, 0x16, 0x1E)  # kinds of strings that names are made of
_PLAIN = (0x05, 0x06)  # nothing, object identifier
_DEEPEST, _LONGEST_NAME = 12, 128
Element = tuple[int, bytes]


def cut(data: bytes) -> list[Part] | None:
    outer = _all(data)
    check(len(outer) == 1 and outer[0][0] == 0x30)
    reader = Reader(outer[0][1])
    kind = reader.take(13) if outer[0][1].startswith(_AUTHENTICATED) else reader.take(11)
    check(kind in (_ENVELOPED, _AUTHENTICATED))
    inner = _all(reader.rest())
    check([tag for tag, _ in inner] == [0xA0])
    body = _all(inner[0][1])
    check([tag for tag, _ in body] == [0x30])
    fields = _all(body[0][1])
    wanted = [0x02, 0x31, 0x30] + [0x04] * (kind == _AUTHENTICATED)
    check([tag for tag, _ in fields] == wanted)
    parts = [*_values(fields[1][1], "recipient"), *_content(fields[2][1])]
    check(bool(fields[1][1]) and len(fields[0][1]) == 1)
    return [*parts, *(Part("mac", value) for _, value in fields[3:])]


def _content(data: bytes) -> list[Part]:
    reader = Reader(data)
    reader.skip(_DATA)
    fields = _all(reader.rest())
    check(len(fields) == 2 and fields[0][0] == 0x30 and fields[1][0] in (0x80, 0xA0))
    tag, sealed = fields[1]
    if tag == 0xA0:
        pieces = _all(sealed)
        check(all(t == 0x04 for t, _ in pieces))
        sealed = b"".join(piece for _, piece in pieces)
    check(len(sealed) >= 8)
    return [*_values(fields[0][1], "algorithm"), Part("message", sealed, secret=True)]


def _values(data: bytes, label: str, depth: int = 0) -> list[Part]:
    """Every value that is no name and no identifier."""
    check(depth < _DEEPEST)
    parts: list[Part] = []
    for tag, value in _all(data):
        if tag & 0x20:
            parts += _values(value, label, depth + 1)
        elif tag in _NAMES:
            check(len(value) <= _LONGEST_NAME)
        elif tag not in _PLAIN:
            parts.append(Part(label, value))
    return parts


def _all(data: bytes, depth: int = 0) -> list[Element]:
    reader = Reader(data)
    found = []
    while reader.left:
        found.append(_element(reader, depth))
    return found


def _element(reader: Reader, depth: int) -> Element:
    """One value: a length before it, or, in BER, two zeros behind it."""
    check(depth < _DEEPEST)
    tag, first = reader.number(), reader.number()
    check(tag & 31 != 31)
    if first != 0x80:
        check(first < 0x85)
        return tag, reader.take(first if first < 0x80 else reader.number(first & 15))
    check(bool(tag & 0x20))
    start = reader.at
    while reader.data[reader.at : reader.at + 2] != b"\0\0":
        _element(reader, depth + 1)
    value = reader.data[start : reader.at]
    reader.take(2)
    return tag, value


def _wrapped(tag: int, *pieces: bytes) -> bytes:
    data = b"".join(pieces)
    size = len(data)
    length = bytes([size]) if size < 128 else b"\x82" + size.to_bytes(2)
    return bytes([tag]) + length + data


def sample(rng: random.Random) -> bytes:
    name = _wrapped(0x31, _wrapped(0x30, bytes.fromhex("0603550403"), _wrapped(0x0C, b"Example CA")))
    serial = _wrapped(0x02, b"\x11" + rng.randbytes(15))
    rsa = _wrapped(0x30, bytes.fromhex("06092a864886f70d0101010500"))
    key = _wrapped(0x04, rng.randbytes(256))
    recipient = _wrapped(0x30, b"\x02\x01\x00", _wrapped(0x30, _wrapped(0x30, name), serial), rsa, key)
    algorithm = _wrapped(0x30, bytes.fromhex("060960864801650304012a"), _wrapped(0x04, rng.randbytes(16)))
    content = _wrapped(0x30, _DATA, algorithm, _wrapped(0x80, rng.randbytes(16 * rng.randint(4, 20))))
    body = _wrapped(0x30, b"\x02\x01\x00", _wrapped(0x31, recipient), content)
    return _wrapped(0x30, _ENVELOPED, _wrapped(0xA0, body))
