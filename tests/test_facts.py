"""Facts of many connections: the first values of each kind, in whatever order they come."""

from hypothesis import given
from hypothesis import strategies as st

from auditor.facts import KEPT, first, together

LISTS = st.lists(st.tuples(st.sampled_from(["tls", "ja4"]), st.sampled_from("abcdefgh")), max_size=12)
FACTS = LISTS.map(first)


@given(FACTS, FACTS, FACTS)
def test_any_order_of_adding_gives_the_same(
    one: tuple[tuple[str, str], ...], other: tuple[tuple[str, str], ...], third: tuple[tuple[str, str], ...]
) -> None:
    whole = first((*one, *other, *third))
    assert together(together(one, other), third) == together(one, together(third, other)) == whole
    assert together(one, ()) == together(one, one) == one


@given(LISTS)
def test_of_every_kind_the_values_are_kept_that_sort_first(facts: list[tuple[str, str]]) -> None:
    for kind in ("tls", "ja4"):
        values = sorted({value for key, value in facts if key == kind})
        assert [value for key, value in first(facts) if key == kind] == values[:KEPT]
