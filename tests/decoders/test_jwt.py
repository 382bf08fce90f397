"""Tokens of JOSE."""

import pytest

from auditor.decoders import NO_CLUE, jwt
from auditor.model import Tree

CLUE = NO_CLUE


@pytest.mark.parametrize(
    ("data", "tree"),
    [
        (b"eyJhbGciOiJub25lIn0.e30.", {"header": {"alg": "none"}, "payload": "{}", "signature": b""}),
    ],
)
def test_bytes_open_to_a_tree_and_back(data: bytes, tree: Tree) -> None:
    assert jwt.unwrap(data, CLUE) == tree
    assert jwt.unwrap(jwt.wrap(tree), CLUE) == tree


@pytest.mark.parametrize(
    "data",
    [
        b"eyJhbGciOiJub25lIn0.e30",
        b"eyJhIjoxfQ.e30.",
        b"eyJhbGciOiJub25lIn0....",
        b"a.b.c",
        b"eyJhbGciOiJub25lIn1.e30.",
        b"eyJhbGciOiJub25lIn0.e31.",
        b"eyJhbGciOiJub25lIn0.e30. ",
    ],
)
def test_what_is_not_of_this_kind(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        jwt.unwrap(data, CLUE)
