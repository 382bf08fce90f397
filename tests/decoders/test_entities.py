"""Character references."""

import pytest

from auditor.decoders import NO_CLUE, entities
from auditor.model import Tree

CLUE = NO_CLUE


@pytest.mark.parametrize(
    ("data", "tree"),
    [
        (b"a &amp; b", "a & b"),
        (b"&#128;&#65;", "€A"),
        (b"&lt;b&gt;", "<b>"),
        (b"R&D &#x41;", "R&D A"),
    ],
)
def test_bytes_open_to_a_tree_and_back(data: bytes, tree: Tree) -> None:
    assert entities.unwrap(data, CLUE) == tree
    assert entities.unwrap(entities.wrap(tree), CLUE) == tree


@pytest.mark.parametrize(
    "data",
    [
        b"R&D",
        b"a=1&lt=2",
        b"&nosuch;",
        b"&#0;",
        b"&#xD800;",
        b"&#1114112;",
        b"&amp",
    ],
)
def test_what_is_not_of_this_kind(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        entities.unwrap(data, CLUE)
