"""OSCAR: the texts of AIM and ICQ, in each of the three ways they travelled."""

import json
from typing import Any

import pytest

from auditor.model import Head
from auditor.streams import oscar

RELAY = bytes.fromhex("094613494c7f11d18222444553540000")
COOKIE = bytes(range(8))


def flap(channel: int, data: bytes) -> bytes:
    return b"*" + bytes((channel, 0, 1)) + len(data).to_bytes(2) + data


def snac(family: int, kind: int, data: bytes, flags: int = 0) -> bytes:
    return flap(2, family.to_bytes(2) + kind.to_bytes(2) + flags.to_bytes(2) + bytes(4) + data)


def field(number: int, value: bytes) -> bytes:
    return number.to_bytes(2) + len(value).to_bytes(2) + value


def sent(channel: int, *fields: bytes) -> bytes:
    return snac(4, 6, COOKIE + channel.to_bytes(2) + b"\x03bob" + b"".join(fields))


def came(channel: int, *fields: bytes) -> bytes:
    return snac(
        4, 7, COOKIE + channel.to_bytes(2) + b"\x03bob\0\0\0\1" + field(1, b"\0\x50") + b"".join(fields)
    )


def fragment(kind: int, data: bytes) -> bytes:
    return bytes((kind, 1)) + len(data).to_bytes(2) + data


def text(data: bytes, charset: int = 0) -> bytes:
    return field(2, fragment(5, b"\1\1") + fragment(1, charset.to_bytes(2) + b"\0\0" + data))


def relayed(
    data: bytes, kind: int = 1, plugin: bytes = bytes(16), more: bytes = b"", stage: int = 0
) -> bytes:
    inner = b"\x1b\0\x0a\0" + plugin + bytes(9) + b"\x0e\0" + bytes(14) + bytes((kind, 0)) + bytes(4)
    inner += (len(data) + 1).to_bytes(2, "little") + data + b"\0" + more
    return field(5, stage.to_bytes(2) + COOKIE + RELAY + field(0x0A, b"\0\1") + field(0x2711, inner))


def said_in_room(data: bytes, charset: bytes = b"us-ascii") -> bytes:
    said = field(5, field(2, charset) + field(3, b"en") + field(1, data))
    return snac(14, 6, COOKIE + b"\0\3" + field(3, b"\3bob\0\0\0\0") + field(1, b"") + said)


def heard(data: bytes, outgoing: bool = True) -> tuple[Head, Any]:
    (message,) = oscar.Stream().feed(outgoing, data)
    return message.head, json.loads(message.body)


GUID = b"\0\0\0\0\xff\xff\xff\0\x26\0\0\0{0946134E-4C7F-11D1-8222-444553540000}"
TEXTS = [
    (sent(1, text(b"hi")), "hi"),
    (came(1, text(b"hi")), "hi"),
    (came(1, text("мир".encode("utf-16-be"), 2)), "мир"),
    (came(1, text("grün".encode("latin-1"), 3)), "grün"),
    (came(1, text("мир".encode())), "мир"),  # it says ASCII
    (came(1, text(b"odd", 2)), "odd"),
    (sent(1, text(b"a < b & c")), "a < b & c"),
    (sent(1, field(2, fragment(1, b"\0\0\0\0to") + fragment(1, b"\0\0\0\0gether"))), "together"),
    (came(2, relayed(b"hi")), "hi"),
    (came(2, relayed("мир".encode(), more=GUID)), "мир"),
    (sent(4, field(5, b"\1\0\0\0\1\0\3\0hi\0")), "hi"),
    (came(4, field(5, b"\1\0\0\0\4\0\6\0a\xfeb c\0")), ["a", "b c"]),
]


@pytest.mark.parametrize(("data", "expected"), TEXTS)
def test_a_text_comes_out_of_its_channel(data: bytes, expected: str) -> None:
    head, body = heard(data)
    assert (head.method, head.path, body["text"]) == ("MESSAGE", ("bob",), expected)
    assert "bob" in (body.get("to"), body.get("from"))


@pytest.mark.parametrize(
    ("html", "plain"),
    [
        ("<HTML><BODY><HTML><FONT>HI!</FONT></HTML></BODY></HTML>", "HI!"),
        (
            '<html><body ichatballooncolor="#fff">one<br>two &amp; &lt;three&gt;</body></html>',
            "one\ntwo & <three>",
        ),
    ],
)
def test_a_text_in_html_is_told_without_its_markup_and_as_it_stands(html: str, plain: str) -> None:
    body = heard(sent(1, text(html.encode())))[1]
    assert (body["text"], body["html"]) == (plain, html)


