"""Rocket.Chat's first format: twelve letters that name the room's key, then base64 of IV and blocks."""

import base64
import binascii
import random
import re

from auditor.rulebook.reader import check
from auditor.rulebook.shut import Part

starts = (b"eyJhbGciOiJB", *(b"%x" % digit for digit in range(16)))
# The beginning of every exported key in base64, or of its hash in hexadecimal.
_KEY = re.compile(rb"eyJhbGciOiJB|[0-9a-f]{12}")


def cut(data: bytes) -> list[Part] | None:
    if not _KEY.match(data):
        return None
    try:
        sealed = base64.b64decode(data[12:], validate=True)
    except binascii.Error:
        return None
    check(len(sealed) >= 32 and len(sealed) % 16 == 0)
    return [Part("iv", sealed[:16]), Part("message", sealed[16:], secret=True)]


def sample(rng: random.Random) -> bytes:
    key = rng.choice((b"eyJhbGciOiJB", rng.randbytes(6).hex().encode()))
    return key + base64.b64encode(rng.randbytes(16 * rng.randint(2, 12)))
