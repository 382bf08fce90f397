"""Planted texts: are they rare enough that finding one means something?

Laws: a text is weighed before it is looked for; the chance is given as a number, never
as a feeling. A weak text is still looked for: the reader is told.
"""

import math
import unicodedata

# Bits that one character adds for somebody who guesses: English words carry about 1.5 a letter
# (Shannon 1951: 0.6 to 1.3 for long texts, more for short ones), a digit and an odd sign more.
_LETTER = 1.5
_OTHER = math.log2(10)
ENOUGH = 40.0  # bits: by chance once in a terabyte


def strength(text: str) -> float:
    """How many bits of surprise a text carries, repeats counted once."""
    pieces = dict.fromkeys(text.casefold().split())
    return sum(_bits(char) for piece in pieces for char in piece)


def _bits(char: str) -> float:
    return _LETTER if unicodedata.category(char).startswith("L") else _OTHER


def weakness(text: str) -> str:
    """Why a text is weak, in words; nothing when it is strong enough."""
    bits = strength(text)
    if bits >= ENOUGH:
        return ""
    return (
        f"a planted text of {len(text)} characters is weak: other texts look like it about once in "
        f"{_round(2**bits)}; use two or three rare words and a number"
    )


def _round(number: float) -> str:
    size = 10 ** max(int(math.log10(max(number, 1))), 0)
    return f"{int(number // size) * size:,}"
