"""Raw deflate."""

import random

import pytest

from auditor.decoders import NO_CLUE, Clue, deflate
from auditor.errors import TooMuch

CLUE = NO_CLUE


@pytest.mark.parametrize(
    "data",
    [
        b"\x03\x00",
        b"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        b"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00",
    ],
)
def test_what_is_not_of_this_kind(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        deflate.unwrap(data, CLUE)


def test_only_a_text_of_some_length_proves_it() -> None:
    text = b"meet at 7 by the north gate"
    assert deflate.unwrap(deflate.wrap(text), NO_CLUE) == text
    for plain in (b"meet at 7", bytes(range(128, 200))):
        with pytest.raises(ValueError, match="proves"):
            deflate.unwrap(deflate.wrap(plain), NO_CLUE)


def test_a_bomb_stops_early() -> None:
    with pytest.raises(TooMuch):
        deflate.unwrap(deflate.wrap(bytes(50_000_000)), Clue(kinds=("deflate",), limit=10_000))


def test_a_text_that_is_too_long_is_too_much_and_noise_is_nothing() -> None:
    text, noise = "встретимся ".encode() * 2_000, random.Random(2).randbytes(300) * 60
    for limit in range(10_000, 10_003):  # some of them go through a letter
        with pytest.raises(TooMuch):
            deflate.unwrap(deflate.wrap(text), Clue(limit=limit))
        with pytest.raises(ValueError, match="noise"):
            deflate.unwrap(deflate.wrap(noise), Clue(limit=limit))
