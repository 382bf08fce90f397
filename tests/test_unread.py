"""What nobody could read where messages travel: no answer stands beside it as if all had been read."""

import json
from collections.abc import Callable
from functools import cache
from ipaddress import ip_address
from pathlib import Path

import pytest
from mitmproxy.http import HTTPFlow
from mitmproxy.io import FlowReader
from mitmproxy.net.http.http1 import assemble_request, assemble_response
from msgspec import structs
from wsproto.connection import Connection, ConnectionType
from wsproto.events import CloseConnection, Event, Ping, Pong, TextMessage

from auditor.audit import audit
from auditor.judge import judge
from auditor.model import Answer, Channel, Content, Direction, Head, Parcel, Problem, Ref, Road
from auditor.report import Capture, Report
from auditor.rulebook.book import Rulebook
from auditor.rulebook.build import sealed as enveloped
from auditor.shelf import load_rules
from auditor.sources import read
from auditor.sources.flows import flow_of
from auditor.sources.heads import Place
from auditor.sources.pcap.keys import Keys
from auditor.sources.pcap.wire import End, Packet, Said
from auditor.unread import ENTRIES, unread
from tests.sources.pcap.building import PHONE, SERVER, ethernet, ipv4, pcap, udp
from tests.sources.pcap.connections import Wire
from tests.sources.pcap.handshakes import contexts, speak
from tests.sources.pcap.replay.test_http2 import Talk
from tests.sources.pcap.test_reader import frame

SESSION = Path(__file__).parents[1] / "captures" / "xmpp-omemo" / "alice.mitm"
CAPTURE = Capture("ab" * 32, "made.pcap", "pcap", 1000)
OTHER = bytes((192, 168, 1, 99))  # another phone
EVERY = 7  # packets of which one is lost


@cache
def book() -> Rulebook:
    return load_rules(None)


def problem(host: str, *protocols: str) -> Problem:
    channel = Channel(host, 443, Road.PROTECTED)
    return Problem(Ref("x.pcap", 4), "cut", "bytes are missing", (channel,), protocols)


def test_what_lay_in_no_known_channel_puts_nothing_in_doubt() -> None:
    assert list(unread(Problem(Ref("x.pcap", 4), "cut", "the file ends early"), book())) == []
    assert list(unread(problem("www.example"), book())) == []


def test_a_doubt_is_one_for_each_message_that_the_rules_know_there() -> None:
    found = [one for one, _ in unread(problem("chat.example", "xmpp"), book())]
    assert {(one.platform, one.content, one.road) for one in found} >= {
        ("xmpp", Content.MISSING, Road.PROTECTED)
    }
    assert {one.direction for one in found} == {Direction.OUT, Direction.IN}
    assert {str(one.ref) for one in found} == {"x.pcap#4"}
    assert not {"irc", "mail"} & {one.platform for one in found}


def test_a_doubt_alone_is_no_message() -> None:
    report = audit([problem("chat.example", "xmpp")], book(), CAPTURE)
    assert [verdict for verdict in judge(report, book()) if verdict.counts] == []


@pytest.mark.parametrize("kind", ENTRIES)
def test_an_entry_that_could_not_be_read_may_hold_a_message_of_anybody(kind: str) -> None:
    (found,) = unread(Problem(Ref("x.pcap", 4), kind, "nobody knows what it is"), book())
    assert (found[0].platform, found[0].content, found[1]) == ("", Content.MISSING, "")


def test_beside_an_entry_that_could_not_be_read_nothing_is_sealed_as_a_whole(tmp_path: Path) -> None:
    """A misspelt key, a bad escape: a message may have stood there."""
    lines = [
        {"outgoing": one.outgoing, "protocol": one.protocol, "host": one.channel.host,
         "method": one.asked.method, "path": list(one.asked.path), "body": one.body.decode()}
        for one in read(SESSION.parents[1] / "matrix-e2ee" / "alice.mitm")
        if isinstance(one, Parcel) and one.outgoing
    ]  # fmt: skip
    path = tmp_path / "x.jsonl"
    for bad, verdict in ((0, True), (1, False)):
        lines[0] |= {"bdy": "meet me"} if bad else {}
        path.write_text("\n".join(json.dumps(one) for one in ({"parcels": 1}, *lines)))
        assert sealed(audit(read(path), book(), CAPTURE)) is verdict


