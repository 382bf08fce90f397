"""Discord DAVE media frame: ciphertext, then tag, nonce, what is not encrypted, size and FAFA.

Seen from its end; it proves nothing outside a voice connection.
"""

import random

from auditor.rulebook.reader import Reader, check
from auditor.rulebook.shut import Part

starts: tuple[bytes, ...] = ()
mark = b"\xfa\xfa"


def cut(data: bytes) -> list[Part] | None:
    if not data.endswith(mark) or not 11 <= data[-3] < min(len(data), 255):
        return None
    frame, reader = data[: -data[-3]], Reader(data[-data[-3] : -3])
    tag = reader.take(8)
    check(_number(reader) < 1 << 32)
    parts, at = [Part("tag", tag)], 0
    sealed = b""
    while reader.left:
        offset, size = _number(reader), _number(reader)
        check(at <= offset and size > 0 and offset + size <= len(frame))
        sealed += frame[at:offset]
        parts.append(Part("clear", frame[offset : offset + size], secret=True))
        at = offset + size
    return [*parts, Part("frame", sealed + frame[at:], secret=True)]


def _number(reader: Reader) -> int:
    """ULEB128."""
    value = 0
    for shift in range(0, 35, 7):
        byte = reader.number()
        value |= (byte & 127) << shift
        if byte < 128:
            return value
    raise ValueError("too long a number")


def sample(rng: random.Random) -> bytes:
    frame, tag = rng.randbytes(rng.randint(40, 200)), rng.randbytes(8)
    nonce = bytes([rng.randrange(128, 256), rng.randrange(1, 128)])
    return frame + tag + nonce + bytes([len(tag + nonce) + 3]) + mark
