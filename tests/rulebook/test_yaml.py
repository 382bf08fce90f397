"""Strict YAML: what is written is what is read, and hostile files are refused in words."""

import random
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.errors import RuleError
from auditor.rulebook.yaml import DEPTH, SIZE, Block, Tagged, load


def value(text: str) -> Any:
    return load(f"key: {text}\n", "f.yaml")["key"]


def faults(text: str) -> list[str]:
    with pytest.raises(RuleError) as caught:
        load(text, "f.yaml")
    return [str(fault) for fault in caught.value.faults]


@pytest.mark.parametrize(
    "text",
    [
        "no",
        "yes",
        "on",
        "off",
        "No",
        "TRUE",
        "True",
        "False",
        "n",
        "y",
        "12:30",
        "8.100",
        "1.5",
        "1e3",
        "046",
        "0o17",
        "+5",
        "1_000",
        ".5",
        ".inf",
        ".nan",
        "2026-11-21",
        "0x",
        "0b11",
        "-",
        "=",
        "<<",
        "NULL",
        "Null",
        "0xfffffffffffffffff",
        "١٢",
        "99999999999999999999",
    ],
)
def test_what_other_loaders_turn_into_something_else_stays_text(text: str) -> None:
    assert value(f"[{text}]" if text == "-" else text) in (text, [text])


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("true", True),
        ("false", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("0", 0),
        ("46", 46),
        ("-7", -7),
        ("0x33", 51),
        ("0xFF", 255),
        ('"46"', "46"),
        ("'true'", "true"),
        ('""', ""),
        ("'0x33'", "0x33"),
        ("!text 46", "!46"),
    ],
)
def test_words_and_numbers_have_one_spelling(text: str, meant: object) -> None:
    read = value(text)
    if isinstance(read, Tagged):
        assert f"!{read.value}" == meant
    else:
        assert (read, type(read)) == (meant, type(meant))


def test_every_value_knows_its_line_and_column() -> None:
    block = load("title: a\nwhen:\n  host: [x, y]\n", "f.yaml")
    assert block.keys_at == {"title": (1, 1), "when": (2, 1)}
    assert block.values_at["title"] == (1, 8)
    assert block["when"].values_at["host"] == (3, 9)
    assert block["when"]["host"].values_at == [(3, 10), (3, 13)]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("a: 1\nb: 2\na: 3\n", "f.yaml:3:1: 'a' is given twice"),
        ("x:\n  y: 1\n  y: 2\n", "f.yaml:3:3: 'y' is given twice"),
        ("x: {8: a, 8: b}\n", "f.yaml:1:11: 8 is given twice"),
        ("a: &here 1\n", "f.yaml:1:4: anchors and aliases are not used in rules: write it out"),
        ("a: &here {b: 1}\n", "f.yaml:1:4: anchors and aliases are not used in rules: write it out"),
        ("a: &here [b]\nc: *here\n", "f.yaml:1:4: anchors and aliases are not used in rules: write it out"),
        ("a: *here\n", "f.yaml:1:4: anchors and aliases are not used in rules: write it out"),
        ("<<: *here\n", "f.yaml:1:5: anchors and aliases are not used in rules: write it out"),
        ("a: 1\n---\nb: 2\n", "f.yaml:2:1: one rule a file: a second document begins here"),
        ("{a: 1}: b\n", "f.yaml:1:1: a key is one word; put quotes around { } [ ] in a value"),
        ("[a]: b\n", "f.yaml:1:1: a key is one word; put quotes around { } [ ] in a value"),
        ("!json a: b\n", "f.yaml:1:1: a key is one word; put quotes around { } [ ] in a value"),
        ("- a\n- b\n", "f.yaml:1:1: a rule file is a mapping: `title: ...`"),
        ("just words\n", "f.yaml:1:1: a rule file is a mapping: `title: ...`"),
        ("", "f.yaml:1:1: a rule file is a mapping: `title: ...`"),
        ("# nothing\n", "f.yaml:1:1: a rule file is a mapping: `title: ...`"),
        ("!json {a: b}\n", "f.yaml:1:1: a rule file is a mapping: `title: ...`"),
        (
            "a: !!python/object/apply:os.system [id]\n",
            "f.yaml:1:4: unknown tag 'tag:yaml.org,2002:python/object/apply:os.system'",
        ),
        ("a: !!str 1\n", "f.yaml:1:4: unknown tag 'tag:yaml.org,2002:str'"),
        ("a: !!binary aGk=\n", "f.yaml:1:4: unknown tag 'tag:yaml.org,2002:binary'"),
        ("a: !!set {b}\n", "f.yaml:1:4: unknown tag 'tag:yaml.org,2002:set'"),
        ("%TAG ! tag:evil,2000:\n---\na: !x y\n", "f.yaml:3:4: unknown tag 'tag:evil,2000:x'"),
    ],
)
def test_what_is_refused_says_where_and_why(text: str, fault: str) -> None:
    assert faults(text) == [fault]


