r"""Escapes of JSON and JavaScript in a text: `\u0434`, `\u{1f510}`, `\x22`, `\n`.

At least one \u or \x must be there, and every backslash must begin a right escape (a path of Windows
rarely survives that). Surrogate pairs are joined, a lone surrogate becomes U+FFFD, as in JSON. `\xXX` is
a character; where that yields no text, and nothing above U+00FF is there, the escapes were bytes (UTF-8
mostly), as logs and Python write them. JSON objects and arrays are asked for before this one.
"""

import re

from auditor.decoders import Clue
from auditor.errors import TooMuch
from auditor.model import Tree
from auditor.text import as_text, is_text

EXAMPLES: list[tuple[bytes, Tree]] = [
    (rb"see you \ud83d\udd10 \u00e9", "see you 🔐 é"),
    (rb"\x7b\"text\": 1\n\u{1f510}", '{"text": 1\n🔐'),
    (rb"key \xf0\x9f\x94\x90", "key 🔐"),
    (rb"\x00\xff\x80x", b"\x00\xff\x80x"),
]
order = 64
reads = "text"
needs_clue = False
mark = b"\\"

_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|u\{([0-9A-Fa-f]{1,6})\}|x([0-9A-Fa-f]{2})|(.?))", re.DOTALL)
_PROOF = re.compile(rb"\\u[0-9A-Fa-f{]|\\x[0-9A-Fa-f]")
_SHORT = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "v": "\v", "0": "\0"} | {
    c: c for c in "\"'\\/`"
}


def unwrap(data: bytes, clue: Clue) -> Tree:
    if not _PROOF.search(data):
        raise ValueError("no escapes")
    # A lone surrogate written out is not UTF-8, and is refused here.
    text = _joined(_ESCAPE.sub(_character, data.decode()))
    if len(text) > clue.limit:
        raise TooMuch(f"escapes: more than {clue.limit:,} bytes would come out")
    if is_text(text):
        return text
    try:
        return as_text(text.encode("latin-1"))
    except UnicodeEncodeError as error:
        raise ValueError("escapes of what is neither text nor bytes") from error


def wrap(tree: Tree) -> bytes:
    if isinstance(tree, bytes):
        return "".join(f"\\x{byte:02x}" for byte in tree).encode()
    text: str = tree
    first, rest = text[:1], text[1:].replace("\\", "\\\\")
    return "".join(f"\\u{{{ord(c):x}}}" for c in first).encode() + rest.encode()


def _character(found: re.Match[str]) -> str:
    digits = found[1] or found[2] or found[3]
    if digits:
        number = int(digits, 16)
        if number > 0x10FFFF:
            raise ValueError("an escape beyond Unicode")
        return chr(number)
    if found[4] not in _SHORT:
        raise ValueError("a backslash that escapes nothing")
    return _SHORT[found[4]]


def _joined(text: str) -> str:
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
