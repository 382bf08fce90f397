"""Dumps of mitmproxy, sound and damaged, and what they share with HAR."""

import json
import warnings
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mitmproxy import http
from mitmproxy.flow import Error
from mitmproxy.io import tnetstring
from mitmproxy.net import encoding
from mitmproxy.tcp import TCPMessage
from mitmproxy.test import tflow, tutils
from mitmproxy.websocket import WebSocketData

from auditor.model import Contact, Event, Parcel, Problem, Road
from auditor.sources import mitm, read
from auditor.sources.flows import flow_of
from auditor.sources.heads import Place

with warnings.catch_warnings():  # of ldap3, which mitmproxy's addons import
    warnings.simplefilter("ignore")
    from mitmproxy.addons.savehar import SaveHar

LAB = Path(__file__).parents[3] / "shared/lab/captures"


def exchange(sent: bytes | None = b"", received: bytes | None = b"", **request: Any) -> http.HTTPFlow:
    flow = tflow.tflow(resp=True)
    flow.request = tutils.treq(**{"host": "a.example", "scheme": b"https", "port": 443, **request})
    flow.request.headers["host"] = "A.example"
    flow.request.raw_content = sent
    assert flow.response
    flow.response.raw_content = received
    for message in (flow.request, flow.response):
        message.headers.pop("content-length", None)
    return flow


def irc(*pieces: tuple[bool, bytes]) -> Any:
    return tflow.ttcpflow(messages=[TCPMessage.from_state((out, data, 1.0)) for out, data in pieces])


def test_an_exchange_becomes_two_parcels(dump) -> None:  # type: ignore[no-untyped-def]
    flow = exchange(b"hi", b"hello", method=b"POST", path=b"/x/y%20z/?q=1")
    flow.request.trailers = http.Headers([(b"X-Sum", b"\xff")])
    asked, answer = read(dump(flow))
    assert isinstance(asked, Parcel)
    assert isinstance(answer, Parcel)
    assert (str(asked.ref), str(answer.ref)) == ("session.mitm#0>", "session.mitm#0<")
    assert (asked.body, answer.body) == (b"hi", b"hello")
    assert (asked.head.path, asked.head.query) == (("x", "y z"), (("q", "1"),))
    assert asked.head.header("x-sum") == "ÿ"
    assert answer.answers == asked.head
    assert (asked.channel.host, asked.channel.road) == ("a.example", Road.PROTECTED)
    assert asked.channel.opened_by == "proxy"


def test_the_scheme_decides_the_road(dump) -> None:  # type: ignore[no-untyped-def]
    (asked, _) = read(dump(exchange(scheme=b"http", port=80)))
    assert isinstance(asked, Parcel)
    assert asked.channel.road is Road.CLEAR


def test_a_body_stays_as_it_was_on_the_road(dump) -> None:  # type: ignore[no-untyped-def]
    flow = exchange(received=b"\x1f\x8bno gzip")
    assert flow.response
    flow.response.headers["content-encoding"] = "gzip"
    (_, answer) = read(dump(flow))
    assert isinstance(answer, Parcel)
    assert answer.body == b"\x1f\x8bno gzip"


@pytest.mark.parametrize(("method", "kind"), [(b"POST", Parcel), (b"GET", Contact)])
def test_a_request_that_failed_may_have_had_the_body_that_was_not_recorded(  # type: ignore[no-untyped-def]
    dump, method: bytes, kind: type[Event]
) -> None:
    flow = exchange(None, method=method)
    flow.response, flow.error = None, Error("connection lost")
    first, *_ = read(dump(flow))
    assert isinstance(first, kind)
    assert not isinstance(first, Parcel) or not first.whole


@pytest.mark.parametrize("kept", [False, True])
def test_a_websocket_whose_messages_the_proxy_did_not_keep_may_have_had_some(dump, kept: bool) -> None:  # type: ignore[no-untyped-def]
    flow = exchange()
    assert flow.response
    flow.response.status_code = 101
    flow.request.headers["upgrade"] = "websocket"
    flow.websocket = WebSocketData() if kept else None
    problems = [event.protocols for event in read(dump(flow)) if isinstance(event, Problem)]
    assert problems == [("websocket",)] * (not kept)


