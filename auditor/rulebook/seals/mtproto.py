"""MTProto as it meets the road: unencrypted messages (key number 0), and what two framings announce.

Telegram's cloud opens it; secret chats look the same from outside.
"""

import random

from auditor.rulebook.reader import Reader, check
from auditor.rulebook.shut import Part

_ABRIDGED, _LONG = b"\xef", 0x7F
_INTERMEDIATE, _PADDED = b"\xee" * 4, b"\xdd" * 4
starts = (bytes(8), _ABRIDGED, _INTERMEDIATE, _PADDED)


def cut(data: bytes) -> list[Part] | None:
    reader = Reader(data)
    if data.startswith(starts[0]):
        return _open(reader)
    if data.startswith(_ABRIDGED):
        reader.take(1)
        words = reader.number()
        words = reader.number(3, "little") if words == _LONG else words
        check(4 * words == reader.left)
        return _open(reader)  # a sealed one has nothing that tells it
    spare = 15 if data.startswith(_PADDED) else 0
    reader.take(4)
    parts: list[Part] = []
    while reader.left:
        parts += _message(Reader(reader.sized(4, "little")), spare)
    return parts or None


def _message(reader: Reader, spare: int) -> list[Part]:
    if reader.data.startswith(starts[0]):
        return _open(reader, spare)
    number, key = reader.take(8), reader.take(16)
    check(reader.left >= 16 and reader.left % 16 <= spare)
    return [Part("key number", number), Part("key", key), Part("message", reader.rest(), secret=True)]


def _open(reader: Reader, spare: int = 0) -> list[Part]:
    reader.take(8)
    number, size = reader.take(8), reader.number(4, "little")
    check(size >= 4 and size % 4 == 0 and 0 <= reader.left - size <= spare)
    return [
        Part("number", number.strip(b"\0")),
        Part("data", reader.take(size)),
        Part("padding", reader.rest()),
    ]


def sample(rng: random.Random) -> bytes:
    if rng.random() < 0.5:
        body = bytes(8) + rng.randbytes(8) + b"\x14\0\0\0" + rng.randbytes(20)
        return rng.choice((_ABRIDGED + b"\x0a", b"", _INTERMEDIATE + b"\x28\0\0\0")) + body
    body = rng.randbytes(24 + 16 * rng.randint(4, 20))
    return _INTERMEDIATE + len(body).to_bytes(4, "little") + body
