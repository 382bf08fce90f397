"""XMPP in HTTP bodies: the rules of XMPP see each stanza as if it had come by TCP."""

import gzip
import zlib
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.audit import Audit
from auditor.bosh import SPACE, STANZAS, UNTOLD, parts
from auditor.decoders import DECODERS
from auditor.judge import judge
from auditor.model import (
    Answer,
    Channel,
    Content,
    Direction,
    Event,
    Finding,
    Head,
    Parcel,
    Problem,
    Ref,
    Road,
)
from auditor.needles import Needles
from auditor.report import Capture
from auditor.rulebook.book import Rulebook
from auditor.rulebook.build import sealed
from auditor.shelf import load_rules
from auditor.sources import sockets
from auditor.sources.heads import Place
from auditor.streams import xmpp

TEXT = "Harbor-4471 the balcony at dusk"
XML = ("content-type", "text/xml; charset=utf-8")
CLIENT = b" xmlns='jabber:client'"
CHANNEL = Channel("chat.capulet.lit", 443, Road.PROTECTED)
PLAIN = b"<message%s to='juliet@capulet.lit' type='chat'><body>" + TEXT.encode() + b"</body></message>"
TYPING = b"<message%s to='j@capulet.lit'><composing xmlns='http://jabber.org/protocol/chatstates'/></message>"


@lru_cache
def book() -> Rulebook:
    return load_rules(None)


def omemo() -> bytes:
    element = sealed("omemo", book(), "1")
    element["header"]["key"]["@rid"] = "31415"
    tree = {
        "message": {
            "@to": "juliet@capulet.lit",
            "eu.siacs.conversations.axolotl|encrypted": element,
            "body": "This message is OMEMO encrypted.",
        }
    }
    return DECODERS["xml"].wrap(tree).replace(b"<message", b"<message%s", 1).strip()


def wrapped(*stanzas: bytes, more: bytes = b"") -> bytes:
    inside = b"".join(stanza.replace(b"%s", CLIENT, 1) for stanza in stanzas)
    return b"<body rid='77' sid='s1' xmlns='" + SPACE + b"'" + more + b">" + inside + b"</body>"


def http(body: bytes, *headers: tuple[str, str], **changes: Any) -> Parcel:
    head = Head("POST", ("http-bind",), headers=(XML, *headers))
    made = Parcel(Ref("a.mitm", 14, ">"), CHANNEL, True, body, head=head, when=5.0)
    return msgspec.structs.replace(made, **changes)


def answer(body: bytes) -> Parcel:
    head = Head(headers=(XML,), status=200)
    return http(body, ref=Ref("a.mitm", 14, "<"), outgoing=False, head=head, answers=Head("POST"))


def split(parcel: Parcel) -> list[Parcel]:
    """Its parts, where nothing was too much."""
    found = parts(parcel)
    parcels = [part for part in found if isinstance(part, Parcel)]
    assert parcels == found
    return parcels


def told(parcel: Parcel) -> tuple[str, str, str, bytes]:
    return str(parcel.ref), parcel.protocol, parcel.head.method, parcel.body


# Three roads for one message


def by_tcp(stanza: bytes) -> Iterator[Event]:
    stream = xmpp.Stream()
    begin = (
        b"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='c.lit'>"
    )
    for message in stream.feed(True, begin + stanza.replace(b"%s", b"", 1)):
        yield Parcel(Ref("a.mitm", 14, message.part), CHANNEL, True, message.body, "xmpp", message.head)


def by_websocket(stanza: bytes) -> Iterator[Event]:
    opened = b'<open xmlns="urn:ietf:params:xml:ns:xmpp-framing" to="capulet.lit" version="1.0"/>'
    frames = [sockets.Frame(0, True, opened), sockets.Frame(1, True, stanza.replace(b"%s", CLIENT, 1))]
    upgrade = Head(method="WS", path=("xmpp-websocket",))
    yield from sockets.events(frames, 14, Place("a.mitm"), CHANNEL, upgrade)


def by_bosh(stanza: bytes) -> Iterator[Event]:
    yield http(wrapped(stanza))


ROADS: dict[str, Callable[[bytes], Iterator[Event]]] = {
    "TCP": by_tcp,
    "WebSocket": by_websocket,
    "BOSH": by_bosh,
}


def seen(events: Iterator[Event], planted: tuple[str, ...] = ()) -> tuple[Audit, list[Finding]]:
    run = Audit(book(), Needles(planted))
    return run, [finding for event in events for finding in run.feed(event)]


@pytest.mark.parametrize("road", ROADS)
def test_a_message_is_the_same_on_every_road(road: str) -> None:
    _, (finding,) = seen(ROADS[road](PLAIN))
    assert (finding.platform, finding.rule) == ("xmpp", "xmpp/message-send")
    assert (finding.surface, finding.direction) == ("dm", Direction.OUT)
    assert (finding.content, finding.path, finding.road) == (
        Content.READABLE,
        "body.message.body",
        Road.PROTECTED,
    )


