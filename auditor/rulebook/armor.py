"""ASCII armor: binary seals between two lines of dashes (RFC 9580, 6.2; age).

Headers in it may hold a text: what is not the usual mark of a program is handed on as a part.
"""

import base64
import binascii
import re

from auditor.rulebook.reader import check
from auditor.rulebook.shut import Part

_PROGRAM = re.compile(
    r"(GnuPG|OpenPGP\.js|PGP|BCPG|Mailvelope|ProtonMail|GopenPGP|Sequoia-PGP|OpenPGPKit)?"
    r"( v?[0-9]+(\.[0-9]+)*)?( \((GNU/Linux|MingW32|MacGPG2|Darwin)\))?"
)
_PAGE = re.compile(
    r"https?://(www\.)?(gpgtools\.org|openpgpjs\.org|mailvelope\.com|enigmail\.net|gnupg\.org)/?"
)
_LINES = re.compile(r"[A-Za-z0-9+/]+={0,2}")
_CHECKSUM = re.compile(r"=[A-Za-z0-9+/]{4}")


def opened(data: bytes, label: str) -> tuple[bytes, list[Part]]:
    """What is inside, and what its headers say; ValueError when it is no whole armor."""
    lines = [line.rstrip(" \t\r") for line in data.decode("ascii").strip().split("\n")]
    check(len(lines) > 2 and lines[0] == f"-----BEGIN {label}-----" and lines[-1] == f"-----END {label}-----")
    lines = lines[1:-1]
    parts: list[Part] = []
    while lines and (": " in lines[0] or lines[0].endswith(":")):
        name, _, value = lines.pop(0).partition(":")
        parts.append(Part("header name", name.encode()))
        parts.append(Part("header", b"" if _usual(value.strip()) else value.strip().encode()))
    parts = [p for p in parts if p.data not in (b"", b"Version", b"Comment", b"Charset")]
    if lines and not lines[0]:
        lines.pop(0)
    if lines and _CHECKSUM.fullmatch(lines[-1]):
        lines.pop()
    text = "".join(lines)
    check(_LINES.fullmatch(text) is not None)
    try:
        return base64.b64decode(text, validate=True), parts
    except binascii.Error as error:
        raise ValueError("not base64") from error


def _usual(value: str) -> bool:
    return bool(_PROGRAM.fullmatch(value) or _PAGE.fullmatch(value) or value == "UTF-8")


def armored(data: bytes, label: str) -> bytes:
    text = base64.b64encode(data).decode()
    lines = [text[at : at + 64] for at in range(0, len(text), 64)]
    return "\n".join([f"-----BEGIN {label}-----", "", *lines, f"-----END {label}-----"]).encode()
