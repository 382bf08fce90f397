"""Base64, standard or URL-safe: sixteen characters or more, and the bytes they stand for.

Never both alphabets at once; padding may be left out but not be wrong; lines of 64 or 76
columns are joined. RFC 4648, 3.5: "the pad bits MUST be set to zero by conforming
encoders", so other bits there mean that it is something else. Long words and identifiers
fit as well and open into noise: the caller rolls that back.
"""

import binascii
import re

from auditor.decoders import Clue
from auditor.errors import TooMuch
from auditor.model import Tree

EXAMPLES: list[tuple[bytes, Tree]] = [
    (b"YWJjZGVmZ2hpamtsbW5v", b"abcdefghijklmno"),
    (b"bWVldCBhdCA3IQ==", b"meet at 7!"),
    (b"-_-_-_-_-_-_-_-_", bytes.fromhex("fbffbf") * 4),
    (b"QUFB" * 16 + b"\r\nQUFBQQ==", b"A" * 52),
]
order = 80
reads = "text"
needs_clue = False
least = 16

_SHORTEST = 16
_WIDTHS = (64, 76)
_SHAPE = re.compile(rb"(?:[A-Za-z0-9+/]*+|[A-Za-z0-9_-]*+)={0,2}")
_STANDARD = bytes.maketrans(b"-_", b"+/")


def unwrap(data: bytes, clue: Clue) -> Tree:
    text = _one_line(data)
    if len(text) < _SHORTEST or not _SHAPE.fullmatch(text):
        raise ValueError("not base64")
    bare = text.rstrip(b"=")
    if len(bare) % 4 == 1 or (text != bare and len(text) % 4):
        raise ValueError("base64 of an impossible length")
    bare = bare.translate(_STANDARD)
    padded = bare + b"=" * (-len(bare) % 4)
    last = padded[-4:]
    if len(bare) % 4 and binascii.b2a_base64(binascii.a2b_base64(last), newline=False) != last:
        raise ValueError("base64 with bits in its padding")
    if len(bare) * 3 // 4 > clue.limit:
        raise TooMuch(f"base64: more than {clue.limit:,} bytes would come out")
    return binascii.a2b_base64(padded)


def wrap(tree: Tree) -> bytes:
    return binascii.b2a_base64(tree.encode() if isinstance(tree, str) else tree, newline=False)


def _one_line(data: bytes) -> bytes:
    if b"\n" not in data:
        return data
    end = b"\r\n" if b"\r\n" in data else b"\n"
    lines = data.removesuffix(end).split(end)
    if len(lines) > 1 and (
        len(lines[0]) not in _WIDTHS or {len(line) for line in lines[:-1]} != {len(lines[0])}
    ):
        raise ValueError("not base64: lines of other lengths than 64 and 76")
    if not 0 < len(lines[-1]) <= max(len(lines[0]), 1):
        raise ValueError("not base64: the last line is empty or too long")
    return b"".join(lines)