def test_what_is_said_between_programs_is_no_text() -> None:
    invitation = field(5, b"\0\0" + COOKIE + bytes(16) + field(12, b"take this file"))
    head, body = heard(came(2, invitation))
    assert head.method == "RENDEZVOUS"
    assert body["fields"] == [[12, "dGFrZSB0aGlzIGZpbGU="]]
    assert heard(came(2, relayed(b"hi", stage=1)))[0].method == "RENDEZVOUS"
    for asked in (relayed(b"away", kind=0xE8), relayed(b"away", plugin=b"x" * 16)):
        head, body = heard(came(2, asked))
        assert (head.method, body["state"]) == ("RENDEZVOUS", "away")


def test_who_types_is_told() -> None:
    head, body = heard(snac(4, 0x14, COOKIE + b"\0\1\x03bob\0\2"))
    assert (head.method, head.path, body["state"]) == ("TYPING", ("bob",), 2)


def test_a_message_that_waited_is_told_with_its_sender() -> None:
    inner = b"\x1a\0\1\0\0\0\x41\0\2\0" + (4711).to_bytes(4, "little") + bytes(6) + b"\1\0\3\0hi\0"
    head, body = heard(snac(0x15, 3, field(1, inner)), outgoing=False)
    assert (head.method, body["from"], body["text"]) == ("HELD", "4711", "hi")
    assert heard(snac(0x15, 3, field(1, b"\x08\0\1\0\0\0\x42\0\2\0")), outgoing=False)[0].method == "ICQ"


@pytest.mark.parametrize(
    ("charset", "data", "text"),
    [
        (b"us-ascii", b"<HTML><BODY>hi all</BODY></HTML>", "hi all"),
        (b"unicode-2-0", "мир".encode("utf-16-be"), "мир"),
        (b"ISO-8859-1", "grün".encode("latin-1"), "grün"),
    ],
)
def test_what_is_said_in_a_room_is_told(charset: bytes, data: bytes, text: str) -> None:
    sent_there = field(5, field(2, charset) + field(1, data))
    head, body = heard(snac(14, 5, COOKIE + b"\0\3" + field(1, b"") + sent_there))
    assert (head.method, body["text"]) == ("CHAT", text)
    head, body = heard(said_in_room(data, charset), outgoing=False)
    assert (head.method, body["from"], body["text"]) == ("CHAT", "bob", text)


def test_a_room_without_a_text_has_none() -> None:
    assert "text" not in heard(snac(14, 6, COOKIE + b"\0\3" + field(5, b"")))[1]


def test_what_stands_before_a_snac_by_its_flags_is_skipped() -> None:
    inner = b"\0\6" + field(1, b"\0\2") + COOKIE + b"\0\1\x03bob\0\0\0\0" + text(b"hi")
    assert heard(snac(4, 7, inner, flags=0x8000))[1]["text"] == "hi"


@pytest.mark.parametrize("data", [sent(1, text(b"hi")[:-1]), snac(4, 7, b"short"), snac(4, 6, b"", 0x8000)])
def test_what_does_not_keep_to_its_format_is_unreadable_and_reading_goes_on(data: bytes) -> None:
    bad, good = oscar.Stream().feed(True, data + sent(1, text(b"hi")))
    assert (bad.head.method, good.head.method) == ("UNREADABLE", "MESSAGE")


def test_a_channel_that_is_not_known_keeps_its_fields() -> None:
    assert heard(sent(3, field(9, b"x")))[1]["fields"] == [[9, "78"]]


def test_bytes_that_are_no_frame_end_the_reading() -> None:
    talk = oscar.Stream()
    talk.feed(True, flap(5, b"") + b"GET / ")
    assert talk.handed_over == "bytes that are no frame"


KNOWN = [
    (flap(1, b"\0\0\0\1"), True),
    (flap(1, b"\0\0\0\1" + field(6, b"cookie")), True),
    (sent(1, text(b"hi")), True),
    (snac(1, 6, b"") + came(1, text(b"hi")), True),
    (snac(14, 5, b""), True),
    (snac(1, 6, b"") * 5000, None),
    (b"", None),
    (b"*\1", None),
    (b"* OK IMAP4rev1 ready\r\n", False),
    (flap(1, b"\0\0\0\2"), False),
    (flap(1, b"\0\0\0\1no field"), False),
    (flap(2, b"short"), False),
    (flap(3, b"\0\0\0\1"), False),
    (b"*1\r\n$4\r\nPING\r\n", False),
]


@pytest.mark.parametrize(("start", "answer"), KNOWN)
def test_oscar_is_known_by_its_frames(start: bytes, answer: bool | None) -> None:
    assert oscar.recognises(True, start) is answer
