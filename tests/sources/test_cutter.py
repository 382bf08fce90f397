"""Cutting JSON into values, whole and byte by byte."""

import io
import json
from typing import Any, BinaryIO, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.sources.cutter import CutError, Cutter, LostError
from auditor.sources.tape import Tape

TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from(['"', "\\", '\\"', "}{", "[]"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


class Drops:
    """A file that hands out a few bytes at a time."""

    def __init__(self, data: bytes, size: int) -> None:
        self._file, self._size = io.BytesIO(data), size

    def read(self, size: int = -1) -> bytes:
        return self._file.read(self._size if size < 0 else min(size, self._size))


def cutter(data: bytes, size: int = 1 << 20, **limit: int) -> Cutter:
    return Cutter(Tape(cast(BinaryIO, Drops(data, size))), **limit)


@given(st.lists(TREES), st.sampled_from([1, 2, 3, 7, 1 << 20]), st.sampled_from([None, 1]))
def test_items_are_cut_where_a_decoder_ends_them(trees: list[Any], size: int, indent: int | None) -> None:
    text = json.dumps(trees, ensure_ascii=False, indent=indent).encode("utf-8", "surrogatepass")
    cut = cutter(text, size)
    found = [json.loads((cut.value() or b"").decode("utf-8", "surrogatepass")) for _ in cut.items()]
    assert found == trees


@given(st.dictionaries(st.text(), TREES), st.sampled_from([1, 5, 1 << 20]))
def test_fields_are_walked_and_values_skipped(tree: dict[str, Any], size: int) -> None:
    cut = cutter(json.dumps(tree).encode(), size)
    found = []
    for key in cut.fields():
        found.append(key)
        cut.skip()
    assert found == list(tree)
    assert cut.position == len(json.dumps(tree))


@given(TREES.filter(lambda tree: isinstance(tree, str | list | dict)))
def test_a_value_that_is_cut_short_says_so_and_gives_what_there_was(tree: Any) -> None:
    text = json.dumps(tree).encode()
    for end in range(1, len(text)):
        with pytest.raises(CutError) as caught:
            cutter(text[:end], 4).value()
        assert caught.value.rest == text[:end]


def test_a_value_beyond_the_limit_is_passed_over() -> None:
    cut = cutter(b'["%s", "next"]' % (b"x" * 1000), 16, limit=100)
    assert [cut.value() for _ in cut.items()] == [None, b'"next"']


@pytest.mark.parametrize("text", [b"5", b"[1 2]", b"[,]", b'["a":1]'])
def test_what_is_no_array_is_lost(text: bytes) -> None:
    cut = cutter(text)
    with pytest.raises(LostError):
        for _ in cut.items():
            cut.skip()


@pytest.mark.parametrize("text", [b"[]", b'{"a" 1}', b"{a: 1}", b'{"a": 1 "b": 2}'])
def test_what_is_no_object_is_lost(text: bytes) -> None:
    cut = cutter(text)
    with pytest.raises(LostError):
        for _ in cut.fields():
            cut.skip()
