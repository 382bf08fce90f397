"""KakaoTalk's LOCO secure layer: a sealed key in front, then frames of IV and ciphertext."""

import random

from auditor.rulebook.reader import Reader, check
from auditor.rulebook.shut import Part

starts = (b"\0\1\0\0",)
_KEYS, _CIPHERS = (12, 15, 16), (2, 3)


def cut(data: bytes) -> list[Part] | None:
    reader = Reader(data)
    size, key, cipher = (reader.number(4, "little") for _ in range(3))
    check(key in _KEYS and cipher in _CIPHERS)
    parts = [Part("key", reader.take(size), secret=True)]
    while reader.left:
        frame = reader.sized(4, "little")
        check(len(frame) > 16)
        parts += (Part("iv", frame[:16]), Part("frame", frame[16:], secret=True))
    return parts


def sample(rng: random.Random) -> bytes:
    out = (
        b"\0\1\0\0" + bytes([rng.choice(_KEYS), 0, 0, 0, rng.choice(_CIPHERS), 0, 0, 0]) + rng.randbytes(256)
    )
    for _ in range(rng.randrange(3)):
        size = rng.randint(40, 200)
        out += size.to_bytes(4, "little") + rng.randbytes(size)
    return out
