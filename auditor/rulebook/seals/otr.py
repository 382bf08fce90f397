"""OTR data messages, version 2 and 3: `?OTR:` base64 `.` Only these hold what somebody wrote.

The key exchange before them is otr-handshake; queries (`?OTRv23?`) and white space tags seal nothing.
"""

import base64
import binascii
import random

from auditor.rulebook.reader import Reader, check
from auditor.rulebook.shut import Part

starts = (b"?OTR:AAMD", b"?OTR:AAID")


def cut(data: bytes) -> list[Part] | None:
    reader = Reader(payload(data))
    version, kind = reader.number(2), reader.number()
    check(version in (2, 3) and kind == 3)
    reader.take(8 if version == 3 else 0)  # instances
    check(reader.number() in (0, 1))
    reader.take(8)  # numbers of two keys
    key = reader.sized(4)
    counter = reader.take(8)
    message = reader.sized(4)
    mac = reader.take(20)
    old = reader.sized(4)
    reader.end()
    check(len(key) in range(180, 193) and bool(message) and len(old) % 20 == 0)
    return [
        Part("key", key, secret=True),
        Part("counter", counter.rstrip(b"\0")),
        Part("message", message, secret=True),
        Part("mac", mac),
        Part("old keys", old),
    ]


def payload(data: bytes) -> bytes:
    text = data.strip()
    check(text.startswith(b"?OTR:") and text.endswith(b"."))
    try:
        return base64.b64decode(text[5:-1], validate=True)
    except binascii.Error as error:
        raise ValueError("not base64") from error


def sample(rng: random.Random) -> bytes:
    def sized(size: int) -> bytes:
        return size.to_bytes(4) + rng.randbytes(size)

    tags = rng.randbytes(8)
    out = b"\0\3\3" + tags + b"\0" + b"\0\0\0\1\0\0\0\2" + sized(192) + b"\0\0\0\0\0\0\0\1"
    out += sized(rng.randint(20, 200)) + rng.randbytes(20) + sized(20 * rng.randrange(3))
    return b"?OTR:" + base64.b64encode(out) + b"."
