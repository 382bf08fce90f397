"""Words outside the messages: where they put an end-to-end answer in doubt, and where they do not."""

import base64
import json
import random
from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from auditor.audit import Audit
from auditor.decoders import DECODERS
from auditor.judge import Verdict, judge
from auditor.model import Answer, Channel, Head, Parcel, Ref, Road
from auditor.needles import Needles
from auditor.report import Capture
from auditor.rulebook.book import Rulebook
from auditor.rulebook.build import sealed
from auditor.shelf import load_rules
from auditor.sources import read

TEXT = "meet me at seven"
CODED = base64.b64encode(TEXT.encode()).decode()
NOISE = base64.b64encode(random.Random(4).randbytes(229)).decode()
ROOM = "_matrix/client/v3/rooms/!r:hs.example"
THUMB = {"m.relates_to": {"key": "👍🏽"}}
Tree = dict[str, Any]


@lru_cache
def book() -> Rulebook:
    return load_rules(None)


def parcel(way: str, method: str, path: str, tree: Any, **headers: str) -> Parcel:
    """What a home server was told, or says."""
    address, _, query = path.partition("?")
    pairs = (("q", query),) if query else ()
    told = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    asked = Head(method, tuple(address.split("/")), pairs, told if way == "out" else ())
    head = asked if way == "out" else Head(status=200, headers=told)
    return Parcel(
        Ref("made.mitm", 0), Channel("hs.example", 443, Road.PROTECTED), way == "out",
        DECODERS["json"].wrap(tree), head=head, answers=None if way == "out" else asked,
    )  # fmt: skip


def sent(path: str = f"{ROOM}/send/m.room.encrypted/1", **headers: str) -> Parcel:
    return parcel("out", "PUT", path, sealed("megolm", book(), path), **headers)


def event(kind: str, content: Any, **more: Any) -> Tree:
    return {"type": kind, "sender": "@a:hs", "event_id": "$e", "content": content, **more}


def told(kind: str, content: Tree) -> list[Parcel]:
    return [sent(), parcel("out", "PUT", f"{ROOM}/send/{kind}/2", content)]


def sync(change: Callable[[Tree, Tree], object], **headers: str) -> list[Parcel]:
    """An answer with two sealed messages, and what somebody puts into it and into its room."""
    room: Tree = {
        "timeline": {"events": [event("m.room.encrypted", sealed("megolm", book(), f"{n}")) for n in (1, 2)]}
    }
    body: Tree = {"next_batch": "s1", "rooms": {"join": {"!r:hs": room}}}
    change(body, room)
    return [parcel("in", "GET", "_matrix/client/v3/sync", body, **headers)]


def sliding(change: Callable[[Tree], object]) -> list[Parcel]:
    room: Tree = {"timeline": [event("m.room.encrypted", sealed("megolm", book(), f"{n}")) for n in (1, 2)]}
    change(room)
    return [parcel("in", "POST", "_matrix/client/v4/sync", {"pos": "5", "rooms": {"!r:hs": room}})]


def signal(**beside: Any) -> list[Parcel]:
    content = base64.b64encode(sealed("signal-message", book())).decode()
    body = {"messages": [{"type": 1, "content": content, "destinationDeviceId": 1}], "timestamp": 1, **beside}
    one = parcel(
        "out", "PUT", "v1/messages/9d0652a3", body, user_agent="Signal-Android/7.1 Android/34 (a b c)"
    )
    return [Parcel(one.ref, Channel("chat.signal.org", 443, Road.PROTECTED), True, one.body, head=one.head)]


