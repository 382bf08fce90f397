"""Laid out anew, a file says what it said, comments included."""

import random

import pytest

from auditor.rulebook.layout import MODELINE, formatted, modeline, rewritten
from auditor.rulebook.yaml import load
from auditor.shelf import own_rules, texts_of

OURS = texts_of(own_rules())


@pytest.mark.parametrize(
    ("text", "laid_out"),
    [
        ("a: 1\n", "a: 1\n"),
        ("a: 1", "a: 1\n"),
        ("\n\na: 1\n\n\n", "a: 1\n"),
        ("a: 1  \nb: 2\t\n", "a: 1\nb: 2\n"),
        ("a: 1\r\nb: 2\r\n", "a: 1\nb: 2\n"),
        ("a: 1\n\n\n\nb: 2\n", "a: 1\n\nb: 2\n"),
        ("a: |\n  x  \n\n\n\n  y\nb: 2\n\n", "a: |\n  x  \n\n\n\n  y\nb: 2\n\n"),
        ("- !text |-\n  x  \n", "- !text |-\n  x  \n"),
    ],
)
def test_stray_blanks_go_but_never_out_of_a_text(text: str, laid_out: str) -> None:
    assert formatted(text) == laid_out


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("platforms/x/send.yaml", "../../schema/rule.json"),
        ("platforms/x/platform.yaml", "../../schema/platform.json"),
        ("envelopes/e.yaml", "../schema/envelope.json"),
    ],
)
def test_the_first_line_names_the_schema_of_the_file(file: str, line: str) -> None:
    assert modeline(file) == f"{MODELINE}{line}"


MIXED = """# what this file is about

# why it is called so
why: []
# the text
slot: body.text   # every place
title: T

# and the tests
tests: []
when: {direction: out}
surface: dm
"""
SORTED = """# yaml-language-server: $schema=../../schema/rule.json
# what this file is about

title: T

surface: dm
when: {direction: out}
# the text
slot: body.text   # every place
# why it is called so
why: []
# and the tests
tests: []
"""


def test_keys_move_with_the_comments_above_them() -> None:
    assert rewritten(MIXED, "platforms/x/send.yaml") == SORTED
    assert rewritten(SORTED, "platforms/x/send.yaml") == SORTED


def test_our_own_files_are_laid_out() -> None:
    assert [file for file, text in OURS.items() if rewritten(text, file) != text] == []


@pytest.mark.parametrize("seed", range(40))
def test_a_file_that_was_mixed_up_says_the_same_afterwards(seed: int) -> None:
    rng = random.Random(seed)
    file = rng.choice(sorted(OURS))
    block = load(OURS[file], file)
    lines = OURS[file].split("\n")
    starts = [block.keys_at[key][0] - 1 for key in block]
    chunks = [lines[a:b] for a, b in zip(starts, [*starts[1:], len(lines)], strict=True)]
    rng.shuffle(chunks)
    mixed = "\n".join(line + rng.choice(["", "", "  "]) for chunk in chunks for line in chunk)
    again = rewritten(mixed, file)
    assert repr(sorted(load(again, file).items())) == repr(sorted(block.items()))
    assert comments(again) == sorted([*comments(mixed), modeline(file)])


def comments(text: str) -> list[str]:
    return sorted(line.strip() for line in text.split("\n") if "#" in line)


def test_a_file_in_one_line_is_left_as_it_is() -> None:
    text = "{title: T, tests: [], why: [], surface: dm, slot: body, when: {direction: out}}\n"
    assert rewritten(text, "platforms/x/send.yaml").partition("\n")[2] == text
