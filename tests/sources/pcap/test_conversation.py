"""Whole connections: what is spoken is found by content, opened where there are keys, told as it comes."""

import random
import re
import ssl
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from operator import itemgetter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.model import Contact, Event, Parcel, Problem, Road
from auditor.sources.heads import Place
from auditor.sources.pcap.assembly import Assembly
from auditor.sources.pcap.conversation import SILENT, Conversation
from auditor.sources.pcap.hello import ClientHello
from auditor.sources.pcap.keys import Keys
from auditor.sources.pcap.wire import Chunk, End, Facts, Said
from auditor.sources.talk import STRANGE
from tests.sources.pcap.connections import Wire as Packets
from tests.sources.pcap.handshakes import contexts
from tests.sources.pcap.replay.test_http2 import session as session_of_http2
from tests.sources.pcap.replay.test_websocket import DEFLATE, SAYS, TOLD, spoken

CLIENT, SERVER = End(b"\x0a\0\0\2", 50_000), End(b"\xc0\0\2\1", 4_321)
ASK, ANSWER = (
    b"POST /send HTTP/1.1\r\nHost: chat.example\r\nContent-Length: 5\r\n\r\nhello",
    b"HTTP/1.1 204 Done\r\n\r\n",
)
WEB: list[Said] = [(True, ASK), (False, ANSWER)]
IRC: list[Said] = [
    (True, b"NICK alice\r\nUSER alice 0 * :Alice\r\n"),
    (False, b":s 001 alice :hi\r\n"),
    (True, b"PRIVMSG bob :meet at seven\r\n"),
]
MAIL: list[Said] = [
    (False, b"220 mail.example ESMTP\r\n"),
    (True, b"EHLO me\r\n"),
    (False, b"250-mail.example\r\n250 STARTTLS\r\n"),
    (True, b"STARTTLS\r\n"),
    (False, b"220 go ahead\r\n"),
]
LETTER: list[Said] = [
    (True, b"EHLO me\r\n"),
    (False, b"250 mail.example\r\n"),
    (True, b"MAIL FROM:<a@x.example>\r\n"),
    (False, b"250 ok\r\n"),
    (True, b"RCPT TO:<b@x.example>\r\n"),
    (False, b"250 ok\r\n"),
    (True, b"DATA\r\n"),
    (False, b"354 go\r\n"),
    (True, b"Subject: x\r\n\r\nmeet at seven\r\n.\r\n"),
    (False, b"250 ok\r\n"),
]
UPGRADE: list[Said] = [
    (True, b"GET /chat HTTP/1.1\r\nHost: chat.example\r\nUpgrade: websocket\r\n\r\n"),
    (
        False,
        f"HTTP/1.1 101 Yes\r\nUpgrade: websocket\r\nSec-WebSocket-Extensions: {DEFLATE}\r\n\r\n".encode(),
    ),
]
CONNECT: list[Said] = [
    (True, b"CONNECT chat.example:443 HTTP/1.1\r\n\r\n"),
    (False, b"HTTP/1.1 200 OK\r\n\r\n"),
]
SOCKS: list[Said] = [
    (True, b"\5\1\0"),
    (False, b"\5\0"),
    (True, b"\5\1\0\3\x0cchat.example\x01\xbb"),
    (False, b"\5\0\0\1" + bytes(6)),
]
HEAD = b"\x17\x03\x03\0\0"
BALANCED: list[Said] = [(True, b"PROXY TCP4 192.0.2.7 192.0.2.1 50000 80\r\n")]


def heard(
    said: Iterable[Said], keys: bytes = b"", search: bool = False, lost: dict[int, int] | None = None
) -> list[Event]:
    talk = Conversation(Place("x.pcap"), Keys([keys]), 17, CLIENT, SERVER, search=search)
    gaps = lost or {}
    chunks = [Chunk(way, data, n, float(n), gaps.get(n, 0)) for n, (way, data) in enumerate(said, 100)]
    return [event for chunk in chunks for event in talk.feed(chunk)] + talk.finish()


def parcels(events: Iterable[Event]) -> list[Parcel]:
    return [event for event in events if isinstance(event, Parcel)]