HIDDEN: dict[str, Iterable[Parcel]] = {
    "in a summary of the room": sync(lambda body, room: room.update(summary={"last": TEXT})),
    "in a count of what is unread": sync(lambda body, room: room.update(unread_notifications={"last": TEXT})),
    "in what is pushed": sync(lambda body, room: body.update(push=[{"alert": {"body": TEXT}}])),
    "in base64": sync(lambda body, room: body.update(more=CODED)),
    "in a name": sync(lambda body, room: body.update({TEXT: 1})),
    "in an event of a new kind": sync(
        lambda body, room: room["timeline"]["events"].append(event("org.example.note", {"text": TEXT}))
    ),
    "as a key in the open": sync(
        lambda body, room: body.update(to_device={"events": [event("m.room_key", {"session_key": NOISE})]})
    ),
    "under a name that headers have": sync(lambda body, room: room.update(header={"date": TEXT})),
    "in a sliding sync": sliding(lambda room: room.update(preview=TEXT)),
    "in a header of the request": [sent(x_preview=TEXT)],
    "in a header, in base64": [sent(x_preview=CODED)],
    "in a header, in JSON": [sent(x_preview=json.dumps({"text": TEXT}))],
    "in a header of the answer": sync(lambda body, room: None, x_last_message=TEXT),
    "as the name of a program": [sent(user_agent=TEXT)],
    "in a cookie": [sent(cookie=f"session=abc; note={TEXT}")],
    "in a cookie, without blanks": [sent(cookie="session=abc; note=meet%20me%20at%20seven")],
    "in a header of a store": [sent(x_amz_meta_note="until then, meet me at seven")],
    "in the path": [sent(f"{ROOM}/send/m.room.encrypted/{TEXT}")],
    "in the query": [sent(f"{ROOM}/send/m.room.encrypted/1?{TEXT}")],
    "in a message of a new kind": told("org.example.note", {"text": TEXT}),
    "beside a message of Signal": signal(preview=TEXT),
}
INNOCENT: dict[str, Iterable[Parcel]] = {
    "nothing": sync(lambda body, room: None),
    "the name and topic of a room": sync(
        lambda body, room: room.update(
            state={"events": [event("m.room.topic", {"topic": "all about the old crane"}, state_key="")]}
        )
    ),
    "a member who comes": sync(
        lambda body, room: room["timeline"]["events"].append(
            event("m.room.member", {"displayname": "Alice in the garden"}, state_key="@a:hs")
        )
    ),
    "a reaction of two signs": sync(
        lambda body, room: room["timeline"]["events"].append(event("m.reaction", THUMB))
    ),
    "settings": sync(
        lambda body, room: body.update(account_data={"events": [event("im.web", {"font": "sans serif"})]})
    ),
    "a status": sync(
        lambda body, room: body.update(presence={"events": [event("m.presence", {"status_msg": TEXT})]})
    ),
    "the name of a room in a sliding sync": sliding(
        lambda room: room.update(name="the crane crew", heroes=[{"displayname": "Alice in the garden"}])
    ),
    "what programs write into headers": [
        sent(
            user_agent="Element X Android (Pixel 9; build 12)", accept_language="en-GB, en; q=0.9",
            authorization="Bearer abc", cookie="a=1; lang=en-GB; seen=Sat, 21 Nov 2026",
            sec_ch_ua='"Not A Brand";v="24"', x_request_id="0b2a-7c",
        )
    ],
    "what servers write into headers": sync(
        lambda body, room: None, date="Sat, 21 Nov 2026 09:30:10 GMT", x_cache="Miss from cloudfront",
        cache_control="no-cache, no-store, must-revalidate", x_robots_tag="noindex, nofollow, noarchive",
        p3p='CP="This is not a P3P policy! See g.co/p3phelp for more info."', accept_ch="dpr, width, ect",
        content_disposition="attachment; filename=notes of the crew.bin",
    ),
    "a reaction that was sent": told("m.reaction", THUMB),
    "what Signal says besides": signal(online=False, urgent=True),
}  # fmt: skip


def verdicts(parcels: Iterable[Parcel], planted: tuple[str, ...] = ()) -> dict[str, Verdict]:
    one = Audit(book(), Needles(planted))
    for each in parcels:
        one.feed(each)
    found = judge(one.report(Capture("ab" * 32, "made.mitm", "dump", 9)), book())
    return {v.surface: v for v in found}


def verdict(parcels: Iterable[Parcel], planted: tuple[str, ...] = ()) -> Verdict:
    """Of the messages; what else was planted has a row of its own."""
    found = verdicts(parcels, planted)
    return found.get("room") or found["dm"]


@pytest.mark.parametrize("where", HIDDEN)
def test_words_outside_the_messages_are_perhaps_a_copy(where: str) -> None:
    found = verdict(HIDDEN[where])
    assert found.verdict is Answer.INCONCLUSIVE
    assert "readable" in found.reason


@pytest.mark.parametrize("where", HIDDEN)
def test_a_planted_text_outside_the_messages_is_never_end_to_end(where: str) -> None:
    assert verdict(HIDDEN[where], (TEXT,)).verdict in (Answer.TRANSPORT_ONLY, Answer.INCONCLUSIVE)


SAID = "meet me at seven by the crane"
NOTED = {"text": SAID}
KEYED = {"m.relates_to": {"rel_type": "m.annotation", "event_id": "$e", "key": SAID}}
CLIENT = "_matrix/client/v3"


