"""A body as it was on the road, from what a HAR recorder made of it.

A recorder decodes a body to text by the charset that was declared, or by a guess.
mitmproxy guesses Latin-1 for bytes that it cannot name: such a text has the length
of the body in characters, and is longer as UTF-8. A length that the entry states
decides; where none does, the text is encoded as declared, else as UTF-8.
"""

import base64
import binascii
import codecs
import re
from collections.abc import Collection

from auditor.sources.heads import clean

_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:\-]{1,40})", re.IGNORECASE)
# No other codec of Python is a charset that a page would declare; some are slow on purpose-made text.
_KNOWN = re.compile(r"utf-(16|32)|iso8859|cp\d|gb|big5|hz|shift_jis|euc_|koi8|tis")
_MAYBE_LATIN = re.compile("[\x80-\xff]")


def from_base64(text: str) -> tuple[bytes, bool]:
    """The bytes, and whether they are all there."""
    data = text.encode("ascii", "ignore")
    try:
        return base64.b64decode(data), True
    except binascii.Error:
        digits = re.sub(rb"[^A-Za-z0-9+/]", b"", data)
        return base64.b64decode(digits[: len(digits) // 4 * 4]), False


def from_text(text: str, media: str, sizes: Collection[int]) -> tuple[bytes, bool]:
    """The bytes, and whether they are as long as one of the stated sizes asks for."""
    plain = _plain(text)
    data = _latin(text, plain, sizes) or _declared(text, media, sizes) or plain
    longest = max(len(data), len(plain))  # a charset may have changed the length, but halved nothing
    return data, not sizes or min(sizes) <= longest


def _plain(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")  # mitmproxy keeps bad bytes so
    except UnicodeEncodeError:
        return clean(text).encode()


def _latin(text: str, plain: bytes, sizes: Collection[int]) -> bytes:
    if len(text) not in sizes or len(plain) in sizes or not _MAYBE_LATIN.search(text):
        return b""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return b""


def _declared(text: str, media: str, sizes: Collection[int]) -> bytes:
    found = _CHARSET.search(media)
    if not found or text.isascii():
        return b""
    try:
        charset = codecs.lookup(found[1]).name
        data = text.encode(charset) if _KNOWN.match(charset) else b""
    except (LookupError, UnicodeError, ValueError):
        return b""
    return data if not sizes or len(data) in sizes else b""
