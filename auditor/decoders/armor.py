"""ASCII armor: bytes as base64 between two lines of dashes (RFC 9580, 6.2; age). Only of messages:
keys and certificates that somebody sends are read as they stand there.

What a header says besides the mark of a program may be a text, and then this is a text like any other.
"""

import base64
import binascii
import re

from auditor.decoders import Clue
from auditor.errors import TooMuch
from auditor.model import Tree

EXAMPLES: list[tuple[bytes, Tree]] = [
    (
        b"-----BEGIN PGP MESSAGE-----\r\nVersion: GnuPG v2\r\n\r\nwcBMAyhqvgDpBR8PAQ==\r\n=abcd\r\n"
        b"-----END PGP MESSAGE-----\r\n",
        bytes.fromhex("c1c04c03286abe00e9051f0f01"),
    ),
    (b"-----BEGIN AGE ENCRYPTED FILE-----\nYWdl\n-----END AGE ENCRYPTED FILE-----", b"age"),
]
order = 20
reads = "text"
needs_clue = False
mark = b"-----BEGIN "

_MESSAGES = ("PGP MESSAGE", "AGE ENCRYPTED FILE")
_PROGRAM = re.compile(
    r"(GnuPG|OpenPGP\.js|PGP|BCPG|Mailvelope|ProtonMail|GopenPGP|Sequoia-PGP|OpenPGPKit)?"
    r"( v?[0-9]+(\.[0-9]+)*)?( \((GNU/Linux|MingW32|MacGPG2|Darwin)\))?"
)
_PAGE = re.compile(
    r"https?://(www\.)?(gpgtools\.org|openpgpjs\.org|mailvelope\.com|enigmail\.net|gnupg\.org)/?"
)
_NAMES = ("Version", "Comment", "Charset")
_LINES = re.compile(r"[A-Za-z0-9+/]+={0,2}")
_CHECKSUM = re.compile(r"=[A-Za-z0-9+/]{4}")


def unwrap(data: bytes, clue: Clue) -> Tree:
    if len(data) * 3 // 4 > clue.limit:
        raise TooMuch(f"armor: more than {clue.limit:,} bytes would come out")
    label, inside, said = opened(data)
    if label not in _MESSAGES or said:
        raise ValueError("not a message in armor alone")
    return inside


def wrap(tree: Tree) -> bytes:
    return armored(tree.encode() if isinstance(tree, str) else tree, _MESSAGES[0])


def opened(data: bytes) -> tuple[str, bytes, list[str]]:
    """Its label, what is inside, and what its headers say beyond the usual; ValueError when it is no whole
    armor."""
    lines = [line.rstrip(" \t\r") for line in data.decode("ascii").strip().split("\n")]
    label = lines[0].removeprefix("-----BEGIN ").removesuffix("-----")
    if len(lines) < 3 or (lines[0], lines[-1]) != (f"-----BEGIN {label}-----", f"-----END {label}-----"):
        raise ValueError("not armor")
    lines = lines[1:-1]
    said: list[str] = []
    while lines and (": " in lines[0] or lines[0].endswith(":")):
        name, _, value = lines.pop(0).partition(":")
        said += [] if name in _NAMES else [name]
        said += [] if _usual(value.strip()) else [value.strip()]
    if lines and not lines[0]:
        lines.pop(0)
    if lines and _CHECKSUM.fullmatch(lines[-1]):
        lines.pop()
    text = "".join(lines)
    if not _LINES.fullmatch(text):
        raise ValueError("not armor: lines that are not base64")
    try:
        return label, base64.b64decode(text, validate=True), said
    except binascii.Error as error:
        raise ValueError("not base64") from error


def _usual(value: str) -> bool:
    return bool(_PROGRAM.fullmatch(value) or _PAGE.fullmatch(value) or value == "UTF-8")


def armored(data: bytes, label: str) -> bytes:
    text = base64.b64encode(data).decode()
    lines = [text[at : at + 64] for at in range(0, len(text), 64)]
    return "\n".join([f"-----BEGIN {label}-----", "", *lines, f"-----END {label}-----"]).encode()