def test_a_body_that_was_not_recorded_is_not_whole(dump) -> None:  # type: ignore[no-untyped-def]
    found = [e for e in read(dump(exchange(None, None))) if isinstance(e, Parcel)]
    assert [(e.body, e.whole) for e in found] == [(b"", False), (b"", False)]


def test_websocket_messages_are_parcels(dump) -> None:  # type: ignore[no-untyped-def]
    _, _, *frames = read(dump(tflow.twebsocketflow()))
    assert [str(f.ref)[-4:] for f in frames] == ["0.0>", "0.1>", "0.2<"]
    assert {f.protocol for f in frames if isinstance(f, Parcel)} == {"websocket"}
    assert frames[0].body == b"hello binary"  # type: ignore[union-attr]


def test_the_words_at_the_end_of_a_websocket_are_no_message_of_it(dump) -> None:  # type: ignore[no-untyped-def]
    flow = tflow.twebsocketflow()
    assert flow.websocket
    flow.websocket.close_reason, flow.websocket.closed_by_client = "meet at seven", False
    *_, last = read(dump(flow))
    assert isinstance(last, Parcel)
    assert (last.head.method, last.body, last.outgoing) == ("WS-CLOSE", b"meet at seven", False)
    assert str(last.ref).endswith("#0.3<")


def test_irc_in_a_tcp_flow_is_parcels(dump) -> None:  # type: ignore[no-untyped-def]
    flow = irc((True, b"NICK a\r\nPRIV"), (True, b"MSG b :h\xc3\xa9\r\n"), (False, b":a PRIVMSG"))
    nick, said, cut = read(dump(flow))
    assert isinstance(said, Parcel)
    assert (said.protocol, str(said.ref)) == ("irc", "session.mitm#0.1>")
    assert (said.head.method, said.head.path) == ("PRIVMSG", ("b",))
    assert json.loads(said.body)["text"] == "hé"
    assert isinstance(cut, Problem)
    assert "10 bytes" in cut.message
    assert nick


def test_a_tcp_flow_nobody_knows_is_a_contact_and_its_bytes_are_searched(dump) -> None:  # type: ignore[no-untyped-def]
    clear, shut = irc((True, b"\x16\x03"), (False, b"abc")), irc((True, b"NICK half"))
    for side in (clear.client_conn, clear.server_conn):
        side.timestamp_tls_setup = side.tls_version = None
    one, sent, received, two, half = read(dump(clear, shut))
    assert [(p.protocol, str(p.ref), p.body) for p in (sent, received, half) if isinstance(p, Parcel)] == [
        ("tcp", "session.mitm#0.0>", b"\x16\x03"),
        ("tcp", "session.mitm#0.1<", b"abc"),
        ("tcp", "session.mitm#1.0>", b"NICK half"),
    ]
    assert isinstance(one, Contact)
    assert (one.transport, one.sent, one.received, one.channel.road) == ("tcp", 2, 3, Road.CLEAR)
    assert isinstance(two, Contact)
    assert (two.sent, two.channel.road) == (9, Road.PROTECTED)


def test_every_other_flow_is_accounted_for(dump) -> None:  # type: ignore[no-untyped-def]
    tunnel = exchange(method=b"CONNECT")
    failed, sent = exchange(), exchange(b"secret")
    for flow in (failed, sent):
        flow.response, flow.error = None, Error("connection killed", 1.0)
    found = list(read(dump(tflow.tudpflow(), tflow.tdnsflow(resp=True), tunnel, failed, sent)))
    assert [type(event) for event in found] == [
        Contact, Parcel, Parcel, Contact, Contact, Contact, Parcel, Problem,
    ]  # fmt: skip
    assert [event.ref.entry for event in found] == [0, 0, 0, 1, 2, 3, 4, 4]
    assert "killed" in found[5].reason  # type: ignore[union-attr]
    assert "killed" in found[7].message  # type: ignore[union-attr]


