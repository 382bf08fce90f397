"""gRPC frames."""

import pytest

from auditor.decoders import Clue, grpc
from auditor.model import Tree

CLUE = Clue(kinds=("grpc",))


@pytest.mark.parametrize(
    ("data", "tree"),
    [
        (b"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", [b"", b""]),
        (b"\x01\x00\x00\x00\x01x", {"compressed": b"x"}),
    ],
)
def test_bytes_open_to_a_tree_and_back(data: bytes, tree: Tree) -> None:
    assert grpc.unwrap(data, CLUE) == tree
    assert grpc.unwrap(grpc.wrap(tree), CLUE) == tree


@pytest.mark.parametrize(
    "data",
    [
        b"\x00\x00\x00\x00\x05hi",
        b"\x02\x00\x00\x00\x00",
        b"\x00\x00\x00",
        b"\x80\x00\x00\x00\x00",
    ],
)
def test_what_is_not_of_this_kind(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        grpc.unwrap(data, CLUE)