@pytest.mark.parametrize("road", ROADS)
def test_a_seal_is_the_same_on_every_road(road: str) -> None:
    run, (finding,) = seen(ROADS[road](omemo()), planted=(TEXT,))
    assert (finding.content, finding.seal) == (Content.SEALED, "omemo")
    (verdict,) = judge(run.report(Capture("aa", "a.mitm", "dump", 1)), book())
    assert verdict.verdict is Answer.END_TO_END


@pytest.mark.parametrize("road", ROADS)
def test_a_typing_notice_is_the_same_on_every_road(road: str) -> None:
    run, findings = seen(ROADS[road](TYPING))
    assert findings == []
    assert [kind.rule for kind in run.sightings] == ["xmpp/typing"]


@pytest.mark.parametrize("road", ROADS)
def test_a_planted_text_is_found_once_on_every_road(road: str) -> None:
    _, findings = seen(ROADS[road](PLAIN), planted=(TEXT,))
    assert [(f.rule, f.texts) for f in findings] == [("xmpp/message-send", (TEXT,))]


def test_what_comes_is_received() -> None:
    _, (finding,) = seen(iter([answer(wrapped(PLAIN))]))
    assert (finding.rule, finding.direction) == ("xmpp/message-receive", Direction.IN)
    assert str(finding.ref) == "a.mitm#14.0<"


# The parts of a body


def test_a_body_gives_its_stanzas_and_what_is_left() -> None:
    first, second = PLAIN.replace(b"%s", b"", 1), TYPING.replace(b"%s", b"", 1)
    assert [told(part) for part in split(http(wrapped(PLAIN, b"\n", TYPING)))] == [
        ("a.mitm#14>", "http", "POST", b"<body rid='77' sid='s1' xmlns='" + SPACE + b"'/>"),
        ("a.mitm#14.0>", "xmpp", "message", first),
        ("a.mitm#14.1>", "xmpp", "message", second),
    ]


