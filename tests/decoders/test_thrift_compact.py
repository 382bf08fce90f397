"""Thrift, compact."""

import pytest

from auditor.decoders import Clue, thrift_compact
from auditor.errors import TooMuch
from auditor.model import Tree

CLUE = Clue(kinds=("thrift_compact",))


@pytest.mark.parametrize(
    ("data", "tree"),
    [
        (b"\x00", {}),
        (b"\x11\x00", {1: True}),
        (b"\x19!\x01\x02\x00", {1: [True, False]}),
    ],
)
def test_bytes_open_to_a_tree_and_back(data: bytes, tree: Tree) -> None:
    assert thrift_compact.unwrap(data, CLUE) == tree
    assert thrift_compact.unwrap(thrift_compact.wrap(tree), CLUE) == tree


@pytest.mark.parametrize(
    "data",
    [
        b"\x15",
        b"\x00\x00",
        b"\x1f\x00",
        b"\x19\xf8\xff\xff\xff\x7f\x00",
    ],
)
def test_what_is_not_of_this_kind(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        thrift_compact.unwrap(data, CLUE)


def test_too_many_levels_are_too_much() -> None:
    with pytest.raises(TooMuch, match="nested"):
        thrift_compact.unwrap(b"\x1c" * 100 + bytes(101), CLUE)
