"""CBOR."""

import pytest

from auditor.decoders import NO_CLUE, Clue, cbor
from auditor.errors import TooMuch
from auditor.model import Tree

CLUE = NO_CLUE


@pytest.mark.parametrize(
    ("data", "tree"),
    [
        (b"\xa1dtextbhi", {"text": "hi"}),
        (b"\xbfdtext\x01\xff", {"text": 1}),
        (b"\xa1dtext\xf9~\x00", {"text": "NaN"}),
        (b"\xd9\xd9\xf7\x80", []),
    ],
)
def test_bytes_open_to_a_tree_and_back(data: bytes, tree: Tree) -> None:
    assert cbor.unwrap(data, CLUE) == tree
    assert cbor.unwrap(cbor.wrap(tree), CLUE) == tree


@pytest.mark.parametrize(
    "data",
    [
        b"\xa1aa\x01",
        b"\xa1dtext",
        b"\xa1dtext\x01\x02",
        b"\xbb\xff\xff\xff\xff\xff\xff\xff\xff\x01",
        b"\xd1dtext",
        b"\xbfdtext\xff",
        b"_aa\xff",
    ],
)
def test_what_is_not_of_this_kind(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        cbor.unwrap(data, CLUE)


def test_too_many_levels_are_too_much() -> None:
    with pytest.raises(TooMuch, match="nested"):
        cbor.unwrap(b"\x81" * 100 + b"\x01", Clue(kinds=("cbor",)))


def test_noise_that_nests_is_not_too_much() -> None:
    with pytest.raises(ValueError, match="noise"):
        cbor.unwrap(b"\xaa" * 100, NO_CLUE)
