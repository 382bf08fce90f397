"""Typed fields: what is wrong reads as the default, and is told."""

from typing import Any

import pytest

from auditor.errors import Fault
from auditor.rulebook.fields import Fields, kind, nearest
from auditor.rulebook.yaml import load


def fields(text: str) -> tuple[Fields, list[Fault]]:
    found: list[Fault] = []
    return Fields(load(text, "f.yaml"), "f.yaml", found), found


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("null", "nothing"),
        ("true", "true or false"),
        ("7", "the number 7"),
        ("word", "the text 'word'"),
        ("!json {}", "!json"),
        ("[a]", "a list"),
        ("{a: b}", "a mapping"),
    ],
)
def test_a_kind_has_a_name(text: str, words: str) -> None:
    assert kind(load(f"k: {text}", "f.yaml")["k"]) == words


@pytest.mark.parametrize(
    ("text", "read", "wrong"),
    [
        ("a: word", "word", ""),
        ("a: 7", "7", ""),
        ("a: null", "-", ""),
        ("b: c", "-", ""),
        ("a: true", "-", "f.yaml:1:4: 'a' is a text, not true or false"),
        ("a: [x]", "-", "f.yaml:1:4: 'a' is a text, not a list"),
        ("a: {x: y}", "-", "f.yaml:1:4: 'a' is a text, not a mapping"),
        ("a: !json {x: y}", "-", "f.yaml:1:4: 'a' is a text, not !json"),
    ],
)
def test_a_text(text: str, read: str, wrong: str) -> None:
    one, found = fields(text)
    assert one.text("a", "-") == read
    assert [str(f) for f in found] == ([wrong] if wrong else [])


@pytest.mark.parametrize(
    ("text", "read", "wrong"),
    [
        ("a: x", ("x",), 0),
        ("a: [x, 1, y]", ("x", "1", "y"), 0),
        ("a: [x, [y], {z: 1}, true]", ("x",), 3),
        ("a: {x: y}", (), 1),
        ("b: x", (), 0),
        ("a: []", (), 0),
        ("a: [null]", (), 1),
    ],
)
def test_one_text_or_several(text: str, read: tuple[str, ...], wrong: int) -> None:
    one, found = fields(text)
    assert one.texts("a") == read
    assert len(found) == wrong


@pytest.mark.parametrize(
    ("text", "read"),
    [("a: true", True), ("a: false", False), ("a: yes", None), ("a: 1", None), ("b: 1", False)],
)
def test_a_flag_is_true_or_false(text: str, read: bool | None) -> None:
    one, found = fields(text)
    assert one.flag("a") is bool(read)
    assert bool(found) is (read is None)


@pytest.mark.parametrize("text", ["a: x", "a: {b: c}", "a: [x]", "a: [[x]]", "a: [{x: 1}, 7]", "a: true"])
def test_lists_of_mappings_hold_mappings(text: str) -> None:
    one, found = fields(text)
    kept: list[Any] = one.blocks("a")
    assert all(isinstance(k, Fields) for k in kept)
    assert found


def test_the_nearest_word_or_all_of_them() -> None:
    assert nearest("slott", ["slot", "surface"]) == "; did you mean 'slot'?"
    assert nearest("zzz", ["slot", "surface"]) == "; expected one of slot, surface"
