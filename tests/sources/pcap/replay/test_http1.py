"""HTTP/1 from both directions: however it is cut, mixed up or damaged, the same exchanges come out."""

import random
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.model import Road
from auditor.sources.pcap.line import Line
from auditor.sources.pcap.replay.exchange import Exchange
from auditor.sources.pcap.replay.http1 import Http1
from auditor.sources.pcap.wire import Chunk, Said

LINE = Line("h.example", 80, "192.0.2.1", Road.CLEAR)
Told = tuple[bytes, bytes | None, int, bytes | None]  # path, what was sent, status, what was received


def run(*chunks: Chunk, ended: bool = True) -> tuple[Http1, list[Exchange]]:
    http = Http1(LINE)
    found = [exchange for chunk in chunks for exchange in http.feed(chunk)]
    return http, found + http.finish(ended)


def chunked(said: list[Said], lost: dict[int, int] | None = None) -> list[Chunk]:
    gaps = lost or {}
    return [Chunk(way, data, n, float(n), gaps.get(n, 0)) for n, (way, data) in enumerate(said)]


def told(exchange: Exchange) -> Told:
    status = exchange.response.status_code if exchange.response else 0
    return exchange.request.path, exchange.sent.content, status, exchange.received.content


def ask(path: str, body: bytes = b"", more: str = "", method: str = "") -> Said:
    lines = f"{method or ('POST' if body else 'GET')} {path} HTTP/1.1\r\nHost: h.example\r\n{more}"
    length = f"Content-Length: {len(body)}\r\n" if body else ""
    return True, f"{lines}{length}\r\n".encode() + body


def answer(body: bytes, status: str = "200 OK", more: str = "") -> Said:
    return False, f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{more}\r\n".encode() + body


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n"
TRAILED = CHUNKED[:-2] + b"X-Sum: 7\r\n\r\n"


@dataclass(frozen=True)
class Case:
    name: str
    said: list[Said]
    told: list[Told]
    upgrade: str = ""


