"""Known texts in every encoding they travel in, found by one automaton.

Laws: a hit is exact (the bytes stand there, in an encoding that is named) or tolerant
(the text, after case, white space and accents were made equal), and says which. Decoders
run before this: an encoding is listed here because texts also hide in the middle of values.
"""

import base64
import html
import json
import re
import unicodedata
import zlib
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus

from ahocorasick_rs import BytesAhoCorasick
from msgspec import Struct

SHORTEST = 4  # bytes; shorter variants hit by chance everywhere
_SPACE = re.compile(r"\s+")


class Hit(Struct, frozen=True, order=True):
    """A planted text, where it stands, and how."""

    start: int
    end: int
    text: str
    how: str = ""  # the encoding; "" when it stands verbatim
    tolerant: bool = False


class Needles:
    """The planted texts of one audit."""

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self.texts = tuple(dict.fromkeys(text for text in map(_whole, texts) if text.strip()))
        self._exact: list[tuple[str, str, bytes]] = []
        known: set[tuple[str, bytes]] = set()
        for text in self.texts:
            for how, data in variants(text):
                if len(data) >= SHORTEST and (text, data) not in known:
                    known.add((text, data))
                    self._exact.append((text, how, data))
        self._folded = [(text, fold(text).encode()) for text in self.texts]
        self._find = BytesAhoCorasick([data for _, _, data in self._exact]) if self._exact else None
        self._find_folded = BytesAhoCorasick([data for _, data in self._folded]) if self._folded else None

    def __bool__(self) -> bool:
        return bool(self.texts)

    def search(self, data: bytes) -> list[Hit]:
        """Exact hits in bytes; of overlapping ones for the same text the first."""
        if self._find is None:
            return []
        hits: dict[str, Hit] = {}
        for index, start, end in self._find.find_matches_as_indexes(data, overlapping=True):
            text, how, _ = self._exact[index]
            hit = Hit(start, end, text, how)
            hits[text] = min(hits.get(text, hit), hit)
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
    return _SPACE.sub(" ", unicodedata.normalize("NFC", text.casefold())).strip()


def variants(text: str) -> Iterator[tuple[str, bytes]]:
    """The bytes of a text in the encodings that apps use."""
    for form in ("NFC", "NFD"):
        shaped = unicodedata.normalize(form, text)
        utf8 = shaped.encode()
        yield "", utf8
        yield "utf-16", shaped.encode("utf-16-le")
        yield "utf-16", shaped.encode("utf-16-be")
        yield "json", json.dumps(shaped)[1:-1].encode()
        yield "json", json.dumps(shaped, ensure_ascii=False)[1:-1].encode()
        yield "percent", quote(shaped, safe="").encode()
        yield "percent", quote(shaped, safe="").lower().encode()
        yield "form", quote_plus(shaped).encode()
        yield "html", html.escape(shaped).encode()
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
