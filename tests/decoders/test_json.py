"""JSON: prefixes, charsets, twice-given keys, and what must not crash."""

import json as library

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.decoders import NO_CLUE, Clue, json
from auditor.errors import TooMuch
from auditor.model import Tree


@pytest.mark.parametrize(
    "prefix", ["", " \r\n\t", "\ufeff", ")]}'", ")]}',\n", "while(1);", "for(;;);", "\ufefffor(;;); "]
)
def test_a_prefix_is_passed_over(prefix: str) -> None:
    assert json.unwrap(prefix.encode() + b'{"a": 1}\n', NO_CLUE) == {"a": 1}


@pytest.mark.parametrize(
    "charset", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be"]
)
def test_unicode_charsets_are_seen(charset: str) -> None:
    assert json.unwrap('{"text": "grüße 🔐"}'.encode(charset), NO_CLUE) == {"text": "grüße 🔐"}


@pytest.mark.parametrize("charset", ["iso-8859-1", "windows-1252", "latin1"])
def test_other_charsets_need_the_clue(charset: str) -> None:
    data = '{"text": "grüße"}'.encode(charset)
    assert json.unwrap(data, Clue(charset=charset)) == {"text": "grüße"}
    for other in ("", "idna", "punycode", "zlib", "iso-8859-12", "../x", "é\0"):
        with pytest.raises(ValueError, match=r"."):
            json.unwrap(data, Clue(charset=other))


@pytest.mark.parametrize(
    ("data", "tree"),
    [
        (b'{"a": 1, "a": 2, "a": [3]}', {"a": [1, 2, [3]]}),
        (rb'["\ud83d\ude00 \ud83d x \ude00"]', ["😀 \ufffd x \ufffd"]),
        (rb'["\\ud83d \uD83D"]', ["\\ud83d \ufffd"]),
        (rb'["\ud83d\ud83d\ude00"]', ["\ufffd😀"]),
        (b'["\xed\xa0\x80"]', ["\ufffd"]),
        (b'["\xed\xa0\xbd\xed\xb8\x80"]', ["😀"]),
        (b"[1e999, -1e999, 1e3]", ["1e999", "-1e999", 1000.0]),
        (b"[" + b"1" * 5000 + b"]", ["1" * 5000]),
        (b'{"": null}', {"": None}),
    ],
)
def test_odd_values_come_out_safe(data: bytes, tree: Tree) -> None:
    assert json.unwrap(data, NO_CLUE) == tree
    assert json.unwrap(json.wrap(tree), NO_CLUE) == tree


@pytest.mark.parametrize(
    "data",
    [
        b'"text"',
        b"1",
        b"null",
        b"[NaN]",
        b"[Infinity]",
        b"{}{}",
        b"[1,]",
        b"{'a': 1}",
        b"[1] x",
        b"\0[",
        b"for(;;);1",
    ],
)
def test_what_is_not_json(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        json.unwrap(data, NO_CLUE)


@pytest.mark.parametrize("depth", [257, 900, 100_000])
def test_nesting_ends_in_words(depth: int) -> None:
    for data in (b"[" * depth + b"]" * depth, b'{"a":' * depth + b"1" + b"}" * depth):
        with pytest.raises(TooMuch, match="nested"):
            json.unwrap(data, NO_CLUE)


def test_many_open_brackets_are_just_a_text() -> None:
    with pytest.raises(ValueError, match="not a JSON"):
        json.unwrap(b"[" * 100_000, NO_CLUE)


def test_many_lists_side_by_side_are_not_deep() -> None:
    assert json.unwrap(b"[" + b"[]," * 1000 + b"[]]", NO_CLUE) == [[]] * 1001


def test_what_others_wrapped_can_be_put_inside() -> None:
    assert json.wrap({"text": b"YWJj"}) == b'{"text": "YWJj"}'


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@settings(max_examples=50, deadline=None)
@given(tree=st.lists(JSON) | st.dictionaries(st.text(), JSON), ascii_only=st.booleans())
def test_it_reads_what_the_library_writes(tree: Tree, ascii_only: bool) -> None:
    assert json.unwrap(library.dumps(tree, ensure_ascii=ascii_only).encode(), NO_CLUE) == tree
