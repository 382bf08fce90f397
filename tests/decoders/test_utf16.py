"""UTF-16."""

import pytest

from auditor.decoders import NO_CLUE, Clue, utf16
from auditor.model import Tree

CLUE = NO_CLUE


@pytest.mark.parametrize(
    ("data", "tree"),
    [
        (b"\xff\xfeh\x00i\x00", "hi"),
        (b"\xfe\xffO\x1a\x8bp0oN\x03fB", "会議は七時"),
    ],
)
def test_bytes_open_to_a_tree_and_back(data: bytes, tree: Tree) -> None:
    assert utf16.unwrap(data, CLUE) == tree
    assert utf16.unwrap(utf16.wrap(tree), CLUE) == tree


@pytest.mark.parametrize(
    "data",
    [
        b"h\x00i\x00",
        b"\xff\xfe",
        b"\xff\xfeh",
        b"\xff\xfe\x00\xd8",
        b"\xff\xfe\x00\xe0",
        b"\xff\xfe\x00\x00h\x00\x00\x00",
    ],
)
def test_what_is_not_of_this_kind(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        utf16.unwrap(data, CLUE)


@pytest.mark.parametrize(
    ("charset", "data"), [("utf-16le", b"h\0i\0"), ("UTF-16BE", b"\0h\0i"), ("utf-16", b"\0h\0i")]
)
def test_a_charset_says_the_order(charset: str, data: bytes) -> None:
    assert utf16.unwrap(data, Clue(charset=charset)) == "hi"
