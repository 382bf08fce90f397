"""Known texts in every encoding they travel in, found by one automaton.

Laws: a hit is exact (the bytes stand there, in an encoding that is named) or tolerant
(the text, after case, white space and accents were made equal), and says which. Decoders
run before this: an encoding is listed here because texts also hide in the middle of values;
what is wrapped over lines (soft breaks of quoted-printable, base64 of mail) is theirs alone.
The hash of a text is looked for as well: such a hit is a `digest`. Nobody reads the text in it.
"""

import base64
import hashlib
import html
import json
import re
import unicodedata
import zlib
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus

from ahocorasick_rs import BytesAhoCorasick, Implementation
from msgspec import Struct

_SPACES = frozenset(b" \t\n\v\f\r\x1c\x1d\x1e\x1f")
_LOWER = bytes(
    0x20 if letter in _SPACES else ord(chr(letter).lower()) if letter < 128 else letter
    for letter in range(256)
)
SHORTEST = 4  # bytes; shorter variants hit by chance everywhere
_START, _FEW = 8, 1_000  # bytes of a variant, and so many variants
DIGESTS = ("md5", "sha1", "sha256", "sha512")
_ESCAPED = re.compile(rb"[^!-<>-~ ]")  # in bodies that are quoted-printable
_ESCAPED_IN_HEADERS = re.compile(rb"[^A-Za-z0-9!*+/-]")  # RFC 2047, 5 (3)


class Hit(Struct, frozen=True, order=True):
    """A planted text, where it stands, and how."""

    start: int
    end: int
    text: str
    how: str = ""  # the encoding; "" when it stands verbatim
    tolerant: bool = False

    @property
    def digest(self) -> bool:
        """Whether this is only the hash of the text: it tells who guesses the text, and is never readable."""
        return self.how in DIGESTS


class Needles:
    """The planted texts of one audit."""

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self.texts = tuple(dict.fromkeys(text for text in map(_whole, texts) if text.strip()))
        self.barren: set[str | bytes] = set()  # what was looked through and holds none of them (hiding.py)
        self._exact: list[tuple[str, str, bytes]] = []
        known: set[tuple[str, bytes]] = set()
        for text in self.texts:
            for how, data in (*variants(text), *digests(text)):
                if len(data) >= SHORTEST and (text, data) not in known:
                    known.add((text, data))
                    self._exact.append((text, how, data))
        self._folded = [(text, fold(text).encode()) for text in self.texts]
        # What is in none of them is told by a small table of how they begin, whatever case or spaces do.
        begin = {data[:_START].translate(_LOWER) for _, _, data in self._exact}
        begin |= {max(data.split(b" "), key=len)[:_START] for _, data in self._folded}
        self._begin = [_table(begin), _table({data for data in begin if data.isascii()})]
        lengths = [len(data) for _, _, data in self._exact] + [len(data) for _, data in self._folded]
        self.shortest = min(lengths, default=0)  # bytes; what is shorter, and ASCII, holds none of them
        self._find = BytesAhoCorasick([data for _, _, data in self._exact]) if self._exact else None
        self._find_folded = BytesAhoCorasick([data for _, data in self._folded]) if self._folded else None

    def __bool__(self) -> bool:
        return bool(self.texts)

    def within(self, data: bytes) -> bool:
        """Whether any planted text stands in these bytes, exactly."""
        return self._begins(data) and bool(self._find and self._find.find_matches_as_indexes(data))

    def anywhere(self, data: bytes, text: str) -> bool:
        """Whether bytes, or what of them is text, hold any planted text, exact or tolerant."""
        if data.isascii() and not self._begins(data):
            return False
        return self.within(data) or self.loosely(text)

    def _begins(self, data: bytes) -> bool:
        """Whether an exact text may begin in these bytes; in ASCII, a tolerant one too."""
        table = self._begin[data.isascii()]
        return table is None or bool(table.find_matches_as_indexes(data.translate(_LOWER)))

    def loosely(self, text: str) -> bool:
        """Whether any planted text stands in this one, tolerantly."""
        if self._find_folded is None:
            return False
        return bool(self._find_folded.find_matches_as_indexes(fold(text).encode("utf-8", "replace")))

    def search(self, data: bytes) -> list[Hit]:
        """Exact hits in bytes: for each text the first, and the first digest of it."""
        if self._find is None:
            return []
        hits: dict[tuple[str, bool], Hit] = {}
        for index, start, end in self._find.find_matches_as_indexes(data, overlapping=True):
            text, how, _ = self._exact[index]
            hit = Hit(start, end, text, how)
            key = text, hit.digest
            hits[key] = min(hits.get(key, hit), hit)
        return sorted(hits.values())

    def search_text(self, value: str) -> list[Hit]:
        """Tolerant hits in a decoded text; the places are of the folded text and so not given."""
        if self._find_folded is None:
            return []
        data = fold(value).encode("utf-8", "replace")
        hits = set()
        for index, _, _ in self._find_folded.find_matches_as_indexes(data, overlapping=True):
            text, folded = self._folded[index]
            if len(folded) >= SHORTEST or folded == data:  # a short text must be the whole value
                hits.add(Hit(0, 0, text, "", tolerant=True))
        return sorted(hits)


