"""gRPC-Web frames."""

import pytest

from auditor.decoders import Clue, grpc_web
from auditor.model import Tree

CLUE = Clue(kinds=("grpc_web",))


@pytest.mark.parametrize(
    ("data", "tree"),
    [
        (b"AAAAAAJoaQ==", b"hi"),
        (b"\x80\x00\x00\x00\x05a:1\r\n", {"trailers": {"a": "1"}}),
        (b"AAAAAAJoaQ==gAAAAAVhOjENCg==", [b"hi", {"trailers": {"a": "1"}}]),
    ],
)
def test_bytes_open_to_a_tree_and_back(data: bytes, tree: Tree) -> None:
    assert grpc_web.unwrap(data, CLUE) == tree
    assert grpc_web.unwrap(grpc_web.wrap(tree), CLUE) == tree


@pytest.mark.parametrize(
    "data",
    [
        b"\x00\x00\x00\x00\x05hi",
        b"\x02\x00\x00\x00\x00",
        b"\x80\x00\x00\x00\x02hi",
        b"AAAA",
    ],
)
def test_what_is_not_of_this_kind(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        grpc_web.unwrap(data, CLUE)
