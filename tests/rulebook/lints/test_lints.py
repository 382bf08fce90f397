"""Each lint finds what it is for, in one broken file, and nothing in a good one."""

import os
import re
from pathlib import Path

import pytest

from auditor.rulebook.book import Rulebook
from auditor.rulebook.lint import Allowed
from auditor.rulebook.lints import LINTS, look
from auditor.rulebook.lints.reading import READ
from auditor.shelf import own_rules, texts_of
from tests.rulebook.lints.broken import BROKEN, GOOD, HOME, broken

GOLDEN = Path(__file__).parents[2] / "golden" / "lints.txt"
TODAY = "2026-11-21"
NEWEST = "2026-11-22"  # day of the newest facts in our own rules


def found(texts: dict[str, str], today: str = TODAY) -> list[str]:
    book, blocks = Rulebook.with_files(texts)
    return [f"{f.code} {f.severity} {f}" for f in look(book, texts, blocks, today)]


def test_a_good_rule_set_is_left_alone() -> None:
    assert found(GOOD) == []


@pytest.mark.parametrize("code", LINTS)
def test_every_lint_finds_what_it_is_for(code: str) -> None:
    assert [line for line in found(broken(code)) if line.startswith(f"{code} ")]


def test_every_lint_has_one_broken_file() -> None:
    assert sorted(BROKEN) == sorted(LINTS)
    assert len(LINTS) >= 30


def printed() -> str:
    return "".join(
        f"# {code}\n" + "".join(f"{line}\n" for line in found(broken(code))) + "\n" for code in LINTS
    )


def test_the_words_are_those_that_were_agreed() -> None:
    if os.environ.get("REGOLD"):
        GOLDEN.write_text(printed())
    assert printed() == GOLDEN.read_text()


@pytest.mark.parametrize("code", LINTS)
def test_every_lint_says_what_it_is_for_and_what_to_do(code: str) -> None:
    one = LINTS[code]
    title, _, rest = one.words.partition("\n\n")
    assert re.fullmatch(r"R[1-7][0-9]{2}", code)
    assert title.endswith(".")
    assert len(rest) > 10
    assert one.advice.endswith((".", "`"))
    assert one.severity in ("error", "warning", "note")


def test_codes_are_given_once_and_go_up_within_a_file() -> None:
    assert not set(READ) & set(LINTS)
    by_subject: dict[str, set[str]] = {}
    for one in LINTS.values():
        by_subject.setdefault(one.check.__module__, set()).add(one.code[:2])
    assert [subjects for subjects in by_subject.values() if len(subjects) != 1] == []


def test_a_suffix_is_everybodys_however_it_is_spelled() -> None:
    for host in ("*.xn--55qx5d.cn", "*.xn--p1ai"):
        texts = GOOD | {HOME: GOOD[HOME].replace('"*.x.org"', f'"*.x.org", "{host}"')}
        assert any(line.startswith("R101 ") for line in found(texts)), host


@pytest.mark.parametrize("code", ["R503", "R504"])
def test_nothing_grows_old_where_nobody_says_what_day_it_is(code: str) -> None:
    assert found(broken(code), today="") == []


@pytest.mark.parametrize(
    ("read", "old"), [("2025-11-20", True), ("2025-11-21", False), ("2026-11-21", False)]
)
def test_a_claim_is_old_after_a_year(read: str, old: bool) -> None:
    file, text, _ = BROKEN["R503"]
    texts = GOOD | {file: GOOD[file].replace(text, f"read: {read}}}\nlimits")}
    assert any(line.startswith("R503 warning") for line in found(texts)) is old


def test_our_own_rules_have_no_more_than_they_allow() -> None:
    texts = texts_of(own_rules())
    book, blocks = Rulebook.with_files(texts)
    allowed = Allowed(blocks)
    left = [str(f) for f in look(book, texts, blocks, NEWEST) if allowed.keep(f)]
    assert left == []
    assert [str(f) for f in allowed.unneeded(set(LINTS))] == []
