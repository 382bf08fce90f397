"""Rules against each other, and against traffic without messages."""

from auditor.errors import Fault
from auditor.model import Channel, Head, Parcel, Ref, Road
from auditor.rulebook.crosses import benign, collisions
from auditor.rulebook.mutation import Proof
from auditor.rulebook.selftest import nothing_recorded
from tests.rulebook.lints.broken import GOOD, SEND
from tests.rulebook.rules import book


def found(**beside: str) -> list[Fault]:
    made = book(**beside)
    rule = made.rules["x/send"]
    return list(collisions(rule, Proof.of(rule, made, nothing_recorded).written, made))


def test_a_rule_alone_collides_with_nothing() -> None:
    assert found() == []


def test_a_rule_that_finds_the_same_message_is_named() -> None:
    other = (
        GOOD[SEND]
        .replace("[body.text, body.copy]", "[body.text]")
        .replace("slot:", "unless: {body.from: anna}\nslot:")
    )
    assert [(f.code, f.message) for f in found(other=other)] == [
        ("R803", "the day it is sealed, we will see it: x/other finds a message too")
    ]


def test_a_rule_that_finds_all_of_them_shadows_it() -> None:
    assert [(f.code, f.message) for f in found(other=GOOD[SEND])] == [
        ("R804", "x/other finds a message in every example of x/send")
    ]


def test_a_message_of_another_kind_is_no_collision() -> None:
    assert found(other=GOOD[SEND].replace("surface: dm", "surface: media")) == []


def parcel(path: str) -> Parcel:
    head = Head("POST", ("v1", path))
    return Parcel(
        Ref("c", 1, ">"), Channel("api.x.org", road=Road.PROTECTED), True, b'{"text": "hi you"}', head=head
    )


def test_a_rule_that_speaks_about_unrelated_traffic_is_named() -> None:
    said = [f.message for f in benign([parcel("send"), parcel("other")], book())]
    assert said == ["readable in unrelated traffic: c#1>"]


def test_only_rules_below_a_folder_are_shown_unrelated_traffic_where_one_is_named() -> None:
    for below, count in (("platforms/x/send.yaml", 1), ("platforms/x/", 1), ("platforms/y/", 0)):
        assert len(list(benign([parcel("send")], book(), below))) == count
