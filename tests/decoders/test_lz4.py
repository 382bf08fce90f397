"""LZ4 frames and blocks."""

import pytest

from auditor.decoders import Clue, lz4
from auditor.errors import TooMuch
from auditor.model import Tree

CLUE = Clue(kinds=("lz4",))


@pytest.mark.parametrize(
    ("data", "tree"),
    [
        (b"0\x00\xff\x80", b"\x00\xff\x80"),
        (b"\x1fa\x01\x00\x00Paaaaa", b"aaaaaaaaaaaaaaaaaaaaaaaaa"),
        (b"\x03\x00\x00\x000\x00\xff\x80", b"\x00\xff\x80"),
    ],
)
def test_bytes_open_to_a_tree_and_back(data: bytes, tree: Tree) -> None:
    assert lz4.unwrap(data, CLUE) == tree
    assert lz4.unwrap(lz4.wrap(tree), CLUE) == tree


@pytest.mark.parametrize(
    "data",
    [
        b"\x1fa\x02\x00\x00Paaaaa",
        b"\x1fa\x00\x00\x00\x10a",
        b"@abc",
        b'\x04"M\x18`@\x00\x00\x00\x00\x00',
    ],
)
def test_what_is_not_of_this_kind(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        lz4.unwrap(data, CLUE)


def test_a_bomb_stops_early() -> None:
    bomb = b"\x1fa\x01\x00" + b"\xff" * 500_000 + b"\x00\x50aaaaa"
    with pytest.raises(TooMuch):
        lz4.unwrap(bomb, Clue(kinds=("lz4",), limit=10_000))