def bodies(events: Iterable[Event]) -> list[tuple[str, bool, bytes]]:
    return [(one.protocol, one.outgoing, one.body) for one in parcels(events)]


@dataclass
class Wire:
    """What two ends of TLS sent each other, and the log of the client's keys."""

    wire: list[Said] = field(default_factory=list)
    log: bytes = b""


def sealed(said: Iterable[Said], folder: Path, name: str = "chat") -> Wire:
    """A true session of OpenSSL, in memory."""
    client, server = contexts(folder / f"{name}.keys")
    pipes = {True: ssl.MemoryBIO(), False: ssl.MemoryBIO()}  # what each end hears
    sent = {True: ssl.MemoryBIO(), False: ssl.MemoryBIO()}
    ends = {
        True: client.wrap_bio(pipes[True], sent[True], server_hostname=f"{name}.example"),
        False: server.wrap_bio(pipes[False], sent[False], server_side=True),
    }
    made = Wire()

    def move(way: bool) -> None:
        if data := sent[way].read():
            made.wire.append((way, data))
            pipes[not way].write(data)

    for way in (True, False, True, False, True):
        with suppress(ssl.SSLWantReadError):
            ends[way].do_handshake()
        move(way)
    for way, words in said:
        ends[way].write(words)
        move(way)
        heard_of_it = b""
        while len(heard_of_it) < len(words):
            heard_of_it += ends[not way].read(len(words))
    made.log = (folder / f"{name}.keys").read_bytes()
    return made


def single(said: Iterable[Said]) -> list[Said]:
    return [(way, data[i : i + 1]) for way, data in said for i in range(len(data))]


def cut(said: Iterable[Said], seed: int) -> list[Said]:
    chance = random.Random(seed)
    pieces: list[Said] = []
    for way, data in said:
        at = 0
        while at < len(data):
            size = chance.choice([1, 7, 60, 1_000])
            pieces.append((way, data[at : at + size]))
            at += size
    return pieces


CLEAR: dict[str, tuple[list[Said], list[tuple[str, bool, bytes]]]] = {
    "HTTP": (WEB, [("http", True, b"hello"), ("http", False, b"")]),
    "HTTP/2": (
        session_of_http2(),
        [
            ("http", True, b"one"),
            ("http", False, b"1"),
            ("http", True, b"two"),
            ("http", False, b"before the end"),
            ("http", True, b""),
            ("http", False, b"3"),
        ],
    ),
    "a WebSocket": (
        [*UPGRADE, *spoken(DEFLATE, SAYS)],
        [
            ("http", True, b""),
            ("http", False, b""),
            *(("websocket", *one) for one in TOLD),
            ("websocket", True, b"still there?"),
        ],
    ),
    "HTTP through a proxy": ([*CONNECT, *WEB], [("http", True, b"hello"), ("http", False, b"")]),
    "HTTP through SOCKS": ([*SOCKS, *WEB], [("http", True, b"hello"), ("http", False, b"")]),
    "HTTP behind a balancer": ([*BALANCED, *WEB], [("http", True, b"hello"), ("http", False, b"")]),
}


@pytest.mark.parametrize("name", CLEAR)
def test_what_is_said_in_the_open_is_told_however_it_is_cut(name: str) -> None:
    said, expected = CLEAR[name]
    for pieces in (said, single(said), *(cut(said, seed) for seed in range(5))):
        events = heard(pieces)
        assert sorted(bodies(events)) == sorted(expected)
        assert {one.channel.road for one in parcels(events)} == {Road.CLEAR}
        assert {one.channel.opened_by for one in parcels(events)} == {"nobody"}
        assert not [one for one in events if isinstance(one, Problem)]
        refs = [str(one.ref) for one in parcels(events)]
        assert len(set(refs)) == len(refs)
        assert all(re.fullmatch(r"x\.pcap#17[\w.]*\.\d+[<>]@\d+", ref) for ref in refs)


