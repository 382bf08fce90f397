"""APNs: frames of fields, both ways."""

import hashlib

import pytest

from auditor.streams import Message, apns

TOPIC = hashlib.sha1(b"com.apple.madrid").digest()
TOKEN = bytes(range(32))


def field(number: int, value: bytes) -> bytes:
    return bytes((number,)) + len(value).to_bytes(2) + value


def frame(command: int, *fields: bytes) -> bytes:
    return bytes((command,)) + len(b"".join(fields)).to_bytes(4) + b"".join(fields)


CONNECT = frame(7, field(1, TOKEN), field(2, b"\1"))
SENT = frame(10, field(4, b"\0\0\0\7"), field(1, TOPIC), field(2, TOKEN), field(3, b"bplist00..."))
GOT = frame(10, field(1, TOKEN), field(2, TOPIC), field(3, b"bplist00!"), field(6, b"\1\2"))


def said(messages: list[Message]) -> list[tuple[bool, str, tuple[str, ...], bytes]]:
    return [(m.outgoing, m.head.method, m.head.path, m.body) for m in messages]


def test_a_message_has_its_topic_for_a_path_and_its_payload_for_a_body() -> None:
    talk = apns.Stream()
    found = talk.feed(True, CONNECT + SENT) + talk.feed(False, frame(8, field(1, b"\0")) + GOT + frame(13))
    assert said(found) == [
        (True, "Connect", (), b""),
        (True, "SendMessage", (TOPIC.hex(),), b"bplist00..."),
        (False, "ConnectResponse", (), b""),
        (False, "SendMessage", (TOPIC.hex(),), b"bplist00!"),
        (False, "KeepAliveResponse", (), b""),
    ]
    assert found[1].head.headers == (("4", "00000007"), ("2", TOKEN.hex()))
    assert found[3].head.headers == (("1", TOKEN.hex()), ("6", "0102"))


def test_any_cutting_gives_the_same() -> None:
    whole = apns.Stream().feed(True, CONNECT + SENT)
    talk = apns.Stream()
    assert [m for byte in CONNECT + SENT for m in talk.feed(True, bytes((byte,)))] == whole
    assert talk.waiting == 0


def test_what_is_not_understood_is_said() -> None:
    found = apns.Stream().feed(True, frame(10, b"\1\0\x09short") + frame(99, field(1, b"x")))
    assert said(found) == [
        (True, "UNREADABLE", (), b"\1\0\x09short"),
        (True, "COMMAND-99", (), b""),
    ]


def test_a_frame_of_endless_fields_is_not_taken_apart() -> None:
    for number, method in ((apns.FIELDS, "PushTopics"), (apns.FIELDS + 1, "TOO-LONG")):
        (found,) = apns.Stream().feed(True, frame(9, *[field(1, b"")] * number))
        assert found.head.method == method
        assert len(found.head.headers) == number * (method == "PushTopics")


def test_a_frame_of_an_absurd_length_is_not_kept() -> None:
    talk = apns.Stream()
    talk.feed(False, b"\x0a\xff\xff\xff\xff")
    for _ in range(20):
        talk.feed(False, b"x" * 100_000)
    assert talk.waiting == 2_000_000
    assert len(talk.sides[False].data) == 0


KNOWN = [
    (True, CONNECT, True),
    (True, CONNECT + SENT, True),
    (True, CONNECT[:20], None),
    (True, b"\7\0\0", None),
    (True, b"\7\0\0\0\2\0\0", False),
    (True, b"\7\0\0\0\4\1\0\x09x", False),
    (True, b"\7\1\0\0\0", False),
    (True, SENT, False),
    (True, b"GET ", False),
    (False, GOT, None),
]


@pytest.mark.parametrize(("outgoing", "start", "answer"), KNOWN)
def test_apns_is_known_by_the_first_frame_of_the_device(
    outgoing: bool, start: bytes, answer: bool | None
) -> None:
    assert apns.recognises(outgoing, start) is answer
