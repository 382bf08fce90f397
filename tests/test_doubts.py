"""Doubts count where they are about something that was found."""

from dataclasses import dataclass
from typing import Any

import pytest

from auditor.doubts import NEAR, nearby, settled
from auditor.model import Content, Direction, Finding, Grade, Ref, Road
from auditor.report import KEPT, Row, Tally

ROOM = ("matrix", "room", Direction.OUT)
NOBODY = ("", "", Direction.ANY)


def kind(about: tuple[str, str, Direction], capture: str, count: int = 1, **more: Any) -> tuple[Row, Tally]:
    """So many findings of a kind in one capture."""
    platform, surface, direction = about
    shared: dict[str, Any] = {"road": Road.CLEAR, "grade": Grade.CONSISTENT, "rule": "a/b"}
    content = Content.MISSING if more.get("doubt") else Content.SEALED
    finding = Finding(ref=Ref(capture, 1), platform=platform, surface=surface, direction=direction,
                      content=content, **shared)  # fmt: skip
    row = Row(platform, surface, direction, content, **shared, **more)
    return row, Tally(count, (finding,) * min(count, KEPT))


@dataclass
class Case:
    doubt: tuple[Row, Tally]
    about: list[tuple[str, str, Direction]]


CASES = {
    "the same kind": Case(kind(ROOM, "a", doubt=True), [ROOM]),
    "the same kind in another capture": Case(kind(ROOM, "b", doubt=True), [ROOM]),
    "another direction": Case(kind(("matrix", "room", Direction.IN), "a", doubt=True), []),
    "another host": Case(kind(ROOM, "a", doubt=True, near="7"), []),
    "nobody's": Case(kind(NOBODY, "a", doubt=True), [ROOM]),
    "nobody's, in another capture": Case(kind(NOBODY, "b", doubt=True), []),
}


@pytest.mark.parametrize("name", CASES)
def test_a_doubt_counts_for_what_it_is_about(name: str) -> None:
    found, case = kind(ROOM, "a"), CASES[name]
    first, *doubts = settled([case.doubt, found])
    assert first == found
    assert [(row.platform, row.surface, row.direction) for row, _ in doubts] == case.about
    assert all(row.doubt and row.content is Content.MISSING for row, _ in doubts)


def test_where_more_was_found_than_is_kept_it_may_lie_in_any_capture() -> None:
    elsewhere, doubt = kind(("x", "dm", Direction.IN), "b"), kind(NOBODY, "b", doubt=True)
    for count, about in ((KEPT, ["x"]), (KEPT + 1, ["matrix", "x"])):
        found = settled([kind(ROOM, "a", count), elsewhere, doubt])
        assert sorted(row.platform for row, _ in found if row.doubt) == about


def test_a_host_is_always_called_the_same_and_endless_ones_share_their_names() -> None:
    assert nearby("chat.example") == nearby("chat.example") != nearby("mail.example")
    assert len({nearby(f"{number}.example") for number in range(3 * NEAR)}) <= NEAR