def test_a_stream_is_told_message_by_message_with_the_packet_where_each_begins() -> None:
    events = parcels(heard(IRC))
    assert [(one.ref.part, one.protocol, one.head.method) for one in events] == [
        (".0>@100", "irc", "NICK"),
        (".1>@100", "irc", "USER"),
        (".2<@101", "irc", "001"),
        (".3>@102", "irc", "PRIVMSG"),
    ]
    halved = parcels(heard([*IRC[:2], (True, IRC[2][1][:9]), (True, IRC[2][1][9:])]))
    assert halved[-1].ref.part == ".3>@102"
    assert [one.body for one in halved] == [one.body for one in events]


@pytest.mark.parametrize(
    "said", [WEB, IRC, [*MAIL[:1], *LETTER], session_of_http2()], ids=["HTTP", "IRC", "SMTP", "HTTP/2"]
)
def test_tls_with_its_keys_tells_what_would_have_been_told_in_the_open(
    said: list[Said], tmp_path: Path
) -> None:
    wire = sealed(said, tmp_path)
    for pieces in (wire.wire, single(wire.wire), cut(wire.wire, 1)):
        events = heard(pieces, wire.log)
        assert bodies(events) == bodies(heard(said))
        for one in parcels(events):
            assert one.channel.host in ("chat.example", "h.example")  # the second is what HTTP/2 asked for
            assert (one.channel.port, one.channel.road) == (4_321, Road.PROTECTED)
            assert one.channel.opened_by == "key log"
            assert one.channel.address == "192.0.2.1"
        assert not [one for one in events if not isinstance(one, Parcel)]


def test_tls_without_its_keys_says_which_secret_is_missing(tmp_path: Path) -> None:
    wire = sealed(WEB, tmp_path).wire
    (contact,) = heard(wire)
    assert isinstance(contact, Contact)
    assert re.match(r"no secret for client random [0-9a-f]{8}", contact.reason)
    assert (contact.channel.host, contact.channel.road) == ("chat.example", Road.PROTECTED)
    assert (contact.sent, contact.received) == tuple(
        sum(len(data) for way, data in wire if way == mine) for mine in (True, False)
    )
    assert dict(contact.facts)["tls"]


def test_behind_starttls_a_new_channel_begins_and_is_opened(tmp_path: Path) -> None:
    wire = sealed(LETTER, tmp_path)
    events = heard([*MAIL, *wire.wire], wire.log)
    roads = [(one.head.method, one.channel.road) for one in parcels(events)]
    assert ("STARTTLS", Road.CLEAR) in roads
    assert [road for method, road in roads if method == "DATA"] == [Road.PROTECTED]
    assert len({str(one.ref) for one in parcels(events)}) == len(roads)
    shut = heard([*MAIL, *wire.wire])
    assert [one.reason[:9] for one in shut if isinstance(one, Contact)] == ["no secret"]
    assert {one.channel.road for one in parcels(shut)} == {Road.CLEAR}


@pytest.mark.parametrize("way", [CONNECT, SOCKS], ids=["CONNECT", "SOCKS"])
def test_through_a_proxy_the_host_is_the_one_that_was_asked_for(way: list[Said], tmp_path: Path) -> None:
    wire = sealed(IRC, tmp_path)
    events = heard([*way, *wire.wire], wire.log)
    assert bodies(events) == bodies(heard(IRC))
    assert {(one.channel.host, one.channel.port) for one in parcels(events)} == {("chat.example", 443)}
    assert {one.channel.road for one in parcels(events)} == {Road.PROTECTED}


def test_tls_within_tls_is_opened_by_both_keys(tmp_path: Path) -> None:
    inner = sealed(IRC, tmp_path)
    outer = sealed([*CONNECT, *inner.wire], tmp_path, "proxy")
    events = heard(outer.wire, outer.log + inner.log)
    assert bodies(events) == bodies(heard(IRC))
    half = heard(outer.wire, outer.log)
    assert not parcels(half)
    assert any("no secret" in one.reason for one in half if isinstance(one, Contact))


def test_a_request_that_the_capture_cuts_is_a_parcel_that_is_not_whole() -> None:
    (parcel, problem) = heard([(True, ASK[:-2])])
    assert isinstance(parcel, Parcel)
    assert (parcel.body, parcel.whole) == (b"hel", False)
    assert isinstance(problem, Problem)


