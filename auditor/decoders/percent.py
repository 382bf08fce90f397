"""Percent-encoding (RFC 3986, 2.1): text without white space and with at least one %XX.

Every `%` must begin an escape. `+` stays a plus: only forms make it a space. What comes
out is text, or bytes where it is not text.
"""

import re
from urllib.parse import quote_from_bytes, unquote_to_bytes

from auditor.decoders import Clue
from auditor.errors import TooMuch
from auditor.model import Tree
from auditor.text import as_text

EXAMPLES: list[tuple[bytes, Tree]] = [
    (b"see%20you+%F0%9F%94%90", "see you+🔐"),
    (b"%7b%22text%22%3a1%7d", '{"text":1}'),
    (b"%00%ff%80x", b"\x00\xff\x80x"),
]
order = 70
reads = "text"
needs_clue = False
mark = b"%"

_SHAPE = re.compile(r"(?:[^\s%]|%[0-9A-Fa-f]{2})++")


def unwrap(data: bytes, clue: Clue) -> Tree:
    text = as_text(data)
    if b"%" not in data or isinstance(text, bytes) or not _SHAPE.fullmatch(text):
        raise ValueError("not percent-encoded")
    out = unquote_to_bytes(data)
    if len(out) > clue.limit:
        raise TooMuch(f"percent: more than {clue.limit:,} bytes would come out")
    return as_text(out)


def wrap(tree: Tree) -> bytes:
    plain: bytes = tree.encode() if isinstance(tree, str) else tree
    quoted = quote_from_bytes(plain, safe="").encode()
    # Without one escape it would not be percent-encoded.
    return quoted if b"%" in quoted or not plain else b"%%%02X" % plain[0] + quoted[1:]