@pytest.mark.parametrize("elsewhere", [False, True])
def test_of_those_whose_host_says_nothing_only_the_same_host_is_in_doubt(elsewhere: bool) -> None:
    """Matrix is at home on any host: what is lost on another one is none of its business."""
    events = list(read(SESSION.parents[1] / "matrix-e2ee" / "alice.mitm"))
    hosts = {event.channel.host for event in events if isinstance(event, Parcel)}
    assert len(hosts) == 1
    lost = problem("www.example" if elsewhere else hosts.pop(), "http")
    assert sealed(audit([*events, lost], book(), CAPTURE)) is elsewhere


WORDS = b"meet me by the old crane\r\n"


@pytest.mark.parametrize(
    ("head", "answer"),
    [
        (Head("FETCH-PART", query=(("section", "1"),)), False),
        (Head("FETCH-PART"), False),
        (Head("FETCH-PIECE"), True),  # which is joined with others
        (Head("TOO-LONG"), False),
        (Head("REPLY"), True),
    ],
    ids=lambda one: getattr(one, "method", ""),
)
def test_what_is_no_whole_message_may_be_one(head: Head, answer: bool) -> None:
    """Programs fetch a mail part by part, and no rule knows what a part alone is."""
    events = list(read(SESSION.parents[1] / "mail-sealed" / "bob.mitm"))
    mail = next(one for one in events if isinstance(one, Parcel) and one.head.method == "FETCH")
    assert sealed(audit(events, book(), CAPTURE))
    assert sealed(audit([*events, structs.replace(mail, head=head, body=WORDS)], book(), CAPTURE)) is answer


def test_a_part_of_a_mail_is_never_sealed_as_if_it_were_all_of_it() -> None:
    """What follows an armored text may lie open."""
    channel = Channel("mail.example", 25, Road.CLEAR)
    text = b"From: a@h.example\r\nSubject: ...\r\n\r\n" + enveloped("openpgp-armored", book(), "1")
    for method, answer in (("DATA", True), ("DATA-PART", False)):
        mail = Parcel(Ref("x.pcap", 1), channel, True, text, "smtp", Head(method, ("b@h.example",)))
        assert sealed(audit([mail], book(), CAPTURE)) is answer


def test_an_element_that_is_too_long_may_be_a_message() -> None:
    events = list(read(SESSION))
    stanza = next(one for one in events if isinstance(one, Parcel) and one.head.method == "message")
    long = structs.replace(stanza, head=Head("TOO-LONG"), body=b'{"length": 99999999, "start": "<message"}')
    found = [one.direction for one in judge(audit([*events, long], book(), CAPTURE), book())
             if one.verdict is Answer.END_TO_END]  # fmt: skip
    assert found == [Direction.IN if stanza.outgoing else Direction.OUT]


def sealed(report: Report) -> bool:
    return any(verdict.verdict is Answer.END_TO_END for verdict in judge(report, book()))


@cache
def words() -> tuple[Said, ...]:
    """A chat of two programs that use OMEMO, as it was said inside TLS."""
    with SESSION.open("rb") as file:
        (flow,) = FlowReader(file).stream()
    state = flow_of(flow.get_state())
    return tuple((one.from_client, one.content) for one in state.messages)


def pages() -> tuple[Said, ...]:
    return spoken("alice.mitm")


def received() -> tuple[Said, ...]:
    return spoken("bob.mitm")


@cache
def spoken(name: str) -> tuple[Said, ...]:
    """Requests of a client of Matrix in a sealed room and their answers, one behind the other."""
    said: list[Said] = []
    with (SESSION.parents[1] / "matrix-e2ee" / name).open("rb") as file:
        for flow in FlowReader(file).stream():
            assert isinstance(flow, HTTPFlow)
            assert flow.response
            flow.request.decode()
            flow.response.decode()
            for way, message in ((True, flow.request), (False, flow.response)):
                message.headers.pop("transfer-encoding", None)
                message.headers["content-length"] = str(len(message.raw_content or b""))
                said.append((way, assemble_request(message) if way else assemble_response(message)))
    return tuple(said)


