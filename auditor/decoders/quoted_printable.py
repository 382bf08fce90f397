"""Quoted-printable (RFC 2045, 6.7): text with at least one `=XX` or soft line break, all of them right.

RFC 2045: "Encoded lines must not be longer than 76 characters", and hexadecimal digits are capitals.
Without a clue that is asked for, and proof: a soft break, or an escape of something that is neither
letter, digit nor space - `a=41` and `id=20` are no quoted-printable. What comes out is text, or bytes
where it is not text. Random bytes are never taken: they must be printable ASCII.
"""

import binascii
import re

from auditor.decoders import Clue
from auditor.errors import TooMuch
from auditor.model import Tree
from auditor.text import as_text

EXAMPLES: list[tuple[bytes, Tree]] = [
    (b"see you =F0=9F=94=90 at 7", "see you 🔐 at 7"),
    (b"meet at the=\r\n north gate\r\n", "meet at the north gate\r\n"),
    (b"=00=FF=80x", b"\x00\xff\x80x"),
]
order = 66
reads = "text"
needs_clue = False
mark = b"="

_WIDTH = 76
_SHAPE = re.compile(rb"(?:[\t\n\r -<>-~]|=[0-9A-F]{2}|=[ \t]*+\r?\n)++")
_LOOSE = re.compile(rb"(?:[^=]|=[0-9A-Fa-f]{2}|=[ \t]*+\r?\n)++")
_LONG = re.compile(rb"[^\n]{%d}[^\r\n]" % _WIDTH)
_TRAILING = re.compile(rb"[ \t]++(?=\r?\n|\Z)")
_LETTER = re.compile(rb"=(?:3[0-9]|[46][1-9A-F]|[57][0-9A])")
_PROOF = re.compile(rb"=(?!20|09)[0-9A-F]{2}|=[ \t]*+\r?\n")
_ESCAPED = re.compile(rb"[^!-<>-~ ]| (?=\Z)")


def unwrap(data: bytes, clue: Clue) -> Tree:
    named = "quoted_printable" in clue.kinds
    if b"=" not in data or not (_LOOSE if named else _SHAPE).fullmatch(data):
        raise ValueError("not quoted-printable")
    if not named and (_LETTER.search(data) or _LONG.search(data) or not _PROOF.search(data)):
        raise ValueError("perhaps quoted-printable, but nothing proves it")
    out = binascii.a2b_qp(_TRAILING.sub(b"", data))
    if len(out) > clue.limit:
        raise TooMuch(f"quoted-printable: more than {clue.limit:,} bytes would come out")
    return as_text(out)


def wrap(tree: Tree) -> bytes:
    plain: bytes = tree.encode() if isinstance(tree, str) else tree
    escaped = _ESCAPED.sub(lambda found: b"=%02X" % ord(found[0]), plain)
    pieces = re.findall(rb"=..|[^=]", escaped)
    lines = [b"".join(pieces[at : at + 25]) for at in range(0, len(pieces), 25)]
    # Without an escape or a soft break it would not be quoted-printable.
    end = b"" if _PROOF.search(escaped) or len(lines) > 1 else b"=\r\n"
    return b"=\r\n".join(lines) + end
