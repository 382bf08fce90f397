"""One rule, one parcel: slots, conditions, surfaces, placeholders, and what lies beside a seal."""

import base64
import json
import random
from fnmatch import fnmatchcase
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditor.audit import Audit
from auditor.judge import judge
from auditor.model import Answer, Channel, Content, Finding, Head, Parcel, Ref, Road
from auditor.report import Capture
from auditor.rulebook.book import Rulebook
from auditor.rulebook.build import sealed
from auditor.rulebook.match import shown_path
from auditor.rulebook.types import Rule


def seal(book: Rulebook) -> str:
    made = sealed("inner", book)
    assert isinstance(made, bytes)
    return base64.b64encode(made).decode()


def send(body: Any, **headers: str) -> Parcel:
    base = {"hidden": "no", "there": ""} | body if isinstance(body, dict) else body
    head = Head("POST", ("send",), headers=tuple((k.replace("_", "-"), v) for k, v in headers.items()))
    return Parcel(
        Ref("a", 1, ">"), Channel("x.org", road=Road.PROTECTED), True, json.dumps(base).encode(), head=head
    )


def seen(book: Rulebook, body: Any) -> list[Finding]:
    return Audit(book).feed(send(body))


def contents(book: Rulebook, body: Any) -> list[str]:
    return [f.content.value for f in seen(book, body)]


def verdict(book: Rulebook, body: Any) -> Answer:
    run_ = Audit(book)
    run_.feed(send(body))
    (one,) = judge(run_.report(Capture("0" * 64, "a", "mitm", 1)), book)
    return one.verdict


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({"text": "hello"}, ["readable"]),
        ({"other": "hello"}, ["readable"]),
        ({"text": "SEAL"}, ["sealed"]),
        ({"text": "SEAL", "other": "hello"}, ["readable"]),
        ({"text": "hello", "other": "SEAL"}, ["readable"]),
        ({"text": "SEAL", "other": "SEAL"}, ["sealed"]),
        ({"text": "SEAL", "other": ["SEAL", "hello"]}, ["readable"]),
        ({"words": "hello"}, ["missing"]),
        ({"text": "hello", "skip": 1}, []),
        ({"text": "hello", "skip": None}, ["readable"]),
        ({"text": "hello", "hidden": "yes"}, []),
        ({"text": "hello", "hidden": 7}, ["readable"]),
        ({"text": "hello", "hidden": "7"}, ["readable"]),
        ({"text": "hello", "hidden": True}, ["readable"]),
        ({"text": "hello", "hidden": "abc"}, ["readable"]),
        ({"text": "hello", "hidden": ["x", "no"]}, ["readable"]),
        ({"text": "hello", "there": None}, []),
        ({"text": "hello", "there": {}}, []),
        ({"text": "hello", "there": []}, []),
        ({"text": "This message is sealed."}, ["readable"]),
        ({"text": "This message is sealed.", "other": "SEAL"}, ["sealed"]),
        ({"text": "This message is sealed.", "other": "NOISE"}, ["opaque"]),
        ({"text": "This message is sealed. Not!", "other": "NOISE"}, ["readable"]),
        ({"text": "this message is sealed.", "other": "SEAL"}, ["readable"]),
        ({"text": "This message is sealed. Not!", "other": "SEAL"}, ["readable"]),
        ({"text": "I sent you a sealed message (v2)", "other": "SEAL"}, ["sealed"]),
        ({"text": "This message is sealed.", "other": "hello"}, ["readable"]),
        ({"typing": True}, []),
        ({"typing": True, "text": "hello"}, ["readable"]),
        ({"typing": True, "text": ""}, []),
        ({"files": [{"id": 1}]}, []),
        ({"files": []}, ["missing"]),
        ({"files": [{"id": None}]}, ["missing"]),
        ({"files": [{"id": 1}], "text": "hello"}, ["readable"]),
        ({"typing": True, "speech": "see you at the gate"}, ["missing"]),
        ({"typing": {"name": "see you at the gate"}}, []),
        ({"files": [{"id": 1}], "caption": "see you at the gate"}, ["missing"]),
        ({"files": [{"name": "the old gate at dusk.jpg"}]}, []),
    ],
)
def test_what_a_rule_sees(small: Rulebook, body: dict[str, Any], found: list[str]) -> None:
    noise = base64.b64encode(random.Random(5).randbytes(96)).decode()
    filled = json.loads(json.dumps(body).replace("SEAL", seal(small)).replace("NOISE", noise))
    assert contents(small, filled) == found


