"""Escapes of JSON and JavaScript."""

import pytest

from auditor.decoders import NO_CLUE, escapes
from auditor.model import Tree

CLUE = NO_CLUE


@pytest.mark.parametrize(
    ("data", "tree"),
    [
        (b"\\u0041\\n", "A\n"),
        (b"\\ud83d x", "� x"),
        (b"\\x22\\\\u0041", '"\\u0041'),
        (b"\\u{1f510}", "🔐"),
    ],
)
def test_bytes_open_to_a_tree_and_back(data: bytes, tree: Tree) -> None:
    assert escapes.unwrap(data, CLUE) == tree
    assert escapes.unwrap(escapes.wrap(tree), CLUE) == tree


@pytest.mark.parametrize(
    "data",
    [
        b"C:\\users\\x41",
        b"\\n only",
        b"plain",
        b"\\u00",
        b"\\u{110000}",
        b"\\x41 \\q",
        b"\\u0100\\u0000",
    ],
)
def test_what_is_not_of_this_kind(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        escapes.unwrap(data, CLUE)
