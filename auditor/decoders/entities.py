"""Character references of HTML in a text: `&amp;`, `&#128272;`, `&#x1F510;`.

At least one must be right: a name that HTML knows, or the number of a character that text may hold, and
the semicolon. What is not right (`R&D`, `&nosuch;`, `&#0;`) stays as it stands. HTML, 13.2.5.80: numbers
128 to 159 mean characters of windows-1252. Nothing is expanded but single references, once.
"""

import re
from html.entities import html5

from auditor.decoders import Clue
from auditor.errors import TooMuch
from auditor.model import Tree
from auditor.text import is_text

EXAMPLES: list[tuple[bytes, Tree]] = [
    (b"see you &#128272; &amp; &#x1f510;", "see you 🔐 & 🔐"),
    (b"R&D &lt;3 &nosuch; &eacute;&#0;", "R&D <3 &nosuch; é&#0;"),
    (b"&amp;lt;", "&lt;"),
]
order = 68
reads = "text"
needs_clue = False
mark = b"&"

_REFERENCE = re.compile(r"&(?:#([0-9]{1,7})|#[xX]([0-9A-Fa-f]{1,6})|([A-Za-z][A-Za-z0-9]{1,31}));")


def unwrap(data: bytes, clue: Clue) -> Tree:
    if b"&" not in data or b";" not in data:
        raise ValueError("no character references")
    text = data.decode()
    plain, right = _REFERENCE.subn(_marked, text)
    right -= plain.count("\0&")
    if not right or "\0" in text:
        raise ValueError("no right character reference")
    plain = plain.replace("\0", "")
    if len(plain) > clue.limit:
        raise TooMuch(f"entities: more than {clue.limit:,} bytes would come out")
    return plain


def wrap(tree: Tree) -> bytes:
    text: str = tree if isinstance(tree, str) else tree.decode()
    if "&" in text:
        return text.replace("&", "&amp;").encode()
    # Without one reference it would not be this kind.
    for at, character in enumerate(text):
        if _character(ord(character)) == character:
            return f"{text[:at]}&#{ord(character)};{text[at + 1 :]}".encode()
    raise ValueError("nothing here can be written as a character reference")


def _marked(found: re.Match[str]) -> str:
    """What a reference means; what is not right keeps its letters, behind a mark."""
    decimal, hexadecimal, name = found.groups()
    if name:
        return html5.get(f"{name};") or "\0" + found[0]
    return _character(int(decimal) if decimal else int(hexadecimal, 16)) or "\0" + found[0]


def _character(number: int) -> str:
    if 0x80 <= number < 0xA0:
        return bytes([number]).decode("cp1252", "ignore")
    character = chr(number) if number <= 0x10FFFF else ""
    return character if is_text(character) else ""
