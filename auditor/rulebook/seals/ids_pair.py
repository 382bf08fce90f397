"""Apple IDS "pair": 02, sealed payload behind a two-byte length, signature behind one byte."""

import random

from auditor.rulebook.reader import Reader, check
from auditor.rulebook.shut import Part

starts = (b"\x02",)


def cut(data: bytes) -> list[Part] | None:
    reader = Reader(data)
    reader.take(1)
    sealed, signature = reader.sized(2), reader.sized(1)
    reader.end()
    check(len(sealed) >= 128 and len(signature) in range(60, 81))
    return [Part("message", sealed, secret=True), Part("signature", signature)]


def sample(rng: random.Random) -> bytes:
    sealed, signature = rng.randbytes(rng.randint(160, 500)), rng.randbytes(rng.randint(68, 72))
    return b"\x02" + len(sealed).to_bytes(2) + sealed + bytes([len(signature)]) + signature
