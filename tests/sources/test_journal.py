"""Session journals: the same events as the dump, cut or damaged anywhere."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mitmproxy.flow import Error, Flow
from mitmproxy.tcp import TCPMessage
from mitmproxy.test import tflow
from mitmproxy.websocket import WebSocketMessage
from wsproto.frame_protocol import Opcode

from auditor.live.states import known
from auditor.model import Contact, Event, Parcel, Problem, Road
from auditor.sources import journal, read
from auditor.sources.beside import journal_of
from auditor.sources.flows import flow_of
from auditor.sources.records import (
    Begun,
    Closed,
    Ended,
    First,
    Lost,
    Opened,
    Poured,
    Record,
    Refused,
    Said,
    line,
    record_of,
)

FIRST = First(1, "mitmproxy 11.0.2")
Write = Callable[..., Path]


def records(flow: Any) -> list[Record]:
    """What the addon writes of a flow, from its beginning to its end."""
    state = {**flow.get_state(), "messages": [], "websocket": None}
    begun, ended = flow_of({**state, "response": None, "error": None}), known(flow)
    if flow.type == "http":
        ended.request = None
    messages = flow.websocket.messages if getattr(flow, "websocket", None) else getattr(flow, "messages", [])
    said = [
        Said(flow.id, one.from_client, one.content, one.timestamp, int(getattr(one, "type", 0)))
        for one in messages
    ]
    return [Begun(flow.id, begun, flow.client_conn.id), *said, Ended(flow.id, ended)]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(*said: Record | First | bytes, name: str = "session.mitm.journal") -> Path:
        path = tmp_path / name
        path.write_bytes(b"".join(one if isinstance(one, bytes) else line(one) for one in (FIRST, *said)))
        return path

    return write


def of(*flows: Flow) -> list[Record]:
    return [record for flow in flows for record in records(flow)]


def same(path: Path, **options: Any) -> list[Event]:
    return list(read(path, name="session.mitm", **options))


BODY = st.binary(max_size=40) | st.sampled_from([b"NICK a\r\n", b"PRIVMSG b :hi\r\n", b"{}", b"EHLO x\r\n"])
TALK = st.lists(st.tuples(st.booleans(), BODY), max_size=5)
TIME = st.none() | st.floats(0, 2e9)


@st.composite
def flows(draw: st.DrawFn) -> Any:
    kind, talk = draw(st.sampled_from(["http", "websocket", "tcp", "udp", "dns"])), draw(TALK)
    flow: Any
    match kind:
        case "http":
            flow = tflow.tflow(resp=draw(st.booleans()))
            flow.request.raw_content = draw(st.none() | BODY)
            flow.request.headers["x-" + draw(st.sampled_from("ab"))] = draw(st.text("aé\udcff", max_size=3))
            if flow.response:
                flow.response.raw_content = draw(st.none() | BODY)
        case "websocket":
            flow = tflow.twebsocketflow()
            flow.websocket.close_reason = draw(st.sampled_from([None, "meet at seven"]))
            flow.websocket.messages = [WebSocketMessage(Opcode.BINARY, *one, 5.5) for one in talk]
        case "tcp":
            flow = tflow.ttcpflow(messages=[TCPMessage(*one, 1.25) for one in talk])
        case "udp":
            flow = tflow.tudpflow()
        case _:
            flow = tflow.tdnsflow(resp=draw(st.booleans()))
    if draw(st.booleans()):
        flow.error = Error("connection closed", 2.0)
    for side in (flow.client_conn, flow.server_conn):
        side.timestamp_tls_setup = draw(TIME)
        side.alpn = draw(st.sampled_from([None, b"h2"]))
    return flow


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(flows(), min_size=1, max_size=4))
def test_a_journal_says_what_the_dump_of_the_same_flows_says(dump, write, some: list[Any]) -> None:  # type: ignore[no-untyped-def]
    assert same(write(*of(*some))) == same(dump(*some))


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(flows(), min_size=2, max_size=3), st.randoms(use_true_random=False))
def test_flows_may_be_written_in_turns(dump, write, some: list[Any], chance: Any) -> None:  # type: ignore[no-untyped-def]
    lists = [records(flow) for flow in some]
    mixed: list[Record] = [each.pop(0) for each in lists]
    while lists := [each for each in lists if each]:
        mixed.append(chance.choice(lists).pop(0))
    found = sorted(same(write(*mixed)), key=lambda event: event.ref.entry)  # stable: within a flow in order
    assert found == same(dump(*some))


def session() -> list[Record]:
    chat = tflow.ttcpflow(messages=[TCPMessage(True, b"NICK a\r\n"), TCPMessage(True, b"PRIVMSG b :hi\r\n")])
    refused = Refused("client", "a.example", 443, "192.0.2.1", "ssl/tls alert bad certificate", 5.0)
    return [*records(tflow.tflow(resp=True)), refused, *records(chat), *records(tflow.twebsocketflow())]


def test_a_journal_that_is_cut_gives_what_came_before(write: Write) -> None:
    path = write(*session())
    data, whole = path.read_bytes(), same(path)
    start = data.index(b"\n") + 1
    for end in range(start, len(data), 41):
        path.write_bytes(data[:end])
        source = read(path, name="session.mitm")
        found = list(source)
        parcels = [event for event in found if isinstance(event, Parcel)]
        # A flow that lacks its end may know less of the far end, but its messages are the same.
        assert [one.body for one in parcels] == [e.body for e in whole if isinstance(e, Parcel)][
            : len(parcels)
        ]
        cut = [event for event in found if isinstance(event, Problem) and event.kind == "cut"]
        torn = data[:end].rpartition(b"\n")[2]
        torn = b"" if data[end : end + 1] == b"\n" else torn  # only the end of the line is lost
        assert bool(cut) == bool(torn)
        assert (source.unread, source.size) == (len(torn), end)


def test_every_message_of_a_connection_that_never_ended_is_read(write: Write) -> None:
    *before, _ = records(tflow.twebsocketflow())
    before[0].flow.response = flow_of(tflow.tflow(resp=True).get_state()).response  # type: ignore[union-attr]
    bodies = [event.body for event in same(write(*before)) if isinstance(event, Parcel)]
    assert bodies[-3:] == [b"hello binary", b"hello text", b"it's me"]
    *open_chat, _ = session()[4:8]
    assert [e.head.method for e in same(write(*open_chat)) if isinstance(e, Parcel)] == ["NICK", "PRIVMSG"]


BAD = [b"{}", b"", b"[1]", b'{"what":"said","id":"x"}', b'{"what":"no"}', b"\xff", b"[" * 9999]


@pytest.mark.parametrize("bad", [line + b"\n" for line in BAD])
def test_a_damaged_line_costs_that_line(write: Write, bad: bytes) -> None:
    all_of_it = session()
    path = write(*all_of_it[:4], bad, *all_of_it[4:])
    source = read(path, name="session.mitm")
    found = list(source)
    problems = [event for event in found if isinstance(event, Problem)]
    assert [p.kind for p in problems] == ["damaged entry"]
    assert "line 5: " in problems[0].message or "line 6: " in problems[0].message
    assert [e for e in found if e not in problems] == same(write(*all_of_it))
    assert source.unread == len(bad)


def test_messages_whose_beginning_is_lost_are_counted(write: Write) -> None:
    (problem,) = same(write(Said("x", True, b"a"), Said("x", False, b"b")))
    assert isinstance(problem, Problem)
    assert "2 messages not read" in problem.message


def test_another_run_of_the_proxy_goes_on_counting(write: Write) -> None:
    *cut, _ = session()[4:8]
    found = same(write(*cut, FIRST, *records(tflow.tflow(resp=True))))
    assert [event.ref.entry for event in found] == [0, 0, 1, 1]


REASONS = [
    ("client", "ssl/tls alert bad certificate", "the app refused the proxy's certificate"),
    ("client", "tlsv1 alert unknown ca", "the app refused the proxy's certificate"),
    ("client", "OpenSSL Error([('', '', 'ssl/tls alert certificate unknown')])", "the app refused"),
    ("client", "connection closed", "it may have refused"),
    ("client", "odd \x1b[31m", "the handshake with the app failed: odd"),
    ("server", "Certificate verify failed: self-signed certificate", "the server failed: Certificate verify"),
    ("server", "", "no reason was given"),
]  # fmt: skip


@pytest.mark.parametrize(("side", "error", "reason"), REASONS)
def test_a_refused_handshake_is_a_contact_in_plain_words(
    write: Write, side: str, error: str, reason: str
) -> None:
    refused = Refused(side, "Chat.example", 443, "192.0.2.1", error, 5.0)
    (found,) = same(write(refused), renamed={"chat.example": "chat.signal.org"})
    assert isinstance(found, Contact)
    assert reason in found.reason
    assert found.reason.isprintable()
    assert (found.transport, found.when, found.channel.road) == ("tls", 5.0, Road.UNKNOWN)
    assert (found.channel.host, found.channel.renamed) == ("chat.signal.org", "chat.example")


def test_an_app_that_shakes_hands_and_leaves_is_a_contact(write: Write) -> None:
    opened = Opened("c", "client", "a.example", 443, "", True, 5.0)
    flow = tflow.tflow(resp=True)
    spoke = Opened(flow.client_conn.id, "client", "b.example", 443, "", True, 5.0)
    left = Closed(flow.client_conn.id, "client")
    (contact, *parcels) = same(write(opened, Closed("c", "client"), spoke, *records(flow), left))
    assert isinstance(contact, Contact)
    assert "left without a word" in contact.reason
    assert [type(one) for one in parcels] == [Parcel, Parcel]


def test_a_journal_of_a_later_version_is_not_read(write: Write) -> None:
    path = write()
    path.write_bytes(b'{"journal":2}\n' + line(Said("x", True, b"a")))
    source = read(path)
    assert [event.kind for event in source if isinstance(event, Problem)] == ["too-new"]
    assert source.unread == source.size


def test_limits_are_said_when_they_are_met(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(*session())
    monkeypatch.setattr(journal, "HELD", 10)
    kinds = [event.kind for event in read(path) if isinstance(event, Problem)]
    assert "too-much" in kinds
    left = [event for event in read(path) if isinstance(event, Problem) and event.kind == "too-much"]
    assert {event.protocols for event in left} >= {("irc", "websocket")}
    assert all(event.channels for event in left)
    monkeypatch.setattr(journal, "LONGEST", 150)
    assert {event.kind for event in read(path) if isinstance(event, Problem)} >= {"too-much"}


def test_no_more_connections_are_kept_open_than_may_be(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "MOST", 2)
    flows = [tflow.ttcpflow() for _ in range(4)]
    found = same(write(*[records(flow)[0] for flow in flows]))
    assert [event.ref.entry for event in found] == [0, 1, 2, 3]


def test_a_body_that_was_passed_on_as_it_came_is_read_whole(write: Write) -> None:
    flow = tflow.tflow(resp=True)
    said = same(write(*records(flow)))
    assert flow.response
    flow.request.content = flow.response.content = None
    begun, ended = records(flow)
    pours = [Poured(flow.id, True, b"con"), Poured(flow.id, False, b"mess"), Poured(flow.id, True, b"tent")]
    assert same(write(begun, *pours, Poured(flow.id, False, b"age"), ended)) == said
    cut = [event for event in same(write(begun, *pours)) if isinstance(event, Parcel)]
    assert [(event.body, event.whole) for event in cut] == [(b"content", False)]  # more may have come


def test_records_that_were_lost_are_counted(write: Write) -> None:
    (told,) = same(write(Lost(3, "no space left")))
    assert isinstance(told, Problem)
    assert (told.kind, told.message) == ("too-much", "3 records are missing: no space left")


def test_a_record_is_one_line_and_comes_back_as_it_was() -> None:
    for record in (FIRST, *session(), Opened("c", "server"), Closed("c", "server", 1.5)):
        data = line(record)
        assert data.count(b"\n") == 1
        assert record_of(data) == record


def _places(state: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = state.items() if isinstance(state, dict) else enumerate(state) if isinstance(state, list) else ()
    return [path, *(place for key, value in items for place in _places(value, (*path, key)))]


@pytest.mark.parametrize("value", [None, -1, 1e308, "/w==", "\n", [], {}, True])
def test_a_wrong_value_anywhere_never_raises(write: Write, value: Any) -> None:
    lines = [line(one) for one in session()[2:7]]
    for number, sound in enumerate(lines):
        for *above, last in filter(None, _places(json.loads(sound))):
            state: Any = json.loads(sound)
            inner = state
            for key in above:
                inner = inner[key]
            inner[last] = value
            bad = json.dumps(state).encode() + b"\n"
            for event in read(write(*lines[:number], bad, *lines[number + 1 :])):
                repr(event).encode()


# Beside a dump


def test_a_journal_that_has_the_dump_in_it_is_read_instead(dump, write: Write) -> None:  # type: ignore[no-untyped-def]
    some = [tflow.tflow(resp=True), tflow.ttcpflow(), tflow.twebsocketflow()]
    path, beside = dump(*some), write(*of(*some))
    assert journal_of(path) == beside
    for end in (0, 100, 2000, path.stat().st_size - 7):  # the proxy died
        data = path.read_bytes()
        path.write_bytes(data[:end])
        assert journal_of(path) == beside
        path.write_bytes(data)


def test_a_journal_of_another_session_is_not(dump, write: Write) -> None:  # type: ignore[no-untyped-def]
    some = [tflow.tflow(resp=True), tflow.ttcpflow()]
    assert journal_of(dump(*some)) is None
    write(*of(some[0]))
    assert journal_of(dump(*some)) is None
    write(*of(*some)).write_bytes(b"other")
    assert journal_of(dump(*some)) is None
    write(*of(*some))
    path = dump(*some)
    path.write_bytes(b"no dump")
    assert journal_of(path) is None
