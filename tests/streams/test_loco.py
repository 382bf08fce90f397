"""LOCO: a key and frames."""

import pytest

from auditor.streams import loco

START = b"\0\1\0\0\x10\0\0\0\3\0\0\0"


def test_a_handshake_and_frames() -> None:
    talk = loco.Stream()
    found = talk.feed(True, START + b"k" * 256 + b"\3\0\0\0abc\1") + talk.feed(False, b"\2\0\0\0de")
    assert [(m.outgoing, m.head.method, m.body) for m in found] == [
        (True, "HANDSHAKE", START + b"k" * 256),
        (True, "FRAME", b"abc"),
        (False, "FRAME", b"de"),
    ]


def test_a_frame_of_an_absurd_length_is_not_kept() -> None:
    talk = loco.Stream()
    talk.feed(False, b"\xff\xff\xff\xff")
    for _ in range(20):
        talk.feed(False, b"x" * 100_000)
    assert talk.waiting == 2_000_000
    assert len(talk.sides[False].data) == 0


KNOWN = [
    (True, START, True),
    (True, b"\0\1\0\0\x0c\0\0\0\2\0\0\0key", True),
    (True, b"\0\1", None),
    (True, b"\0\1\0\0\x20\0\0\0\2\0\0\0", False),
    (True, b"GET ", False),
    (False, b"\2\0\0\0", None),
]


@pytest.mark.parametrize(("outgoing", "start", "answer"), KNOWN)
def test_loco_is_known_by_its_handshake(outgoing: bool, start: bytes, answer: bool | None) -> None:
    assert loco.recognises(outgoing, start) is answer
