"""Hellos of Google's own QUIC: their tags are read, and no further than they reach."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.sources.pcap.gquic import MOST, hello
from auditor.sources.pcap.outside import quic


def said(tags: dict[bytes, bytes], count: int | None = None) -> bytes:
    table, values = b"", b""
    for tag, value in tags.items():
        values += value
        table += tag + len(values).to_bytes(4, "little")
    number = len(tags) if count is None else count
    head = b"\x09" + bytes(8) + b"Q043\1" + bytes(20)
    return head + b"CHLO" + number.to_bytes(2, "little") + b"\0\0" + table + values


HELLO = said(
    {b"PAD\0": b"-" * 40, b"SNI\0": b"Chat.Example", b"UAID": b"com.example.chat/7.1", b"VER\0": b"Q043"}
)


def test_the_name_and_the_program_are_shown() -> None:
    assert hello(HELLO) == ("chat.example", (("software", "com.example.chat/7.1"),))


def test_a_hello_is_seen_with_its_version_and_its_name() -> None:
    seen = quic(HELLO)
    assert seen
    assert (seen.host, seen.named_by) == ("chat.example", "SNI")
    assert dict(seen.facts) == {"quic": "Google Q043", "software": "com.example.chat/7.1"}


OTHERS = {
    "no hello": b"\x09" + bytes(8) + b"Q043\1" + bytes(80),
    "a table beyond the end": said({b"SNI\0": b"a"}, count=60),
    "more tags than any has": said({b"SNI\0": b"a"}, count=MOST + 1),
    "a value beyond the end": HELLO.replace((40).to_bytes(4, "little"), b"\xff\xff\xff\x7f"),
    "values that go back": HELLO.replace((40).to_bytes(4, "little"), (60).to_bytes(4, "little")),
    "no tags": said({}),
    "nothing": b"",
}


@pytest.mark.parametrize("what", OTHERS)
def test_what_is_no_hello_shows_nothing(what: str) -> None:
    assert hello(OTHERS[what]) == ("", ())


@given(st.integers(0, len(HELLO)), st.binary(max_size=12))
def test_damage_is_no_fault(at: int, junk: bytes) -> None:
    name, facts = hello(HELLO[:at] + junk + HELLO[at + len(junk) :])
    assert len(name) <= 255 and len(facts) <= 1
