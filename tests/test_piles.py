"""Piles: nothing is lost in them, and what comes out is in order."""

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.piles import HELD, Pile, packed, unpacked

TEXTS = st.lists(st.binary(min_size=1, max_size=3).filter(lambda text: b"\n" not in text), max_size=40)


@given(TEXTS)
def test_texts_come_out_in_their_order_as_often_as_somebody_asks(texts: list[bytes]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("auditor.piles.HELD", 3)
        patch.setattr("auditor.piles.TOGETHER", 2)
        patch.setattr("auditor.piles.RUNS", 4)
        pile = Pile()
        for text in texts:
            pile.add(text)
        assert list(pile) == list(pile) == sorted(texts)


@given(TEXTS)
def test_what_is_packed_stays_as_it_came(texts: list[bytes]) -> None:
    assert list(unpacked(packed(texts))) == texts


def test_those_that_belong_together_can_be_made_one_on_the_way() -> None:
    pile = Pile(lambda texts: list(dict.fromkeys(texts)))
    for number in range(2 * HELD + 5):
        pile.add(b"%d" % (number % 3))
    assert list(pile) == [b"0", b"1", b"2"]


def test_a_text_takes_a_fraction_of_its_size() -> None:
    def room(count: int) -> int:
        tracemalloc.start()
        pile = Pile()
        for number in range(count):
            pile.add(b"a text that says much the same as all others, but for its number %08d" % number)
        found = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        return found

    assert (room(3 * HELD) - room(HELD)) / (2 * HELD) < 20
