"""YMSG: packets of numbered fields."""

import json
from typing import Any

import pytest

from auditor.streams import ymsg


def packet(service: int, *fields: tuple[int, str], status: int = 0) -> bytes:
    body = b"".join(
        f"{number}".encode() + b"\xc0\x80" + value.encode() + b"\xc0\x80" for number, value in fields
    )
    numbers = len(body).to_bytes(2) + service.to_bytes(2) + status.to_bytes(4)
    return b"YMSG\0\x0f\0\0" + numbers + b"\0\0\0\1" + body


TEXTS: list[tuple[bytes, str, tuple[str, ...], dict[str, Any]]] = [
    (
        packet(6, (0, "al"), (1, "al"), (5, "bob"), (14, "hi")),
        "MESSAGE", ("bob",), {"from": "al", "to": "bob", "text": "hi"},
    ),
    (
        packet(6, (4, "bob"), (5, "al"), (14, "grün 🔐")),
        "MESSAGE", ("al",), {"from": "bob", "text": "grün 🔐"},
    ),
    (
        packet(6, (31, "6"), (4, "bob"), (14, "one"), (31, "6"), (4, "cat"), (14, "two"), status=5),
        "MESSAGE", (), {"from": ["bob", "cat"], "text": ["one", "two"]},
    ),
    (
        packet(0x1D, (1, "al"), (57, "al-123"), (53, "bob"), (14, "hi all")),
        "CONFERENCE", ("al-123",), {"text": "hi all"},
    ),
    (
        packet(0xA8, (109, "bob"), (104, "Chess:1"), (117, "hi room")),
        "CHAT", ("Chess:1",), {"text": "hi room"},
    ),
    (
        packet(0x4B, (49, "TYPING"), (1, "al"), (5, "bob"), (13, "1")),
        "NOTIFY", ("bob",), {"kind": "TYPING", "state": "1"},
    ),
    (packet(0x57, (1, "al")), "AUTH", (), {"fields": [["1", "al"]]}),
    (packet(0x777), "SERVICE-1911", (), {"fields": []}),
]  # fmt: skip


@pytest.mark.parametrize(("data", "method", "path", "body"), TEXTS)
def test_a_packet_becomes_a_message(
    data: bytes, method: str, path: tuple[str, ...], body: dict[str, Any]
) -> None:
    (message,) = ymsg.Stream().feed(True, data)
    assert (message.head.method, message.head.path) == (method, path)
    assert json.loads(message.body).items() >= body.items()


def test_colours_and_fonts_are_no_text_but_are_kept() -> None:
    styled = '\x1b[#ff0000m\x1b[1m<font face="Arial">hi there</font>'
    (message,) = ymsg.Stream().feed(False, packet(6, (4, "bob"), (14, styled)))
    body = json.loads(message.body)
    assert (body["text"], body["styled"]) == ("hi there", styled)


@pytest.mark.parametrize("end", [b"14\xc0\x80hi", b"14\xc0\x80"])
def test_fields_that_do_not_pair_are_unreadable_and_reading_goes_on(end: bytes) -> None:
    bad = packet(6)[:8] + len(end).to_bytes(2) + packet(6)[10:] + end
    first, second = ymsg.Stream().feed(True, bad + packet(6, (5, "bob"), (14, "hi")))
    assert (first.head.method, first.body, second.head.method) == ("UNREADABLE", end, "MESSAGE")


def test_bytes_that_are_no_packet_end_the_reading() -> None:
    talk = ymsg.Stream()
    talk.feed(True, packet(6) + b"no packet at all, not even one")
    assert talk.handed_over == "bytes that are no packet"


KNOWN = [
    (packet(0x57, (1, "al")), True),
    (packet(0x4C), True),
    (b"", None),
    (b"YM", None),
    (packet(6)[:15], None),
    (packet(0x57, (1, "al"))[:21], None),
    (packet(0x57, (1, "al"))[:22], None),
    (packet(0x4C).replace(b"YMSG\0\x0f\0\0", b"YMSG\xff\x0f\x09\x01"), False),
    (packet(0x7777), False),
    (b"YMSG is what they spoke in those days", False),
    (packet(6)[:8] + b"\0\x09" + packet(6)[10:] + b"some words", False),
    (b"EHLO a\r\n", False),
]


@pytest.mark.parametrize(("start", "answer"), KNOWN)
def test_ymsg_is_known_by_its_first_packet(start: bytes, answer: bool | None) -> None:
    assert ymsg.recognises(True, start) is answer