def came(body: Tree) -> list[Parcel]:
    """A sync with sealed messages, and one without any in which something else stands."""
    return [
        *sync(lambda body, room: None),
        parcel("in", "GET", f"{CLIENT}/sync", {"next_batch": "s2", **body}),
    ]


def put(path: str, tree: Tree) -> list[Parcel]:
    return [sent(), parcel("out", "PUT", f"{CLIENT}/{path}", tree)]


def in_room(kind: str, *events: Tree) -> Tree:
    return {"rooms": {"join": {"!r:hs": {kind: {"events": list(events)}}}}}


APART: dict[str, Iterable[Parcel]] = {
    "between devices": came({"to_device": {"events": [event("org.example.note", NOTED)]}}),
    "in settings": came({"account_data": {"events": [event("org.example.note", NOTED)]}}),
    "in settings of a room": came(in_room("account_data", event("org.example.note", NOTED))),
    "in what passes": came(in_room("ephemeral", event("org.example.live", NOTED))),
    "in a receipt": came(in_room("ephemeral", event("m.receipt", {"$e": {"m.read": {"@a:hs": NOTED}}}))),
    "in state of a new kind": came(in_room("state", event("org.example.board", NOTED, state_key=""))),
    "as a reaction": came(in_room("timeline", event("m.reaction", KEYED))),
    "as a reaction that was sent": put("rooms/!r:hs.example/send/m.reaction/1", KEYED),
    "as settings that were written": put("user/@a:hs/account_data/org.example.note", NOTED),
    "as settings of a room that were written": put("user/@a:hs/rooms/!r:hs/account_data/x", NOTED),
    "to a device": put("sendToDevice/org.example.note/1", {"messages": {"@b:hs": {"D": NOTED}}}),
    "to a device, called sealed": put(
        "sendToDevice/m.room.encrypted/1", {"messages": {"@b:hs": {"D": NOTED}}}
    ),
    "as state that was set": put("rooms/!r:hs/state/org.example.board/", NOTED),
}
WITHHELD = {"code": "m.unverified", "reason": "the sender does not send to devices that are not known"}
NO_COPY: dict[str, Iterable[Parcel]] = {
    "why a device withholds a key": came({"to_device": {"events": [event("m.room_key.withheld", WITHHELD)]}}),
    "the same, sent": put("sendToDevice/m.room_key.withheld/1", {"messages": {"@b:hs": {"D": WITHHELD}}}),
    "names": came(
        in_room(
            "state",
            event("m.room.member", {"displayname": "Alice in the garden"}, state_key="@a:hs"),
            event("m.room.name", {"name": "all about the old crane"}, state_key=""),
        )
    ),
    "settings without sentences": came(
        {"account_data": {"events": [event("im.web", {"font": "sans serif"})]}}
    ),
    "an error": [
        *sync(lambda body, room: None),
        structs.replace(
            parcel("in", "GET", f"{CLIENT}/sync", {"error": "this token is not known any more"}),
            head=Head(status=401),
        ),
    ],
}


def answers_by_way(parcels: Iterable[Parcel]) -> set[Answer]:
    one = Audit(book())
    for each in parcels:
        one.feed(each)
    found = judge(one.report(Capture("ab" * 32, "made.mitm", "dump", 9)), book())
    return {v.verdict for v in found if v.surface == "room"}


@pytest.mark.parametrize("where", APART)
def test_a_sentence_beside_messages_is_a_doubt_also_where_no_message_came_with_it(where: str) -> None:
    assert answers_by_way(APART[where]) == {Answer.INCONCLUSIVE}


@pytest.mark.parametrize("what", NO_COPY)
def test_what_programs_write_beside_messages_is_no_doubt(what: str) -> None:
    assert answers_by_way(NO_COPY[what]) == {Answer.END_TO_END}


def test_a_note_that_is_read_hides_no_copy_elsewhere() -> None:
    both = in_room("state", event("m.room.topic", {"topic": TEXT}, state_key=""))
    assert answers_by_way(came({**both, "push": [{"alert": SAID}]})) == {Answer.INCONCLUSIVE}


