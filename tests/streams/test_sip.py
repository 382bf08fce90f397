"""SIP, in connections and in datagrams."""

import json

import pytest

from auditor.streams import sip

MESSAGE = (
    b"MESSAGE sip:bob@a.example SIP/2.0\r\nVia: SIP/2.0/UDP b.example\r\nf: <sip:alice@a.example>\r\n"
    b"Subject: one\r\n  two\r\nc: text/plain\r\nl: 18\r\n\r\nWatson, come here."
)


@pytest.mark.parametrize("stream", [sip.Stream, sip.Datagrams])
def test_a_request_has_its_verb_its_address_its_headers_and_its_body(stream: type) -> None:
    (message,) = stream().feed(True, MESSAGE)
    assert (message.head.method, message.head.path) == ("MESSAGE", ("sip:bob@a.example",))
    assert message.head.header("content-type") == "text/plain"
    assert message.head.header("from") == "<sip:alice@a.example>"
    assert message.head.header("subject") == "one two"
    assert message.body == b"Watson, come here."


def test_messages_follow_each_other_and_pulses_between_them_are_nothing() -> None:
    talk = sip.Stream()
    found = talk.feed(
        False, b"\r\n\r\n" + MESSAGE + b"\r\nSIP/2.0 200 OK\r\nCSeq: 1 MESSAGE\r\n\r\n" + MESSAGE
    )
    assert [(m.head.method, m.head.status) for m in found] == [("MESSAGE", 0), ("REPLY", 200), ("MESSAGE", 0)]


def test_a_datagram_needs_no_length() -> None:
    talk = sip.Datagrams()
    (message,) = talk.feed(True, b"INFO sip:a SIP/2.0\r\n\r\nall of it")
    assert message.body == b"all of it"
    assert talk.feed(True, b"\r\n\r\n") == []
    assert talk.feed(True, b"\0\0\0\0") == []
    assert talk.feed(True, b"    ") == []
    (again,) = talk.feed(True, b"MESSAGE sip:a SIP/2.0\r\nl: 99\r\n\r\ncut")
    assert again.body == b"cut"


@pytest.mark.parametrize("data", [b"INFO sip:a SIP/2.0\r\nTo: b\r\n", b"no sip\r\n\r\n", b"no end"])
def test_a_datagram_that_is_no_message_is_told_and_ends_with_itself(data: bytes) -> None:
    talk = sip.Datagrams()
    (bad,) = talk.feed(True, data)
    assert bad.head.method == "UNREADABLE"
    assert talk.feed(True, MESSAGE)[0].head.method == "MESSAGE"


def test_a_head_that_is_too_long_is_reported() -> None:
    long, *_ = sip.Stream().feed(True, b"INFO sip:a SIP/2.0\r\n" + b"a: b\r\n" * 1001)
    assert long.head.method == "TOO-LONG"
    assert json.loads(long.body)["start"].startswith("INFO")


KNOWN = [
    (MESSAGE, True),
    (b"\r\n\r\nSIP/2.0 100 Trying\r\n", True),
    (b"INVITE sips:a@b SIP/2.0\r\n", True),
    (b"INVI", None),
    (b"", None),
    (b"OPTIONS sip:a", None),
    (b"OPTIONS / HTTP/1.1\r\n", False),
    (b"INVITE you to dinner\r\n", False),
    (b"NICK a\r\n", False),
]


@pytest.mark.parametrize(("start", "answer"), KNOWN)
def test_sip_is_known_by_its_first_line(start: bytes, answer: bool | None) -> None:
    assert sip.recognises(True, start) is answer
