"""Answers to sealed messages: what the server says of a message may show that it read it."""

import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from auditor.answers import NEXT, says_more
from auditor.audit import Audit
from auditor.decoders import DECODERS
from auditor.judge import Verdict, judge
from auditor.model import Answer, Content, Direction, Head, Parcel, Ref
from auditor.report import Capture
from auditor.sources import read
from tests.test_strays import CODED, NOISE, ROOM, TEXT, book, parcel, sent, verdict

CAPTURES = Path(__file__).parents[1] / "captures"

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


SHUT = {
    "brotli with a dictionary": ("dcb", b"\xffDCB" + bytes(range(200, 240)) * 3),
    "zstd with a dictionary": ("dcz", bytes.fromhex("5e2a4d1820000000") + bytes(range(180, 220)) * 3),
    "a coding of tomorrow": ("x-new", bytes(range(130, 200))),
    "brotli that is damaged": ("br", bytes(range(130, 200))),
    "what is called JSON": ("", bytes(range(130, 200))),
}


@pytest.mark.parametrize("how", SHUT)
def test_in_an_answer_that_does_not_open_there_may_be_a_copy(how: str) -> None:
    coding, body = SHUT[how]
    question, answer = answered({"event_id": "$x"}, content_type="application/json", content_encoding=coding)
    assert verdict([question, answer]).verdict is Answer.END_TO_END
    found = verdict([question, structs.replace(answer, body=body)])
    assert found.verdict is Answer.INCONCLUSIVE
    assert "the answer to a sealed message did not open" in found.reason


def test_a_picture_for_an_answer_is_no_copy_of_words() -> None:
    question, answer = answered({}, content_type="image/png")
    drawn = structs.replace(answer, body=b"\x89PNG\r\n\x1a\n" + bytes(range(130, 200)))
    assert verdict([question, drawn]).verdict is Answer.END_TO_END


# What a server may say in a conversation, after a sealed message: the capture, the surface, what was
# said, and whether it is perhaps a copy.
SAID: dict[str, tuple[str, str, Head, bytes, bool]] = {
    "the words, in the answer to a question": (
        "xmpp-omemo", "dm", Head("iq"), b"<iq type='result'><preview>%s</preview></iq>", True,
    ),
    "the words, in what no rule knows": (
        "xmpp-omemo-2", "dm", Head("echo"), b"<echo xmlns='urn:example:echo'>%s</echo>", True,
    ),
    "what is wrong": (
        "xmpp-omemo", "dm", Head("iq"), b"<iq type='error'><error><text>%s</text></error></iq>", False,
    ),
    "the words, where a mail is accepted": (
        "mail-sealed", "mail", Head("REPLY", status=250), b'{"to": ".", "text": ["2.0.0 Ok: %s"]}', True,
    ),
    "why a mail is not accepted": (
        "mail-sealed", "mail", Head("REPLY", status=550), b'{"to": ".", "text": ["5.7.1 %s"]}', False,
    ),
    "the words, where a relay takes an event": (
        "nostr-nip17", "dm", Head("WS"), b'["OK", "3a918abdc30fb8fd", true, "%s"]', True,
    ),
    "the words, in base64": ("nostr-nip17", "dm", Head("WS"), b'["OK", "3a91", true, "%%s"]', True),
}  # fmt: skip


@cache
def session(name: str) -> list[Parcel]:
    return [one for one in read(CAPTURES / name / "alice.mitm") if isinstance(one, Parcel)]


def after(name: str, surface: str, said: Iterable[Parcel], last: bool = False) -> Verdict:
    """On what was sent in a session in which something more is said behind its first sealed message."""
    parcels = session(name)
    run = Audit(book())
    kinds = [[found.content for found in run.feed(one)] for one in parcels]
    first = next(at for at, found in enumerate(kinds) if parcels[at].outgoing and Content.SEALED in found)
    run = Audit(book())
    for one in [*parcels[: first + 1], *said, *([] if last else parcels[first + 1 :])]:
        run.feed(one)
    found = judge(run.report(Capture("ab" * 32, "made.mitm", "dump", 9)), book())
    return next(one for one in found if (one.surface, one.direction) == (surface, Direction.OUT))


def heard(name: str, head: Head, body: bytes) -> Parcel:
    one = next(one for one in reversed(session(name)) if one.outgoing)
    return structs.replace(one, outgoing=False, head=head, body=body, ref=Ref("alice.mitm", 0, ".999<"))


@pytest.mark.parametrize("what", SAID)
def test_in_a_conversation_what_comes_next_may_be_the_answer(what: str) -> None:
    name, surface, head, body, copied = SAID[what]
    body = body.replace(b"%%s", CODED.encode()).replace(b"%s", TEXT.encode())
    found = after(name, surface, [heard(name, head, body)])
    assert found.verdict is (Answer.INCONCLUSIVE if copied else Answer.END_TO_END)
    assert ("in the answer to a sealed message" in found.reason) is copied


def test_what_comes_long_after_a_sealed_message_is_no_answer_to_it() -> None:
    quiet = [heard("nostr-nip17", Head("WS"), b'["EOSE", "a"]')] * NEXT
    words = heard("nostr-nip17", Head("WS"), json.dumps(["NOTICE", TEXT]).encode())
    for between, answer in ((quiet[1:], Answer.INCONCLUSIVE), (quiet, Answer.END_TO_END)):
        assert after("nostr-nip17", "dm", [*between, words], last=True).verdict is answer


@pytest.mark.parametrize(
    "text",
    [
        "OK", "2.0.0 Ok: queued as 4XyZ12", "Message accepted for delivery", "Queued mail for delivery",
        "Requested mail action okay, completed", "stored", "duplicate: already have this event",
        "2.0.0 OK 1700000000 d2e1a72fcca58-6b2b - gsmtp", "OK id=1abcde-0001-XX", "Anna Bo Carl",
        "keepalive ping timeout; no close frame received", "The session was closed by the server",
        "Server is going away", "Connection closed due to inactivity", "invalid frame: protocol error",
    ],
)  # fmt: skip
def test_how_programs_say_that_they_took_a_message(text: str) -> None:
    assert not says_more(text)


@pytest.mark.parametrize(
    "text",
    [TEXT, f"2.0.0 Ok: {TEXT}", "stored: bring the blue folder", "Wir sehen uns um sieben", "七点在老码头见"],
)
def test_what_says_more_than_that(text: str) -> None:
    assert says_more(text)