@pytest.mark.parametrize(
    "beside",
    [
        {"copy": "see you at the gate"},
        {"a": {"b": ["see you at the gate"]}},
        {"copy": "meet at7"},
        {"from": "see you at the gate"},
        {"copy": "今晚七点在北门见"},
        {"copy": "🔐🔐"},
        {"copy": "مرحبا بك"},
        {"see you at the gate": 1},
        {"copy": base64.b64encode(b"see you at the gate").decode()},
        {"kind": "see you at the gate"},
        {"files": "see you at the gate"},
        {"@copy": "see you at the gate"},
        {"hidden": "at the old gate"},
        {"copy": base64.b64encode("see you there".encode("utf-16-le")).decode()},
        {"typing": "see you at the gate"},
    ],
)
def test_prose_beside_a_seal_is_a_finding_of_its_own_and_the_verdict_is_open(
    small: Rulebook, beside: dict[str, Any]
) -> None:
    body = {"text": seal(small)} | beside
    first, second = seen(small, body)
    assert (first.content, second.content) == (Content.SEALED, Content.READABLE)
    assert second.grade.value == "consistent"
    assert verdict(small, body) is Answer.INCONCLUSIVE


@pytest.mark.parametrize("word", ["Tomorrow", "Ok", "yes!", "Später", "好", "👍"])
def test_a_word_beside_a_seal_may_be_all_of_a_short_text(small: Rulebook, word: str) -> None:
    body = {"text": seal(small), "t": word}
    assert contents(small, body) == ["sealed", "undecided"]
    assert verdict(small, body) is Answer.INCONCLUSIVE


@pytest.mark.parametrize("name", ["note", "last_message", "messageText", "Caption", "x|note"])
@pytest.mark.parametrize("word", ["ok", "tomorrow", "8"])
def test_a_small_word_where_a_text_should_be_may_be_all_of_it(small: Rulebook, name: str, word: str) -> None:
    assert contents(small, {"text": seal(small), name: word}) == ["sealed", "undecided"]


@pytest.mark.parametrize(
    "beside",
    [
        {"kind": "ok"},
        {"context": "chat"},
        {"note": True},
        {"note": 8},
        {"message": "1763715600000"},
        {"note": ""},
    ],
)
def test_a_small_word_elsewhere_is_a_program_s(small: Rulebook, beside: dict[str, Any]) -> None:
    assert contents(small, {"text": seal(small)} | beside) == ["sealed"]


NOISE = random.Random(8).randbytes(224)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("key", base64.b64encode(NOISE[:32]).decode()),
        ("aesKey", NOISE[:16].hex()),
        ("session_key", base64.b64encode(NOISE).decode()),
        ("secret", [base64.b64encode(NOISE[:24]).decode()]),
    ],
)
def test_what_is_called_a_key_beside_a_seal_may_open_it(small: Rulebook, name: str, value: Any) -> None:
    body = {"text": seal(small), name: value}
    assert contents(small, body) == ["sealed", "undecided"]
    assert verdict(small, body) is Answer.INCONCLUSIVE


@pytest.mark.parametrize(
    "beside",
    [
        {"id": "7f9c24e8-3b12-4f5a-9c1d-0a2b3c4d5e6f"},
        {"n": 7},
        {"type": "m.room.encrypted"},
        {"time": "2026-11-21T10:00:00Z"},
        {"sender_key": base64.b64encode(NOISE[:32]).decode(), "ephemeralKey": NOISE[:32].hex()},
        {"hash": NOISE[:32].hex(), "nonce": NOISE[:16].hex(), "key_id": NOISE[:16].hex()},
        {"key": "7", "monkey": "banana", "push_key": NOISE[:32].hex()},
        {"from": "Zoë"},
        {"from": "Alice Example"},
        {"lang": "en", "prekey": "true", "membership": "join"},
        {"agent": "Signal-Android/7.1"},
        {"mime": "text/plain; charset=utf-8"},
        {"from": "@alice:lab.test"},
        {"session": "TkRkb1ZUaW1lS2V5MTIz"},
    ],
)
def test_what_is_no_prose_beside_a_seal_is_no_finding(small: Rulebook, beside: dict[str, Any]) -> None:
    assert contents(small, {"text": seal(small)} | beside) == ["sealed"]


