"""Texts that come in pieces."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from auditor.needles import Needles
from auditor.pieces import CONNECTIONS, Pieces, Road

TEXT = "Harbor-4471 meet me by the old crane, and bring the second rope"
HERE: Road = ("a.mitm", 0, True, "irc/message-send")
THERE: Road = ("a.mitm", 0, False, "irc/message-receive")


def pieces() -> Pieces:
    return Pieces(Needles([TEXT, "short"]))


@given(st.lists(st.integers(1, len(TEXT) - 1), max_size=8), st.sampled_from(["", " ", "\r\n"]))
def test_however_a_text_is_cut_it_is_found_with_its_last_piece(cuts: list[int], between: str) -> None:
    places = [0, *sorted(set(cuts)), len(TEXT)]
    parts = [TEXT[a:b] + between for a, b in pairwise(places)]
    run = pieces()
    assert [run.add(HERE, part) for part in parts] == [()] * (len(parts) - 1) + [(TEXT,)]


def test_it_is_found_once_and_again_when_it_is_said_again() -> None:
    run = pieces()
    assert run.add(HERE, TEXT) == (TEXT,)
    assert run.add(HERE, "ok") == ()
    assert run.add(HERE, TEXT) == (TEXT,)


def test_pieces_of_two_directions_do_not_make_a_text() -> None:
    run = pieces()
    assert run.add(HERE, TEXT[:30]) == ()
    assert run.add(THERE, TEXT[30:]) == ()
    assert run.add(HERE, TEXT[30:]) == (TEXT,)


def test_short_texts_are_left_to_the_other_search() -> None:
    assert pieces().add(HERE, "short") == ()


def test_what_is_kept_is_bounded() -> None:
    run = pieces()
    for number in range(3 * CONNECTIONS):
        run.add(("a.mitm", number, True, ""), "x" * 10_000)
    assert len(run.tails) == CONNECTIONS
    assert max(map(len, run.tails.values())) < len(TEXT)


def test_without_planted_texts_nothing_is_kept() -> None:
    run = Pieces(Needles())
    run.add(HERE, TEXT)
    assert not run.tails