LAUGHS = "a: &a [l, l, l]\n" + "".join(
    f"{chr(98 + i)}: &{chr(98 + i)} [*{chr(97 + i)}, *{chr(97 + i)}, *{chr(97 + i)}]\n" for i in range(20)
)


@pytest.mark.parametrize(
    "text",
    [
        LAUGHS,
        "a: " + "[" * 100_000,
        "a: " + "[" * 100_000 + "]" * 100_000,
        "a: " + "{b: " * 60_000,
        "a: " + "{" * 100_000,
        "- " * 100_000,
        "? " * 100_000,
        "".join(" " * i + "a:\n" for i in range(700)),
        "a: " + "!x " * 50_000,
        "a: " + "x" * 300_000,
        "# " + "x" * 300_000,
        "a: \0",
        "\0",
        "a: \x07bell",
        "a: \ud800",
        "a: \ufffe",
        "a: \x85\x9f",
        'a: "\\ud800"\n b',
        'a: "unclosed',
        "a: 'unclosed",
        "a: [1, 2",
        "a: b: c",
        "\ta: b",
        "a: @b",
        "a: `b",
        "a: %b",
        "a: |\n\tb\n c",
        "a: >9\nb",
        "%YAML 9.9\n---\na: b: c",
        'a: "\\xZZ"',
        "\x1b[31m: a\n",
        "a:\n b\n  c: d",
    ],
)
def test_hostile_files_are_refused_and_quickly(text: str) -> None:
    begun = time.process_time()
    assert faults(text)
    assert time.process_time() - begun < 60  # a hang, not a time


def test_a_file_nests_to_the_limit_and_no_deeper() -> None:
    inside = "[" * (DEPTH - 1)
    assert isinstance(value(inside + "]" * (DEPTH - 1)), list)
    assert faults(f"key: [{inside}]{']' * (DEPTH - 1)}") == [
        f"f.yaml:1:{5 + DEPTH}: nested deeper than 64 levels"
    ]


def test_a_file_is_as_long_as_the_limit_and_no_longer() -> None:
    assert load("a: " + "x" * (SIZE - 3), "f.yaml")
    assert faults("a: " + "x" * SIZE) == ["f.yaml:1:1: a rule file has at most 256,000 characters"]


PIECES = [
    "a",
    ":",
    " ",
    "\n",
    "- ",
    "[",
    "]",
    "{",
    "}",
    "!x ",
    "&a ",
    "*a",
    "'",
    '"',
    "\\",
    "|",
    ">",
    "?",
    "#",
    "%",
    "\t",
    "\0",
    "---",
    "é",
    "\u2028",
    "\ud800",
    "~",
    "<<",
    ",",
]


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(max_size=60), st.lists(st.sampled_from(PIECES), max_size=40).map("".join)))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        assert isinstance(load(text, "f.yaml"), Block)
    except RuleError as exc:
        assert exc.faults


def test_any_bytes_of_a_file_are_read_or_refused() -> None:
    dice = random.Random(5)
    for _ in range(500):
        try:
            load(dice.randbytes(dice.randrange(60)).decode("latin-1"), "f.yaml")
        except RuleError as exc:
            assert str(exc)
