"""WhatsApp's first bytes on a connection: routing perhaps, `WA`, version, then Noise handshake frames."""

import random

from auditor.decoders import protobuf
from auditor.rulebook.reader import Reader, check
from auditor.rulebook.shut import Part

starts = (b"WA", b"ED\0\1")
_HELLO, _KEY = 2, 32


def cut(data: bytes) -> list[Part] | None:
    reader = Reader(data)
    parts: list[Part] = []
    if data.startswith(b"ED"):
        reader.take(4)
        parts.append(Part("routing", reader.sized(3)))
    reader.skip(b"WA")
    reader.take(2)
    hello = protobuf.fields(reader.sized(3))
    check(hello.keys() == {_HELLO} and isinstance(hello[_HELLO][0], bytes))
    inner = protobuf.fields(bytes(hello[_HELLO][0]))
    values = [(number, value) for number, several in inner.items() for value in several]
    parts += [Part(f"hello {number}", value) for number, value in values if isinstance(value, bytes)]
    check(any(number == 1 and isinstance(value, bytes) and len(value) == _KEY for number, value in values))
    while reader.left:
        parts.append(Part("frame", reader.sized(3), secret=True))
    return parts


def sample(rng: random.Random) -> bytes:
    frame = b"\x12\x22\x0a\x20" + rng.randbytes(32)
    return b"WA\x06\x03" + len(frame).to_bytes(3) + frame
