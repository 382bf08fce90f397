"""The nouns: frozen, closed lists, and the same words everywhere."""

import msgspec
import pytest

from auditor import model
from auditor.model import (
    AROUND,
    MESSAGES,
    SURFACES,
    Answer,
    Channel,
    Content,
    Direction,
    Grade,
    Head,
    Parcel,
    Ref,
    Road,
)

STRUCTS = [
    kind for kind in vars(model).values() if isinstance(kind, type) and issubclass(kind, msgspec.Struct)
]
ASKED = Head("POST", ("a",), headers=(("x", "1"), ("y", "2"), ("x", "3")))
PARCEL = Parcel(Ref("x.mitm", 17, ">"), Channel("a.example"), True, b"")


@pytest.mark.parametrize("kind", [k for k in STRUCTS if k is not msgspec.Struct])
def test_what_was_seen_never_changes(kind: type[msgspec.Struct]) -> None:
    assert kind.__struct_config__.frozen


def test_surfaces_are_one_closed_list_of_two_kinds() -> None:
    assert (*MESSAGES, *AROUND) == SURFACES
    assert len(set(SURFACES)) == len(SURFACES)


def test_verdicts_and_contents_have_their_public_names() -> None:
    assert [a.value for a in Answer] == [
        "cleartext",
        "transport-only",
        "opaque",
        "end-to-end",
        "inconclusive",
    ]
    assert [c.value for c in Content] == ["readable", "undecided", "missing", "wrapped", "opaque", "sealed"]
    assert [g.value for g in Grade] == ["shown", "recognised", "consistent", "claimed"]
    assert [r.value for r in Road] == ["clear", "protected", "unknown"]


def test_a_ref_finds_a_parcel_again() -> None:
    assert str(PARCEL.ref) == "x.mitm#17>"
    assert str(Ref("x.mitm", 0)) == "x.mitm#0"


def test_an_answer_is_known_by_its_question() -> None:
    answer = msgspec.structs.replace(PARCEL, outgoing=False, head=Head(status=200), answers=ASKED)
    assert answer.asked is ASKED
    assert answer.direction is Direction.IN
    assert msgspec.structs.replace(PARCEL, head=ASKED).asked is ASKED
    assert PARCEL.direction is Direction.OUT


def test_the_first_header_of_a_name_counts() -> None:
    assert (ASKED.header("x"), ASKED.header("y"), ASKED.header("z")) == ("1", "2", "")
