"""SMPP: what a short message says, in whatever alphabet and however it was cut."""

import base64
import json
from typing import Any

import pytest

from auditor.gsm import septets_of
from auditor.model import Head
from auditor.streams import smpp
from tests.streams.test_talk import SESSIONS, pdu

PEOPLE = b"\0\1\x01100\0\1\x0149171\0"


def said(number: int, body: bytes) -> tuple[Head, Any]:
    (message,) = smpp.Stream().feed(True, pdu(number, body))
    return message.head, json.loads(message.body)


def short(coding: int, data: bytes, kind: int = 0, extras: bytes = b"") -> bytes:
    return PEOPLE + bytes((kind, 0, 0)) + b"\0\0" + bytes((0, 0, coding, 0, len(data))) + data + extras


def extra(tag: int, value: bytes) -> bytes:
    return tag.to_bytes(2) + len(value).to_bytes(2) + value


@pytest.mark.parametrize(
    ("coding", "data", "text"),
    [
        (0, b"meet at 7", "meet at 7"),
        (0, septets_of("5 € a@b"), "5 € a@b"),
        (0, "grün".encode("latin-1"), "grün"),
        (0, "привет".encode(), "привет"),
        (1, b"hi", "hi"),
        (3, "grün".encode("latin-1"), "grün"),
        (6, "мир".encode("iso8859-5"), "мир"),
        (7, "שלום".encode("iso8859-8"), "שלום"),
        (8, "мир 🔐".encode("utf-16-be"), "мир 🔐"),
        (14, "안녕".encode("euc_kr"), "안녕"),
        (0x18, "мир".encode("utf-16-be"), "мир"),
        (0xF0, b"hi", "hi"),
        (0xC8, b"hi", "hi"),
    ],
)
def test_a_text_is_read_in_the_alphabet_that_its_coding_names(coding: int, data: bytes, text: str) -> None:
    head, body = said(4, short(coding, data))
    assert (head.method, head.path) == ("submit_sm", ("49171",))
    assert (body["from"], body["to"], body["text"]) == ("100", ["49171"], text)


def test_what_the_coding_of_the_centre_leaves_open_is_told_both_ways() -> None:
    """Byte 40 is an inverted exclamation mark in GSM's alphabet, and in ASCII what stands in addresses."""
    body = said(4, short(0, b"a@b_c"))[1]
    assert (body["text"], body["otherwise"]) == ("a¡b§c", "a@b_c")


@pytest.mark.parametrize(
    ("coding", "data"), [(4, b"\1\2"), (2, b"\1"), (0xF5, b"\1"), (8, b"\0hi"), (0x14, b"a")]
)
def test_what_is_no_text_is_bytes(coding: int, data: bytes) -> None:
    body = said(5, short(coding, data))[1]
    assert base64.b64decode(body["data"]) == data
    assert "text" not in body


@pytest.mark.parametrize(
    "body",
    [
        short(0, b"\5\0\3\x2a\3\2hi", kind=0x40),
        short(0, b"\6\x08\4\0\x2a\3\2hi", kind=0x40),
        short(0, b"\7\x70\0\0\3\x2a\3\2hi", kind=0x40),
        short(0, b"hi", extras=extra(0x20C, b"\0\x2a") + extra(0x20E, b"\3") + extra(0x20F, b"\2")),
    ],
)
def test_a_part_says_which_it_is_and_its_header_is_no_text(body: bytes) -> None:
    told = said(4, body)[1]
    assert (told["text"], told["part"]) == ("hi", {"reference": 42, "of": 3, "number": 2})


def test_a_long_text_lies_in_a_field_of_its_own() -> None:
    long = "you " * 200
    told = said(4, short(3, b"", extras=extra(0x424, long.encode()) + extra(0x1401, b"\1")))[1]
    assert (told["text"], told["others"]) == (long, {"1401": "01"})
    both = said(4, short(3, b"one", extras=extra(0x424, b"two")))[1]
    assert (both["text"], base64.b64decode(both["others"]["payload"])) == ("one", b"two")
    head, data = said(0x103, PEOPLE + b"\0\0\x08" + extra(0x424, b"\0h"))
    assert (head.method, head.path, data["text"]) == ("data_sm", ("49171",), "h")


def test_a_message_to_many_names_all_of_them() -> None:
    many = b"\0\1\x01100\0" + b"\3\1\1\x0149171\0\2friends\0\1\1\x0149172\0"
    head, body = said(0x21, many + short(3, b"hi").removeprefix(PEOPLE))
    assert (head.path, body["to"], body["text"]) == (("49171",), ["49171", "friends", "49172"], "hi")


@pytest.mark.parametrize(
    ("kind", "method"), [(0, "deliver_sm"), (4, "DELIVERY-RECEIPT"), (0x40, "deliver_sm")]
)
def test_a_report_is_not_a_message(kind: int, method: str) -> None:
    assert said(5, short(3, b"\0hi", kind))[0].method == method


@pytest.mark.parametrize("body", [short(0, b"hi")[:-1], short(0, b"hi") + b"\0", PEOPLE, b"x"])
def test_what_does_not_keep_to_its_format_is_unreadable_and_reading_goes_on(body: bytes) -> None:
    bad, good = smpp.Stream().feed(True, pdu(4, body) + pdu(4, short(0, b"hi")))
    assert (bad.head.method, bad.body) == ("UNREADABLE", body)
    assert good.head.method == "submit_sm"


def test_a_length_that_cannot_be_ends_the_reading() -> None:
    talk = smpp.Stream()
    talk.feed(True, pdu(0x15, b"") + b"\0\0\0\1" + bytes(12))
    assert "length" in talk.handed_over


HELLO, BOUND = SESSIONS["smpp"][0][1], SESSIONS["smpp"][1][1]
KNOWN = [
    (HELLO, True),
    (BOUND, True),
    (pdu(4, short(0, b"hi")), True),  # in the midst of it
    (pdu(0x15, b"") + pdu(0x15 | 1 << 31, b"") + pdu(4, short(0, b"hi")), True),
    (pdu(0x15, b""), None),
    (HELLO[:20], None),
    (b"", None),
    (pdu(4, b"nothing of the kind"), False),
    (pdu(9, b"\x01\x02\0\x03\0\0"), False),
    (pdu(77, b""), False),
    (b"\0\0\0\x10\0\0\0\x15\0\0\0\1\0\0\0\1", False),
    (bytes(40), False),
    (b"GET / HTTP/1.1\r\n", False),
    (b"\0\0\0\x85\xffSMBr\0\0\0\0\x18\x53\xc0\0\0\0\0", False),
]


@pytest.mark.parametrize(("start", "answer"), KNOWN)
def test_smpp_is_known_by_what_it_says(start: bytes, answer: bool | None) -> None:
    assert smpp.recognises(True, start) is answer
