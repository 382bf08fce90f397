"""Whether a planted text could lie in a parcel, told without opening it: most parcels hold none.

Laws: a no is certain, a yes only means that the parcel has to be opened and searched. Undoing an
escape is a matter of a few letters, wherever they stand, so it is done to a whole text at once;
what only looks like letters is opened; where a format could join pieces, the answer is yes.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from urllib.parse import unquote_to_bytes

from auditor.decoders import DECODERS, NO_CLUE
from auditor.decoders.clues import COMPRESSIONS, LANGUAGES, clue_from
from auditor.decoders.unwrap import ANY_START, FREE, Node, Opening, Recognise
from auditor.errors import TooMuch
from auditor.model import Parcel
from auditor.needles import Hit, Needles
from auditor.text import as_text, is_text

FORMS = 8  # of one text, with escapes undone; a text in more of them is opened
DEEPEST = 4  # texts inside base64 inside texts
LONGEST = 4_000_000  # letters; what is longer is opened, with the budget that opening has
REMEMBERED, MOST_WORDS = 256, 20_000  # letters of a word or value, and so many of them
WRITTEN = ("form", "json", "ndjson", "xml")  # formats that keep the letters of a text together
# By the first letter of a word: who could open it.
CODES = [
    [DECODERS[name] for name, *_ in asked if name in ("hex", "base64")] for asked in FREE[True][:ANY_START]
]
UTF8 = ("", "utf-8", "utf8", "us-ascii")

# What has a space beside it is a part of a longer text.
_WORD = re.compile(rb"(?<![\w+/= \t-])[\w+/=-]{16,}+(?![ \t])", re.ASCII)
_PADDED = re.compile(rb"[^=]{16,}={0,2}")
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|u\{([0-9A-Fa-f]{1,6})\}|(.))", re.DOTALL)
_MEANT = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "v": "\v", "0": "\0"}
_QUOTED = re.compile(rb"=(?:([0-9A-F]{2})|[ \t]*+\r?\n)")
_PROVEN = re.compile(rb"=(?!3[0-9]|[46][1-9A-F]|[57][0-9A])[0-9A-F]{2}|=[ \t]*+\r?\n")  # as its decoder asks
_MIXED = re.compile(r">\s*+[^<>\s][^<>]*+<[^/]|<!")  # text beside children, or pieces of it
_LINES = re.compile(r"[\w+/-]{16,}+={0,2}[ \t]*+\r?\n[ \t]*+[\w+/=-]{2}", re.ASCII)
_SHORT_TOKEN = re.compile(r"ey[\w-]++(?:\.[\w-]*+){0,3}\.[\w-]{1,15}+(?![\w-])", re.ASCII)
_CODED_WORD = re.compile(r"=\?[\w.:*-]++\?[bBqQ]\?", re.ASCII)
_MAIL = re.compile(r"(?i)(?<![\w-])(?:from|to|subject|date|mime-version)[ \t]*+:")
_JOINED = ("\\x", "<data", "data:", "ransfer-", "BEGIN ", "?OTR", "?iv=")


def could_hold(
    parcel: Parcel,
    needles: Needles,
    recognise: Recognise,
    barren: set[str | bytes] | None = None,
    opened: bool = False,
) -> tuple[bool, bool]:
    """Whether a planted text could lie in the address or the headers, and in the body: False only where no
    reading shows one. `barren` remembers words, and values of addresses and headers, for one set of texts
    and one way to recognise seals.
    A body that is `opened` whatever is said here is not looked at: what came out tells."""
    hiding = Hiding(needles, recognise, barren)
    asked = parcel.asked
    values = (*asked.path, *_values(asked.query), *_values(parcel.head.headers))
    new = [value for value in values if value not in hiding.barren]
    around = "|".join(new)
    body = None if opened else _written(parcel)
    if body is None:
        held = hiding.text(around), True
    elif hiding.text(f"{around}|{body}"):
        held = hiding.text(around), hiding.text(body)
    else:
        held = False, False
    if not held[0]:
        hiding.remember(new)
    return held


def look_through(needles: Needles, nodes: list[Node]) -> list[tuple[Node, list[Hit]]]:
    """The nodes in which planted texts, or digests of them, were read. Most parcels have none, so that all
    of it is looked at as one piece before each node is."""
    layers = [layer for node in nodes for layer in node.layers]
    data = [layer.data for layer in layers]
    data += [part for node in nodes if node.seal is not None for _, part in node.seal.parts]
    data = [one for one in data if len(one) >= needles.shortest or not one.isascii()]
    if sum(map(len, data)) < LONGEST:
        texts = "\n".join([layer.value for layer in layers if isinstance(layer.value, str)])
        if not needles.anywhere(b"\n".join(data), texts):
            return []
    return [(node, hits) for node in nodes if (hits := look_for(needles, node))]


def look_for(needles: Needles, node: Node) -> list[Hit]:
    """Planted texts, or digests of them, in any layer of one node, and in what a seal of letters holds."""
    hits: list[Hit] = []
    for layer in node.layers:
        hits += needles.search(layer.data)
        if isinstance(layer.value, str):
            exact = {hit.text for hit in hits if not hit.digest}
            hits += [hit for hit in needles.search_text(layer.value) if hit.text not in exact]
    if node.seal is not None and node.seal.shut:
        hits += [hit for _, part in node.seal.parts for hit in needles.search(part)]
    return hits


class Hiding:
    """Looks through texts for one set of planted texts."""

    def __init__(
        self, needles: Needles, recognise: Recognise, barren: set[str | bytes] | None = None
    ) -> None:
        self.needles = needles
        self.recognise = recognise
        self.barren = set() if barren is None else barren  # what holds nothing; names come again

    def remember(self, found: Iterable[str | bytes]) -> None:
        self.barren.update(one for one in found if len(one) <= REMEMBERED)
        if len(self.barren) > MOST_WORDS:
            self.barren.clear()

    def text(self, text: str, depth: int = 0) -> bool:
        if len(text) > LONGEST or depth > DEEPEST:
            return True
        forms, words = [text], set[bytes]()
        for form in forms:
            data = form.encode("utf-8", "replace")
            if self.needles.anywhere(data, form) or _joins(form) or not is_text(form):
                return True  # what is no text may be bytes that were written as one
            for piece in set(_WORD.findall(data)) - self.barren:
                words.update(_PADDED.findall(piece) if b"=" in piece else (piece,))
            for other in _undone(form, data):
                if isinstance(other, bytes) or len(forms) == FORMS:
                    return True
                if other not in forms:
                    forms.append(other)
        words -= self.barren
        if words and self._words(words, depth):
            return True
        self.remember(words)
        return False

    def _words(self, words: set[bytes], depth: int) -> bool:
        """Base64 and hexadecimal, and what comes out; a seal made of letters is opened by who knows seals."""
        if any(self.recognise(word) is not None for word in words):
            return True
        inner = [as_text(data) for word in words if (data := _decoded(word))]
        noise = [data for data in inner if isinstance(data, bytes)]
        if self.needles.within(b"\n".join(noise)) or any(map(self._opens, noise)):
            return True
        return any(self.text(text, depth + 1) for text in inner if isinstance(text, str))

    def _opens(self, data: bytes) -> bool:
        """Whether bytes open, and a planted text lies in what comes out."""
        seal = self.recognise(data)
        opening = Opening(self.recognise)
        if (seal is None or seal.shut) and opening.decode(data, data) is None and not opening.stopped:
            return False  # noise, as nearly all of it is
        root = opening.open(data, ())
        return bool(opening.stopped) or any(look_for(self.needles, node) for node in root.walk())


def _decoded(word: bytes) -> bytes:
    for decoder in CODES[word[0]]:
        try:
            data: bytes = decoder.unwrap(word, NO_CLUE)
        except ValueError:
            continue
        return data
    return b""


def _values(pairs: Iterable[tuple[str, str]]) -> Iterator[str]:
    return (value for _, value in pairs)


def _written(parcel: Parcel) -> str | None:
    """The body as text, compressed or not; nothing where it is no text, or of a format that joins pieces."""
    head = parcel.head
    clue = clue_from(head.header("content-type"), head.header("content-encoding"))
    if clue.charset.lower() not in UTF8 or parcel.protocol in LANGUAGES:
        return None
    value: str | bytes = as_text(parcel.body)
    for kind in clue.kinds:
        if kind in COMPRESSIONS and isinstance(value, bytes):
            try:
                value = as_text(DECODERS[kind].unwrap(value, clue))
            except ValueError:
                continue
            except TooMuch:
                return None
        elif kind not in WRITTEN and kind not in COMPRESSIONS:
            return None
    return value if isinstance(value, str) else None


def _joins(text: str) -> bool:
    """Whether a format could make one text of pieces that stand apart here, or of fewer letters."""
    for mark in _JOINED:
        if mark in text:
            return True
    lines = "\n" in text
    return (
        ("<" in text and _MIXED.search(text) is not None)
        or (lines and _LINES.search(text) is not None)
        or (lines and ":" in text and _MAIL.search(text) is not None)
        or ("=?" in text and _CODED_WORD.search(text) is not None)
        or ("ey" in text and _SHORT_TOKEN.search(text) is not None)
    )


def _undone(text: str, data: bytes) -> Iterator[str | bytes]:
    """The text with one kind of escape undone; bytes where that yields no text."""
    if "\\" in text:
        yield _ESCAPE.sub(_meant, text).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    if "%" in text or ("+" in text and "=" in text):
        yield as_text(unquote_to_bytes(data.replace(b"+", b" ")))
    if "%" in text and "+" in text:
        yield as_text(unquote_to_bytes(data))
    if "=" in text and _PROVEN.search(data):
        yield as_text(_QUOTED.sub(_unquoted, data))
    if "&" in text:
        with suppress(ValueError):
            yield DECODERS["entities"].unwrap(data, NO_CLUE)


def _unquoted(found: re.Match[bytes]) -> bytes:
    return bytes.fromhex(found[1].decode()) if found[1] else b""


def _meant(found: re.Match[str]) -> str:
    digits = found[1] or found[2]
    if digits:
        number = int(digits, 16)
        return chr(number) if number <= 0x10FFFF else "�"
    return _MEANT.get(found[3], found[3])
