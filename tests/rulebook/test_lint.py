"""What an author overrules: with a reason, and only what is there."""

import pytest

from auditor.errors import Fault
from auditor.rulebook.book import Rulebook
from auditor.rulebook.lint import Allowed, Sheet
from auditor.rulebook.yaml import load
from tests.rulebook.lints.broken import GOOD, SEND


def allowed(text: str) -> Allowed:
    return Allowed({"f.yaml": load(f"title: t\n{text}", "f.yaml")})


def fault(code: str, message: str = "body.x is wide") -> Fault:
    return Fault("f.yaml", 1, 1, message, code)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("", True),
        ("allow: {R305: because}", False),
        ("allow: {R306: because}", True),
        ("allow: {R305 body.x: because}", False),
        ("allow: {R305 body.y: because}", True),
        ("allow: R305", True),
    ],
)
def test_a_fault_is_overruled_by_its_code_or_its_words(text: str, kept: bool) -> None:
    assert allowed(text).keep(fault("R305")) is kept


def test_a_fault_of_another_file_stands() -> None:
    assert allowed("allow: {R305: because}").keep(Fault("g.yaml", 1, 1, "wide", "R305"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("allow: {R305: because}", ["f.yaml:2:9: R305 is allowed, but nothing is wrong here"]),
        ("allow: {R305: }", ["f.yaml:2:9: R305 is allowed without a reason"]),
        ("allow: {R999: because}", []),
        ("", []),
    ],
)
def test_what_overrules_nothing_is_a_fault_where_it_was_looked_for(text: str, said: list[str]) -> None:
    assert [str(f) for f in allowed(text).unneeded({"R305"})] == said


def test_what_overruled_something_is_needed() -> None:
    one = allowed("allow: {R305: because}")
    one.keep(fault("R305"))
    assert list(one.unneeded({"R305"})) == []


@pytest.mark.parametrize(
    ("keys", "place"),
    [
        (("slot", 1), (10, 19)),
        (("slot", 9), (10, 7)),
        (("when", "host"), (8, 9)),
        (("when", "nothing"), (6, 3)),
        (("nothing",), (2, 1)),
        (("tests", 0, "body"), (19, 11)),
    ],
)
def test_every_place_in_a_file_can_be_named(keys: tuple[str | int, ...], place: tuple[int, int]) -> None:
    book, blocks = Rulebook.with_files(GOOD)
    sheet = Sheet(SEND, GOOD[SEND], blocks[SEND], book.rules["x/send"], book, "")
    assert sheet.at(*keys) == place
