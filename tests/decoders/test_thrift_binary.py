"""Thrift, binary."""

import pytest

from auditor.decoders import Clue, thrift_binary
from auditor.errors import TooMuch
from auditor.model import Tree

CLUE = Clue(kinds=("thrift_binary",))


@pytest.mark.parametrize(
    ("data", "tree"),
    [
        (b"\x00", {}),
        (b"\x02\x00\x01\x01\x00", {1: True}),
        (b"\x00\x00\x00\x05\x03\x00\x01\x07\x00", {1: 7}),
        (b"\x0f\x00\x01\x02\x00\x00\x00\x02\x01\x00\x00", {1: [True, False]}),
    ],
)
def test_bytes_open_to_a_tree_and_back(data: bytes, tree: Tree) -> None:
    assert thrift_binary.unwrap(data, CLUE) == tree
    assert thrift_binary.unwrap(thrift_binary.wrap(tree), CLUE) == tree


@pytest.mark.parametrize(
    "data",
    [
        b"\n\x00\x01",
        b"\x00\x00",
        b"c\x00\x01\x00\x00",
        b"\x0f\x00\x01\x02\x7f\xff\xff\xff\x00",
    ],
)
def test_what_is_not_of_this_kind(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        thrift_binary.unwrap(data, CLUE)


def test_too_many_levels_are_too_much() -> None:
    with pytest.raises(TooMuch, match="nested"):
        thrift_binary.unwrap(b"\x0c\x00\x01" * 100 + bytes(101), CLUE)
