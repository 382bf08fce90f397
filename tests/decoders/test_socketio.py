"""Socket.IO packets."""

import pytest

from auditor.decoders import NO_CLUE, Clue, socketio
from auditor.model import Tree

CLUE = NO_CLUE


@pytest.mark.parametrize(
    ("data", "tree"),
    [
        (b'43/a,7["ok"]', {"packet": "ack", "namespace": "/a", "id": 7, "data": ["ok"]}),
        (b'40{"token":"x"}', {"packet": "connect", "data": {"token": "x"}}),
    ],
)
def test_bytes_open_to_a_tree_and_back(data: bytes, tree: Tree) -> None:
    assert socketio.unwrap(data, CLUE) == tree
    assert socketio.unwrap(socketio.wrap(tree), CLUE) == tree


@pytest.mark.parametrize(
    "data",
    [
        b"42",
        b"2",
        b"42[1,2]",
        b"0{}",
        b'42{"a":1}',
        b'45["a"]',
        b'12:42["a"]',
        b"4hello",
        b"7[1]",
    ],
)
def test_what_is_not_of_this_kind(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        socketio.unwrap(data, CLUE)


@pytest.mark.parametrize(
    ("data", "tree"),
    [
        (b"2", {"packet": "ping"}),
        (b"4hello", {"packet": "message", "text": "hello"}),
        (b"bAP+A", {"packet": "message", "data": b"\0\xff\x80"}),
    ],
)
def test_a_clue_lets_bare_packets_in(data: bytes, tree: Tree) -> None:
    assert socketio.unwrap(data, Clue(kinds=("socketio",))) == tree
