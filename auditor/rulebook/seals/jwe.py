"""JWE in its compact form (RFC 7516, 3.1): five pieces between dots. Whose key it is, nobody can see."""

import base64
import binascii
import json
import random

from auditor.rulebook.reader import check
from auditor.rulebook.shut import Part

starts = (b"eyJ", b"ewo", b"eyA")
_NAMES = {
    "alg",
    "enc",
    "kid",
    "typ",
    "cty",
    "zip",
    "epk",
    "apu",
    "apv",
    "x5t",
    "x5t#S256",
    "p2s",
    "p2c",
    "iv",
    "tag",
}
_LONGEST = 4_000


def cut(data: bytes) -> list[Part] | None:
    pieces = data.split(b".", 5)
    if len(pieces) != 5:
        return None
    head, key, iv, sealed, tag = (_bytes(piece) for piece in pieces)
    check(len(head) <= _LONGEST and head.count(b"{") + head.count(b"[") < 20)
    header = json.loads(head)
    check(isinstance(header, dict) and {"alg", "enc"} <= set(header) <= _NAMES)
    check(len(iv) in (12, 16) and len(tag) >= 16 and bool(sealed))
    words = [
        Part(f"header {name}", str(value).encode()) for name, value in header.items() if " " in str(value)
    ]
    words = [word for word in words if word.label != "header epk"]
    return [*words, Part("key", key), Part("iv", iv), Part("message", sealed, secret=True), Part("tag", tag)]


def _bytes(text: bytes) -> bytes:
    try:
        return base64.b64decode(
            text.translate(bytes.maketrans(b"-_", b"+/")) + b"=" * (-len(text) % 4), validate=True
        )
    except binascii.Error as error:
        raise ValueError("not base64") from error


def sample(rng: random.Random) -> bytes:
    header = b'{"alg":"RSA-OAEP-256","enc":"A256GCM"}'
    pieces = (header, *(rng.randbytes(size) for size in (256, 12, rng.randint(20, 300), 16)))
    return b".".join(base64.urlsafe_b64encode(piece).rstrip(b"=") for piece in pieces)
