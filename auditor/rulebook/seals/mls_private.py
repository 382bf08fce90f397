"""MLS PrivateMessage (RFC 9420, 6.3): what members send once a group is set up.

PublicMessage, Welcome and the rest are signed, not sealed, and are none.
"""

import random
import re

from auditor.rulebook.reader import Reader, check
from auditor.rulebook.shut import Part

starts = (b"\0\1\0\2",)
_NAME = re.compile(rb"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def cut(data: bytes) -> list[Part] | None:
    reader = Reader(data)
    reader.take(4)
    group = _vector(reader)
    epoch = reader.take(8)
    check(reader.number() in (1, 2, 3))
    beside = _vector(reader)
    sender = _vector(reader)
    sealed = _vector(reader)
    reader.end()
    check(len(sender) in range(16, 65) and len(sealed) >= 16)
    return [
        Part("group", b"" if _NAME.fullmatch(group) else group),
        Part("epoch", epoch.lstrip(b"\0")),
        Part("authenticated", beside),
        Part("sender", sender),
        Part("message", sealed, secret=True),
    ]


def _vector(reader: Reader) -> bytes:
    """Two bits say how long the length is (RFC 9420, 2.1.2): "the minimum number of bits"."""
    first = reader.number()
    more = (1 << (first >> 6)) - 1
    check(more < 7)
    size = (first & 63) << 8 * more | reader.number(more)
    check(more == 0 or size >= (64, 16_384)[more == 3])
    return reader.take(size)


def sample(rng: random.Random) -> bytes:
    def vector(size: int) -> bytes:
        return (bytes([size]) if size < 64 else (size | 1 << 14).to_bytes(2)) + rng.randbytes(size)

    out = starts[0] + vector(rng.choice((16, 32))) + rng.randrange(1 << 16).to_bytes(8)
    return out + b"\1" + vector(0) + vector(rng.randint(28, 40)) + vector(rng.randint(48, 600))
