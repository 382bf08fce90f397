"""What would make a verdict wrong one day is seen in the examples of today."""

import pytest

from auditor.rulebook.dangers import copies, mixed
from auditor.rulebook.mutation import Proof
from auditor.rulebook.selftest import nothing_recorded
from tests.rulebook.rules import send

OPEN = "{text: meet at seven, from: anna}"


def found(*changes: tuple[str, str]) -> list[str]:
    rule, made = send(*changes)
    written = Proof.of(rule, made, nothing_recorded).written
    return [f"{f.code} {f.line} {f.message}" for f in (*copies(rule, written), *mixed(rule, written))]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("{text: meet at seven, from: anna}", []),
        ("{text: meet at seven, from: anna, html: <b>meet at seven</b>}", ["body.html.b"]),
        ("{text: meet at seven, from: anna, deep: [{er: meet at seven}]}", ["body.deep.#0.er"]),
        ("{text: meet at seven, copy: meet at seven, from: anna}", []),
        ("{text: meet at seven, from: meet at seven}", []),
        ("{text: meet at seven, words: meet at eight}", []),
    ],
)
def test_a_copy_outside_the_slots_is_named(body: str, said: list[str]) -> None:
    assert found((OPEN, body)) == [f"R810 17 the text lies open: its text is also at {path}" for path in said]


def test_one_word_may_stand_anywhere() -> None:
    change = (OPEN, "{text: seven, from: anna, room: seven}"), ("    text: meet at seven", "    text: seven")
    assert found(*change) == []


ITEMS = "[{kind: 1, text: meet at seven}, {kind: 2, text: see you}]"
SLOT = ("slot: [body.text, body.copy]", "where: {body.items.kind: 1}\nslot: [body.items.text]")


@pytest.mark.parametrize(
    ("items", "number"),
    [(ITEMS, 1), ("[{kind: 1, text: meet at seven}]", 0), ("[word, {kind: 1, text: meet at seven}]", 0)],
)
def test_a_condition_and_a_slot_in_one_list_are_named(items: str, number: int) -> None:
    assert (
        found(SLOT, (OPEN, f"{{items: {items}}}"))
        == ["R811 18 the text lies open: body.items.kind and body.items.text lie in one list"][:number]
    )


def test_where_each_cuts_the_list_all_is_well() -> None:
    cut = "each: body.items\nwhere: {.kind: 1}\nslot: [.text]"
    assert found((SLOT[0], cut), (OPEN, f"{{items: {ITEMS}}}")) == []
