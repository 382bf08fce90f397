"""Could these bytes be ciphertext? Length-corrected tests, asked only after decoding failed.

Laws: a test compares with random bytes *of the same length* (fixed entropy thresholds
fail both ways); passing proves nothing (compressed bytes pass too), failing does:
ciphertext has no text, no runs and no habits. What is long is counted at both ends,
and searched for text as a whole: who seals only the beginning of a file seals nothing.
Measured by tests/test_randomness.py: random bytes of 8 to 4,096 pass more than 999
times in 1,000.
"""

import math
import re
from collections import Counter

TEXT = "text stands in it"
# Words written without spaces change between large, small and digits every five characters or so, noise in
# base64 at every second one. Of 48,000 codes of 16 to 31 random bytes 1 in 1,400 is missed; of 30,000 rows of
# words in CamelCase, with numbers among them, 1 in 32 is taken for one.
_PIECE = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+|[^A-Za-z0-9]+")
_PIECES = 0.3  # of them for each character
_HEX = re.compile(r"(?=\d*[a-fA-F])(?:[0-9a-f]+|[0-9A-F]+)")
_SAMPLE = 65_536  # bytes that are counted at either end
# Counts beyond this many standard deviations: once in some 10,000 random strings, all nine tests together.
_DEVIATIONS = 5.0
# Counts of pairs are skewed to the right in short strings, so they are given more room.
_DEVIATIONS_PAIRS = 7.0
_EQUAL_RUN = re.compile(rb"(.)\1{5,}", re.DOTALL)
# Runs of plain characters, of letters, of small letters: the fewer may stand in it, the shorter tells.
_RUNS = (
    (re.compile(rb"[A-Za-z0-9 .,;:!?'\"()/+=_@#&*\r\n<>-]{8,}"), 83 / 256),
    (re.compile(rb"[A-Za-z ]{8,}"), 53 / 256),
    (re.compile(rb"[a-z ]{8,}"), 27 / 256),
)
# A short string that is words from end to end: 1 in 16,000 of 8 random bytes are.
_SHORT = re.compile(rb"(?:[A-Za-z0-9 .,:!?'%$@+/=-]|[\xc3\xc5][\x80-\xbf]){6,}")
# Five characters of UTF-16 in a row: Latin, Greek, Cyrillic, Hebrew, Arabic, or pictures.
_UTF16 = re.compile(
    rb"(?:[\x09-\xff][\0\3-\6]|.[\xd8-\xdb].[\xdc-\xdf]){5,}|(?:[\0\3-\6][\x09-\xff]|[\xd8-\xdb].[\xdc-\xdf].){5,}",
    re.DOTALL,
)
# Six letters in a row of a script beyond ASCII: each is a chance of 1 in 30 at best.
_UTF8 = re.compile(
    rb"(?:(?:[\xc3-\xdf][\x80-\xbf]|[\xe1-\xef][\x80-\xbf]{2}|\xf0[\x9f-\xa0][\x80-\xbf]{2})[ .,!?-]?){6,}"
)
_CHANCE = 1e-6
# The same two for strings of any length: runs that are as rare in 64 MB as the short ones are in 64 kB.
_LONG_UTF8 = re.compile(_UTF8.pattern.replace(b"{6,}", b"{9,}"))
_LONG_UTF16 = re.compile(rb"[\0\3-\6]{8,}")  # of every second byte


def habits(data: bytes) -> str:
    """What shows that these bytes are not ciphertext, in words; nothing when they may be.

    Short strings are only searched for text and runs: under 32 bytes counting has no power.
    Fewer than six bytes are always let through.
    """
    if len(data) <= _SAMPLE:
        return _habits(data)
    return _habits(data[:_SAMPLE]) or _habits(data[-_SAMPLE:]) or _text_anywhere(data)


def _habits(data: bytes) -> str:
    return text_inside(data) or _run(data) or (_counts(data) if len(data) >= 32 else "")


def _text_anywhere(data: bytes) -> str:
    """Whether text stands in a string that is too long for tests that were made for short ones."""
    for runs, share in _RUNS:
        longer = runs.pattern.replace(b"{8,}", b"{%d,}" % plain_run(len(data), share))
        if re.search(longer, data):
            return TEXT
    return TEXT if _LONG_UTF8.search(data) or any(_LONG_UTF16.search(data[i::2]) for i in (0, 1)) else ""


def shuffled(code: str) -> bool:
    """Whether these letters and digits are in the disorder of noise written in hex or base64."""
    if _HEX.fullmatch(code):
        return True
    code = code.rstrip("=")
    if code.lower() == code or code.upper() == code:
        return False
    return len(_PIECE.findall(code)) >= _PIECES * len(code)


def text_inside(data: bytes) -> str:
    """Whether text stands in these bytes, known by its runs."""
    if _SHORT.fullmatch(data) or _UTF8.search(data) or _UTF16.search(data):
        return TEXT
    for runs, share in _RUNS:
        need = plain_run(len(data), share)
        if any(len(run) >= need for run in runs.findall(data)):
            return TEXT
    return ""


def plain_run(length: int, share: float = _RUNS[0][1]) -> int:
    """How many such characters in a row random bytes of this length show once in a million times."""
    return math.ceil(math.log(max(length, 1) / _CHANCE) / -math.log(share))


def _run(data: bytes) -> str:
    return "one byte repeats" if _EQUAL_RUN.search(data) else ""


def _counts(data: bytes) -> str:
    size = len(data)
    pairs = sum(n * (n - 1) // 2 for n in Counter(data).values())
    # Each pair of bytes is equal with chance 1/256, pairwise independent: exact moments at any length.
    total = size * (size - 1) / 2
    if pairs - total / 256 > _DEVIATIONS_PAIRS * math.sqrt(total * 255) / 256:
        return "some bytes are far too frequent"
    number = int.from_bytes(data)
    ones = (1 << 8 * size) // 255  # 0x0101...01
    for bit in range(8):
        set_bits = (number >> bit & ones).bit_count()
        if abs(set_bits - size / 2) > _DEVIATIONS * math.sqrt(size) / 2:
            return f"bit {bit} is nearly constant" if set_bits in (0, size) else f"bit {bit} is not even"
    return ""