BY_PEOPLE: dict[str, Iterable[Parcel]] = {
    "why it was taken back": [sent(), parcel("out", "PUT", f"{ROOM}/redact/$e/1", {"reason": TEXT})],
    "why it is reported": [sent(), parcel("out", "POST", f"{ROOM}/report/$e", {"reason": TEXT})],
    "why somebody is invited": [sent(), parcel("out", "POST", f"{ROOM}/invite", {"reason": TEXT})],
    "a topic": [sent(), parcel("out", "PUT", f"{ROOM}/state/m.room.topic/", {"topic": TEXT})],
    "a status": put("presence/@a:hs/status", {"presence": "online", "status_msg": TEXT}),
    "a status that came": came(
        {"presence": {"events": [event("m.presence", {"presence": "online", "status_msg": TEXT})]}}
    ),
    "a topic that came": came(in_room("state", event("m.room.topic", {"topic": TEXT}, state_key=""))),
    "why somebody went": came(
        in_room("timeline", event("m.room.member", {"membership": "ban", "reason": TEXT}, state_key="@a:hs"))
    ),
    "why it was taken back, as it came": came(
        in_room(
            "timeline",
            event(
                "m.room.encrypted", {},
                unsigned={"redacted_because": event("m.room.redaction", {"reason": TEXT})},
            ),
        )
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", BY_PEOPLE)
def test_what_people_write_about_messages_has_a_row_of_its_own(what: str) -> None:
    found = verdicts(BY_PEOPLE[what])
    assert found["room"].verdict is Answer.END_TO_END
    assert found["note"].verdict is Answer.TRANSPORT_ONLY
    assert "read" in found["note"].reason


@pytest.mark.parametrize("what", INNOCENT)
def test_what_a_rule_knows_and_what_programs_write_is_no_copy(what: str) -> None:
    assert verdict(INNOCENT[what]).verdict is Answer.END_TO_END


def test_the_words_are_shown_with_their_place_and_masked() -> None:
    found = verdict(HIDDEN["in a summary of the room"])
    (stray,) = [one for one in found.evidence if "perhaps a copy" in one.note]
    assert stray.path.endswith("summary.last")
    assert TEXT not in stray.excerpt


OMEMO = Path(__file__).parents[1] / "captures" / "xmpp-omemo" / "alice.mitm"
PUBSUB = "http://jabber.org/protocol/pubsub"
POST = f"<entry xmlns='http://www.w3.org/2005/Atom'><title>{TEXT}</title><id>tag:a,2008:1</id></entry>"
KEPT = f"<storage xmlns='storage:rosternotes'><note jid='a@b.example'>{TEXT}</note></storage>"


def to_somebody(inner: str, kind: str = "chat") -> str:
    return f"<message to='b@b.example' type='{kind}'>{inner}</message>"


def reacted(text: str) -> str:
    return to_somebody(f"<reactions xmlns='urn:xmpp:reactions:0'><reaction>{text}</reaction></reactions>")


def published(item: str) -> str:
    inner = f"<publish node='urn:example:node'><item id='i1'>{item}</item></publish>"
    return f"<iq type='set' id='a1'><pubsub xmlns='{PUBSUB}'>{inner}</pubsub></iq>"


OPEN: dict[str, tuple[str, dict[str, Answer]]] = {
    "a reaction": (reacted("👍🏽"), {"note": Answer.TRANSPORT_ONLY}),
    "a reaction that is a sentence": (reacted(TEXT), {"note": Answer.TRANSPORT_ONLY}),
    "a post": (published(POST), {"note": Answer.TRANSPORT_ONLY}),
    "a note about somebody": (
        f"<iq type='set' id='a1'><query xmlns='jabber:iq:private'>{KEPT}</query></iq>",
        {"note": Answer.TRANSPORT_ONLY},
    ),
    "a list of devices": (published("<list xmlns='eu.siacs.conversations.axolotl'/>"), {}),
    "a headline of a new kind": (
        to_somebody(f"<news xmlns='urn:example:news'>{TEXT}</news>", "headline"),
        {"dm": Answer.INCONCLUSIVE},
    ),
    "one word of a hint": (
        to_somebody("<spoiler xmlns='urn:xmpp:spoiler:0'>nightingale</spoiler>"),
        {"dm": Answer.TRANSPORT_ONLY},
    ),
}


@pytest.mark.parametrize("what", OPEN)
def test_what_lies_in_the_open_beside_messages_that_omemo_seals_is_told(what: str) -> None:
    text, answers = OPEN[what]
    sealed_ones = [event for event in read(OMEMO) if isinstance(event, Parcel) and event.outgoing]
    method = text[1:].split()[0]
    stanza = structs.replace(sealed_ones[-1], body=text.encode(), head=Head(method))
    found = verdicts([*sealed_ones, stanza])
    told = {surface: one.verdict for surface, one in found.items()}
    assert told == {"dm": Answer.END_TO_END, **answers}
