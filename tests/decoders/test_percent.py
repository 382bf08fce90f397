"""Percent-encoding."""

import pytest

from auditor.decoders import NO_CLUE, percent


@pytest.mark.parametrize(
    ("data", "tree"),
    [
        (b"a%20b", "a b"),
        (b"a+b%2Bc", "a+b+c"),
        ("gr\u00fc%C3%9Fe".encode(), "grüße"),
        (b"%ff%fe", b"\xff\xfe"),
        (b"%2541", "%41"),
    ],
)
def test_escapes_become_what_they_stand_for(data: bytes, tree: str | bytes) -> None:
    assert percent.unwrap(data, NO_CLUE) == tree


@pytest.mark.parametrize(
    "data", [b"plain", b"100%", b"a%2", b"a%zz%20", b"a b%20c", b"%20\n", b"\xff%20", b"%%20"]
)
def test_what_is_not_percent_encoded(data: bytes) -> None:
    with pytest.raises(ValueError, match="not percent-encoded"):
        percent.unwrap(data, NO_CLUE)


@pytest.mark.parametrize("tree", ["plain", "a b", "100%", b"\x00\xff", "é", "A", "0"])
def test_whatever_is_written_has_an_escape(tree: str | bytes) -> None:
    assert percent.unwrap(percent.wrap(tree), NO_CLUE) == tree