@pytest.mark.parametrize(
    ("kind", "surface"),
    [("g12", "group"), ("g", "group"), ("ch", "channel"), ("chx", "dm"), ("", "dm"), (None, "dm"), (7, "dm")],
)
def test_the_surface_is_read_from_a_value(small: Rulebook, kind: Any, surface: str) -> None:
    assert [f.surface for f in seen(small, {"text": "hello", "kind": kind})] == [surface]


def test_what_the_far_end_sees_is_told_by_role(small: Rulebook) -> None:
    run_ = Audit(small)
    run_.feed(send({"text": "hello", "from": "alice"}, x_device="7"))
    ((_, sums),) = run_.report(Capture("0" * 64, "a", "mitm", 1)).whole().sightings
    assert sums.sees == {"device": 1, "sender": 1}


def batch(book: Rulebook, items: Any) -> list[str]:
    asked = Head("GET", ("batch",))
    one = Parcel(
        Ref("a", 1, "<"), Channel("x.org"), False, json.dumps({"items": items}).encode(), answers=asked
    )
    return [f.content.value for f in Audit(book).feed(one)]


def test_each_element_is_a_message_of_its_own(small: Rulebook) -> None:
    sealed_one = {"type": "m", "text": seal(small)}
    assert batch(
        small, [sealed_one, {"type": "m", "text": "hello"}, {"type": "x", "text": "no"}, {"type": "m"}]
    ) == [
        "sealed",
        "readable",
        "missing",
    ]
    assert batch(small, []) == []
    assert batch(small, sealed_one) == ["sealed"]
    assert batch(small, [[sealed_one], sealed_one]) == ["sealed", "sealed"]
    assert batch(small, [{"type": "m"}, {"text": "hello"}]) == ["missing"]


def test_prose_of_one_element_says_nothing_about_another(small: Rulebook) -> None:
    sealed_one = {"type": "m", "text": seal(small)}
    assert batch(small, [sealed_one, {"type": "x", "note": "see you at the gate"}]) == ["sealed"]
    assert batch(small, [sealed_one | {"note": "see you at the gate"}]) == ["sealed", "readable"]


def test_a_missing_message_says_where_a_text_lies(small: Rulebook) -> None:
    (one,) = seen(small, {"words": "see you at the gate"})
    assert "body.words" in one.note


def test_keys_that_may_be_names_are_masked_in_paths() -> None:
    assert shown_path(("body", "alice@example.org", "text")) == "body.….text"
    assert shown_path(("body", "#3", "m.new_content")) == "body.#3.m.new_content"


def wild(pattern: str, text: str) -> bool:
    return fnmatchcase(text, pattern.replace("[", "[[]"))


def naive_host(pattern: str, host: str) -> bool:
    wanted, labels = pattern.lower().split("."), host.lower().split(".")
    if wanted[0] == "*" and len(labels) > len(wanted):
        return naive_host(pattern, ".".join(labels[1:]))
    return len(wanted) == len(labels) and all(map(wild, wanted, labels))


def naive_address(pattern: list[str], path: list[str]) -> bool:
    if not pattern:
        return not path
    if pattern[0] == "**":
        return naive_address(pattern[1:], path) or (bool(path) and naive_address(pattern, path[1:]))
    return bool(path) and wild(pattern[0], path[0]) and naive_address(pattern[1:], path[1:])


def naive_meets(book: Rulebook, rule: Rule, parcel: Parcel) -> bool:
    """Every condition of `when`, asked one by one of every rule."""
    when, asked = rule.when, parcel.asked
    hosts = when.hosts or book.platforms[rule.platform].hosts
    addresses = [[s for s in text.split("/") if s] for text in when.address_texts]
    return (
        parcel.protocol == when.protocol
        and parcel.outgoing in when.outgoing
        and (not when.methods or asked.method in when.methods)
        and (not addresses or any(naive_address(a, list(asked.path)) for a in addresses))
        and all(
            any(key == name and wild(v, said) for v in values for key, said in asked.headers)
            for name, values in when.headers
        )
        and ("any" in hosts or any(naive_host(h, parcel.channel.host) for h in hosts))
    )


