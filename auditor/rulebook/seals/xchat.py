"""X's XChat, MessageCreateEvent in binary Thrift: 100 is the sealed message, 101 the key's version."""

import random

from auditor.rulebook.reader import Reader, check
from auditor.rulebook.shut import Part

starts = (b"\x0b\x00\x64",)
_NUMBERS = {2: 1, 3: 1, 6: 2, 8: 4, 10: 8}  # Thrift type: size
_TEXT, _STOP = 11, 0
_MESSAGE, _VERSION = 100, 101


def cut(data: bytes) -> list[Part] | None:
    reader = Reader(data)
    texts: dict[int, bytes] = {}
    parts: list[Part] = []
    seen: set[int] = set()
    while kind := reader.number():
        number = reader.number(2)
        check(number not in seen)
        seen.add(number)
        if kind == _TEXT:
            texts[number] = reader.sized(4)
        else:
            parts.append(Part(str(number), reader.take(_NUMBERS.get(kind, -1))))
    reader.end()
    sealed, version = texts.pop(_MESSAGE, b""), texts.pop(_VERSION, b"")
    check(len(sealed) >= 40 and version.isdigit() and len(version) <= 20)
    parts += [Part(str(number), text) for number, text in texts.items()]
    return [*parts, Part("message", sealed, secret=True)]


def sample(rng: random.Random) -> bytes:
    sealed, version = rng.randbytes(rng.randint(60, 300)), str(rng.randrange(10**12, 10**13)).encode()
    out = (
        b"\x0b\x00\x64"
        + len(sealed).to_bytes(4)
        + sealed
        + b"\x0b\x00\x65"
        + len(version).to_bytes(4)
        + version
    )
    return out + rng.choice((b"", b"\x02\x00\x66\x01")) + b"\0"
