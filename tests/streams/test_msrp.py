"""MSRP: chunks make messages."""

import json

import pytest

from auditor.streams import Message, msrp


def chunk(number: str, begin: int, body: bytes, flag: str, total: object = "*") -> bytes:
    head = f"MSRP d93kswow SEND\r\nTo-Path: msrp://b.example:8888/9di4ea;tcp\r\nMessage-ID: {number}\r\n"
    head += f"Byte-Range: {begin}-*/{total}\r\nContent-Type: text/plain\r\n\r\n"
    return head.encode() + body + f"\r\n-------d93kswow{flag}\r\n".encode()


def said(found: list[Message]) -> list[tuple[str, bytes]]:
    return [(m.head.method, m.body) for m in found]


def test_a_message_in_one_chunk() -> None:
    (message,) = msrp.Stream().feed(True, chunk("1", 1, b"Hey Bob\r\n-------d93ksw", "$"))
    assert (message.head.method, message.head.path) == ("SEND", ("msrp://b.example:8888/9di4ea;tcp",))
    assert message.head.header("content-type") == "text/plain"
    assert message.body == b"Hey Bob\r\n-------d93ksw"


def test_chunks_are_joined_though_others_come_between() -> None:
    talk = msrp.Stream()
    text = chunk("1", 1, b"abcd", "+") + chunk("2", 1, b"whole", "$") + chunk("1", 5, b"EFGH", "$")
    assert said(talk.feed(True, text)) == [("SEND", b"whole"), ("SEND", b"abcdEFGH")]
    assert talk.waiting == 0


@pytest.mark.parametrize(
    "last", [chunk("1", 9, b"late", "$"), chunk("1", 5, b"late", "#")], ids=["a chunk is missing", "given up"]
)
def test_chunks_that_make_no_message_are_told(last: bytes) -> None:
    found = msrp.Stream().feed(True, chunk("1", 1, b"abcd", "+") + last)
    assert said(found) == [("SEND-PART", b"abcd"), ("SEND-PART", b"late")]


def test_too_many_open_messages_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(msrp, "OPEN", 2)
    found = msrp.Stream().feed(True, b"".join(chunk(str(i), 1, b"x", "+") for i in range(3)))
    assert said(found) == [("SEND-PART", b"x")]


def test_answers_and_requests_without_a_body() -> None:
    text = (
        b"MSRP abcd 200 OK\r\nTo-Path: x\r\n-------abcd$\r\nMSRP abce SEND\r\nTo-Path: x\r\n-------abce$\r\n"
    )
    found = msrp.Stream().feed(False, text)
    assert [(m.head.method, m.head.status, m.body) for m in found] == [("REPLY", 200, b""), ("SEND", 0, b"")]


def test_a_body_that_is_too_long_is_reported_and_reading_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(msrp, "MOST", 1000)
    text = chunk("1", 1, b"x" * 5000, "$") + chunk("2", 1, b"hi", "$")
    whole = msrp.Stream().feed(True, text)
    talk, single = msrp.Stream(), list[Message]()
    for i in range(0, len(text), 7):
        single += talk.feed(True, text[i : i + 7])
        assert len(talk.sides[True].data) < 1100
    assert [m.head.method for m in whole] == ["TOO-LONG", "SEND"]
    assert json.loads(whole[0].body)["length"] == 5002
    assert whole == single


KNOWN = [
    (b"MSRP a786hjs2 SEND\r\n", True),
    (b"MSRP a786hjs2 200 OK\r\n", True),
    (b"MSR", None),
    (b"MSRP a786", None),
    (b"MSRP is a protocol\r\n", False),
    (b"MESSAGE", False),
]


@pytest.mark.parametrize(("start", "answer"), KNOWN)
def test_msrp_is_known_by_its_first_line(start: bytes, answer: bool | None) -> None:
    assert msrp.recognises(True, start) is answer