HOSTS = [
    "im-api.tiktok.com",
    "im-api.us.tiktok.com",
    "api16-normal.tiktokv.com",
    "api-normal.tiktokv.com.evil.com",
    "chat.signal.org",
    "discord.com",
    "slack.com",
    "wss-1.slack.com",
    "matrix.example.org",
    "irc.libera.chat",
    "evil.com",
    "files.slack.com",
    "",
]
SEGMENTS = [
    "v1",
    "message",
    "send",
    "messages",
    "api",
    "v9",
    "channels",
    "1",
    "_matrix",
    "client",
    "v3",
    "rooms",
    "!a:b",
    "m.room.message",
    "ws",
    "v2",
    "upload",
    "sync",
    "keys",
    "multi_recipient",
    "chat.postMessage",
    "websocket",
    "typing",
]


@st.composite
def parcels(draw: st.DrawFn) -> tuple[str, str, bool, str, tuple[str, ...]]:
    return (
        draw(st.sampled_from(HOSTS)),
        draw(st.sampled_from(["http", "websocket", "irc", "mqtt"])),
        draw(st.booleans()),
        draw(st.sampled_from(["GET", "POST", "PUT", "PATCH", "WS", "PRIVMSG"])),
        tuple(draw(st.lists(st.sampled_from(SEGMENTS), max_size=8))),
    )


def agree(book: Rulebook, one: Parcel) -> None:
    met = [rule.id for rule, _ in book.meeting(one)]
    assert sorted(met) == sorted(rule.id for rule in book.rules.values() if naive_meets(book, rule, one))
    assert len(met) == len(set(met))


@settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(made=parcels())
def test_the_indexed_matcher_is_the_naive_one(
    real: Rulebook, made: tuple[str, str, bool, str, tuple[str, ...]]
) -> None:
    host, protocol, outgoing, method, path = made
    agree(real, Parcel(Ref("a", 1), Channel(host), outgoing, b"", protocol, Head(method, path)))


def test_the_indexed_matcher_is_the_naive_one_on_the_rules_own_addresses(real: Rulebook) -> None:
    for rule in real.rules.values():
        for test in rule.tests:
            method, _, address = test.address.partition(" ")
            host, *path = address.partition("?")[0].split("/")
            for outgoing in (True, False):
                steps = tuple(s for s in path if s)
                agree(
                    real,
                    Parcel(
                        Ref("a", 1), Channel(host), outgoing, b"", rule.when.protocol, Head(method, steps)
                    ),
                )


NOTE = (
    "<iq type='set' id='a1'><query xmlns='jabber:iq:private'>"
    "<storage xmlns='storage:rosternotes'><note>the balcony at dusk</note></storage></query></iq>"
)
PING = (
    "<iq type='get' id='a2'><pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='b'/></pubsub></iq>"
)


@pytest.mark.parametrize(
    ("body", "whole", "met"),
    [
        (NOTE.encode(), True, True),
        (NOTE.replace("jabber:iq:private", "jabber:&#105;q:private").encode(), True, True),
        (NOTE.encode("utf-16-le"), True, True),
        (NOTE.encode("utf-16"), True, True),
        (NOTE[:30].encode(), False, True),
        (PING.encode(), True, False),
    ],
    ids=[
        "named",
        "spelled in another way",
        "in wide letters",
        "and marked as such",
        "cut before it",
        "another",
    ],
)
def test_a_stanza_is_left_shut_only_where_it_cannot_name_what_a_rule_is_about(
    real: Rulebook, body: bytes, whole: bool, met: bool
) -> None:
    stanza = Parcel(Ref("a", 1), Channel("chat.example"), True, body, "xmpp", Head("iq"), whole=whole)
    assert ("xmpp/private" in {rule.id for rule, _ in real.meeting(stanza)}) is met