def asked(_: Path) -> tuple[list[Packet], Keys]:
    wire = Wire(End(PHONE, 40_000), End(SERVER, 8008)).open().tell(pages(), size=4_000).close()
    return wire.packets, Keys()


def clear(_: Path) -> tuple[list[Packet], Keys]:
    wire = Wire(End(PHONE, 40_000), End(SERVER, 5222)).open().tell(words(), size=4_000).close()
    return wire.packets, Keys()


def locked(folder: Path) -> tuple[list[Packet], Keys]:
    told = speak(*contexts(folder / "log"), says=words())
    wire = Wire(End(PHONE, 40_000), End(SERVER, 5223)).open().tell(told.wire, size=4_000).close()
    return wire.packets, Keys([told.log])


@pytest.mark.parametrize("made", [clear, locked, asked])
def test_whatever_packet_is_lost_what_is_left_is_not_called_sealed_as_a_whole(
    made: Callable[[Path], tuple[list[Packet], Keys]], tmp_path: Path
) -> None:
    """Where all messages are there, what else was lost is no matter."""
    packets, keys = made(tmp_path)
    carrying = [number for number, one in enumerate(packets) if one.payload]
    every = ends(packets, keys, tmp_path)
    assert every
    for lost in carrying[::EVERY]:
        rest = packets[:lost] + packets[lost + 1 :]
        assert ends(rest, keys, tmp_path).items() <= every.items(), lost


STANZA = b"<message to='bob@harbor.example'><body>meet me by the old crane</body></message>"


@pytest.mark.parametrize(
    "first",
    [(), (b"<presence/>",), (b"<r xmlns='urn:xmpp:sm:3'/>",), (b" ",), (b"the end</body></message>",)],
)
def test_words_of_a_chat_that_was_joined_in_its_middle_are_read(
    first: tuple[bytes, ...], tmp_path: Path
) -> None:
    """Nobody heard its beginning, and another one of the same app is sealed."""
    packets, keys = clear(tmp_path)
    later = Wire(End(PHONE, 40_001), End(SERVER, 5222)).tell(
        [*((True, one) for one in first), (True, STANZA)]
    )
    numbered = enumerate([*packets, *later.packets], 1)
    every = [structs.replace(one, number=number, when=float(number)) for number, one in numbered]
    assert ("xmpp", "dm", Direction.OUT) not in ends(every, keys, tmp_path)


SIGNS: dict[str, tuple[bool, Event]] = {
    "what keeps it alive": (True, Ping(payload=b"1763715600")),
    "why it ends": (False, CloseConnection(code=1001, reason="Server is going away")),
    "words in what keeps it alive": (True, Ping(payload=b"meet me by the old crane")),
    "words in the answer to that": (False, Pong(payload=b"meet me by the old crane")),
    "words at the end": (False, CloseConnection(code=1000, reason="meet me by the old crane")),
}
UNKNOWN_FRAME = (True, b"\x83\x98\0\0\0\0meet me by the old crane")  # of a kind that nobody defined


@pytest.mark.parametrize("what", [*SIGNS, "words in a frame of no known kind"])
def test_words_in_a_websocket_outside_its_messages_are_perhaps_a_copy(what: str, tmp_path: Path) -> None:
    with (SESSION.parents[1] / "nostr-nip17" / "alice.mitm").open("rb") as file:
        (flow,) = FlowReader(file).stream()
    assert isinstance(flow, HTTPFlow)
    assert flow.websocket
    assert flow.response
    sides = {True: Connection(ConnectionType.CLIENT), False: Connection(ConnectionType.SERVER)}
    flow.response.headers.pop("sec-websocket-extensions", None)
    said = [(True, assemble_request(flow.request)), (False, assemble_response(flow.response))]
    said += [
        (one.from_client, sides[one.from_client].send(TextMessage(data=one.text)))
        for one in flow.websocket.messages
    ]
    way, sign = SIGNS.get(what, UNKNOWN_FRAME)
    said.append((way, sign if isinstance(sign, bytes) else sides[way].send(sign)))
    wire = Wire(End(PHONE, 40_000), End(SERVER, 7000)).open().tell(said, size=4_000).close()
    told = ends(wire.packets, Keys(), tmp_path)
    assert (("nostr", "dm", Direction.OUT if way else Direction.IN) in told) is ("words" not in what)


