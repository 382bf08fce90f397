"""Erlang terms."""

import pytest

from auditor.decoders import Clue, etf
from auditor.errors import TooMuch
from auditor.model import Tree

CLUE = Clue(kinds=("etf",))


@pytest.mark.parametrize(
    ("data", "tree"),
    [
        (b"\x83j", []),
        (b"\x83h\x01a\x07", [7]),
        (b"\x83h\x01w\x04true", [True]),
    ],
)
def test_bytes_open_to_a_tree_and_back(data: bytes, tree: Tree) -> None:
    assert etf.unwrap(data, CLUE) == tree
    assert etf.unwrap(etf.wrap(tree), CLUE) == tree


@pytest.mark.parametrize(
    "data",
    [
        b"\x83",
        b"\x83a\x07",
        b"a\x07",
        b"\x83a\x07\x07",
        b"\x83l\xff\xff\xff\xffj",
        b"\x83n\x01\x02\x01",
    ],
)
def test_what_is_not_of_this_kind(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        etf.unwrap(data, CLUE)


def test_too_many_levels_are_too_much() -> None:
    with pytest.raises(TooMuch, match="nested"):
        etf.unwrap(b"\x83" + b"h\x01" * 100 + b"j", CLUE)