def test_a_live_flow_says_the_same(dump) -> None:  # type: ignore[no-untyped-def]
    flow = exchange(b"hi", b"hello")
    assert list(mitm.events_of(flow_of(flow.get_state()), 0, Place("session.mitm"))) == list(read(dump(flow)))


def test_a_file_that_is_cut_gives_what_came_before(dump) -> None:  # type: ignore[no-untyped-def]
    path = dump(exchange(b"1"), tflow.twebsocketflow(), irc((True, b"NICK a\n")), exchange(b"2"))
    whole, data = list(read(path)), path.read_bytes()
    for end in range(97, len(data), 97):
        path.write_bytes(data[:end])
        source = read(path)
        *found, last = source
        assert found == whole[: len(found)]
        assert isinstance(last, Problem)
        assert last.kind == "cut"
        assert f"after {source.entries} flows; {source.unread} bytes not read" in last.message
        assert source.size == end


def test_a_damaged_flow_costs_that_flow(dump) -> None:  # type: ignore[no-untyped-def]
    path = dump(exchange(b"one"), exchange(b"two"), exchange(b"three"))
    path.write_bytes(path.read_bytes().replace(b"3:two,", b"3:two?"))
    source = read(path)
    found = list(source)
    assert [e.kind for e in found if isinstance(e, Problem)] == ["damaged entry"]
    assert [e.body for e in found if isinstance(e, Parcel) and e.outgoing] == [b"one", b"three"]
    assert source.unread


def test_a_dump_of_a_newer_mitmproxy_says_what_to_do(dump) -> None:  # type: ignore[no-untyped-def]
    state = {"version": 9999, "type": "http"}
    path = dump(exchange())
    path.write_bytes(tnetstring.dumps(state))
    source = read(path)
    (problem,) = source
    assert isinstance(problem, Problem)
    assert "newer mitmproxy" in problem.message
    assert source.unread == source.size


HOSTILE = [
    b"999999999999:7:version;2:21#}",
    b"20:7:version;2:21#}",
    b"-1:",
    b"9999999999999:",
    b"0:}",
    b"0:]",
    b"4:true!",
    b"18:7:version;4:abcd;}",
    b"16:7:version;2:21#}",
    b"13:7:version;0:~}",
    b"13:7:version;0:]}",
]


@pytest.mark.parametrize("data", HOSTILE)
def test_a_hostile_dump_ends_in_words(dump, data: bytes) -> None:  # type: ignore[no-untyped-def]
    path = dump(exchange(b"one"))
    path.write_bytes(path.read_bytes() + data)
    source = read(path)
    asked, _, *rest = source
    assert isinstance(asked, Parcel)
    assert rest
    assert {type(event) for event in rest} == {Problem}
    assert source.unread == len(data)


def _places(state: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = state.items() if isinstance(state, dict) else enumerate(state) if isinstance(state, list) else ()
    return [path, *(place for key, value in items for place in _places(value, (*path, key)))]


@pytest.mark.parametrize(
    "flow", [tflow.twebsocketflow(), tflow.ttcpflow(err=True), tflow.tdnsflow(resp=True)]
)
@pytest.mark.parametrize("value", [None, -1, 1e308, float("nan"), b"\xff", "\n", [], {}, True])
def test_a_wrong_type_anywhere_never_raises(dump, flow: Any, value: Any) -> None:  # type: ignore[no-untyped-def]
    path = dump(flow)
    sound = path.read_bytes()
    frames = []
    for *above, last in filter(None, _places(tnetstring.loads(sound))):
        state: Any = tnetstring.loads(sound)
        inner = state
        for key in above:
            inner = inner[key]
        inner[last] = value
        frames.append(tnetstring.dumps(state))
    path.write_bytes(sound + b"".join(frames))
    source = read(path)
    found = list(source)
    assert source.entries == len(frames) + 1
    assert {event.ref.entry for event in found} == set(range(len(frames) + 1))
    for event in found:
        if isinstance(event, Parcel):
            assert isinstance(event.body, bytes)
            repr(event).encode()


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
BODIES = TEXTS.map(str.encode) | st.binary(max_size=60)


def _shape(event: Event) -> Any:
    if not isinstance(event, Parcel):
        return type(event)
    head = event.head
    place = (event.ref.entry, event.ref.part, event.outgoing, event.protocol)
    return (
        *place,
        event.body,
        event.whole,
        head.method,
        head.path,
        head.query,
        head.status,
        event.channel.host,
    )


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(st.tuples(BODIES, BODIES, TEXTS), min_size=1, max_size=3))
def test_both_kinds_of_file_give_the_same_parcels(dump, tmp_path: Path, session: Any) -> None:  # type: ignore[no-untyped-def]
    flows = [exchange(sent, got, method=b"POST", path=b"/x?q=1") for sent, got, _ in session]
    flows.append(tflow.twebsocketflow())
    path = tmp_path / "twin.har"
    path.write_text(json.dumps(SaveHar().make_har(flows)))
    assert [_shape(event) for event in read(path)] == [_shape(event) for event in read(dump(*flows))]