CASES = [
    Case(
        "a question and its answer",
        [ask("/a?x=1", b"hello"), answer(b"hi")],
        [(b"/a?x=1", b"hello", 200, b"hi")],
    ),
    Case(
        "one after the other",
        [ask("/a"), answer(b"1"), ask("/b"), answer(b"2")],
        [(b"/a", b"", 200, b"1"), (b"/b", b"", 200, b"2")],
    ),
    Case(
        "in pieces of unknown size",
        [ask("/a"), (False, CHUNKED), ask("/b"), answer(b"2")],
        [(b"/a", b"", 200, b"abcdefg"), (b"/b", b"", 200, b"2")],
    ),
    Case(
        "with something behind the pieces",
        [ask("/a"), (False, TRAILED), ask("/b"), answer(b"2")],
        [(b"/a", b"", 200, b"abcdefg"), (b"/b", b"", 200, b"2")],
    ),
    Case(
        "asked twice before the first answer",
        [(True, ask("/a")[1] + ask("/b")[1]), answer(b"1"), answer(b"2")],
        [(b"/a", b"", 200, b"1"), (b"/b", b"", 200, b"2")],
    ),
    Case(
        "both answers in one",
        [(True, ask("/a")[1] + ask("/b")[1]), (False, answer(b"1")[1] + answer(b"2")[1])],
        [(b"/a", b"", 200, b"1"), (b"/b", b"", 200, b"2")],
    ),
    Case(
        "go on, said the server",
        [
            (True, ask("/a", b"hello", "Expect: 100-continue\r\n")[1][:-5]),
            (False, b"HTTP/1.1 100 Continue\r\n\r\n"),
            (True, b"hello"),
            answer(b"hi"),
            ask("/b"),
            answer(b"2"),
        ],
        [(b"/a", b"hello", 200, b"hi"), (b"/b", b"", 200, b"2")],
    ),
    Case(
        "hints before the answer",
        [ask("/a"), (False, b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n" * 3 + answer(b"hi")[1])],
        [(b"/a", b"", 200, b"hi")],
    ),
    Case(
        "answered before all was asked",
        [
            (True, ask("/a", b"hello")[1][:-3]),
            answer(b"no", "413 Too Large"),
            (True, b"llo"),
            ask("/b"),
            answer(b"2"),
        ],
        [(b"/a", b"hello", 413, b"no"), (b"/b", b"", 200, b"2")],
    ),
    Case(
        "only the head",
        [
            ask("/a", method="HEAD"),
            (False, b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"),
            ask("/b"),
            (False, b"HTTP/1.1 304 Not Modified\r\n\r\n"),
            ask("/c"),
            answer(b"3"),
        ],
        [(b"/a", b"", 200, b""), (b"/b", b"", 304, b""), (b"/c", b"", 200, b"3")],
    ),
    Case(
        "until the end of the connection",
        [ask("/a"), (False, b"HTTP/1.0 200 OK\r\n\r\nall "), (False, b"of it")],
        [(b"/a", b"", 200, b"all of it")],
    ),
    Case(
        "closed, and gone on with",
        [ask("/a"), answer(b"1", more="Connection: close\r\n"), ask("/b"), answer(b"2")],
        [(b"/a", b"", 200, b"1"), (b"/b", b"", 200, b"2")],
    ),
    Case("asked through a proxy", [ask("http://h.example/a"), answer(b"1")], [(b"/a", b"", 200, b"1")]),
    Case(
        "no tunnel",
        [ask("x.example:443", method="CONNECT"), answer(b"who are you", "407 Who"), ask("/b"), answer(b"2")],
        [(b"", b"", 407, b"who are you"), (b"/b", b"", 200, b"2")],
    ),
    Case(
        "a tunnel",
        [ask("x.example:443", method="CONNECT"), (False, b"HTTP/1.1 200 OK\r\n\r\nhi"), (True, b"ho")],
        [],
        upgrade="connect",
    ),
    Case(
        "a WebSocket",
        [
            ask("/a", more="Upgrade: websocket\r\n"),
            (False, b"HTTP/1.1 101 Yes\r\nUpgrade: WebSocket\r\n\r\nhi"),
            (True, b"ho"),
        ],
        [],
        upgrade="websocket",
    ),
]
EACH = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


def cut(said: list[Said], seed: int) -> list[Said]:
    chance, pieces = random.Random(seed), []
    for way, data in said:
        at = 0
        while at < len(data):
            size = chance.choice([1, 3, 40, 900])
            pieces.append((way, data[at : at + size]))
            at += size
    return pieces


@EACH
def test_however_it_is_cut_the_same_is_told(case: Case) -> None:
    single = [(way, data[i : i + 1]) for way, data in case.said for i in range(len(data))]
    for said in (case.said, single, *(cut(case.said, seed) for seed in range(10))):
        http, found = run(*chunked(said))
        assert [told(exchange) for exchange in found] == case.told
        assert all(one.sent.done and one.received.done and not one.failure for one in found)
        assert http.passed_over == 0
        assert (http.upgraded.upgrade if http.upgraded else "") == case.upgrade
        if case.upgrade:
            rest = {way: b"".join(c.data for c in http.rest if c.from_client == way) for way in (True, False)}
            assert rest == {True: b"ho", False: b"hi"}


@EACH
def test_a_capture_that_ends_early_gives_what_there_was(case: Case) -> None:
    for at in range(len(case.said)):
        for size in (0, 1, len(case.said[at][1]) // 2):
            said = [*case.said[:at], (case.said[at][0], case.said[at][1][:size])]
            _, found = run(*chunked(said), ended=False)
            whole = [told(one) for one in found if one.sent.done and one.received.done]
            assert whole == case.told[: len(whole)]
            assert all(told(one)[0] == mine[0] for one, mine in zip(found, case.told, strict=False))


def test_every_message_knows_the_packet_in_which_it_begins() -> None:
    said = cut([ask("/a", b"hello"), answer(b"hi"), ask("/b"), answer(b"2")], seed=3)
    begins = [n for n, (_, data) in enumerate(said) if data.startswith((b"P", b"G", b"H"))]
    _, found = run(*chunked(said))
    marks = [mark.number for one in found for mark in (one.asked, one.answered) if mark]
    starts = [n for n in begins if n == 0 or said[n - 1][0] != said[n][0]]
    assert marks == starts
    assert [one.asked.when for one in found] == [float(one.asked.number) for one in found]


def test_lost_bytes_of_a_body_leave_a_hole_in_it() -> None:
    said = [(True, ask("/a", b"x" * 20)[1][:-15]), (True, b"x" * 5), answer(b"1"), ask("/b"), answer(b"2")]
    http, found = run(*chunked(said, {1: 10}))
    assert [told(one) for one in found] == [
        (b"/a", b"x" * 5 + bytes(10) + b"x" * 5, 200, b"1"),
        (b"/b", b"", 200, b"2"),
    ]
    assert [one.sent.whole for one in found] == [False, True]
    assert http.passed_over == 0


def test_where_only_the_questions_were_caught_all_of_them_are_told() -> None:
    said = [ask("/a", b"hello"), (True, ask("/b")[1] + ask("/c")[1]), *[ask("/d", b"x" * 90_000)] * 30]
    http, found = run(*chunked(said), ended=False)
    assert [told(one) for one in found] == [
        (b"/a", b"hello", 0, None),
        (b"/b", b"", 0, None),
        (b"/c", b"", 0, None),
        *[(b"/d", b"x" * 90_000, 0, None)] * 30,
    ]
    assert http.passed_over == 0
    assert found[2].asked.number == 1


@pytest.mark.parametrize("size", [1, 7, 1_000])
def test_fields_behind_the_last_chunk_belong_to_their_message(size: int) -> None:
    asked = b"PUT /a HTTP/1.1\r\nHost: h.example\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n"
    note = b"X-Note: meet me\r\n\r\n"
    said = [(True, asked + note), (False, TRAILED), ask("/b"), (False, CHUNKED), ask("/c"), answer(b"2")]
    pieces = [(way, data[at : at + size]) for way, data in said for at in range(0, len(data), size)]
    http, exchanges = run(*chunked(pieces))
    fields = [(one.request.trailers, one.response.trailers) for one in exchanges if one.response is not None]
    assert fields == [([(b"X-Note", b"meet me")], [(b"X-Sum", b"7")]), (None, None), (None, None)]
    assert (http.passed_over, http.broken) == (0, "")


@pytest.mark.parametrize("lost", [7, 1 << 62])
def test_lost_bytes_elsewhere_cost_what_they_were_in_and_no_more(lost: int) -> None:
    said = [
        ask("/a"),
        (False, CHUNKED[:20]),
        (False, b"r the end"),
        ask("/b"),
        answer(b"2"),
        ask("/c"),
        answer(b"3"),
    ]
    http, found = run(*chunked(said, {2: lost}))
    assert [told(one)[0] for one in found] == [b"/a", b"/b", b"/c"]
    assert found[0].failure == "bytes are missing"
    assert [told(one)[3] for one in found[1:]] == [b"2", b"3"]
    assert http.passed_over == len(b"r the end") + 20


def test_a_connection_joined_in_the_middle_is_read_from_the_next_question_on() -> None:
    said = [(False, b"rest of an answer"), ask("/b"), answer(b"2")]
    http, found = run(*chunked(said))
    assert [told(one) for one in found] == [(b"/b", b"", 200, b"2")] or http.passed_over
    http, found = run(*chunked([(True, b"end of a body"), *said]))
    assert [told(one) for one in found] == [(b"/b", b"", 200, b"2")]
    assert http.passed_over == len(b"end of a body" + b"rest of an answer")


@pytest.mark.parametrize(
    "wrong",
    [
        b"POST /a HTTP/1.1\r\nContent-Length: many\r\n\r\n",
        b"GET /a HTTP/1.1\r\nno colon\r\n\r\n",
        b"POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        b"\0\0\0\0\r\n\r\n",
    ],
)
def test_what_makes_no_sense_is_passed_over_up_to_the_next_question(wrong: bytes) -> None:
    http, found = run(
        *chunked([ask("/a"), answer(b"1"), (True, wrong), (False, b"what?"), ask("/b"), answer(b"2")])
    )
    assert told(found[0]) == (b"/a", b"", 200, b"1")
    assert told(found[-1]) == (b"/b", b"", 200, b"2")
    assert http.passed_over > 0
    assert all(one.failure for one in found[1:-1])


@given(
    st.lists(
        st.tuples(
            st.booleans(),
            st.sampled_from(
                [
                    b"",
                    b"\r\n",
                    b"GET / HTTP/1.1\r\n",
                    b"Host: a\r\n\r\n",
                    b"HTTP/1.1 200 OK\r\n\r\n",
                    b"Content-Length: 3\r\n",
                    b"Transfer-Encoding: chunked\r\n\r\n",
                    b"3\r\nabc\r\n0\r\n\r\n",
                    b"HTTP/1.1 101 Up\r\n\r\n",
                    b"\xff\0",
                    b"CONNECT a:1 HTTP/1.1\r\n\r\n",
                    b"HTTP/1.1 100 Go\r\n\r\n",
                    b"HTTP/1.1 204 No\r\n\r\n",
                    b"x",
                ]
            ),
            st.sampled_from([0, 0, 0, 5, 1 << 62]),
        ),
        max_size=30,
    )
)
def test_nothing_that_is_said_makes_it_raise(said: list[tuple[bool, bytes, int]]) -> None:
    run(*(Chunk(way, data, n, 0.0, lost) for n, (way, data, lost) in enumerate(said)))


@given(st.data())
def test_damage_never_makes_it_raise(data: st.DataObject) -> None:
    case = data.draw(st.sampled_from(CASES))
    said = cut(case.said, data.draw(st.integers(0, 99)))
    for _ in range(data.draw(st.integers(1, 4))):
        n = data.draw(st.integers(0, len(said) - 1))
        way, piece = said[n]
        at = data.draw(st.integers(0, len(piece)))
        said[n] = way, piece[:at] + data.draw(st.binary(max_size=4)) + piece[at + 1 :]
    run(*chunked(said))
