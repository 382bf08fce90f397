"""Web Push content, aes128gcm (RFC 8188, RFC 8291): salt, record size, a key of 65 bytes, ciphertext.

From an app's server to a browser: it says nothing about who else can read a message.
"""

import random

from auditor.rulebook.reader import Reader, check
from auditor.rulebook.shut import Part

starts: tuple[bytes, ...] = ()
mark = b"\x41\x04"  # the size of a key, and how one begins that is not compressed
_KEY = 65


def cut(data: bytes) -> list[Part] | None:
    if data[16:18] != b"\0\0" or data[20:22] != mark:
        return None
    reader = Reader(data)
    salt, size = reader.take(16), reader.number(4)
    key, sealed = reader.sized(1), reader.rest()
    check(size >= 18 and len(key) == _KEY and len(sealed) >= 18)
    return [Part("salt", salt), Part("key", key[1:]), Part("message", sealed, secret=True)]


def sample(rng: random.Random) -> bytes:
    return rng.randbytes(16) + b"\0\0\x10\0" + mark + rng.randbytes(64) + rng.randbytes(rng.randint(40, 300))
