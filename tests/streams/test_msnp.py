"""MSNP: lines, and the texts behind some of them."""

import json

import pytest

from auditor.streams import msnp

PLAIN = b"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=UTF-8\r\nX-MMS-IM-Format: FN=Arial\r\n\r\n"
LAYERED = (
    b"Routing: 1.0\r\nTo: 1:bob@c.example\r\nFrom: 1:al@c.example\r\n\r\nReliability: 1.0\r\n\r\n"
    b"Messaging: 2.0\r\nMessage-Type: Text\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\n"
)


def behind(line: bytes, payload: bytes) -> bytes:
    return line + b" " + str(len(payload)).encode() + b"\r\n" + payload


TEXTS = [
    (True, behind(b"MSG 7 N", PLAIN + b"hi\r\nyou"), (), b"hi\r\nyou"),
    (False, behind(b"MSG bob@c.example Bob%20B", PLAIN + b"hi"), ("bob@c.example",), b"hi"),
    (True, behind(b"UUM 9 bob@y.example 32 1", PLAIN + b"hi"), ("bob@y.example",), b"hi"),
    (False, behind(b"UBM bob@y.example 32 1", PLAIN + b"hi"), ("bob@y.example",), b"hi"),
    (True, behind(b"SDG 0", LAYERED + b"hi"), ("1:bob@c.example",), b"hi"),
    (False, behind(b"SDG 0", LAYERED + b"hi"), ("1:al@c.example",), b"hi"),
    (False, behind(b"MSG b@c.ex Bob", b"Message-ID: {1}\r\nChunk: 1\r\n\r\nrest"), ("b@c.ex",), b"rest"),
]  # fmt: skip


@pytest.mark.parametrize(("outgoing", "data", "path", "text"), TEXTS)
def test_a_text_is_told_without_the_heads_before_it(
    outgoing: bool, data: bytes, path: tuple[str, ...], text: bytes
) -> None:
    (message,) = msnp.Stream().feed(outgoing, data)
    assert (message.head.method, message.head.path, message.body) == ("MSG", path, text)
    if b"Arial" in data:
        assert message.head.header("x-mms-im-format") == "FN=Arial"


@pytest.mark.parametrize(
    ("payload", "method"),
    [
        (b"Content-Type: text/x-msmsgscontrol\r\nTypingUser: a@b.c\r\n\r\n\r\n", "TYPING"),
        (b"Content-Type: application/x-msnmsgrp2p\r\n\r\n\0\1", "MSG-OTHER"),
        (b"no head", "MSG-OTHER"),
        (b"", "MSG-OTHER"),
    ],
)
def test_what_is_no_text_has_another_name(payload: bytes, method: str) -> None:
    (message,) = msnp.Stream().feed(False, behind(b"MSG bob@c.example Bob", payload))
    assert message.head.method == method


def test_a_line_that_only_ends_with_a_number_has_nothing_behind_it() -> None:
    said = msnp.Stream().feed(False, b"QRY 12\r\nUUX 8 0\r\nADL 9 OK\r\nCHG 3 NLN 268435456\r\n217 15\r\n")
    assert [message.head.method for message in said] == ["QRY", "UUX", "ADL", "CHG", "217"]


def test_who_joined_is_remembered_until_they_leave() -> None:
    talk = msnp.Stream()
    talk.feed(False, b"JOI bob@c.example Bob\r\n")
    (one,) = talk.feed(True, behind(b"MSG 7 N", PLAIN + b"hi"))
    assert (one.head.path, one.head.header("members")) == (("bob@c.example",), "1")
    iro, joined = talk.feed(False, b"IRO 1 1 2 ann@c.example Ann\r\nJOI cat@c.example Cat\r\n")
    assert (iro.head.path, json.loads(joined.body)["params"]) == (
        ("ann@c.example",),
        ["cat@c.example", "Cat"],
    )
    (all_,) = talk.feed(True, behind(b"MSG 8 N", PLAIN + b"hi"))
    assert (all_.head.path, all_.head.header("members")) == ((), "3")
    talk.feed(False, b"BYE bob@c.example\r\nBYE ann@c.example 1\r\nBYE nobody@c.example\r\n")
    (last,) = talk.feed(True, behind(b"MSG 9 N", PLAIN + b"hi"))
    assert last.head.path == ("cat@c.example",)


def test_a_text_that_is_longer_than_any_ends_the_reading() -> None:
    talk = msnp.Stream()
    talk.feed(True, b"MSG 7 N 99999999\r\nxx")
    assert "longer" in talk.handed_over


def test_what_other_commands_carry_is_told() -> None:
    (state,) = msnp.Stream().feed(False, behind(b"UBX bob@c.example 1", b"<Data><PSM>out</PSM></Data>"))
    assert json.loads(state.body) == {
        "params": ["bob@c.example", "1", "27"], "text": "<Data><PSM>out</PSM></Data>",
    }  # fmt: skip


KNOWN = [
    (True, b"VER 1 MSNP8 CVR0\r\n", True),
    (True, b"USR 1 bob@c.example 17262740.1050826919.32308\r\n", True),
    (True, b"ANS 1 bob@c.example 854452198.18779 11752013\r\n", True),
    (True, b"MSG 7 N 120\r\nMIME-Version: 1.0\r\n", True),
    (False, b"VER 1 MSNP8\r\n", True),
    (False, b"JOI bob@c.example Bob\r\n", True),
    (False, b"IRO 1 1 1 bob@c.example Bob\r\n", True),
    (False, b"MSG Hotmail Hotmail 90\r\n", None),
    (False, b"MSG bob@c.example Bob 9\r\nMIME-Version: 1.0\r\n", True),
    (True, b"", None),
    (True, b"US", None),
    (True, b"USR 1 bob@", None),
    (True, b"USER bob\r\nPASS x\r\n", False),
    (True, b"VER 1\r\n\r\nGET", False),
    (False, b"220 ready\r\n", False),
    (True, b"GET / HTTP/1.1\r\n", False),
]


@pytest.mark.parametrize(("outgoing", "start", "answer"), KNOWN)
def test_msnp_is_known_by_a_line(outgoing: bool, start: bytes, answer: bool | None) -> None:
    assert msnp.recognises(outgoing, start) is answer
