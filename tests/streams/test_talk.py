"""The laws that every stream keeps, tried with what each of them says on the wire."""

import time
import zlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.streams import STREAMS, Message, Sorter
from auditor.streams.talk import EXCERPT, Buffer, Talk

Session = list[tuple[bool, bytes]]

KEY = bytes(range(1, 9))
FULL = (56).to_bytes(4, "little") + bytes(4) + KEY * 5 + bytes(4)
FULL = FULL[:52] + zlib.crc32(FULL[:52]).to_bytes(4, "little")


def pdu(number: int, body: bytes, sequence: int = 1) -> bytes:
    """Of SMPP."""
    numbers = (16 + len(body), number, 0, sequence)
    return b"".join(one.to_bytes(4) for one in numbers) + body


SESSIONS: dict[str, Session] = {
    "irc": [(True, b"NICK a\r\nUSER a 0 * :a\r\n"), (False, b":s 001 a :hi\r\n")],
    "xmpp": [
        (True, b"<?xml version='1.0'?><stream:stream to='a.example' xmlns='jabber:client'"),
        (True, b" xmlns:stream='http://etherx.jabber.org/streams'>"),
        (False, b"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>"),
        (False, b"<stream:features><x xmlns='urn:x'/></stream:features>"),
        (True, b" <message to='b@a.example/c'><!-- > --><body a='>'>hi<![CDATA[<]]></body></message><r/>"),
        (False, b"<iq/><presence>"),
    ],
    "smtp": [
        (False, b"220 a ESMTP\r\n"),
        (True, b"EHLO b\r\n"),
        (False, b"250-a\r\n250 CHUNKING\r\n"),
        (True, b"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n"),
        (False, b"250 ok\r\n250 ok\r\n354 go\r\n"),
        (True, b"Subject: x\r\n\r\n..dot\r\n.\r\nRSET\r\nBDAT 5\r\nhalloBDAT 3 LAST\r\nyouQUIT\r\n"),
        (False, b"250 ok\r\n"),
    ],
    "imap": [
        (False, b"* OK [CAPABILITY IMAP4rev1] hi\r\n"),
        (True, b"a LOGIN {3}\r\n"),
        (False, b"+ go\r\n"),
        (True, b"bob {2+}\r\npw\r\nb SELECT INBOX\r\nc FETCH 1 BODY[]\r\n"),
        (False, b"a OK done\r\n* 1 FETCH (UID 7 BODY[] {5}\r\nhello FLAGS ())\r\nc OK done\r\n"),
        (True, b"d APPEND Sent {4+}\r\nmail\r\ne IDLE\r\nDONE\r\n"),
    ],
    "pop3": [
        (False, b"+OK hello\r\n"),
        (True, b"USER a\r\nRETR 1\r\nTOP 1 0\r\n"),
        (False, b"+OK\r\n+OK 5 octets\r\nhi\r\n..\r\n.\r\n+OK\r\nh: x\r\n.\r\n"),
    ],
    "mqtt": [
        (True, b"\x10\x0d\0\4MQTT\4\2\0\x3c\0\1a\xc0\0"),
        (False, b"\x20\2\0\0\x30\7\0\3a/bhi"),
    ],
    "sip": [
        (True, b"\r\n\r\nMESSAGE sip:b@c SIP/2.0\r\nl: 2\r\nSubject: a\r\n b\r\n\r\nhi"),
        (False, b"SIP/2.0 200 OK\r\nCSeq: 1 MESSAGE\r\n\r\n"),
    ],
    "msrp": [
        (True, b"MSRP abcd SEND\r\nTo-Path: msrp://b\r\nMessage-ID: 1\r\nByte-Range: 1-2/4\r\n"),
        (True, b"\r\nhi\r\n-------abcd+\r\n"),
        (False, b"MSRP abcd 200 OK\r\n-------abcd$\r\n"),
        (True, b"MSRP abce SEND\r\nMessage-ID: 1\r\nByte-Range: 3-4/4\r\n\r\n--\r\n-------abce$\r\n"),
    ],
    "smpp": [
        (True, pdu(9, b"shop\0word\0\0\x34\0\0\0")),
        (False, pdu(9 | 1 << 31, b"smsc1\0")),
        (True, pdu(4, b"\0\1\x011\0\1\x0123\0" + bytes(9) + b"\2hi\x02\x0e\0\1\2", 2)),
        (False, pdu(4 | 1 << 31, b"", 2) + pdu(0x15, b"", 3)),
    ],
    "oscar": [
        (False, b"*\1\0\0\0\4\0\0\0\1"),
        (True, b"*\1\0\0\0\x0b\0\0\0\1\0\6\0\3abc"),
        (True, b"*\2\0\1\0\x2a\0\4\0\6\0\0\0\0\0\1" + KEY + b"\0\1\3bob\0\2\0\x0e\5\1\0\0\1\1\0\6"),
        (True, b"\0\0\0\0hi*\5\0\2\0\0"),
        (False, b"*\2\0\1\0\x0b\0\1\0\7\0\0\0\0\0\1x"),
    ],
    "msnp": [
        (True, b"VER 1 MSNP8 CVR0\r\n"),
        (False, b"VER 1 MSNP8\r\nJOI b@c.example Bob\r\n"),
        (True, b"MSG 4 N 34\r\nContent-Type: text/plain\r\n\r\nhi\nyouBYE\r\n"),
        (False, b"MSG b@c.example Bob 4\r\n\r\n\r\nUBX b 1\r\nx"),
    ],
    "ymsg": [
        (True, b"YMSG\0\x0f\0\0\0\x17\0\6\0\0\0\0\0\0\0\0"),
        (True, b"5\xc0\x80bob\xc0\x8014\xc0\x80hi\xc0\x8097\xc0\x801\xc0\x80"),
        (False, b"YMSG\0\x0f\0\0\0\0\0\x8a\0\0\0\0\0\0\0\1"),
    ],
    "nmdc": [
        (False, b"$Lock EXTENDEDPROTOCOL_hub Pk=hub1|$HubName here|"),
        (True, b"$Supports NoGetINFO |$Key a\r\n|$ValidateNick al|"),
        (False, b"<bob> hi &#124; you|$To: al From: bob $<bob> to you"),
        (False, b" alone|bye|"),
    ],
    "noise": [(True, b"WA\6\3\0\0\4\x12\2\n\0\0\0\1x"), (False, b"\0\0\2ab\0")],
    "mmtls": [(True, b"\x19\xf1\4\0\3abc\x17\xf1\4\0\1x"), (False, b"\x16\xf1\4\0\0")],
    "loco": [(True, b"\0\1\0\0\x0c\0\0\0\2\0\0\0" + bytes(256) + b"\2\0\0\0ab"), (False, b"\1\0\0\0x")],
    "apns": [
        (True, b"\7\0\0\0\4\2\0\1\1\x0a\0\0\0\5\3\0\2hi"),
        (False, b"\x08\0\0\0\4\1\0\1\0\x0d\0\0\0\0"),
    ],
    "mtproto": [
        (True, b"\xef\x06" + KEY * 3 + b"\x06" + KEY * 3),
        (False, b"\x81\0\0\0\x01abcd\x7f\1\0\0abcd"),
    ],
    "mtproto_obfuscated": [  # the same under the key in its header
        (True, bytes(range(101, 157)) + bytes.fromhex("4d97f427e97d34ff4d0df47563841d30a8c4ff73ab2ab069")),
        (True, bytes.fromhex("ccad62009c61abee75013c7ad48defdb2d3ca5f14d01c2b77885e9f35930d0a501bf")),
        (False, bytes.fromhex("e5df9549b30329e9e9e38bb1d71c5eba22")),
    ],
    "zlib_stream": [  # hello and you there, each flushed
        (False, bytes.fromhex("789cca48cdc9c907000000ffff")),
        (True, b'{"op":2}'),
        (False, bytes.fromhex("aacc2f5528c9482d4a05000000ffff")),
    ],
    "zstd_stream": [
        (False, bytes.fromhex("28b52ffd005828000068656c6c6f")),
        (True, b'{"op":2}'),
        (False, bytes.fromhex("480000796f75207468657265")),
    ],
}  # fmt: skip
CARRIERS = {name: next(iter(getattr(STREAMS[name], "carriers", {"tcp": None}))) for name in SESSIONS}
CUT = [name for name, carrier in CARRIERS.items() if carrier == "tcp"]  # the others are fed whole messages


