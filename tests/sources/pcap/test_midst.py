"""Connections of which nobody heard the beginning: what can be read is read, and the rest is in doubt."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from msgspec import structs

from auditor.audit import audit
from auditor.judge import judge
from auditor.model import Answer, Channel, Content, Finding, Parcel, Problem, Ref
from auditor.rulebook.build import sealed
from auditor.sources import read
from auditor.sources.pcap.midst import SPOKEN, UNHEARD, Missed, begins
from auditor.sources.pcap.speech import DEPTH
from auditor.sources.pcap.wire import End, Packet, Said
from tests.sources.pcap.building import PHONE, SERVER, pcap
from tests.sources.pcap.connections import Wire
from tests.sources.pcap.test_reader import frame
from tests.streams import test_msnp as msnp
from tests.streams import test_oscar as oscar
from tests.streams import test_ymsg as ymsg
from tests.test_unread import CAPTURE, OTHER, book

WORDS = b"meet me by the old crane"
LOCKED = [sealed("otr", book(), str(seed)) for seed in range(2)]
ARMORED = [sealed("openpgp-armored", book(), str(seed)).replace(b"\n", b"\r\n") for seed in range(2)]


ROOMS = [json.dumps(sealed("megolm", book(), str(seed))).encode() for seed in range(2)]


def letter(text: bytes) -> bytes:
    return b"From: a@h.example\r\nTo: b@h.example\r\nSubject: ...\r\n\r\n" + text + b"\r\n"


def handed_in(text: bytes) -> list[Said]:
    return [
        (True, b"MAIL FROM:<a@h.example>\r\n"),
        (False, b"250 ok\r\n"),
        (True, b"RCPT TO:<b@h.example>\r\n"),
        (False, b"250 ok\r\n"),
        (True, b"DATA\r\n"),
        (False, b"354 go on\r\n"),
        (True, letter(text) + b".\r\n"),
        (False, b"250 ok\r\n"),
    ]


def fetched(text: bytes) -> list[Said]:
    mail = letter(text)
    answer = b"* 1 FETCH (BODY[] {%d}\r\n%s)\r\na1 OK done\r\n" % (len(mail), mail)
    return [(True, b"a1 FETCH 1 (BODY.PEEK[])\r\n"), (False, answer)]


def retrieved(text: bytes) -> list[Said]:
    return [(True, b"RETR 1\r\n"), (False, b"+OK it comes\r\n" + letter(text) + b".\r\n")]


def called(text: bytes) -> list[Said]:
    head = b"MESSAGE sip:bob@h.example SIP/2.0\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n"
    return [(True, head % len(text) + text)]


def chatted(text: bytes) -> list[Said]:
    head = b"MSRP abcd1 SEND\r\nTo-Path: msrp://b.example:7/x;tcp\r\nByte-Range: 1-%d/%d\r\n\r\n"
    return [(True, head % (len(text), len(text)) + text + b"\r\n-------abcd1$\r\n")]


def published(text: bytes) -> list[Said]:
    packet = b"\0\x08chat/bob" + text
    size = bytes([len(packet) & 127 | 128, len(packet) >> 7]) if len(packet) > 127 else bytes([len(packet)])
    return [(True, b"\x30" + size + packet)]


def paged(text: bytes) -> list[Said]:
    """AIM, ICQ."""
    return [(True, oscar.sent(1, oscar.text(text)))]


def yelled(text: bytes) -> list[Said]:
    return [(True, ymsg.packet(6, (1, "ada"), (5, "bob"), (14, text.decode())))]


def chimed(text: bytes) -> list[Said]:
    return [(True, msnp.behind(b"MSG 7 N", msnp.PLAIN + text))]


def put(text: bytes) -> list[Said]:
    kind, body = (b"encrypted", text) if text in ROOMS else (b"message", b'{"body": "%s"}' % text)
    head = b"PUT /_matrix/client/v3/rooms/!a:b.org/send/m.room.%s/1 HTTP/1.1\r\nHost: h.example\r\n" % kind
    length = b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
    return [(True, head + length + body), (False, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")]


@dataclass
class Spoken:
    """What begins a connection, what one message is, and what sealed ones say."""

    begin: list[Said]
    port: int
    tell: Callable[[bytes], list[Said]]
    texts: list[bytes]
    resumes: bool = True  # whether a message is found behind the rest of another one

    def said(self, *texts: bytes) -> list[Said]:
        return [one for text in texts for one in self.tell(text)]


STREAM = b"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>"
TALKS = {
    "irc": Spoken(
        [(True, b"NICK ada\r\nUSER ada 0 * :Ada\r\n")], 6667,
        lambda text: [(True, b"PRIVMSG bob :" + text + b"\r\n")], LOCKED,
    ),
    "xmpp": Spoken(
        [(True, STREAM), (False, STREAM)], 5222,
        lambda text: [(True, b"<message to='bob@h.example'><body>" + text + b"</body></message>")], LOCKED,
    ),
    "smtp": Spoken(
        [(False, b"220 h ESMTP\r\n"), (True, b"EHLO x\r\n"), (False, b"250 ok\r\n")], 25, handed_in, ARMORED,
    ),
    "imap": Spoken([(False, b"* OK IMAP4rev1\r\n")], 143, fetched, ARMORED),
    "http": Spoken([], 8008, put, ROOMS),
    "pop3": Spoken([(False, b"+OK hello\r\n")], 110, retrieved, ARMORED),
    "sip": Spoken([], 5060, called, LOCKED),
    "msrp": Spoken([], 2855, chatted, LOCKED),
    "mqtt": Spoken(
        [(True, b"\x10\x0d\0\4MQTT\4\2\0\x3c\0\1c"), (False, b"\x20\2\0\0")], 1883, published, LOCKED,
        resumes=False,
    ),
    "oscar": Spoken([(True, oscar.flap(1, b"\0\0\0\1"))], 5190, paged, LOCKED, resumes=False),
    "ymsg": Spoken([], 5050, yelled, LOCKED),
    "msnp": Spoken([(True, b"VER 1 MSNP8 CVR0\r\n")], 1863, chimed, LOCKED),
}  # fmt: skip


def whole(talk: Spoken) -> list[Packet]:
    """A connection with nothing but sealed messages."""
    wire = Wire(End(PHONE, 40_000), End(SERVER, talk.port)).open()
    return wire.tell([*talk.begin, *talk.said(*talk.texts)], size=4_000).close().packets


def joined(said: list[Said], port: int) -> list[Packet]:
    """Another one, of which nobody heard the beginning."""
    return Wire(End(PHONE, 40_001), End(SERVER, port)).tell(said, size=4_000).packets


def heard(packets: list[Packet], folder: Path) -> tuple[set[Answer], list[Finding]]:
    numbered = [structs.replace(one, number=n, when=float(n)) for n, one in enumerate(packets, 1)]
    path = folder / "x.pcap"
    path.write_bytes(pcap([frame(one) for one in numbered]))
    report = audit(read(path), book(), CAPTURE)
    found = [one for _, sums in report.whole().tally for one in sums.findings]
    return {one.verdict for one in judge(report, book())}, found


@pytest.mark.parametrize("name", TALKS)
def test_sealed_messages_alone_are_sealed_as_a_whole(name: str, tmp_path: Path) -> None:
    assert heard(whole(TALKS[name]), tmp_path)[0] == {Answer.END_TO_END}


@pytest.mark.parametrize("cut", ["nothing", "a packet", "a part of one"])
@pytest.mark.parametrize("name", TALKS)
def test_a_message_behind_the_rest_of_another_one_is_read(name: str, cut: str, tmp_path: Path) -> None:
    talk = TALKS[name]
    (way, first), *more = talk.said(WORDS)
    rest = first[len(first) // 2 :]
    said = {
        "nothing": [(way, first), *more],
        "a packet": [(way, rest), (way, first), *more],
        "a part of one": [(way, rest + first), *more],
    }[cut]
    answers, found = heard([*whole(talk), *joined(said, talk.port)], tmp_path)
    assert answers.isdisjoint({Answer.END_TO_END})
    assert talk.resumes is False or Content.READABLE in {one.content for one in found}


@pytest.mark.parametrize("name", TALKS)
def test_what_cannot_be_understood_there_may_have_been_a_message(name: str, tmp_path: Path) -> None:
    talk = TALKS[name]
    packets = [*whole(talk), *joined([(True, b"\xffwhat"), (False, b"\xfeever")], talk.port)]
    assert heard(packets, tmp_path)[0] == {Answer.INCONCLUSIVE}


def test_answers_whose_questions_nobody_heard_may_have_brought_messages(tmp_path: Path) -> None:
    talk = TALKS["http"]
    wire = Wire(End(PHONE, 40_001), End(SERVER, talk.port)).open()
    answers = [(False, b"HTTP/1.1 200 OK\r\nContent-Length: 24\r\n\r\n" + WORDS)]
    heard_alone = [one for one in wire.tell(answers).close().packets if one.source == wire.server]
    assert heard([*whole(talk), *heard_alone], tmp_path)[0] == {Answer.INCONCLUSIVE}


def test_each_device_has_its_own_doubts() -> None:
    """Two of them joined late, and what others show of the far end is heard last."""
    missed, far = Missed(), End(SERVER, 5222)
    channel = Channel("h.example", 5222)
    for entry, address in enumerate((PHONE, PHONE, OTHER), 1):
        lost = Problem(Ref("x.pcap", entry), "cut", UNHEARD)
        assert missed.take(End(address, entry), far, [lost]) == []
    assert list(missed.finish()) == []
    parcel = Parcel(Ref("x.pcap", 9), channel, True, b"hi", "xmpp")
    assert missed.take(End(PHONE, 9), far, [parcel]) == [parcel]
    found = list(missed.finish())
    assert [one.ref.entry for one in found] == [1, 3]
    assert {(one.channels, one.protocols) for one in found} == {((channel,), ("xmpp",))}


@pytest.mark.parametrize("name", TALKS)
def test_another_far_end_is_another_matter(name: str, tmp_path: Path) -> None:
    talk = TALKS[name]
    elsewhere = Wire(End(PHONE, 40_001), End(bytes((192, 0, 2, 9)), talk.port)).tell([(True, b"\xffwhat")])
    assert heard([*whole(talk), *elsewhere.packets], tmp_path)[0] == {Answer.END_TO_END}


def test_behind_lost_bytes_the_next_message_is_read(tmp_path: Path) -> None:
    """Also where no line ends between them."""
    talk = TALKS["xmpp"]
    wire = Wire(End(PHONE, 40_000), End(SERVER, talk.port)).open()
    wire.tell([*talk.begin, *talk.said(*talk.texts)], size=4_000)
    ((way, message),) = talk.said(WORDS)
    lost = wire.say(way, b"<message><body>lost</body></message>")
    wire.say(way, b"st</body></message>" + message)
    answers, found = heard([one for one in wire.close().packets if one is not lost], tmp_path)
    assert Answer.END_TO_END not in answers
    assert Content.READABLE in {one.content for one in found}


def test_however_often_bytes_are_lost_the_messages_between_are_read(tmp_path: Path) -> None:
    talk = TALKS["xmpp"]
    wire = Wire(End(PHONE, 40_000), End(SERVER, talk.port)).open()
    wire.tell([*talk.begin, *talk.said(*talk.texts * 12, WORDS)], size=4_000)
    carrying = [one for one in wire.close().packets if one.payload]
    lost = [one.number for one in carrying[3:-1:2]]
    _, found = heard([one for one in wire.packets if one.number not in lost], tmp_path)
    assert len(lost) > DEPTH
    assert Content.READABLE in {one.content for one in found}


@pytest.mark.parametrize(
    ("outgoing", "data", "at"),
    [
        (True, b"GET / HTTP/1.1\r\n\r\n", 0),
        (True, b"the rest of a bodyPOST /x HTTP/1.1\r\n\r\n", 18),
        (False, b"the rest of a bodyPOST /x HTTP/1.1\r\n\r\n", None),
        (False, b"the rest\r\n:ada!a@h PRIVMSG bob :hello\r\n", 10),
        (True, b"rest|$To: bob From: ada $<ada> hello|", 5),
        (True, b"\0\1\2 nothing of the kind, ALL OF IT\r\n", None),
        (True, b"", None),
    ],
)
def test_the_first_place_where_something_begins(outgoing: bool, data: bytes, at: int | None) -> None:
    assert begins(outgoing, data) == at


def test_what_servers_open_is_not_looked_for() -> None:
    assert SPOKEN.keys() >= TALKS.keys() - {"http"}
    assert not {"noise", "mtproto"} & SPOKEN.keys()
