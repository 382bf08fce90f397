"""UTF-16: text with a byte order mark, or whose charset a header names.

RFC 2781, 3.2: "The Unicode Standard uses the character 0xFEFF [...] to serialize the byte order". Where
the charset is plain `utf-16` and there is no mark, 4.3 says that it "SHOULD be interpreted as being
big-endian". What comes out must be text, and without a charset hold no private characters. Measured: of
1,000,000 random strings of 8 to 16 bytes 6 are taken, of as many of 17 to 400 one.
"""

import re

from auditor.decoders import Clue
from auditor.errors import TooMuch
from auditor.model import Tree
from auditor.text import is_text

EXAMPLES: list[tuple[bytes, Tree]] = [
    (b"\xff\xfeh\x00i\x00", "hi"),
    ("\ufeffвстретимся 🔐".encode("utf-16-be"), "встретимся 🔐"),
]
order = 40
reads = "bytes"
needs_clue = False
starts = b"\xfe\xff"

_MARKS = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
_CHARSET = re.compile(r"utf-?16((?:le|be)?)", re.IGNORECASE)
_PRIVATE = re.compile("[\ue000-\uf8ff\U000f0000-\U0010ffff]")


def unwrap(data: bytes, clue: Clue) -> Tree:
    named = _CHARSET.fullmatch(clue.charset)
    order_named = f"utf-16-{named[1].lower() or 'be'}" if named else ""
    encoding = _MARKS.get(data[:2], order_named)
    if not encoding or len(data) % 2 or not data:
        raise ValueError("not UTF-16")
    text = (data[2:] if data[:2] in _MARKS else data).decode(encoding)
    if not is_text(text) or not text or (not named and _PRIVATE.search(text)):
        raise ValueError("UTF-16 of what is no text")
    if len(text.encode()) > clue.limit:
        raise TooMuch(f"UTF-16: more than {clue.limit:,} bytes would come out")
    return text


def wrap(tree: Tree) -> bytes:
    text: str = tree if isinstance(tree, str) else tree.decode()
    return f"\ufeff{text}".encode("utf-16-le")
