"""BSON."""

import pytest

from auditor.decoders import Clue, bson
from auditor.model import Tree

CLUE = Clue(kinds=("bson",))


@pytest.mark.parametrize(
    ("data", "tree"),
    [
        (b"\x05\x00\x00\x00\x00", {}),
        (b"\x0c\x00\x00\x00\x10a\x00\x01\x00\x00\x00\x00", {"a": 1}),
    ],
)
def test_bytes_open_to_a_tree_and_back(data: bytes, tree: Tree) -> None:
    assert bson.unwrap(data, CLUE) == tree
    assert bson.unwrap(bson.wrap(tree), CLUE) == tree


@pytest.mark.parametrize(
    "data",
    [
        b"\x06\x00\x00\x00\x00",
        b"\x0c\x00\x00\x00\x99a\x00\x01\x00\x00\x00\x00",
        b"\x0c\x00\x00\x00\x02a\x00\xff\x00\x00\x00\x00",
    ],
)
def test_what_is_not_of_this_kind(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        bson.unwrap(data, CLUE)
