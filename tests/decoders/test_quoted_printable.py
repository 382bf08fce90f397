"""Quoted-printable."""

import pytest

from auditor.decoders import NO_CLUE, quoted_printable
from auditor.model import Tree

CLUE = NO_CLUE


@pytest.mark.parametrize(
    ("data", "tree"),
    [
        (b"caf=C3=A9", "café"),
        (b"one=\ntwo", "onetwo"),
        (b"a=3Db \n c", "a=b\n c"),
    ],
)
def test_bytes_open_to_a_tree_and_back(data: bytes, tree: Tree) -> None:
    assert quoted_printable.unwrap(data, CLUE) == tree
    assert quoted_printable.unwrap(quoted_printable.wrap(tree), CLUE) == tree


@pytest.mark.parametrize(
    "data",
    [
        b"a=41&b=20",
        b"id=20 x",
        b"caf=c3=a9",
        b"a=b",
        b"x=",
        b"=3Daaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        b"QUJDREVGR0g=",
        b"hello",
    ],
)
def test_what_is_not_of_this_kind(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        quoted_printable.unwrap(data, CLUE)
