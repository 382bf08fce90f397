"""QQ's SSO packets: length, 12 or 13, a flag that names the key, the account's number, then TEA blocks.

Flag 0 is readable and no seal; with flag 2 the key is sixteen zeros.
"""

import random

from auditor.rulebook.reader import Reader, check
from auditor.rulebook.shut import Part

starts = (b"\0",)
_TICKET, _NUMBERED = 12, 13


def cut(data: bytes) -> list[Part] | None:
    reader = Reader(data)
    check(reader.number(4) == len(data))
    kind = reader.number(4)
    check(kind in (_TICKET, _NUMBERED) and reader.number() in (1, 2))
    ticket = _field(reader) if kind == _TICKET else reader.take(4)
    reader.skip(b"\0")
    account = _field(reader)
    sealed = reader.rest()
    check(account.isdigit() and 4 < len(account) < 12 and len(sealed) >= 16 and len(sealed) % 8 == 0)
    return [Part("ticket", ticket), Part("message", sealed, secret=True)]


def _field(reader: Reader) -> bytes:
    """A stretch whose length counts itself."""
    return reader.take(reader.number(4) - 4)


def sample(rng: random.Random) -> bytes:
    account = str(rng.randrange(10**8, 10**9)).encode()
    out = bytes([0, 0, 0, _TICKET, 1]) + b"\0\0\0\x44" + rng.randbytes(64) + b"\0\0\0\0\x0d" + account
    out += rng.randbytes(8 * rng.randint(6, 30))
    return (len(out) + 4).to_bytes(4) + out