def test_after_a_gap_the_rest_is_read_and_the_gap_is_told() -> None:
    more = [(False, b"ing\r\n:s NOTICE * :x\r\n"), (True, b"NICK a\r\nPRIVMSG bob :again\r\n")]
    events = heard([*IRC, *more], lost={103: 40})
    assert "again" in parcels(events)[-1].body.decode()
    assert any("missing" in one.message for one in events if isinstance(one, Problem))


def test_a_connection_that_was_joined_in_the_middle_of_a_body_is_read_from_the_next_request_on() -> None:
    events = heard([(True, b"the rest of a body"), (False, ANSWER), *WEB])
    assert bodies(events) == bodies(heard(WEB))
    told = [one.message for one in events if isinstance(one, Problem)]
    assert told == [f"{18 + len(ANSWER)} bytes come before anything that could be understood"]


def test_what_nobody_knows_is_a_contact_and_searched_where_there_is_something_to_find() -> None:
    said = [(True, b"\1\2\3hello"), (True, b" you"), (False, b"\xff\xfe no")]
    (contact,) = heard(said)
    assert isinstance(contact, Contact)
    assert (contact.reason, contact.sent, contact.received, contact.channel.road) == (
        STRANGE,
        12,
        5,
        Road.CLEAR,
    )
    events = heard(said, search=True)
    assert bodies(events) == [("tcp", True, b"\1\2\3hello you"), ("tcp", False, b"\xff\xfe no")]
    assert [one.ref.part for one in parcels(events)] == [".0>@100", ".1<@102"]


def test_what_shows_from_outside_gives_the_reason_where_it_can() -> None:
    (contact,) = heard([(False, b"SSH-2.0-OpenSSH_9.9\r\n"), (True, b"SSH-2.0-x\r\n" + bytes(99))])
    assert isinstance(contact, Contact)
    assert (contact.transport, contact.reason) == ("ssh", "SSH, which nobody opened")


@dataclass
class Null:
    """TLS with a cipher that hides nothing: what it carries stands in its records."""

    keys: Keys
    client: ClientHello | None = None
    alpn: str = ""
    shut: str = ""
    protects: bool = False
    facts: Facts = (("cipher", "NULL_SHA"),)

    def feed(self, from_client: bool, data: bytes, lost: int = 0) -> list[Said]:
        if data[0] == 22:
            return []
        return [(from_client, b"")] * bool(lost) + [(from_client, data[5:])]

    def finish(self) -> None:
        self.shut = ""


def test_tls_that_protects_nothing_is_an_open_road() -> None:
    talk = Conversation(Place("x.pcap"), Keys(), 17, CLIENT, SERVER, opener=Null)
    hello = Chunk(True, b"\x16\x03\x01\0\5\1\0\0\1\0", 1, 1.0)
    events = [
        *talk.feed(hello),
        *(one for way, data in IRC for one in talk.feed(Chunk(way, HEAD + data, 2, 2.0))),
    ]
    assert bodies(events) == bodies(heard(IRC))
    assert {(one.channel.road, one.channel.opened_by) for one in parcels(events)} == {(Road.CLEAR, "nobody")}


def test_what_tls_could_not_open_in_between_is_a_gap_of_unknown_size() -> None:
    talk = Conversation(Place("x.pcap"), Keys(), 17, CLIENT, SERVER, opener=Null)
    talk.feed(Chunk(True, b"\x16\x03\x01\0\5\1\0\0\1\0", 1, 1.0))
    events = talk.feed(Chunk(True, HEAD + ASK[:-3], 2, 2.0))
    events += talk.feed(Chunk(True, HEAD + b"lo" + ASK, 3, 3.0, lost=9))
    events += (
        talk.feed(Chunk(True, HEAD + ASK, 4, 4.0))
        + talk.feed(Chunk(False, HEAD + ANSWER, 5, 5.0))
        + talk.finish()
    )
    assert [one.whole for one in parcels(events)] == [False, True, True]


