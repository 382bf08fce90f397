"""HTTP/3 of two true ends, read from the datagrams between them."""

import random
import zlib
from collections.abc import Iterable
from functools import cache
from typing import Any

import pytest
from aioquic.h3.connection import H3Connection, encode_frame
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.sources.flows import Flow, Side
from auditor.sources.pcap.http3 import Http3
from auditor.sources.pcap.http3.exchange import Exchange
from auditor.sources.pcap.quic import Quic
from auditor.sources.pcap.quic.streams import DATAGRAM, StreamPiece
from tests.sources.pcap.quic.sessions import HOST, Datagram, Session, session
from tests.sources.pcap.quic.test_quic import damaged

ENDS = (
    Side(tls=True, tls_version="QUICv1", alpn=b"h3"),
    Side(sni=HOST, tls=True, alpn=b"h3", address=["192.0.2.2", 443]),
)
ASKED = [
    (b":method", b"POST"), (b":scheme", b"https"), (b":authority", HOST.encode()),
    (b":path", b"/send?to=ada"),
    (b"user-agent", b"a messenger of some length"),
]  # fmt: skip


class Talk:
    """Both ends of HTTP/3 over a session."""

    def __init__(self) -> None:
        self.ends: Session = session()
        self.client = H3Connection(self.ends.client, enable_webtransport=True)
        self.server = H3Connection(self.ends.server, enable_webtransport=True)
        self.carry()

    def carry(self) -> None:
        self.ends.carry(3)
        for side, speaker in ((True, self.client), (False, self.server)):
            for event in self.ends.heard[side]:
                speaker.handle_event(event)
            self.ends.heard[side].clear()

    def ask(self, body: bytes = b"", lines: Any = None, last: bool = True) -> int:
        stream = self.ends.client.get_next_available_stream_id()
        self.client.send_headers(stream, lines or ASKED, end_stream=last and not body)
        if body:
            self.client.send_data(stream, body, last)
        self.carry()
        return stream

    def answer(self, stream: int, body: bytes = b"", *lines: tuple[bytes, bytes], last: bool = True) -> None:
        self.server.send_headers(stream, [(b":status", b"200"), (b"server", b"one of a long name"), *lines])
        self.server.send_data(stream, body, last)
        self.carry()

    def read(self, seen: Iterable[Datagram] | None = None) -> tuple[Http3, list[Exchange]]:
        return read(self.ends.seen if seen is None else seen, self.ends)


def read(seen: Iterable[Datagram], ends: Session) -> tuple[Http3, list[Exchange]]:
    quic, http, found = Quic(ends.keys), Http3(*ENDS), []
    for number, one in enumerate(seen, 1):
        for piece in quic.feed(one.from_client, one.data, number, number / 10):
            found += http.feed(piece)
    for piece in quic.finish():
        found += http.feed(piece)
    return http, [*found, *http.finish()]


@cache
def three() -> Talk:
    """Lines are said in full once, and then point into tables."""
    talk = Talk()
    for count in range(3):
        stream = talk.ask(b"question %d " % count * 200)
        talk.answer(stream, b"answer %d " % count * 600)
    return talk


def bodies(found: Iterable[Exchange]) -> list[tuple[bytes | None, bytes | None]]:
    flows = [one.flow for one in found]
    return [
        (f.request.content if f.request else None, f.response.content if f.response else None) for f in flows
    ]


def test_questions_and_answers_become_flows() -> None:
    http, found = three().read()
    assert bodies(found) == [(b"question %d " % n * 200, b"answer %d " % n * 600) for n in range(3)]
    request, response = found[0].flow.request, found[0].flow.response
    assert request and response
    assert (request.method, request.path, request.host, request.port) == (b"POST", b"/send?to=ada", HOST, 443)
    assert (request.scheme, request.authority, request.http_version) == (b"https", HOST.encode(), b"HTTP/3")
    assert request.headers == [(b"user-agent", b"a messenger of some length")]
    assert (response.status_code, response.headers) == (200, [(b"server", b"one of a long name")])
    assert all(one.asked_whole and one.answered_whole for one in found) and http.remarks == []
    assert [one.stream for one in found] == [0, 4, 8]


def test_the_packets_in_which_they_begin_are_known() -> None:
    talk = three()
    _, found = talk.read()
    for one in found:
        assert one.asked < one.answered
        assert talk.ends.seen[one.asked - 1].from_client and not talk.ends.seen[one.answered - 1].from_client


def test_the_order_of_datagrams_does_not_matter() -> None:
    talk = three()
    _, plain = talk.read()
    for seed in range(20):
        seen = list(talk.ends.seen)
        random.Random(seed).shuffle(seen)
        http, found = talk.read(seen)
        assert sorted(bodies(found)) == bodies(plain)
        assert http.remarks == []


def test_what_the_end_of_the_capture_cuts_is_not_whole() -> None:
    talk = Talk()
    stream = talk.ask(b"half of a question", last=False)
    _, (one,) = talk.read()
    assert one.flow.request and one.flow.request.content == b"half of a question"
    assert (one.asked_whole, one.flow.response) == (False, None)
    talk.server.send_headers(stream, [(b":status", b"200")])
    talk.server.send_data(stream, b"half of an answer", False)
    talk.carry()
    _, (one,) = talk.read()
    assert one.flow.response and one.flow.response.content == b"half of an answer"
    assert not one.answered_whole