def hear(talk: Any, pieces: Session) -> list[Message]:
    return [message for out, data in pieces for message in talk.feed(out, data)]


def bytewise(pieces: Session) -> Session:
    return [(out, data[i : i + 1]) for out, data in pieces for i in range(len(data))]


def test_every_stream_has_a_session_here() -> None:
    assert set(SESSIONS) == set(STREAMS)


@pytest.mark.parametrize("name", SESSIONS)
def test_a_session_is_known_by_its_content_and_nothing_of_it_is_lost(name: str) -> None:
    for pieces in (SESSIONS[name], bytewise(SESSIONS[name])) if name in CUT else (SESSIONS[name],):
        sorter = Sorter(carrier=CARRIERS[name])
        found = hear(sorter, pieces) + sorter.finish()
        assert sorter.name == getattr(STREAMS[name], "protocol", name)
        assert found == hear(STREAMS[name].Stream(), SESSIONS[name])
        assert found
        assert not {message.head.method for message in found} & {"UNREADABLE", "TOO-LONG"}
        assert [message.part for message in found] == [
            f"{count}{'>' if message.outgoing else '<'}" for count, message in enumerate(found)
        ]


MIXED = {
    name: st.lists(
        st.sampled_from(pieces) | st.tuples(st.booleans(), st.binary(max_size=30)), min_size=1, max_size=12
    )
    for name, pieces in SESSIONS.items()
}


