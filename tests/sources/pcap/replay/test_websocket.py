"""WebSockets as two true ends speak them in memory: masked, in fragments, deflated with their memory kept."""

import pytest
from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Event, Ping, Pong, TextMessage
from wsproto.extensions import Extension, PerMessageDeflate

from auditor.sources.flows import Request, Response
from auditor.sources.pcap.replay.exchange import Exchange, Mark
from auditor.sources.pcap.replay.websocket import WebSocket
from auditor.sources.pcap.wire import Chunk, Said

DEFLATE = "permessage-deflate; client_max_window_bits=15"
SAYS: list[tuple[bool, Event]] = [
    (True, TextMessage(data='{"text": "meet at seven"}')),
    (False, TextMessage(data='{"text": "meet at seven"}')),
    (True, TextMessage(data="in two ", message_finished=False)),
    (True, Ping(payload=b"still there?")),
    (True, TextMessage(data="pieces")),
    (True, BytesMessage(data=bytes(range(256)) * 300)),
    (False, TextMessage(data='{"text": "meet at seven"}')),
    (True, TextMessage(data="")),
]
TOLD = [
    (True, b'{"text": "meet at seven"}'), (False, b'{"text": "meet at seven"}'), (True, b"in two pieces"),
    (True, bytes(range(256)) * 300), (False, b'{"text": "meet at seven"}'), (True, b""),
]  # fmt: skip


def extensions(agreed: str) -> list[Extension]:
    if not agreed:
        return []
    deflate = PerMessageDeflate()
    deflate.finalize(agreed)
    return [deflate]


def spoken(agreed: str, says: list[tuple[bool, Event]]) -> list[Said]:
    ends = {
        True: Connection(ConnectionType.CLIENT, extensions(agreed)),
        False: Connection(ConnectionType.SERVER, extensions(agreed)),
    }
    return [(way, ends[way].send(event)) for way, event in says]


def socket(agreed: str = "") -> WebSocket:
    asked = Request(b"GET", b"https", "h.example", 443, b"/chat", [])
    answered = Response(101, [(b"Sec-WebSocket-Extensions", agreed.encode())] if agreed else [])
    return WebSocket(Exchange(asked, Mark(1, 1.0), response=answered))


def heard(one: WebSocket, said: list[Said]) -> list[Said]:
    for number, (way, data) in enumerate(said):
        one.feed(Chunk(way, data, number, float(number)))
    return [(frame.from_client, frame.content) for _, frame in one.exchange.frames]


@pytest.mark.parametrize("size", [1, 5, 100_000])
@pytest.mark.parametrize("agreed", ["", DEFLATE, DEFLATE + "; client_no_context_takeover"])
def test_however_it_is_cut_the_same_is_told(agreed: str, size: int) -> None:
    said = [
        (way, data[at : at + size]) for way, data in spoken(agreed, SAYS) for at in range(0, len(data), size)
    ]  # fmt: skip
    one = socket(agreed)
    assert heard(one, said) == TOLD
    assert not one.broken
    assert not one.closed
    assert one.waiting == one.passed_over == 0


def test_every_message_knows_the_packet_in_which_it_begins() -> None:
    one = socket()
    heard(one, spoken("", SAYS))
    assert [mark.number for mark, _ in one.exchange.frames] == [0, 1, 2, 5, 6, 7]
    assert [frame.kind for _, frame in one.exchange.frames] == [1, 1, 1, 2, 1, 1]


def test_words_in_what_is_no_message_are_kept_apart_from_the_messages() -> None:
    """Programs write what they like into a sign of life and into the end; mostly noise, or nothing."""
    one = socket()
    ends: list[tuple[bool, Event]] = [
        (True, Ping(payload=b"")),
        (True, Ping(payload=b"\xff\xfe\x80\x81")),
        (False, Pong(payload="ähm".encode())),
        (False, CloseConnection(code=1000, reason="the end")),
    ]
    heard(one, spoken("", [*SAYS, *ends]))
    assert [mark.number for mark, _ in one.exchange.signs] == [3, 10, 11]
    signs = [(frame.kind, frame.from_client, frame.content) for _, frame in one.exchange.signs]
    assert signs == [(9, True, b"still there?"), (10, False, "ähm".encode()), (8, False, b"the end")]


def test_a_sign_of_life_that_is_too_long_is_none() -> None:
    one = socket()
    assert heard(one, [(False, b"\x89\x7e\x00\x80" + b"x" * 128)]) == []
    assert one.broken


@pytest.mark.parametrize("together", [False, True])
def test_what_comes_behind_the_end_is_not_read_but_counted(together: bool) -> None:
    one = socket()
    end = CloseConnection(code=1000)
    said = spoken("", [SAYS[0], (False, end), (True, end)])
    later = (True, b"\x81\x07meet me")
    said = [*said[:-1], (True, said[-1][1] + later[1])] if together else [*said, later]
    assert heard(one, said) == TOLD[:1]
    assert one.closed
    assert not one.broken
    assert one.passed_over == 9


def test_what_an_unknown_extension_made_of_the_messages_nobody_knows() -> None:
    one = socket(f"{DEFLATE}, x-mix")
    assert heard(one, spoken(DEFLATE, SAYS)) == TOLD
    assert (one.broken, one.wrong) == ("", "extensions that nobody here speaks: x-mix")
    assert socket(DEFLATE).wrong == socket().wrong == ""


def test_who_has_not_said_goodbye_may_still_speak() -> None:
    one = socket()
    said = spoken("", [(True, CloseConnection(code=1000)), SAYS[1]])
    assert heard(one, [*said, (True, b"\x82\x01")]) == TOLD[1:2]
    assert not one.closed


def test_a_gap_ends_the_reading_and_says_how_much_is_left() -> None:
    one = socket(DEFLATE)
    one.feed(Chunk(True, b"abc", 1, 1.0, lost=4))
    one.feed(Chunk(True, b"defg", 2, 2.0))
    assert "missing" in one.broken
    assert one.passed_over == 7


@pytest.mark.parametrize(
    "wrong", [b"\xff" * 20, b"\xc1\x84\0\0\0\0abcd", b"\x81\x02\xff\xfe", b"\x83\x80\0\0\0\0"]
)
def test_what_makes_no_sense_is_said_and_never_raised(wrong: bytes) -> None:
    one = socket(DEFLATE)
    one.feed(Chunk(True, wrong, 1, 1.0))
    assert one.broken
    assert not one.exchange.frames


def test_extensions_that_make_no_sense_are_said() -> None:
    assert "extensions" in socket("permessage-deflate; client_max_window_bits=many").broken
