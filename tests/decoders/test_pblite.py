"""Protobuf in JSON arrays."""

import pytest

from auditor.decoders import Clue, pblite
from auditor.model import Tree

CLUE = Clue(kinds=("pblite",))


@pytest.mark.parametrize(
    ("data", "tree"),
    [
        (b'[null,null,"x"]', {3: "x"}),
        (b'[{"5":1},null]', {1: {"5": 1}}),
        (b'[1,{"536870911":2}]', {1: 1, 536870911: 2}),
        (b"[]", {}),
    ],
)
def test_bytes_open_to_a_tree_and_back(data: bytes, tree: Tree) -> None:
    assert pblite.unwrap(data, CLUE) == tree
    assert pblite.unwrap(pblite.wrap(tree), CLUE) == tree


@pytest.mark.parametrize(
    "data",
    [
        b'{"a":1}',
        b"x",
        b"[1",
    ],
)
def test_what_is_not_of_this_kind(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        pblite.unwrap(data, CLUE)
