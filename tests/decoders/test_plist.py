"""Property lists."""

import pytest

from auditor.decoders import NO_CLUE, plist
from auditor.errors import TooMuch
from auditor.model import Tree

CLUE = NO_CLUE


@pytest.mark.parametrize(
    ("data", "tree"),
    [
        (
            b"bplist00\xd1\x01\x02Qa\xa5\x03\x04\x05\x06\x07\x10\x01a\x00\xe9Ax#@\x04\x00\x00\x00\x00\x00\x00\t\x08\x0b\r\x13\x15\x18\x1a#\x00\x00\x00\x00\x00\x00\x01\x01\x00\x00\x00\x00\x00\x00\x00\x08\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00$",
            {"a": [1, "é", b"x", 2.5, True]},
        ),
        (b"<plist><dict><key>a</key><string>b</string></dict></plist>", {"a": "b"}),
    ],
)
def test_bytes_open_to_a_tree_and_back(data: bytes, tree: Tree) -> None:
    assert plist.unwrap(data, CLUE) == tree
    assert plist.unwrap(plist.wrap(tree), CLUE) == tree


@pytest.mark.parametrize(
    "data",
    [
        b"bplist00",
        b"<plist><dict><key>a</key></dict></plist>",
        b"<plist>a</plist>",
        b'<!DOCTYPE plist [<!ENTITY x "y">]><plist><string>&x;</string></plist>',
        b"<plist><string>a</string><string>b</string></plist>",
        b"bplist00\xa1\x00\x08\x00\x00\x00\x00\x00\x00\x01\x01\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\n",
    ],
)
def test_what_is_not_of_this_kind(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        plist.unwrap(data, CLUE)


def test_sharing_without_end_is_too_much() -> None:
    body = b"".join(b"\xaa" + bytes([n + 1]) * 10 for n in range(9)) + b"\x51a"
    table = bytes(8 + 11 * n for n in range(10))
    trailer = bytes(6) + b"\x01\x01" + (10).to_bytes(8) + bytes(8) + (8 + len(body)).to_bytes(8)
    with pytest.raises(TooMuch):
        plist.unwrap(b"bplist00" + body + table + trailer, CLUE)