def _whole(text: str) -> str:
    """A text without the halves of characters that a command line may hand over."""
    return text.encode("utf-8", "replace").decode()


def fold(text: str) -> str:
    """The text as an app may have changed it: case, white space, composed or decomposed accents."""
    return " ".join(unicodedata.normalize("NFC", text.casefold()).split())


def _table(starts: set[bytes]) -> BytesAhoCorasick | None:
    """Walked at twice the speed of what finds all of each; nothing where there are none or many."""
    if not 0 < len(starts) <= _FEW:
        return None
    return BytesAhoCorasick(sorted(starts), implementation=Implementation.DFA)


def variants(text: str) -> Iterator[tuple[str, bytes]]:
    """The bytes of a text in the encodings that apps use."""
    for form in ("NFC", "NFD"):
        shaped = unicodedata.normalize(form, text)
        utf8 = shaped.encode()
        yield "", utf8
        yield "utf-16", shaped.encode("utf-16-le")
        yield "utf-16", shaped.encode("utf-16-be")
        escaped = json.dumps(shaped)[1:-1]
        yield "json", escaped.encode()
        yield "json", re.sub(r"(?<=\\u)[0-9a-f]{4}", lambda digits: digits[0].upper(), escaped).encode()
        yield "json", json.dumps(shaped, ensure_ascii=False)[1:-1].encode()
        yield "percent", quote(shaped, safe="").encode()
        yield "percent", quote(shaped, safe="").lower().encode()
        yield "form", quote_plus(shaped).encode()
        yield "html", html.escape(shaped).encode()
        yield "html", html.escape(shaped).replace("&#x27;", "&#39;").encode("ascii", "xmlcharrefreplace")
        yield from _quoted(utf8)
        yield "hex", utf8.hex().encode()
        yield "hex", utf8.hex().upper().encode()
        yield "deflate", _deflated(utf8)
        yield from _base64(utf8)


def _deflated(data: bytes) -> bytes:
    """Without a header. A short text in it looks like noise to whoever does not know the text."""
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


def _base64(data: bytes) -> Iterator[tuple[str, bytes]]:
    """At all three alignments, without the characters that depend on neighbours."""
    for shift in range(3):
        coded = base64.b64encode(bytes(shift) + data)
        start = (0, 2, 3)[shift]
        end = len(coded) - (0, 4, 4)[(len(data) + shift) % 3] if (len(data) + shift) % 3 else len(coded)
        inner = coded[start:end]
        if len(inner) >= 8:
            yield "base64", inner
            yield "base64", inner.translate(bytes.maketrans(b"+/", b"-_"))


def _quoted(data: bytes) -> Iterator[tuple[str, bytes]]:
    """As in a body, with capitals and without, and as in a header, where `_` is a space."""
    yield "quoted-printable", _ESCAPED.sub(lambda found: b"=%02X" % ord(found[0]), data)
    yield "quoted-printable", _ESCAPED.sub(lambda found: b"=%02x" % ord(found[0]), data)
    header = _ESCAPED_IN_HEADERS.sub(lambda found: b"=%02X" % ord(found[0]), data)
    yield "quoted-printable", header.replace(b"=20", b"_")


def digests(text: str) -> Iterator[tuple[str, bytes]]:
    """Hashes of a text as they are written: bytes, hex, base64 with and without what it may end in."""
    if len(text.encode()) < SHORTEST:
        return  # many things count to nine
    for form in ("NFC", "NFD"):
        data = unicodedata.normalize(form, text).encode()
        for how in DIGESTS:
            digest = hashlib.new(how, data, usedforsecurity=False).digest()
            yield how, digest
            yield how, digest.hex().encode()
            yield how, digest.hex().upper().encode()
            yield how, base64.b64encode(digest).rstrip(b"=")
            yield how, base64.urlsafe_b64encode(digest).rstrip(b"=")
