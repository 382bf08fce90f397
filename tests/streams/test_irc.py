"""IRC, line by line, however the bytes were cut."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.streams import irc

LINES: list[tuple[bytes, str, tuple[str, ...], dict[str, Any]]] = [
    (
        b":a!b@c PRIVMSG #room :hello  there",
        "PRIVMSG",
        ("#room",),
        {"prefix": "a!b@c", "target": "#room", "text": "hello  there", "tags": {}},
    ),
    (
        b"@time=1;+x=a\\sb\\:c;e :a NOTICE bob :x :y",
        "NOTICE",
        ("bob",),
        {"prefix": "a", "target": "bob", "text": "x :y", "tags": {"time": "1", "+x": "a b;c", "e": ""}},
    ),
    (
        b"privmsg bob :\x01ACTION waves at you\x01",
        "PRIVMSG",
        ("bob",),
        {"prefix": "", "target": "bob", "text": "waves at you", "tags": {}, "ctcp": "ACTION"},
    ),
    (
        b"PRIVMSG bob hello you",
        "PRIVMSG",
        ("bob",),
        {"prefix": "", "target": "bob", "text": "hello you", "tags": {}},
    ),
    (
        b"PRIVMSG bob :gr\xfcn",
        "PRIVMSG",
        ("bob",),
        {"prefix": "", "target": "bob", "text": "grün", "tags": {}},
    ),
    (b"JOIN #room key", "JOIN", ("#room",), {"prefix": "", "params": ["#room", "key"]}),
    (b":srv 001 me :Welcome to it", "001", (), {"prefix": "srv", "params": ["me", "Welcome to it"]}),
    (
        b"@+typing=active TAGMSG #r",
        "TAGMSG",
        ("#r",),
        {"prefix": "", "params": ["#r"], "tags": {"+typing": "active"}},
    ),
    (b"PRIVMSG bob", "PRIVMSG", (), {"prefix": "", "params": ["bob"]}),
    (b":", "", (), {"prefix": "", "params": []}),
]


@pytest.mark.parametrize(("line", "method", "path", "body"), LINES)
@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
def test_a_line_becomes_a_message(
    line: bytes, method: str, path: tuple[str, ...], body: dict[str, Any], end: bytes
) -> None:
    (message,) = irc.Stream().feed(True, line + end)
    assert (message.head.method, message.head.path, json.loads(message.body)) == (method, path, body)


def test_both_directions_are_counted_together() -> None:
    stream = irc.Stream()
    parts = [m.part for m in (*stream.feed(True, b"NICK a\nUSER"), *stream.feed(False, b":s 001 a\n\r\n"))]
    assert parts == ["0>", "1<"]
    assert stream.waiting == 4


def test_a_line_that_is_too_long_is_reported_and_reading_goes_on() -> None:
    stream = irc.Stream()
    long, after = stream.feed(True, b"PRIVMSG a :" + b"x" * 100_000 + b"\r\nPRIVMSG a :hi\r\n")
    assert long.head.method == "TOO-LONG"
    assert json.loads(long.body)["length"] == 100_011
    assert json.loads(after.body)["text"] == "hi"
    for size in (irc.LONGEST, irc.LONGEST + 1):
        (message,) = stream.feed(True, b"x" * size + b"\r\n")
        assert (message.head.method == "TOO-LONG") == (size > irc.LONGEST)


def test_starttls_hands_over_when_the_server_agrees() -> None:
    talk = irc.Stream()
    talk.feed(True, b"STARTTLS\r\n:x 670 is what I say\r\n")
    assert talk.handed_over == ""
    talk.feed(False, b":s 670 al :STARTTLS successful, go ahead with TLS handshake\r\n")
    assert talk.feed(True, b"\x16\x03\x01\x02\x00") == []
    assert (talk.handed_over, talk.rest[True]) == ("TLS", 5)


PIECES = st.lists(
    st.tuples(
        st.booleans(),
        st.binary(max_size=40)
        | st.sampled_from([line + b"\r\n" for line, *_ in LINES] + [b"\r", b"y" * 17_000]),
    )
)


@given(PIECES)
def test_whole_and_byte_by_byte_give_the_same(pieces: list[tuple[bool, bytes]]) -> None:
    whole, single = irc.Stream(), irc.Stream()
    found = [message for out, data in pieces for message in whole.feed(out, data)]
    again = [m for out, data in pieces for i in range(len(data)) for m in single.feed(out, data[i : i + 1])]
    assert found == again
    assert whole.waiting == single.waiting


KNOWN: list[tuple[bool, bytes, bool | None]] = [
    (True, b"NICK alice\r\n", True),
    (True, b"CAP LS 302\r\n", True),
    (True, b"PASS secret\r\nNICK alice\r\n", True),
    (True, b"USER a 0 * :Real Name\n", True),
    (True, b"\r\nPRIVMSG #a :midway\r\n", True),
    (False, b":irc.example 001 me :hi\r\n", True),
    (False, b":irc.example NOTICE AUTH :*** Looking up\r\n", True),
    (False, b"NOTICE AUTH :*** Looking up\r\n", True),
    (False, b"@time=1 :a!b@c PRIVMSG #r :x\r\n", True),
    (True, b"MODE #room +b\r\n", True),
    (True, b"ISON al bob\r\nPRIVMSG bob :hi\r\n", True),
    (True, b"ISON al bob\r\n", None),
    (True, b"QUIT\r\n", None),
    (True, b"", None),
    (True, b"NI", None),
    (True, b"PASS secret\r\n", None),
    (True, b"PING x\r\nPONG y\r\n", None),
    (True, b"USER alice\r\nPASS secret\r\n", False),  # POP3, FTP
    (False, b"+OK ready\r\n", False),
    (False, b"220 mail ESMTP\r\n", False),
    (False, b"* OK IMAP4rev1\r\n", False),
    (True, b"GET / HTTP/1.1\r\n", False),
    (True, b"<stream:stream to='x'>", False),
    (True, b"\x16\x03\x01\x02\x00", False),
    (True, b": this is prose\r\n", False),
    (True, b"NICK " + b"x" * 20_000, False),
]


@pytest.mark.parametrize(("outgoing", "start", "answer"), KNOWN)
def test_irc_is_known_by_what_it_says(outgoing: bool, start: bytes, answer: bool | None) -> None:
    assert irc.recognises(outgoing, start) is answer
