"""MessagePack."""

import pytest

from auditor.decoders import NO_CLUE, Clue, msgpack
from auditor.errors import TooMuch
from auditor.model import Tree

CLUE = NO_CLUE


@pytest.mark.parametrize(
    ("data", "tree"),
    [
        (b"\x81\xa4text\xa2hi", {"text": "hi"}),
        (b"\x82\xa4text\x01\xa4text\x02", {"text": [1, 2]}),
        (b"\x81\xa4text\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00", {"text": "NaN"}),
    ],
)
def test_bytes_open_to_a_tree_and_back(data: bytes, tree: Tree) -> None:
    assert msgpack.unwrap(data, CLUE) == tree
    assert msgpack.unwrap(msgpack.wrap(tree), CLUE) == tree


@pytest.mark.parametrize(
    "data",
    [
        b"\x81\xa1a\x01",
        b"\x81\xa4text",
        b"\x81\xa4text\x01\x02",
        b"\xdf\xff\xff\xff\xff\xa4text",
        b"\xa4text",
        b"\xc1",
        b"\x81\xcbn\x8a\xc5\xed\x98!\xf7\xc4p",
    ],
)
def test_what_is_not_of_this_kind(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        msgpack.unwrap(data, CLUE)


def test_too_many_levels_are_too_much() -> None:
    with pytest.raises(TooMuch, match="nested"):
        msgpack.unwrap(b"\x91" * 100 + b"\xc0", Clue(kinds=("msgpack",)))


def test_noise_that_nests_is_not_too_much() -> None:
    with pytest.raises(ValueError, match="noise"):
        msgpack.unwrap(b"\x91" * 100 + b"\xc0", NO_CLUE)