def test_what_is_said_beforehand_is_no_answer_and_trailers_stand_after_it() -> None:
    talk = Talk()
    stream = talk.ask()
    early = encode_frame(1, b"\0\0\xd8")  # the 24th line of the fixed table: status 103
    talk.ends.server.send_stream_data(stream, early)
    talk.server.send_headers(stream, [(b":status", b"200")])
    talk.server.send_data(stream, b"body", False)
    talk.server.send_headers(stream, [(b"grpc-status", b"0")], True)
    talk.ends.carry()
    _, (one,) = talk.read()
    answer = one.flow.response
    assert answer and (answer.status_code, answer.headers, answer.content) == (200, [], b"body")
    assert answer.trailers == [(b"grpc-status", b"0")]


def test_a_stream_that_is_taken_back_has_failed() -> None:
    talk = Talk()
    stream = talk.ask(b"question")
    talk.server.send_headers(stream, [(b":status", b"200")])
    talk.server.send_data(stream, b"half", False)
    talk.carry()
    talk.ends.server.reset_stream(stream, 5)
    talk.carry()
    _, (one,) = talk.read()
    assert one.flow.error and one.flow.error.msg == "the stream was reset"
    assert (bodies([one]), one.asked_whole, one.answered_whole) == ([(b"question", b"half")], True, False)


def test_a_body_ends_before_its_gap_and_what_follows_is_still_framed() -> None:
    talk = Talk()
    stream = talk.ask()
    talk.answer(stream, bytes(range(256)) * 40, last=False)
    talk.server.send_headers(stream, [(b"x-trailer", b"there")], True)
    talk.carry()
    seen = talk.ends.seen
    large = [at for at, one in enumerate(seen) if not one.from_client and len(one.data) > 1100]
    for gone in large[-5:]:
        http, (one,) = talk.read(seen[:gone] + seen[gone + 1 :])
        answer = one.flow.response
        if answer is None:  # the lines were in it
            continue
        assert answer.content is not None and (bytes(range(256)) * 40).startswith(answer.content)
        assert (one.answered_whole, answer.trailers) == (False, [(b"x-trailer", b"there")])
        assert any("gap" in remark for remark in http.remarks)


def test_an_answer_that_was_promised_is_one() -> None:
    talk = Talk()
    stream = talk.ask()
    pushed = talk.server.send_push_promise(stream, [*ASKED[1:], (b":method", b"GET")]) if push(talk) else -1
    talk.server.send_headers(pushed, [(b":status", b"200")])
    talk.server.send_data(pushed, b"pushed", True)
    talk.answer(stream, b"asked for")
    _, found = talk.read()
    assert sorted(bodies(found), key=str) == [(b"", b"asked for"), (b"", b"pushed")]


def push(talk: Talk) -> bool:
    """The client allows it, which aioquic's never does of itself."""
    talk.server._max_push_id = 8
    return True


def room_of_webtransport() -> tuple[Talk, int, int, int]:
    """A session with a stream both ways, one that goes one way, and a datagram."""
    talk = Talk()
    lines = [
        (b":method", b"CONNECT"), (b":scheme", b"https"), (b":authority", b"rooms.example"),
        (b":path", b"/room"),
        (b":protocol", b"webtransport"),
    ]  # fmt: skip
    room = talk.ask(lines=lines, last=False)
    talk.server.send_headers(room, [(b":status", b"200")])
    talk.carry()
    both = talk.client.create_webtransport_stream(room)
    talk.ends.client.send_stream_data(both, b"PING :irc\r\n", True)
    talk.carry()
    talk.ends.server.send_stream_data(both, b"PONG :irc\r\n", True)
    single = talk.server.create_webtransport_stream(room, is_unidirectional=True)
    talk.ends.server.send_stream_data(single, b"only out", True)
    talk.client.send_datagram(room, b"beside all")
    talk.carry()
    return talk, room, both, single


def test_streams_and_datagrams_of_a_session_become_flows_of_their_own() -> None:
    talk, room, both, single = room_of_webtransport()
    _, found = talk.read()
    talks = {
        one.flow.type + str(one.stream): [(m.from_client, m.content) for m in one.flow.messages]
        for one in found
    }
    assert talks.pop(f"http{room}") == []
    assert talks == {
        f"tcp{both}": [(True, b"PING :irc\r\n"), (False, b"PONG :irc\r\n")],
        f"tcp{single}": [(False, b"only out")],
        f"udp{room}": [(True, b"beside all")],
    }
    inner = [one.flow for one in found if one.flow.type != "http"]
    assert {flow.server_conn.sni for flow in inner} == {"rooms.example"} and all(
        flow.secured for flow in inner
    )