@pytest.mark.parametrize("status", [b"200", b"404"])
@pytest.mark.parametrize("host", [b"hs.example", b"elsewhere.example"])
def test_a_session_inside_http_that_nobody_can_read_may_hold_messages(
    status: bytes, host: bytes, tmp_path: Path
) -> None:
    talk = Talk()
    lines = [(b":scheme", b"https"), (b":authority", b"hs.example")]
    room = (b":path", b"/_matrix/client/v3/rooms/!a:b/send/m.room.encrypted/1")
    talk.client.send_headers(1, [(b":method", b"PUT"), *lines, room])
    talk.client.send_data(1, json.dumps(enveloped("megolm", book(), "1")).encode(), end_stream=True)
    talk.move()
    talk.answer(1, b"{}")
    asked = [(b":method", b"CONNECT"), (b":protocol", b"webtransport"), (b":scheme", b"https")]
    talk.client.send_headers(3, [*asked, (b":authority", host), (b":path", b"/room")])
    talk.client.send_data(3, b"\0\x18meet me by the old crane")
    talk.move()
    talk.server.send_headers(3, [(b":status", status)], end_stream=True)
    talk.move()
    wire = Wire(End(PHONE, 40_000), End(SERVER, 8008)).open().tell(talk.said, size=4_000).close()
    told = ends(wire.packets, Keys(), tmp_path)
    beside = (status, host) == (b"200", b"hs.example")
    assert (("matrix", "room", Direction.OUT) in told) is not beside


def exchanged(hint: bytes, phrase: bytes) -> list[Said]:
    """A sealed message, what the server says before its answer, and the answer."""
    body = json.dumps(enveloped("megolm", book(), "1")).encode()
    head = b"PUT /_matrix/client/v3/rooms/!a:b/send/m.room.encrypted/1 HTTP/1.1\r\nHost: hs.example\r\n"
    question = head + b"Content-Length: %d\r\n\r\n" % len(body) + body
    early = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n%s\r\n" % hint
    return [(True, question), (False, early + b"HTTP/1.1 200 %s\r\nContent-Length: 2\r\n\r\n{}" % phrase)]


@pytest.mark.parametrize(
    ("hint", "phrase", "answer"),
    [
        (b"", b"OK", True),
        (b"X-Preview: meet me by the old crane\r\n", b"OK", False),
        (b"", b"meet me by the old crane", False),
        (b"Content-Type: text/plain\r\n", b"Found It", True),
    ],
)
def test_words_in_front_of_an_answer_are_perhaps_a_copy(
    hint: bytes, phrase: bytes, answer: bool, tmp_path: Path
) -> None:
    wire = Wire(End(PHONE, 40_000), End(SERVER, 8008)).open().tell(exchanged(hint, phrase)).close()
    assert (("matrix", "room", Direction.OUT) in ends(wire.packets, Keys(), tmp_path)) is answer


