"""Planted texts are weighed before they are looked for; a weak one is called weak, with numbers."""

import re

import pytest

from auditor.probes.canaries import ENOUGH, MUCH, expected, strength, weakness

STRONG = (
    "Harbor-4471 meet me by the old crane",
    "Lighthouse-5523 bring the spare oars",
    "CANARY-7f3a91c2e5d84b60",
    "Ferry-5520 čekej u mola pod jeřábem",
)
WEAK = ("ok", "hi", "7", "on my way", "lunch tomorrow?", "aaaa aaaa aaaa aaaa aaaa aaaa aaaa", "4471")


@pytest.mark.parametrize("text", STRONG)
def test_a_few_rare_words_and_a_number_are_strong(text: str) -> None:
    assert weakness(text) == ""
    assert strength(text) >= ENOUGH
    assert expected(text, MUCH) < 0.01


@pytest.mark.parametrize("text", WEAK)
def test_a_weak_text_is_called_weak_with_the_hits_that_chance_makes(text: str) -> None:
    said = weakness(text)
    assert f"of {len(text)} characters is weak" in said
    assert "100 MB of traffic hold it" in said
    assert re.search(r"about [\d,]+ times by chance|with a chance of 1 in [\d,]+ by chance", said)
    assert text not in re.findall(r"[\w?]+", said)  # a problem is folded and kept; the text is not repeated


def test_the_hits_of_chance_grow_with_the_bytes_and_shrink_with_the_text() -> None:
    assert expected("4471", 2 * MUCH) == 2 * expected("4471", MUCH)
    assert expected("447195", MUCH) < expected("4471", MUCH)
    assert expected("a", MUCH) <= MUCH


def test_what_is_advised_is_strong_enough() -> None:
    assert "at least four words and a number" in weakness("ok")
    assert weakness("seven boats leave early 4471") == ""


def test_saying_a_word_again_makes_no_text_stronger() -> None:
    assert strength("crane crane crane") == strength("crane")
    assert strength("crane CRANE") == strength("crane")
