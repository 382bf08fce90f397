"""What counts as text, and what of it can be shown. One place, so that all answers agree.

Three questions, three functions, never mixed up: `as_text` (are these bytes text?),
`is_token` (could this text as well be a key or an identifier?) and `printable`
(what of it may reach a terminal?).
"""

import codecs
import re
import unicodedata

# Joiners, direction marks, tabs and form feeds are part of what people type: an emoji
# family is four pictures and three joiners, Persian needs the non-joiner.
_LAYOUT = frozenset("\t\n\v\f\r")
_REFUSED = frozenset(("Cc", "Cs", "Cn"))
# Pictures that Unicode will name later are sent today; Python's tables are years old.
_PICTURES = range(0x1F000, 0x1FC00)
_TOKEN = re.compile(r"[A-Za-z0-9+/=_.\-]{12,}")
_PIECE = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")
_WORDS = re.compile(r"[\w\s.,!?'%$&-]+")
_LITTLE = re.compile(r"(?=.{1,40}\Z)(?!\d{5})[^\W_]+(?:['’,:-][^\W_]+)*[.!?…)]*")
_ESCAPES = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069\ufeff\ud800-\udfff]"
)


def as_text(data: bytes) -> str | bytes:
    """Text if every character of it is one that people send, else the bytes."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return data
    return text if is_text(text) else data


def is_text(text: str) -> bool:
    if text.isprintable() or text.replace("\n", "").replace("\r", "").replace("\t", "").isprintable():
        return True
    return all(
        c.isprintable() or c in _LAYOUT or unicodedata.category(c) not in _REFUSED or ord(c) in _PICTURES
        for c in text
    )


def is_token(text: str) -> bool:
    """Twelve characters or more that could be a key as well as a word: digits or odd capitals, no space.

    Such a value cannot be told by itself; it takes the class of its slot.
    """
    if not _TOKEN.fullmatch(text):
        return False
    return not all(_PIECE.fullmatch(piece) for piece in re.split(r"[+/=_.\-]+", text) if piece)


def is_prose(text: str) -> bool:
    """Words that a person wrote: three, or two and nothing technical, or a script that needs no spaces."""
    text = text[:2_000].strip("\0 ")
    words = text.split()[:50]
    lettered = sum(word.isalpha() or any(map(str.isalpha, word)) for word in words)
    if lettered >= 3 or (lettered == 2 and _WORDS.fullmatch(text)):
        return True
    beyond = 0 if text.isascii() else sum(map(_beyond, text))
    return beyond >= 2 or (len(words) > 1 and _WORDS.fullmatch(text) is not None and lettered > 0)


def is_sentence(text: str) -> bool:
    """Prose without the signs that programs write between their words."""
    return is_prose(text) and (_WORDS.fullmatch(text) is not None or not text.isascii())


def _beyond(character: str) -> bool:
    """A letter or sign that people write, and programs rarely."""
    return not character.isascii() and (
        unicodedata.category(character)[0] in "LS" or ord(character) in _PICTURES
    )


def is_remark(text: str) -> bool:
    """One word as people write it where it is all they say: with a capital, with what ends a sentence, or
    with a letter or a picture that programs do not write."""
    if len(text) > 40:
        return False
    said = text.strip()
    if not said.isascii() and any(map(_beyond, said)):
        return True
    word = said.rstrip(".!?…")
    letters = word.replace("'", "").replace("’", "").replace("-", "")
    begun = letters[:1].isupper() and letters[1:].islower()
    return letters.isalpha() and len(letters) > 1 and (begun or (word != said and letters.islower()))


def is_little(text: str) -> bool:
    """One word, or a short number: in a place that is called a text it may be all of it."""
    return _LITTLE.fullmatch(text.strip()) is not None and not is_token(text)


def is_name(text: str) -> bool:
    """Up to three words that all begin with a capital, as names of people do, and that are no sentence."""
    words = text.split()
    said = text.rstrip().endswith(("!", "?", "…", "..."))
    return not said and 0 < len(words) <= 3 and all(w[0].isupper() and w.isprintable() for w in words)


def begins_as_text(data: bytes) -> bool:
    """Whether these bytes are the beginning of a text; the cut may go through a character."""
    try:
        return is_text(codecs.getincrementaldecoder("utf-8")().decode(data))
    except UnicodeDecodeError:
        return False


def printable(text: str) -> str:
    """Text that cannot move a cursor, colour a terminal or turn its direction around."""
    return text if text.isascii() and text.isprintable() else _ESCAPES.sub("·", text)


# Python's own XML tools would import half of the network before the first page is shown.
_MARKUP = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"})
_QUOTED = _MARKUP | str.maketrans({'"': "&quot;", "\n": "&#10;", "\t": "&#9;"})


def xml_escaped(text: str) -> str:
    """Text as it stands between tags."""
    return text.translate(_MARKUP)


def xml_quoted(text: str) -> str:
    """Text as the value of an attribute, with its quotes."""
    return f'"{text.translate(_QUOTED)}"'
