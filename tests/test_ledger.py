"""The ledger: every parcel in one state, bytes and all."""

import pytest

from auditor import ledger
from auditor.ledger import STATES, Ledger
from auditor.model import Channel, Parcel, Ref
from auditor.report import Account


def parcel(size: int) -> Parcel:
    return Parcel(Ref("x", 0), Channel("a.example"), True, bytes(size))


def test_sums_are_kept_by_state() -> None:
    book = Ledger()
    for state in STATES:
        for size in (0, 1, 20):
            book.enter(state, parcel(size))
    assert book.accounts == dict.fromkeys(STATES, Account(3, 21))


def test_a_state_that_nobody_explained_is_refused() -> None:
    with pytest.raises(AssertionError):
        Ledger().enter("elsewhere", parcel(1))


def test_every_state_has_a_meaning_for_people() -> None:
    assert all(len(meaning.split()) >= 4 for meaning in STATES.values())
    assert len(set(STATES.values())) == len(STATES)


@pytest.mark.parametrize(
    ("told", "ruled", "known", "said"),
    [
        ([False, True], False, False, ledger.READ),
        ([False], True, True, ledger.CANARY),
        ([], True, True, ledger.AROUND),
        ([], False, True, ledger.NO_RULE),
        ([], False, False, ledger.STRANGER),
    ],
)
def test_what_was_found_says_the_state(told: list[bool], ruled: bool, known: bool, said: str) -> None:
    assert ledger.state(told, ruled, known) == said
