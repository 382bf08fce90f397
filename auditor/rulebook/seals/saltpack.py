"""Keybase saltpack, encryption mode: a MessagePack header with boxes for recipients, then sealed chunks.

Modes 1 and 2 are signatures and seal nothing. In armor it is a text of letters and digits.
"""

import math
import random
import re
import string

from auditor.rulebook.reader import Reader, check
from auditor.rulebook.shut import Part

starts = (b"\xc4", b"\xc5", b"\xc6", b"BEGIN ")
_ARMOR = re.compile(
    rb"BEGIN ([A-Z]{1,20} )?SALTPACK ENCRYPTED MESSAGE\.\s*([0-9A-Za-z\s>]+)\.\s*"
    rb"END ([A-Z]{1,20} )?SALTPACK ENCRYPTED MESSAGE\.?\s*"
)
_LETTERS = string.digits + string.ascii_uppercase + string.ascii_lowercase
_BLOCK = 43  # letters for 32 bytes
_LONGEST = 1_000_000


def cut(data: bytes) -> list[Part] | None:
    if data.startswith(b"BEGIN"):
        armor = _ARMOR.fullmatch(data[:_LONGEST])
        check(armor is not None and armor[1] == armor[3])
        data = _letters(re.sub(rb"[\s>]", b"", armor[2])) if armor else b""
    reader = Reader(data)
    parts, major = _header(Reader(_blob(reader)))
    check(bool(reader.left))
    last = False
    while reader.left:
        check(not last)
        items = _list(reader)
        check(items == 4 - (major == 1) - 1)
        if major == 2:
            flag = reader.number()
            check(flag in (0xC2, 0xC3))
            last = flag == 0xC3
        parts += [Part("authenticator", _blob(reader)) for _ in range(_list(reader))]
        parts.append(Part("message", _blob(reader), secret=True))
    check(parts[-1].data != b"" and (last or major == 1))
    return parts


def _header(reader: Reader) -> tuple[list[Part], int]:
    check(_list(reader) == 6)
    reader.skip(b"\xa8saltpack")
    check(_list(reader) == 2)
    major = reader.number()
    reader.number()
    check(major in (1, 2) and reader.number() == 0)
    parts = [Part("ephemeral", _blob(reader)), Part("sender", _blob(reader))]
    check([len(part.data) for part in parts] == [32, 48])
    for _ in range(_list(reader)):
        check(_list(reader) == 2)
        if reader.data[reader.at : reader.at + 1] == b"\xc0":
            reader.take(1)
        else:
            parts.append(Part("recipient", _blob(reader)))
            check(len(parts[-1].data) == 32)
        parts.append(Part("key", _blob(reader)))
        check(len(parts[-1].data) == 48)
    reader.end()
    return parts, major


def _list(reader: Reader) -> int:
    first = reader.number()
    check(first >> 4 == 9 or first == 0xDC)
    return first & 15 if first >> 4 == 9 else reader.number(2)


def _blob(reader: Reader) -> bytes:
    first = reader.number()
    check(first in (0xC4, 0xC5, 0xC6))
    return reader.sized(1 << (first - 0xC4))


def _letters(text: bytes) -> bytes:
    """BaseX with 62 letters: 43 of them stand for 32 bytes."""
    out = b""
    for at in range(0, len(text), _BLOCK):
        block = text[at : at + _BLOCK].decode()
        number = 0
        for letter in block:
            number = number * 62 + _LETTERS.index(letter)
        size = int(len(block) * math.log2(62) / 8)
        check(number < 1 << 8 * size)
        out += number.to_bytes(size)
    return out


def sample(rng: random.Random) -> bytes:
    def blob(size: int) -> bytes:
        return (b"\xc4" + bytes([size]) if size < 256 else b"\xc5" + size.to_bytes(2)) + rng.randbytes(size)

    number = rng.randint(1, 3)
    boxes = b"".join(b"\x92" + rng.choice((b"\xc0", blob(32))) + blob(48) for _ in range(number))
    header = b"\x96\xa8saltpack\x92\x02\x00\x00" + blob(32) + blob(48) + bytes([0x90 + number]) + boxes
    size = len(header)
    framed = (b"\xc4" + bytes([size]) if size < 256 else b"\xc5" + size.to_bytes(2)) + header
    authenticators = bytes([0x90 + number]) + b"".join(blob(32) for _ in range(number))
    return framed + b"\x93\xc3" + authenticators + blob(rng.randint(24, 300))
