"""JSON Web Tokens: three parts of base64url are signed (RFC 7515), five are encrypted (RFC 7516).

Signed: {header, payload, signature}. Encrypted: {header, key, iv, ciphertext, tag}, all bytes but the
header; nothing is decrypted. The header is a JSON object with a text "alg", and "enc" where it is
encrypted. The payload is text or bytes, for others to open. RFC 7515, 2: base64url "with all trailing '='
characters omitted"; bits left over must be zero. Random text has no such header.
"""

import base64
import re

from auditor.decoders import Clue, json
from auditor.errors import TooMuch
from auditor.model import Tree
from auditor.text import as_text

EXAMPLES: list[tuple[bytes, Tree]] = [
    (
        b"eyJhbGciOiJIUzI1NiJ9.eyJ0ZXh0IjoiaGkifQ.AP8B",
        {"header": {"alg": "HS256"}, "payload": '{"text":"hi"}', "signature": b"\x00\xff\x01"},
    ),
    (b"eyJhbGciOiJub25lIn0.aGk.", {"header": {"alg": "none"}, "payload": "hi", "signature": b""}),
    (
        b"eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0..AAEC.AP8.gIGC",
        {
            "header": {"alg": "dir", "enc": "A128GCM"},
            "key": b"",
            "iv": b"\x00\x01\x02",
            "ciphertext": b"\x00\xff",
            "tag": b"\x80\x81\x82",
        },
    ),
]
order = 18
reads = "text"
needs_clue = False
starts = b"e"
least, mark = 20, b"."

_SHAPE = re.compile(rb"ey[\w-]++(?:\.[\w-]*+){2}(?:(?:\.[\w-]*+){2})?")
_SIGNED = ("payload", "signature")
_ENCRYPTED = ("key", "iv", "ciphertext", "tag")


def unwrap(data: bytes, clue: Clue) -> Tree:
    if not _SHAPE.fullmatch(data):
        raise ValueError("not a token of JOSE")
    first, *rest = data.split(b".")
    names = _SIGNED if len(rest) == len(_SIGNED) else _ENCRYPTED
    header = json.unwrap(_decode(first), Clue(limit=clue.limit))
    wanted = ("alg", "enc") if names == _ENCRYPTED else ("alg",)
    if not all(_says(header, name) for name in wanted):
        raise ValueError("a token that does not say how it was made")
    if len(data) * 3 // 4 > clue.limit:
        raise TooMuch(f"JOSE: more than {clue.limit:,} bytes would come out")
    parts: dict[str, Tree] = dict(zip(names, map(_decode, rest), strict=True))
    if names == _SIGNED:
        parts["payload"] = as_text(parts["payload"])
    return {"header": header} | parts


def wrap(tree: Tree) -> bytes:
    names = _ENCRYPTED if "ciphertext" in tree else _SIGNED
    # An object that begins with {" is what makes the first letters "ey".
    return b".".join([_encode(json.wrap(tree["header"])), *(_encode(tree[name]) for name in names)])


def _says(header: Tree, name: str) -> bool:
    return isinstance(header, dict) and isinstance(header.get(name), str)


def _decode(part: bytes) -> bytes:
    plain = base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4))
    if _encode(plain) != part:
        raise ValueError("base64url with bits in its padding")
    return plain


def _encode(plain: str | bytes) -> bytes:
    data = plain.encode() if isinstance(plain, str) else plain
    return base64.urlsafe_b64encode(data).rstrip(b"=")
