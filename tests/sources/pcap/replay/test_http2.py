"""HTTP/2 as two true ends speak it in memory: the exchanges they had come out, however it is cut."""

from dataclasses import dataclass, field

import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.settings import SettingCodes
from hypothesis import given
from hypothesis import strategies as st

from auditor.model import Road
from auditor.sources.flows import Fields
from auditor.sources.pcap.line import Line
from auditor.sources.pcap.replay.exchange import Exchange, flow_of
from auditor.sources.pcap.replay.http2 import PREFACE, Http2
from auditor.sources.pcap.wire import Chunk, Said

LINE = Line("h.example", 443, "192.0.2.1", Road.PROTECTED, "h2", "key log")


@dataclass
class Talk:
    """A client and a server; `said` is what went over the wire."""

    client: H2Connection = field(default_factory=lambda: H2Connection(H2Configuration(client_side=True)))
    server: H2Connection = field(default_factory=lambda: H2Connection(H2Configuration(client_side=False)))
    said: list[Said] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.client.initiate_connection()
        self.server.initiate_connection()
        self.move()

    def move(self) -> None:
        for _ in range(2):
            for way, one, other in ((True, self.client, self.server), (False, self.server, self.client)):
                if data := one.data_to_send():
                    self.said.append((way, data))
                    for event in other.receive_data(data):
                        if size := getattr(event, "flow_controlled_length", 0):
                            other.acknowledge_received_data(size, event.stream_id)

    def ask(self, path: str, body: bytes = b"", end: bool = True, more: Fields | None = None) -> int:
        stream: int = self.client.get_next_available_stream_id()
        head = [
            (b":method", b"POST"),
            (b":scheme", b"https"),
            (b":path", path.encode()),
            (b":authority", b"h.example"),
        ]
        self.client.send_headers(stream, [*head, *(more or [])], end_stream=end and not body)
        if body:
            self.client.send_data(stream, body, end_stream=end)
        self.move()
        return stream

    def answer(self, stream: int, body: bytes, trailers: Fields | None = None) -> None:
        self.server.send_headers(stream, [(b":status", b"200"), (b"content-type", b"text/plain")])
        self.server.send_data(stream, body, end_stream=not trailers)
        if trailers:
            self.server.send_headers(stream, trailers, end_stream=True)
        self.move()


def run(said: list[Said], lost: dict[int, int] | None = None) -> tuple[Http2, list[Exchange]]:
    http, gaps = Http2(LINE), lost or {}
    chunks = [Chunk(way, data, n, float(n), gaps.get(n, 0)) for n, (way, data) in enumerate(said)]
    found = [exchange for chunk in chunks for exchange in http.feed(chunk)]
    return http, found + http.finish()


def told(exchange: Exchange) -> tuple[bytes, bytes | None, bytes | None]:
    return exchange.request.path, exchange.sent.content, exchange.received.content


def session() -> list[Said]:
    talk = Talk()
    first = talk.ask("/a", b"one", more=[(b"x-long", b"y" * 200)])
    second = talk.ask("/b", b"t", end=False, more=[(b"x-long", b"y" * 200)])
    talk.answer(second, b"before the end", [(b"grpc-status", b"0")])
    talk.answer(first, b"1")
    talk.client.send_data(second, b"wo", end_stream=True)
    talk.move()
    talk.answer(talk.ask("/c"), b"3")
    return talk.said


TOLD = [(b"/a", b"one", b"1"), (b"/b", b"two", b"before the end"), (b"/c", b"", b"3")]


@pytest.mark.parametrize("size", [1, 7, 100, 100_000])
def test_however_it_is_cut_the_same_is_told(size: int) -> None:
    said = [(way, data[at : at + size]) for way, data in session() for at in range(0, len(data), size)]
    http, found = run(said)
    assert [told(one) for one in found] == TOLD
    assert all(one.sent.done and one.received.done and not one.failure for one in found)
    assert not http.broken
    assert http.passed_over == 0
    request, response = found[1].request, found[1].response
    assert (request.host, request.asked_host, request.port) == ("h.example", "h.example", 443)
    assert (b"x-long", b"y" * 200) in request.headers
    assert response
    assert response.trailers == [(b"grpc-status", b"0")]


def test_a_server_that_says_goodbye_still_answers() -> None:
    talk = Talk()
    stream = talk.ask("/a")
    goodbye = bytes.fromhex("000008070000000000") + bytes(3) + b"\1" + bytes(4)
    talk.said.append((False, goodbye))
    talk.answer(stream, b"bye")
    assert [told(one) for one in run(talk.said)[1]] == [(b"/a", b"", b"bye")]


def test_a_table_that_is_larger_than_usual_is_followed() -> None:
    talk = Talk()
    talk.client.update_settings({SettingCodes.HEADER_TABLE_SIZE: 65_536})
    talk.move()
    for n in range(3):
        talk.answer(talk.ask(f"/{n}"), b"x")
    assert [told(one)[2] for one in run(talk.said)[1]] == [b"x"] * 3


def test_what_is_pushed_has_its_question_with_it() -> None:
    talk = Talk()
    stream = talk.ask("/a")
    head = [
        (b":method", b"GET"),
        (b":scheme", b"https"),
        (b":path", b"/style"),
        (b":authority", b"h.example"),
    ]
    talk.server.push_stream(stream, 2, head)
    talk.answer(stream, b"1")
    talk.answer(2, b"{}")
    assert [told(one) for one in run(talk.said)[1]] == [(b"/a", b"", b"1"), (b"/style", b"", b"{}")]


