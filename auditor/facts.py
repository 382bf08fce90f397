"""Facts: pairs of a kind and a value, as connections show them from outside. Many add up to few.

Law: of every kind the values are kept that sort first, so that adding up is associative and
commutative, and a table of connections stays small whatever they show.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import TypeAlias

Facts: TypeAlias = tuple[tuple[str, str], ...]
KEPT = 4  # values of one kind
REMEMBERED = 4096


def first(facts: Iterable[tuple[str, str]]) -> Facts:
    """Every kind in order, and of each the first values."""
    kept: dict[str, int] = {}
    found = []
    for kind, value in sorted(set(facts)):
        kept[kind] = kept.get(kind, 0) + 1
        if kept[kind] <= KEPT:
            found.append((kind, value))
    return tuple(found)


@lru_cache(REMEMBERED)
def known(facts: Facts) -> Facts:
    """The same; what many connections show is held once."""
    return first(facts)


def together(one: Facts, other: Facts) -> Facts:
    return one if one == other else first((*one, *other))
