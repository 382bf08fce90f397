"""Stretches: joined without losing a number, and compared without counting."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from auditor.stretches import Numbers, Stretches, joined, of_numbers, overlap

Pairs = tuple[tuple[int, int], ...]
PAIRS = st.lists(st.tuples(st.integers(0, 30), st.integers(1, 6)), max_size=8).map(
    lambda pairs: tuple((start, start + size) for start, size in pairs)
)


def numbers(stretches: Pairs) -> set[int]:
    return {number for start, end in stretches for number in range(start, end)}


@given(PAIRS)
def test_stretches_are_joined_without_losing_a_number(ranges: Pairs) -> None:
    made = joined(ranges)
    assert numbers(made) == numbers(ranges)
    assert all(one[1] < two[0] for one, two in pairwise(made))
    assert joined(made) == made


@given(PAIRS, PAIRS)
def test_stretches_overlap_where_they_share_a_number(one: Pairs, other: Pairs) -> None:
    shared = bool(numbers(one) & numbers(other))
    assert overlap(joined(one), joined(other)) is overlap(joined(other), joined(one)) is shared


@given(st.lists(st.integers(0, 40) | st.integers(0, 1 << 70)))
def test_stretches_of_numbers_are_those_of_the_stretches_of_one(numbers: list[int]) -> None:
    found = Numbers()
    for number in numbers:
        found.add(number)
    assert list(found) == sorted(numbers)
    assert tuple(of_numbers(found)) == joined((number, number + 1) for number in numbers)


@given(PAIRS, PAIRS)
def test_packed_stretches_are_added_as_they_are_joined(one: Pairs, other: Pairs) -> None:
    both = Stretches.of(joined(one)) + Stretches.of(joined(other))
    assert tuple(both) == joined((*one, *other))


@given(PAIRS, PAIRS)
def test_packed_stretches_are_the_same_and_sort_as_they_do(one: Pairs, other: Pairs) -> None:
    mine, theirs = Stretches.of(one), Stretches.of(other)
    assert (tuple(mine), len(mine), bool(mine)) == (one, len(one), bool(one))
    assert (mine < theirs, mine == theirs) == (one < other, one == other)