def test_what_is_given_up_says_so_and_the_rest_goes_on() -> None:
    talk = Talk()
    stream = talk.ask("/a", b"hello", end=False)
    talk.client.reset_stream(stream)
    talk.move()
    talk.answer(talk.ask("/b"), b"2")
    _, found = run(talk.said)
    assert [(one.request.path, one.failure) for one in found] == [
        (b"/a", "given up before it was complete"),
        (b"/b", ""),
    ]
    assert not found[0].sent.done


def test_an_upgrade_of_a_question_in_http_1_is_answered_in_http_2() -> None:
    asked = Talk()
    asked.answer(asked.ask("/a", b"q"), b"x")
    _, (exchange,) = run(asked.said)
    server = H2Connection(H2Configuration(client_side=False))
    server.initiate_upgrade_connection(b"")
    server.send_headers(1, [(b":status", b"200")])
    server.send_data(1, b"in two", end_stream=True)
    http = Http2(LINE, exchange)
    found = [
        *http.feed(Chunk(False, server.data_to_send(), 9, 9.0)),
        *http.feed(Chunk(True, PREFACE, 10, 10.0)),
    ]
    assert [told(one) for one in found] == [(b"/a", b"q", b"in two")]
    assert not http.broken


def test_lost_bytes_within_one_frame_of_data_leave_a_hole() -> None:
    talk = Talk()
    stream = talk.ask("/a")
    talk.answer(stream, b"0123456789" * 3)
    *before, (way, data) = [one for one in talk.said if b"0123456789" in one[1] or True]
    at = next(n for n, (_, said) in enumerate(talk.said) if b"0123456789" in said)
    way, data = talk.said[at]
    begin = data.index(b"0123456789") + 5
    said = [*talk.said[:at], (way, data[:begin]), (way, data[begin + 10 :]), *talk.said[at + 1 :]]
    http, found = run(said, {at + 1: 10})
    assert [told(one)[2] for one in found] == [b"01234" + bytes(10) + b"567890123456789"]
    assert not found[0].received.whole
    assert not http.broken
    assert before


def test_what_is_said_before_an_answer_is_said_with_it() -> None:
    talk = Talk()
    stream = talk.ask("/a", b"one")
    talk.server.send_headers(
        stream, [(b":status", b"103"), (b"x-preview", b"words"), (b"content-type", b"a")]
    )
    talk.answer(stream, b"two")
    _, (one,) = run(talk.said)
    assert one.hints == [(b"x-preview", b"words")]
    response = flow_of(one, LINE).response
    assert response
    assert response.headers == [(b"content-type", b"text/plain"), (b"x-preview", b"words")]


def socket(*frames: bytes) -> Talk:
    """A WebSocket in a stream, in which the server says this."""
    talk = Talk()
    upgrade = [(b":protocol", b"websocket"), (b":path", b"/chat"), (b":authority", b"h.example")]
    stream = talk.client.get_next_available_stream_id()
    talk.client.send_headers(stream, [(b":method", b"CONNECT"), (b":scheme", b"https"), *upgrade])
    talk.move()
    talk.server.send_headers(stream, [(b":status", b"200")])
    for frame in frames:
        talk.server.send_data(stream, frame)
        talk.move()
    return talk


@pytest.mark.parametrize(
    "last", [b"\x01\x05begun", b"\x81\x7e\1\0cut", b"\x83\x05other"], ids=["unfinished", "cut", "unknown"]
)
def test_a_message_in_a_socket_that_was_not_read_is_said(last: bytes) -> None:
    http, (one,) = run(socket(b"\x81\x06before", last).said)
    assert [frame.content for _, frame in one.frames] == [b"before"]
    assert http.passed_over or http.damaged


def test_a_socket_is_read_no_further_than_its_first_hole() -> None:
    """Else what stands for lost bytes would be taken for what was said."""
    texts = (b"before", b"0123456789" * 3, b"behind")
    talk = socket(*(bytes((0x81, len(text))) + text for text in texts))
    at = next(n for n, (_, said) in enumerate(talk.said) if b"0123456789" in said)
    way, data = talk.said[at]
    begin = data.index(b"0123456789") + 5
    said = [*talk.said[:at], (way, data[:begin]), (way, data[begin + 10 :]), *talk.said[at + 1 :]]
    for lost, read in ((0, texts), (10, texts[:1])):
        http, found = run(said if lost else talk.said, {at + 1: lost})
        assert tuple(frame.content for _, frame in found[0].frames) == read
        assert bool(http.passed_over) is ("missing" in found[0].failure) is bool(lost)


@pytest.mark.parametrize("lost", [1, 1 << 62])
def test_other_lost_bytes_end_it_and_what_was_open_is_not_whole(lost: int) -> None:
    said = session()
    at = len(said) // 2
    http, found = run(said, {at: lost})
    assert "missing" in http.broken
    assert http.passed_over > 0
    assert all(one.failure or told(one) in TOLD for one in found)


def test_what_only_begins_like_it_is_none() -> None:
    http, found = run([(True, b"PRI * HTTP/2.0\r\n\r\nno, after all"), (True, b"x")])
    assert http.broken == "ValueError: it does not begin as HTTP/2 does"
    assert not found


@given(st.data())
def test_damage_never_makes_it_raise(data: st.DataObject) -> None:
    said = session()
    for _ in range(data.draw(st.integers(1, 3))):
        n = data.draw(st.integers(0, len(said) - 1))
        way, piece = said[n]
        at = data.draw(st.integers(0, len(piece)))
        said[n] = (
            way,
            piece[:at] + data.draw(st.binary(max_size=6)) + piece[at + data.draw(st.integers(0, 3)) :],
        )
    run(said)
