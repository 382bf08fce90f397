"""URL-encoded forms."""

import pytest

from auditor.decoders import NO_CLUE, Clue, form
from auditor.model import Tree

NAMED = Clue(kinds=("form",))


@pytest.mark.parametrize(
    ("data", "tree"),
    [
        (b"a=1&b=2", {"a": "1", "b": "2"}),
        (b"a=1&a=2&a=", {"a": ["1", "2", ""]}),
        (b"user%5Bname%5D=x&user[age]=3", {"user[name]": "x", "user[age]": "3"}),
        (b"t=a%2Bb+c&u=x==", {"t": "a+b c", "u": "x=="}),
        (b"t=%f0%9f%94%90&u=%ff", {"t": "🔐", "u": b"\xff"}),
    ],
)
def test_pairs_become_names_and_values(data: bytes, tree: Tree) -> None:
    assert form.unwrap(data, NO_CLUE) == tree
    assert form.unwrap(data, NAMED) == tree
    assert form.unwrap(form.wrap(tree), NO_CLUE) == tree


@pytest.mark.parametrize(
    ("data", "tree"),
    [
        (b"text=hello", {"text": "hello"}),
        (b"text=100%", {"text": "100%"}),
        (b"a=1&&b=2&", {"a": "1", "b": "2"}),
        ("text=gr\u00fc\u00dfe".encode(), {"text": "grüße"}),
        (b"text=", {"text": ""}),
    ],
)
def test_a_clue_lets_more_in(data: bytes, tree: Tree) -> None:
    assert form.unwrap(data, NAMED) == tree
    with pytest.raises(ValueError, match="not a form"):
        form.unwrap(data, NO_CLUE)


@pytest.mark.parametrize(
    "data",
    [
        b"hello",
        b"=1&b=2",
        b"a=1&b",
        b"a=1 &b=2",
        b"a=1&b=2\n",
        b"https://x.test/?a=1&b=2",
        b"a=%zz&b=1",
        b"&",
    ],
)
def test_what_is_not_a_form(data: bytes) -> None:
    with pytest.raises(ValueError, match="not a form"):
        form.unwrap(data, NO_CLUE)


@pytest.mark.parametrize("data", [b"hello", b"=1", b"a=1&hello", b"text=two words", b"&&", b"%ff=1"])
def test_what_is_no_form_whatever_the_clue(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        form.unwrap(data, NAMED)


def test_numbers_and_booleans_can_be_written() -> None:
    assert form.wrap({"a": 1, "b": True, "c": ["x", 2]}) == b"a=1&b=true&c=x&c=2"