def test_words_behind_the_last_chunk_of_a_message_are_read(tmp_path: Path) -> None:
    """Fields may follow a body that comes in chunks, as they stand in front of it."""
    host = pages()[0][1].partition(b"ost: ")[2].partition(b"\r")[0]
    body = json.dumps(enveloped("megolm", book(), "1")).encode()
    head = b"PUT /_matrix/client/v3/rooms/!a:b/send/m.room.encrypted/1 HTTP/1.1\r\nHost: %s\r\n" % host
    chunks = b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n%%s\r\n" % (len(body), body)
    for note in (b"", b"X-Note: meet me by the old crane\r\n"):
        wire = Wire(End(PHONE, 40_000), End(SERVER, 8008)).open().tell(pages(), size=4_000)
        said = [(True, head + chunks % note), (False, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")]
        found = ends(wire.tell(said).close().packets, Keys(), tmp_path)
        assert (("matrix", "room", Direction.OUT) in found) is not bool(note)


@pytest.mark.parametrize(("asked", "answer"), [(1, True), (2, False)])
def test_answers_of_which_nobody_heard_one_may_have_brought_messages(
    asked: int, answer: bool, tmp_path: Path
) -> None:
    """The client asks again: it was answered, where only its own side was recorded."""
    mine = Wire(End(PHONE, 40_000), End(SERVER, 8008)).open().tell(received(), size=4_000).close().packets
    (_, question), *_ = [one for one in received() if b"/sync" in one[1][:60]]
    later = Wire(End(PHONE, 40_001), End(SERVER, 8008)).open().tell([(True, question)] * asked)
    packets = [*mine, *(one for one in later.packets if one.source == later.client)]
    numbered = [structs.replace(one, number=n, when=float(n)) for n, one in enumerate(packets, 1)]
    assert (("matrix", "room", Direction.IN) in ends(numbered, Keys(), tmp_path)) is answer


CALL = b"MESSAGE sip:bob@h.example SIP/2.0\r\nContent-Type: text/plain\r\n\r\n"


@pytest.mark.parametrize("lost", [None, 0, 1])
def test_a_datagram_of_which_a_fragment_never_came_may_have_been_a_message(
    lost: int | None, tmp_path: Path
) -> None:
    whole = udp(40_000, 5060, CALL + b"meet me by the old crane " * 60)
    pieces = [ipv4(whole[:800], 17, name=7, more=True), ipv4(whole[800:], 17, name=7, at=800)]
    packets = [ipv4(udp(40_000, 5060, CALL + enveloped("otr", book(), str(n))), 17) for n in range(2)]
    kept = [] if lost is None else [pieces[1 - lost]]
    path = tmp_path / "x.pcap"
    path.write_bytes(pcap([ethernet(one) for one in (*packets, *kept)]))
    assert sealed(audit(read(path), book(), CAPTURE)) is (lost is None)


@pytest.mark.parametrize("made", [clear, locked])
def test_what_was_told_twice_and_not_the_same_may_have_been_a_message(
    made: Callable[[Path], tuple[list[Packet], Keys]], tmp_path: Path
) -> None:
    """Of two tellings nobody knows which was heard, but for those that TLS let through."""
    packets, keys = made(tmp_path)
    last = max(number for number, one in enumerate(packets) if one.payload)
    other = structs.replace(packets[last], payload=bytes(len(packets[last].payload)))
    packets.insert(last + 1, other)
    assert bool(ends(packets, keys, tmp_path)) is (made is locked)


def test_a_doubt_is_one_about_the_device_whose_connection_it_was(tmp_path: Path) -> None:
    packets, keys = clear(tmp_path)
    first, second = (str(ip_address(address)) for address in (PHONE, OTHER))
    devices = (first, second)
    assert ends(packets, keys, tmp_path, devices)
    carrying = [number for number, one in enumerate(packets) if one.payload]
    lost = carrying[len(carrying) // 2]
    assert not ends(packets[:lost] + packets[lost + 1 :], keys, tmp_path, devices)


def ends(
    packets: list[Packet], keys: Keys, folder: Path, devices: tuple[str, ...] = ()
) -> dict[tuple[str, str, Direction], int]:
    """What is called end-to-end, and how many messages that is said of."""
    path = folder / "x.pcap"
    path.write_bytes(pcap([frame(one) for one in packets]))
    report = audit(read(path, said=Place(keys=keys, devices=devices)), book(), CAPTURE)
    return {
        (one.platform, one.surface, one.direction): sum(one.counts.values())
        for one in judge(report, book())
        if one.verdict is Answer.END_TO_END
    }