def test_what_is_lost_in_a_websocket_may_have_been_of_what_was_to_travel_in_it() -> None:
    (asked, request), granted = UPGRADE
    request = request.replace(b"Upgrade:", b"Sec-WebSocket-Protocol: xmpp\r\nUpgrade:")
    events = heard([(asked, request), granted, *spoken(DEFLATE, SAYS)], lost={102: 40})
    (problem,) = (one for one in events if isinstance(one, Problem))
    assert problem.protocols == ("http", "websocket", "xmpp")


def test_an_answer_of_which_nothing_came_may_have_been_a_message_of_the_host_that_was_asked() -> None:
    asked = b"GET /messages HTTP/1.1\r\nHost: chat.example\r\n\r\n"
    contact, problem = heard([(True, asked), (False, b"")], lost={101: 40})
    assert isinstance(contact, Contact)
    assert isinstance(problem, Problem)
    assert ([one.host for one in problem.channels], problem.protocols) == (
        ["chat.example"],
        ("http", "websocket"),
    )


def test_where_nothing_was_said_that_is_told() -> None:
    (contact,) = heard([])
    assert isinstance(contact, Contact)
    assert contact.reason == SILENT


def test_channels_inside_channels_have_an_end() -> None:
    events = heard(CONNECT * 20)
    assert events[-1].ref.part.count(".inside") == 9
    assert [one.reason for one in events if isinstance(one, Contact)][
        -1
    ] == "more than 8 channels inside each other"


@pytest.mark.parametrize("said", [WEB * 3, IRC, [*CONNECT, *WEB]], ids=["HTTP", "IRC", "CONNECT"])
def test_packets_that_come_out_of_order_change_nothing(said: list[Said]) -> None:
    packets = Packets(client=CLIENT, server=SERVER).open().tell(said, size=20).close().packets
    for seed in range(20):
        chance = random.Random(seed)
        late = {packet.number: packet.number + chance.uniform(0, 6) for packet in packets}
        mixed = [
            packet for _, packet in sorted(((late[one.number], one) for one in packets), key=itemgetter(0))
        ]
        assembly, talk = Assembly(CLIENT), Conversation(Place("x.pcap"), Keys(), 1, CLIENT, SERVER)
        chunks = [chunk for packet in mixed for chunk in assembly.feed(packet)] + assembly.finish()
        events = [event for chunk in chunks for event in talk.feed(chunk)] + talk.finish()
        assert bodies(events) == bodies(heard(said))


HOSTILE = {
    "a name that does not end": [(True, b"x")] * 70_000,
    "records of one byte": [(True, b"\x17\x03\x03\0\1a"[n % 6 : n % 6 + 1]) for n in range(60_000)],
    "answers nobody asked for": [
        (True, b"GET / HTTP/1.1\r\n"),
        (False, b"HTTP/1.1 2"),
        *[(False, b"x")] * 50_000,
    ],
    "lines in small pieces": [*IRC, *[(True, b"P")] * 50_000],
    "a frame in small pieces": [
        (True, session_of_http2()[0][1][:24] + b"\xff\xff\xff\0\0\0\0\0\1"),
        *[(True, b"x" * 99)] * 50_000,
    ],
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_said_in_small_pieces_is_not_read_over_and_over(name: str) -> None:
    started = time.process_time()
    heard(HOSTILE[name])
    assert time.process_time() - started < 60  # a hang, not a time


@given(st.data())
def test_nothing_that_is_said_makes_it_raise(data: st.DataObject) -> None:
    known = [
        WEB,
        IRC,
        MAIL,
        LETTER,
        UPGRADE,
        CONNECT,
        SOCKS,
        BALANCED,
        [(True, b"\x16\x03\x01\0\5\1\0\0\1\0")],
    ]
    said = [
        one for part in data.draw(st.lists(st.sampled_from(known), min_size=1, max_size=4)) for one in part
    ]
    said = cut(said, data.draw(st.integers(0, 50)))
    n = data.draw(st.integers(0, len(said) - 1))
    way, piece = said[n]
    said[n] = way, data.draw(st.binary(max_size=5)) + piece[data.draw(st.integers(0, 4)) :]
    gap = {data.draw(st.integers(100, 100 + len(said))): data.draw(st.sampled_from([1, 50, 1 << 62]))}
    assert heard(said, search=True, lost=gap if data.draw(st.booleans()) else None)
