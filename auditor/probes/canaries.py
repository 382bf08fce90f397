"""Planted texts: are they rare enough that finding one means something?

Laws: a text is weighed before it is looked for; the chance is given as a number, never
as a feeling. A weak text is still looked for: the reader is told.
"""

import math
import unicodedata

from auditor.needles import variants

# Bits that one character adds for somebody who guesses: English words carry about 1.5 a letter
# (Shannon 1951: 0.6 to 1.3 for long texts, more for short ones), a digit and an odd sign more.
_LETTER = 1.5
_OTHER = math.log2(10)
ENOUGH = 40.0  # bits: by chance once in a terabyte
MUCH = 100_000_000  # bytes: a long session


def strength(text: str) -> float:
    """How many bits of surprise a text carries, repeats counted once."""
    pieces = dict.fromkeys(text.casefold().split())
    return sum(_bits(char) for piece in pieces for char in piece)


def _bits(char: str) -> float:
    return _LETTER if unicodedata.category(char).startswith("L") else _OTHER


def expected(text: str, size: int) -> float:
    """How often chance alone writes a text into so many bytes: each place, in each encoding."""
    encodings = len({data for _, data in variants(text)})
    return min(size / len(text.encode()), size * encodings / 2 ** strength(text))


def weakness(text: str) -> str:
    """Why a text is weak, in words; nothing when it is strong enough."""
    bits = strength(text)
    if bits >= ENOUGH:
        return ""
    return (
        f"a planted text of {len(text)} characters is weak: other texts look like it about once in "
        f"{_round(2**bits)}, and {MUCH // 1_000_000} MB of traffic hold it {_often(expected(text, MUCH))} "
        "by chance; use at least four words and a number"
    )


def _often(times: float) -> str:
    return f"about {_round(times)} times" if times >= 1 else f"with a chance of 1 in {_round(1 / times)}"


def _round(number: float) -> str:
    size = 10 ** max(int(math.log10(max(number, 1))), 0)
    return f"{int(number // size) * size:,}"