@pytest.mark.parametrize(
    ("coding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress), ("x-gzip", gzip.compress)]
)
def test_a_compressed_body_is_opened(coding: str, pack: Callable[[bytes], bytes]) -> None:
    rest, stanza = split(http(pack(wrapped(PLAIN)), ("content-encoding", coding)))
    assert (stanza.protocol, stanza.head.method) == ("xmpp", "message")
    assert rest.head.header("content-encoding") == ""


@pytest.mark.parametrize("media", [*UNTOLD, "text/plain; charset=utf-8", "application/soap+xml"])
def test_a_compressed_body_is_opened_where_its_type_does_not_say_what_it_is(media: str) -> None:
    headers = (("content-type", media), ("content-encoding", "gzip"))
    head = Head("POST", ("http-bind",), headers=headers)
    _, stanza = split(http(gzip.compress(wrapped(PLAIN)), head=head))
    assert (stanza.protocol, stanza.head.method) == ("xmpp", "message")


@pytest.mark.parametrize("coding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_a_body_in_wide_letters_is_read(coding: str) -> None:
    wide = ("<?xml version='1.0' encoding='utf-16'?>" + wrapped(PLAIN).decode()).encode(coding)
    _, stanza = split(http(wide))
    assert TEXT in stanza.body.decode()


@pytest.mark.parametrize("change", [(b"/", b"/"), (b"/", rb"\/"), (b"<", rb"\u003c")])
def test_a_body_inside_json_may_hold_messages(change: tuple[bytes, bytes]) -> None:
    quoted = msgspec.json.encode({"m": wrapped(PLAIN).decode()}).replace(*change)
    kept, problem = parts(http(quoted))
    assert isinstance(kept, Parcel)
    assert isinstance(problem, Problem)
    assert problem.protocols == ("xmpp",)


def test_what_explodes_and_does_not_say_that_it_is_xml_is_nobodys_doubt() -> None:
    head = Head("POST", headers=(("content-type", "text/plain"), ("content-encoding", "gzip")))
    bomb = http(gzip.compress(bytes(20_000_000)), head=head)
    assert parts(bomb) == [bomb]


def test_a_body_with_a_prefix_is_one_of_its_namespace() -> None:
    inside = PLAIN.replace(b"%s", CLIENT, 1)
    body = b"<b:body xmlns:b='" + SPACE + b"' rid='1'>" + inside + b"</b:body>"
    rest, stanza = split(http(body))
    assert (rest.body, stanza.head.method) == (body.partition(b">")[0] + b"/>", "message")
    other = http(body.replace(b"xmlns:b", b"xmlns:c"))
    assert parts(other) == [other]


def test_a_body_that_begins_in_other_ways_is_known() -> None:
    for start in (
        b"\xef\xbb\xbf",
        b"\n",
        b"<?xml version='1.0' encoding='utf-8'?>\n",
        b"<!-- a - b --> <!---->",
    ):
        assert len(parts(http(start + wrapped(PLAIN) + b"\n"))) == 2


def test_namespaces_of_the_body_hold_for_its_stanzas() -> None:
    more = b" xmlns:stream='http://etherx.jabber.org/streams' xmlns:e='urn:example:e'"
    _, features, message = split(
        answer(wrapped(b"<stream:features/>", b"<message%s><e:x/></message>", more=more))
    )
    assert features.body == b'<stream:features xmlns:stream="http://etherx.jabber.org/streams"/>'
    assert b'xmlns:e="urn:example:e"' in message.body


def test_a_stanza_without_its_own_namespace_is_a_stanza() -> None:
    _, stanza = split(http(wrapped(PLAIN.replace(b"%s", b"", 1))))
    assert stanza.head.method == "message"


def test_of_a_body_that_was_cut_the_whole_stanzas_are_read() -> None:
    cut = http(wrapped(PLAIN, TYPING)[:-40], whole=False)
    _, stanza = split(cut)
    assert (stanza.head.method, stanza.whole) == ("message", False)
    _, (finding,) = seen(iter([cut]))
    assert finding.rule == "xmpp/message-send"


OTHERS = {
    "no stanza": wrapped(),
    "no stanza, in one tag": wrapped().replace(b"></body>", b"/>"),
    "the end of a session": wrapped(more=b" type='terminate'"),
    "a page": b"<body class='x'><message><body>the balcony at dusk</body></message></body>",
    "a page that tells of BOSH": b"<html><body>see http://jabber.org/protocol/httpbind</body></html>",
    "the name in another attribute": wrapped(PLAIN).replace(b"xmlns='http", b"see='http"),
    "JSON": b'{"a": "http://jabber.org/protocol/httpbind"}',
}


@pytest.mark.parametrize("what", OTHERS)
def test_all_other_bodies_stay_as_they_are(what: str) -> None:
    parcel = http(OTHERS[what])
    assert parts(parcel) == [parcel]


DAMAGED = {
    "no end": wrapped(PLAIN)[:-7],
    "an element that stays open": wrapped(b"<message%s><body>x</body>"),
    "text between stanzas": wrapped(PLAIN, b"and", TYPING),
    "entities": wrapped(b"<!DOCTYPE x>", PLAIN),
}


@pytest.mark.parametrize("what", DAMAGED)
def test_a_damaged_body_stays_as_it_is_and_may_hold_messages(what: str) -> None:
    parcel = http(DAMAGED[what])
    kept, problem = parts(parcel)
    assert kept == parcel
    assert isinstance(problem, Problem)
    assert (problem.channels, problem.protocols) == ((parcel.channel,), ("xmpp",))


def test_a_body_that_was_cut_in_its_first_stanza_may_hold_messages() -> None:
    kept, problem = parts(http(wrapped(PLAIN)[:-20], whole=False))
    assert isinstance(kept, Parcel)
    assert isinstance(problem, Problem)


def test_what_is_no_http_stays_as_it_is() -> None:
    parcel = http(wrapped(PLAIN), protocol="websocket")
    assert parts(parcel) == [parcel]


def test_an_explosion_stays_as_it_is() -> None:
    bomb = gzip.compress(wrapped(PLAIN) + b" " * 20_000_000)
    parcel = http(bomb, ("content-encoding", "gzip"))
    kept, problem = parts(parcel)
    assert kept == parcel
    assert isinstance(problem, Problem)
    assert "16,000,000 bytes" in problem.message


def test_a_body_with_endless_stanzas_stays_as_it_is_and_a_problem_says_so() -> None:
    assert len(parts(http(wrapped(b"<iq/>" * STANZAS)))) == STANZAS + 1
    parcel = http(wrapped(b"<iq/>" * (STANZAS + 1)))
    run, findings = seen(iter([parcel]))
    assert parts(parcel)[0] == parcel
    assert findings == []
    ((trouble, sums),) = run.report(Capture("aa", "a.mitm", "dump", 1)).whole().troubles
    assert trouble.message == "no stanzas were looked for in a body: more than 10,000 of them"
    assert sums.refs == (parcel.ref,)


def test_a_body_that_hides_its_name_behind_much_else_is_known() -> None:
    spaced = wrapped(PLAIN).replace(b"<body", b"<body note='" + b"x" * 9_000 + b"'", 1)
    for body in (spaced, b"<?xml version='1.0'" + b" " * 9_000 + b"?>" + wrapped(PLAIN)):
        assert len(split(http(body))) == 2


@given(st.binary(max_size=60), st.binary(max_size=60))
def test_no_bytes_make_it_raise(attributes: bytes, inside: bytes) -> None:
    start = b"<body xmlns='" + SPACE + b"' " + attributes
    for body in (start + b">" + inside + b"</body>", start, inside):
        first, *_ = parts(http(body))
        assert isinstance(first, Parcel)
        assert first.protocol == "http"


def test_a_planted_text_in_the_tag_of_the_body_is_found_too() -> None:
    run, findings = seen(
        iter([http(wrapped(TYPING, more=b" note='" + TEXT.encode() + b"'"))]), planted=(TEXT,)
    )
    assert [(f.platform, f.texts) for f in findings] == [("unknown:chat.capulet.lit", (TEXT,))]
    assert sum(account.parcels for account in run.ledger.accounts.values()) == 2
