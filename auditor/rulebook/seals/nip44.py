"""Nostr NIP-44, version 2, as the text it travels in: base64 of 02, nonce, padded ciphertext, MAC.

Only its sizes are special ("padding ... a power-of-two-like scheme"), so it counts in slots
of rules that accept it.
"""

import base64
import binascii
import random

from auditor.rulebook.reader import check
from auditor.rulebook.shut import Part

starts = (b"A",)
_LONGEST = 65_536


def cut(data: bytes) -> list[Part] | None:
    try:
        payload = base64.b64decode(data, validate=True)
    except binascii.Error:
        return None
    check(payload[:1] == b"\x02" and len(payload) >= 99)
    nonce, sealed, mac = payload[1:33], payload[33:-32], payload[-32:]
    size = len(sealed) - 2  # the length before the padding is sealed too
    check(32 <= size <= _LONGEST and padded(size) == size)
    return [Part("nonce", nonce), Part("message", sealed, True), Part("mac", mac, True)]


def padded(size: int) -> int:
    """NIP-44, "calc_padded_len"."""
    if size <= 32:
        return 32
    power = 1 << (size - 1).bit_length()
    chunk = 32 if power <= 256 else power // 8
    return -(-size // chunk) * chunk


def sample(rng: random.Random) -> bytes:
    size = 2 + padded(rng.randint(1, 600))
    return base64.b64encode(b"\x02" + rng.randbytes(32 + size + 32))
