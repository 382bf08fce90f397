"""Server-sent events."""

import pytest

from auditor.decoders import NO_CLUE, Clue, sse
from auditor.model import Tree

CLUE = NO_CLUE


@pytest.mark.parametrize(
    ("data", "tree"),
    [
        (b"id: 1\ndata: a\ndata: b\n\ndata: c", [{"id": "1", "data": "a\nb"}, {"data": "c"}]),
        (b"event:x\nevent:y\ndata:\n\n", [{"event": ["x", "y"], "data": ""}]),
    ],
)
def test_bytes_open_to_a_tree_and_back(data: bytes, tree: Tree) -> None:
    assert sse.unwrap(data, CLUE) == tree
    assert sse.unwrap(sse.wrap(tree), CLUE) == tree


@pytest.mark.parametrize(
    "data",
    [
        b"data: hello\n\n",
        b"id: 7\nhello",
        b"event: x\n\n",
        b"data: x\nid: 1\nfoo: 2",
    ],
)
def test_what_is_not_of_this_kind(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        sse.unwrap(data, CLUE)


def test_a_clue_lets_other_fields_in() -> None:
    assert sse.unwrap(b"data: x\nfoo: 2", Clue(media="text/event-stream")) == [{"data": "x", "foo": "2"}]
