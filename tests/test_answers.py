"""Answers to sealed messages: what the server says of a message may show that it read it."""

from typing import Any

import pytest
from msgspec import structs

from auditor.decoders import DECODERS
from auditor.model import Answer, Head, Parcel, Ref
from tests.test_strays import CODED, NOISE, ROOM, TEXT, parcel, sent, verdict

PATH = f"{ROOM}/send/m.room.encrypted/1"


def answered(tree: Any, status: int = 200, **headers: str) -> list[Parcel]:
    """A sealed message, and what the server answers."""
    answer = parcel("in", "PUT", PATH, tree, **headers)
    head = structs.replace(answer.head, status=status)
    question = sent(PATH)
    return [question, structs.replace(answer, head=head, answers=question.head)]


COPIED: dict[str, list[Parcel]] = {
    "repeated": answered({"event_id": "$x", "content": {"body": TEXT}}),
    "as the preview of a link": answered({"event_id": "$x", "preview": {"og:title": "The Old Crane Bar"}}),
    "in another language": answered({"event_id": "$x", "translated": "um sieben am Tor"}),
    "as what a moderator quotes": answered({"event_id": "$x", "flags": [{"quote": TEXT, "score": 0.1}]}),
    "in base64": answered({"event_id": "$x", "echo": CODED}),
    "in a header": answered({"event_id": "$x"}, x_preview=TEXT),
    "as a key": answered({"event_id": "$x", "session_key": NOISE}),
    "as all there is": answered(TEXT),
}
PLAIN: dict[str, list[Parcel]] = {
    "what a home server says": answered({"event_id": "$x"}),
    "nothing": answered({}),
    "an error, which quotes nobody": answered({"error": "Too Many Requests"}, 429),
    "headers that servers fill": answered({}, server="Synapse 1.99", cache_control="no-cache, no-store"),
}


@pytest.mark.parametrize("how", COPIED)
def test_words_in_the_answer_to_a_sealed_message_are_perhaps_a_copy(how: str) -> None:
    found = verdict(COPIED[how])
    assert found.verdict is Answer.INCONCLUSIVE
    assert "in the answer to a sealed message" in found.reason


@pytest.mark.parametrize("how", PLAIN)
def test_what_servers_answer_is_no_copy(how: str) -> None:
    assert verdict(PLAIN[how]).verdict is Answer.END_TO_END


def test_the_answer_to_something_else_is_not_looked_at() -> None:
    question, answer = COPIED["repeated"]
    for other in (
        structs.replace(answer, answers=Head("PUT", ("elsewhere",))),
        structs.replace(answer, ref=Ref("made.mitm", 7)),
    ):
        assert verdict([question, other]).verdict is Answer.END_TO_END


def test_an_answer_is_read_however_it_is_packed() -> None:
    question, answer = COPIED["repeated"]
    packed = structs.replace(answer, body=DECODERS["gzip"].wrap(answer.body))
    assert verdict([question, packed]).verdict is Answer.INCONCLUSIVE
