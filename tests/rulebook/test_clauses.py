"""Why a rule is or is not about a parcel, clause by clause."""

import json

import pytest
from msgspec import structs

from auditor.model import Channel, Head, Parcel, Ref, Road
from auditor.rulebook.clauses import inside, when
from tests.rulebook.rules import send

PARCEL = Parcel(
    Ref("c", 1, ">"),
    Channel("api.x.org", road=Road.PROTECTED),
    True,
    json.dumps({"text": "meet at seven", "kind": "chat"}).encode(),
    head=Head("POST", ("v1", "send"), headers=(("x-kind", "chat"),)),
)
HEADER = ("path: /v1/send", "path: /v1/send\n  header: {x-kind: chat}")


@pytest.mark.parametrize(
    ("change", "failed", "found"),
    [
        ({}, [], []),
        ({"protocol": "irc"}, ["protocol http"], ["irc"]),
        ({"outgoing": False}, ["direction out"], ["in"]),
        ({"channel": Channel("y.org")}, ["host api.x.org"], ["y.org"]),
        ({"head": structs.replace(PARCEL.head, method="PUT")}, ["method POST"], ["PUT"]),
        ({"head": structs.replace(PARCEL.head, path=("v2",))}, ["path /v1/send"], ["/v2"]),
        ({"head": structs.replace(PARCEL.head, headers=())}, ["header x-kind chat"], ["another, or none"]),
    ],
)
def test_each_clause_of_when_says_whether_it_holds(
    change: dict[str, object], failed: list[str], found: list[str]
) -> None:
    rule, made = send(HEADER)
    parcel = structs.replace(PARCEL, **change)
    clauses = [clause for clause in when(rule, parcel, made) if not clause.held]
    assert [clause.asked for clause in clauses] == failed
    assert [clause.found for clause in clauses] == found
    assert len(when(rule, parcel, made)) == 6


@pytest.mark.parametrize(
    ("key", "clauses"),
    [
        (
            "where: {body.kind: chat}",
            [("where body.kind is chat", True), ("slot body.text or body.copy", True)],
        ),
        ("where: {body.kind: other}", [("where body.kind is other", False)]),
        ("where: {body.gone: '*'}", [("where body.gone is there", False)]),
        ("unless: {body.kind: chat}", [("unless body.kind is chat", False)]),
        ("empty-when: {body.kind: chat}", [("slot body.text or body.copy", True)]),
    ],
)
def test_each_condition_inside_says_whether_it_holds(key: str, clauses: list[tuple[str, bool]]) -> None:
    rule, made = send(("sees:", f"{key}\nsees:"))
    assert [[(c.asked, c.held) for c in one] for one in inside(rule, PARCEL, made, False)] == [clauses]


def test_an_empty_slot_says_where_a_text_lies() -> None:
    rule, made = send()
    parcel = structs.replace(PARCEL, body=b'{"words": "meet at seven"}')
    [[clause]] = inside(rule, parcel, made, False)
    assert (clause.held, clause.found) == (False, "missing; a text-like value lies at body.words")


def test_values_of_a_capture_are_shown_only_where_asked_for() -> None:
    rule, made = send(("sees:", "where: {body.text: nothing}\nsees:"))
    assert [c.found for one in inside(rule, PARCEL, made, False) for c in one] == ["a value of 13 characters"]
    assert [c.found for one in inside(rule, PARCEL, made, True) for c in one] == ["meet at seven"]


def test_a_list_that_is_not_there_is_said() -> None:
    rule, made = send(
        ("slot: [body.text, body.copy]\nsees: {sender: body.from}", "each: body.items\nslot: .text")
    )
    assert [c.found for one in inside(rule, PARCEL, made, False) for c in one] == ["nothing there"]