def test_what_goes_through_a_plain_connect_is_on_a_clear_road_from_there() -> None:
    talk = Talk()
    leg = talk.ask(b"NICK ada\r\n", [(b":method", b"CONNECT"), (b":authority", b"irc.example:6667")])
    talk.answer(leg, b":irc.example 001 ada :hello\r\n")
    _, (asked, tunnel) = talk.read()
    assert (asked.flow.type, bodies([asked])) == ("http", [(b"", b"")])
    assert tunnel.flow.server_conn.address == ["irc.example", 6667] and not tunnel.flow.secured
    assert [message.content[:4] for message in tunnel.flow.messages] == [b"NICK", b":irc"]


def in_a_websocket(asked: bytes, answered: bytes, *agreed: tuple[bytes, bytes]) -> Flow:
    talk = Talk()
    lines = [
        (b":method", b"CONNECT"), (b":scheme", b"https"), (b":authority", HOST.encode()), (b":path", b"/ws"),
        (b":protocol", b"websocket"),
    ]  # fmt: skip
    stream = talk.ask(asked, lines, last=False)
    talk.answer(stream, answered, *agreed)
    talk.client.send_data(stream, b"", True)
    talk.carry()
    _, (one,) = talk.read()
    return one.flow


MASKED = b"\x81\x85\1\2\3\4" + bytes(a ^ b for a, b in zip(b"hello", b"\1\2\3\4\1", strict=True))
DEFLATED = b"\xc1" + bytes([len(zlib.compress(b"hello", wbits=-15))]) + zlib.compress(b"hello", wbits=-15)
AGREED = (b"sec-websocket-extensions", b"permessage-deflate")


@pytest.mark.parametrize(
    ("answered", "agreed", "kind", "content"),
    [(b"\x82\x02\x00\x01", (), 2, b"\0\1"), (DEFLATED, (AGREED,), 1, b"hello")],
)
def test_a_websocket_in_a_stream_is_one_as_a_proxy_writes_it(
    answered: bytes, agreed: tuple[tuple[bytes, bytes], ...], kind: int, content: bytes
) -> None:
    flow = in_a_websocket(MASKED, answered, *agreed)
    assert flow.request and flow.request.method == b"GET" and flow.websocket and not flow.error
    frames = [(frame.kind, frame.from_client, frame.content) for frame in flow.websocket.messages]
    assert frames == [(1, True, b"hello"), (kind, False, content)]


def test_a_websocket_in_a_stream_that_makes_no_sense_is_an_error_behind_what_was_read() -> None:
    flow = in_a_websocket(MASKED, b"\x83\x00")
    assert flow.websocket and [frame.content for frame in flow.websocket.messages] == [b"hello"]
    assert flow.error and flow.error.msg.startswith("the WebSocket: ")


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 1 << 32))
def test_damage_on_the_road_never_makes_a_body_that_was_not_said(seed: int) -> None:
    talk = three()
    http, found = talk.read(damaged(talk.ends.seen, random.Random(seed)))
    questions = [b"question %d " % n * 200 for n in range(3)]
    answers = [b"answer %d " % n * 600 for n in range(3)]
    for asked, answered in bodies(found):
        assert any(whole.startswith(asked or b"") for whole in questions)
        assert any(whole.startswith(answered or b"") for whole in answers)
    for one in found:
        assert not one.asked_whole or (one.flow.request and one.flow.request.content in questions)
        assert not one.answered_whole or (one.flow.response and one.flow.response.content in answers)
    assert http.remarks is not None


PIECES = st.builds(
    StreamPiece,
    st.sampled_from([0, 0, 1, 2, 3, 4, 6, 7, DATAGRAM]), st.booleans(),
    st.one_of(
        st.binary(max_size=40),
        st.sampled_from([
            b"\0\4\0", b"\2", b"\1\5", b"\x40\x54\0", b"\x40\x41\0", b"\3\x3f\x21",
            encode_frame(1, b"\0\0\xd1\xd7"), encode_frame(1, b"\2\0\x80"), encode_frame(0, b"data"),
            encode_frame(4, b"\1\x50\0"), encode_frame(5, b"\1\0\0\xd1"), b"\0\x04\x03\1\x50\0",
        ]),
    ),
    st.booleans(), st.sampled_from([0, 0, 0, 3]), st.booleans(),
)  # fmt: skip


@settings(deadline=None, max_examples=300)
@given(st.lists(PIECES, max_size=30))
def test_any_pieces_are_read_without_a_traceback(pieces: list[StreamPiece]) -> None:
    http = Http3(*ENDS)
    found = [one for piece in pieces for one in http.feed(piece)] + http.finish()
    assert all(one.flow.type in ("http", "tcp", "udp") for one in found)
    assert http._ways == {} and http._dialogues == {} and http._held == 0


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ([StreamPiece(0, True, encode_frame(1, b"\2\0\x80"), True)], "a table that never came"),
        ([StreamPiece(0, False, encode_frame(0, b"of what?"), True)], "no question"),
        ([StreamPiece(0, True, b"later", lost=7)], "no frame begins here"),
    ],
)
def test_what_cannot_be_read_is_named(said: list[StreamPiece], why: str) -> None:
    http = Http3(*ENDS)
    found = [one for piece in said for one in http.feed(piece)] + http.finish()
    assert found == [] and http.remarks, why
