"""URL-encoded forms: `a=1&b=2` as names and values.

Without a clue it takes two pairs, plain names and right escapes; where the clue names a
form one pair is enough, and the rules are those of the WHATWG URL standard, 5.1, except
that a piece without `=` is refused (a text must never end up as a name). White space is
refused either way. A name that stands twice yields both values; `a[b]` stays a name.
Values are text, or bytes where they are not text.
"""

import re
from urllib.parse import quote_from_bytes, quote_plus, unquote_to_bytes

from auditor.decoders import Clue
from auditor.errors import TooMuch
from auditor.model import Tree
from auditor.text import as_text

EXAMPLES: list[tuple[bytes, Tree]] = [
    (b"to=alice&text=see+you+%F0%9F%94%90", {"to": "alice", "text": "see you 🔐"}),
    (b"a[b]=1&a[b]=2&c=", {"a[b]": ["1", "2"], "c": ""}),
    (b"key=%00%ff&next=a%3Db%26c", {"key": b"\x00\xff", "next": "a=b&c"}),
]
order = 60
reads = "text"
needs_clue = False
mark = b"="

_STRICT = re.compile(rb"(?:[\w.~+$*\[\]-]|%[0-9A-Fa-f]{2})++=(?:[!-$'-~]|%[0-9A-Fa-f]{2})*+")
_LOOSE = re.compile(rb"[^\s&=\0-\x1f\x7f]++=[^\s&\0-\x1f\x7f]*+")


def unwrap(data: bytes, clue: Clue) -> Tree:
    named = "form" in clue.kinds
    if b"=" not in data or not (named or b"&" in data):
        raise ValueError("not a form")
    pieces = [piece for piece in data.split(b"&") if piece or not named]
    shape = _LOOSE if named else _STRICT
    if not all(map(shape.fullmatch, pieces)):
        raise ValueError("not a form")
    if len(data) > clue.limit:
        raise TooMuch(f"form: more than {clue.limit:,} bytes would come out")
    tree: dict[str, list[str | bytes]] = {}
    for piece in pieces:
        name, _, value = piece.replace(b"+", b" ").partition(b"=")
        tree.setdefault(unquote_to_bytes(name).decode(), []).append(as_text(unquote_to_bytes(value)))
    return {name: values if len(values) > 1 else values[0] for name, values in tree.items()}


def wrap(tree: Tree) -> bytes:
    pairs = (
        (name, one) for name, value in tree.items() for one in (value if isinstance(value, list) else [value])
    )
    return "&".join(f"{quote_plus(str(name), safe='[]')}={_quote(value)}" for name, value in pairs).encode()


def _quote(value: object) -> str:
    if isinstance(value, bool):
        value = str(value).lower()
    return quote_from_bytes(value if isinstance(value, bytes) else str(value).encode(), safe=" ").replace(
        " ", "+"
    )
