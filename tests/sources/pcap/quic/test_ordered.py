"""Bytes that have places."""

from hypothesis import given
from hypothesis import strategies as st

from auditor.sources.pcap.quic.ordered import HELD, PIECES, Ordered

TEXT = bytes(range(64))


@given(st.lists(st.tuples(st.integers(0, 63), st.integers(0, 64)), max_size=40))
def test_pieces_of_one_text_come_out_as_it_was(pieces: list[tuple[int, int]]) -> None:
    ordered, found, known = Ordered(), dict[int, int](), set[int]()
    at = 0
    for start, end in pieces:
        ordered.add(start, TEXT[start:end])
        known |= set(range(start, end))
        at = collect(ordered, found, at)
    while ordered.held:
        at += ordered.skip()
        at = collect(ordered, found, at)
    assert found == {place: TEXT[place] for place in known}
    assert (ordered.held, ordered.conflicts) == (0, 0)


def collect(ordered: Ordered, found: dict[int, int], at: int) -> int:
    data = ordered.take()
    for place, byte in enumerate(data, at):
        assert place not in found
        found[place] = byte
    return at + len(data)


@given(st.lists(st.tuples(st.integers(0, 30), st.binary(min_size=1, max_size=12)), max_size=20))
def test_the_first_one_wins(pieces: list[tuple[int, bytes]]) -> None:
    """A plain table, byte by byte, is the judge."""
    ordered, first, differ = Ordered(), dict[int, int](), 0
    ordered.add(40, b"!")
    first[40] = ord("!")
    for start, data in pieces:
        ordered.add(start + 1, data)  # nothing stands at the very beginning, so that all waits
        for place, byte in enumerate(data, start + 1):
            differ += first.setdefault(place, byte) != byte
    found: dict[int, int] = {}
    at = 0
    while ordered.held:
        at += ordered.skip()
        at = collect(ordered, found, at)
    assert found == first
    assert (ordered.conflicts > 0) == (differ > 0)


def test_an_end_is_believed_once_and_not_before_what_was_said() -> None:
    ordered = Ordered()
    ordered.add(0, b"hello")
    ordered.ends(3)
    ordered.ends(7)
    ordered.ends(9)
    assert ordered.end == 7
    ordered.add(5, b"to all")
    assert (ordered.take(), ordered.finished) == (b"helloto", True)


def test_a_gap_at_the_end_can_be_given_up() -> None:
    ordered = Ordered()
    ordered.ends(9)
    assert (ordered.skip(), ordered.finished, ordered.skip()) == (9, True, 0)


def test_what_waits_is_full_by_size_and_by_number() -> None:
    enough, large, many = Ordered(), Ordered(), Ordered()
    enough.add(1, bytes(HELD))
    large.add(1, bytes(HELD + 1))
    assert (enough.full, large.full) == (False, True)
    for at in range(PIECES + 1):
        many.add(1 + at * 2, b"x")
    assert many.full
