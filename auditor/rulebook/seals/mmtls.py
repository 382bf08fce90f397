"""WeChat's MMTLS: records whose heads are type, F1 04 and length, to the last byte."""

import random

from auditor.rulebook.reader import Reader, check
from auditor.rulebook.shut import Part

_TYPES = (0x15, 0x16, 0x17, 0x19)
starts = tuple(bytes([kind, 0xF1, 0x04]) for kind in _TYPES)
_HELLO = 0x19


def cut(data: bytes) -> list[Part] | None:
    reader = Reader(data)
    parts: list[Part] = []
    while reader.left:
        kind = reader.number()
        check(kind in _TYPES and reader.take(2) == b"\xf1\x04")
        record = reader.sized(2)
        # A handshake has lengths and a time in it; its keys are searched for text all the same.
        parts.append(Part(f"record {len(parts)}", record, secret=kind == 0x17))
    return parts


def sample(rng: random.Random) -> bytes:
    out = b""
    for kind in rng.choice(((0x17,), (0x19, 0x17), (0x16, 0x16, 0x17))):
        size = rng.randint(40, 300)
        out += bytes([kind]) + b"\xf1\x04" + size.to_bytes(2) + rng.randbytes(size)
    return out
