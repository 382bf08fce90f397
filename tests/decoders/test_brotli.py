"""Brotli: no magic, so a clue or nothing but text."""

import random

import brotli as library
import pytest

from auditor.decoders import NO_CLUE, Clue, brotli
from auditor.errors import TooMuch

NAMED = Clue(kinds=("brotli",))


def test_text_opens_without_a_clue() -> None:
    assert brotli.unwrap(library.compress(b"meet at 7 by the gate"), NO_CLUE) == b"meet at 7 by the gate"


@pytest.mark.parametrize("plain", [b"\x00\x01\x02 meet at 7", b"too few", b""])
def test_other_results_need_the_clue(plain: bytes) -> None:
    data = library.compress(plain)
    assert brotli.unwrap(data, NAMED) == plain
    with pytest.raises(ValueError, match="nothing names it"):
        brotli.unwrap(data, NO_CLUE)


@pytest.mark.parametrize("length", [*range(1, 60, 7), 1000, 70_000])
def test_streams_of_any_length_end_at_their_last_byte(length: int) -> None:
    plain = random.Random(length).randbytes(length)
    assert brotli.unwrap(library.compress(plain), NAMED) == plain


def test_random_bytes_are_not_brotli() -> None:
    dice = random.Random(1)
    for _ in range(2000):
        with pytest.raises(ValueError, match=r"."):
            brotli.unwrap(dice.randbytes(dice.randint(8, 400)), NO_CLUE)


def test_a_text_that_is_too_long_is_too_much_and_noise_is_nothing() -> None:
    text, noise = "встретимся ".encode() * 2_000, random.Random(2).randbytes(300) * 60
    for limit in range(10_000, 10_003):  # some of them go through a letter
        with pytest.raises(TooMuch):
            brotli.unwrap(library.compress(text), Clue(limit=limit))
        with pytest.raises(ValueError, match="noise"):
            brotli.unwrap(library.compress(noise), Clue(limit=limit))
        with pytest.raises(TooMuch):
            brotli.unwrap(library.compress(noise), Clue(kinds=("brotli",), limit=limit))