def _opened(parcel: Parcel) -> bytes:
    name = parcel.head.header("content-encoding")
    body = encoding.decode(parcel.body, name) if name and parcel.body else parcel.body
    assert isinstance(body, bytes)
    return body


@pytest.mark.lab
@pytest.mark.skipif(not LAB.is_dir(), reason="the shared lab is not here")
@pytest.mark.parametrize(
    "path", sorted(LAB.glob("*/*.har")), ids=lambda path: f"{path.parent.name}/{path.name}"
)
def test_the_lab_recorded_the_same_in_both_kinds(path: Path) -> None:
    twins = zip(read(path), read(path.with_suffix(".mitm")), strict=True)
    for left, right in twins:
        assert isinstance(left, Parcel)
        assert isinstance(right, Parcel)
        assert (left.ref.entry, left.ref.part) == (right.ref.entry, right.ref.part)
        assert (left.head.path, left.head.query) == (right.head.path, right.head.query)
        if left.whole:
            assert _opened(left) == _opened(right)
        else:  # mitmproxy's HAR has no body for a GET; it must say so, not be silent
            assert right.asked.method == "GET"


def test_what_begins_inside_a_connection_is_a_contact(dump) -> None:  # type: ignore[no-untyped-def]
    greeting = [(False, b"220 a ESMTP\r\n"), (True, b"EHLO b\r\n"), (False, b"250 STARTTLS\r\n")]
    begin = [(True, b"STARTTLS\r\n"), (False, b"220 go\r\n"), (True, b"\x16\x03\x01"), (False, b"\x16")]
    *parcels, contact = read(dump(irc(*greeting, *begin)))
    assert [p.head.method for p in parcels if isinstance(p, Parcel)][-2:] == ["STARTTLS", "REPLY"]
    assert isinstance(contact, Contact)
    assert (contact.sent, contact.received, contact.channel.road) == (3, 1, Road.PROTECTED)
    assert "smtp" in contact.reason


def test_what_a_stream_cannot_read_is_a_problem_with_its_size(dump) -> None:  # type: ignore[no-untyped-def]
    *_, problem = read(dump(irc((True, b"\x10\x0d\0\4MQTT\4\2\0\x3c\0\1a"), (True, b"\x30" + b"\xff" * 9))))
    assert isinstance(problem, Problem)
    assert (problem.kind, "10 bytes not read" in problem.message) == ("damaged", True)


def test_datagrams_are_read_too(dump) -> None:  # type: ignore[no-untyped-def]
    flow = tflow.tudpflow()
    flow.messages[0].content = b"MESSAGE sip:b@a SIP/2.0\r\n\r\nhello"
    flow.messages = flow.messages[:1]
    for side in (flow.client_conn, flow.server_conn):
        side.tls_version = side.timestamp_tls_setup = None
    (message,) = read(dump(flow))
    assert isinstance(message, Parcel)
    assert (message.protocol, message.head.path, message.body) == ("sip", ("sip:b@a",), b"hello")
    assert message.channel.road is Road.CLEAR  # nobody had to open it
