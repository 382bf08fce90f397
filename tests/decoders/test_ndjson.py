"""JSON lines."""

import pytest

from auditor.decoders import NO_CLUE, Clue, ndjson
from auditor.model import Tree

CLUE = NO_CLUE


@pytest.mark.parametrize(
    ("data", "tree"),
    [
        (b'{"a":1}\n[2]\n', [{"a": 1}, [2]]),
    ],
)
def test_bytes_open_to_a_tree_and_back(data: bytes, tree: Tree) -> None:
    assert ndjson.unwrap(data, CLUE) == tree
    assert ndjson.unwrap(ndjson.wrap(tree), CLUE) == tree


@pytest.mark.parametrize(
    "data",
    [
        b'{"a":1}',
        b'{"a":1}\n',
        b'{"a":1}\nhello',
        b'{"a":1}\n2',
        b"[1,\n2]",
    ],
)
def test_what_is_not_of_this_kind(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        ndjson.unwrap(data, CLUE)


def test_one_line_is_enough_where_it_is_named() -> None:
    assert ndjson.unwrap(b'{"a":1}', Clue(kinds=("ndjson",))) == [{"a": 1}]