@pytest.mark.parametrize("name", CUT)
@given(data=st.data())
@settings(max_examples=40)
def test_any_bytes_cut_anyhow_give_the_same_and_no_exception(name: str, data: st.DataObject) -> None:
    pieces = data.draw(MIXED[name])
    whole: Any = STREAMS[name].Stream()
    single: Any = STREAMS[name].Stream()
    assert hear(whole, pieces) == hear(single, bytewise(pieces))
    assert whole.waiting == single.waiting
    assert getattr(whole, "handed_over", "") == getattr(single, "handed_over", "")
    assert getattr(whole, "rest", 0) == getattr(single, "rest", 0)
    if hasattr(whole, "finish"):
        assert whole.finish() == single.finish()
        assert whole.finish() == []


@pytest.mark.parametrize("name", sorted(set(SESSIONS) - {"irc"}))
@pytest.mark.parametrize(
    "byte", [b"a", b"<", b" ", b"\0", b"\xff", b"{9}\r\n", b"250-\r\n", b"+\r\n", b"<a b='"]
)
def test_an_endless_side_is_bounded_and_quick(name: str, byte: bytes) -> None:
    talk: Any = STREAMS[name].Stream()
    hear(talk, SESSIONS[name])
    started = time.process_time()
    for _ in range(4):
        for way in (True, False):
            talk.feed(way, byte * (20_000 // len(byte)))
    assert time.process_time() - started < 60  # a hang, not a time
    assert getattr(talk, "handed_over", "") or talk.waiting <= 70_000_000


@pytest.mark.parametrize("text", [b"hello", b"a\r", b"", b"x" * 100, b"y" * 10])
def test_a_line_is_given_with_its_length_and_cut_where_it_is_too_long(text: bytes) -> None:
    for end in (b"\n", b"\r\n"):
        buffer = Buffer()
        line = None
        for i, byte in enumerate(text + end + b"rest"):
            buffer.data.append(byte)
            line = buffer.line(10) if line is None else line
            assert i < len(text + end) - 1 or line is not None
        assert line == (text[:10], len(text)) or (end == b"\n" and text[-1:] == b"\r")
        assert buffer.data == b"rest"
        assert buffer.gone == 0


def test_a_block_that_is_too_long_is_kept_by_its_beginning() -> None:
    buffer = Buffer()
    for _ in range(10):
        assert buffer.block(101_000, 50_000) is None
        buffer.data += b"z" * 10_000
    assert len(buffer.data) <= 10_000
    buffer.data += b"z" * 1_000 + b"next"
    assert buffer.block(101_000, 50_000) == (b"z" * EXCERPT, 101_000)
    assert buffer.take(4) == b"next"


def test_what_follows_a_hand_over_is_only_counted() -> None:
    def step(talk: Talk, outgoing: bool) -> bool:
        found = talk.sides[outgoing].line(100)
        if found == (b"stop", 4):
            talk.hand_over("TLS")
        return found is not None

    talk = Talk(step)
    assert talk.feed(True, b"abc") == []
    assert talk.feed(False, b"stop\nxy") == []
    assert talk.feed(True, b"1234") == []
    assert (talk.handed_over, talk.rest, talk.waiting) == ("TLS", {True: 7, False: 2}, 0)
