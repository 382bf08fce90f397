"""MMTLS: records."""

import pytest

from auditor.streams import mmtls


def test_every_record_is_a_frame_with_its_header() -> None:
    found = mmtls.Stream().feed(True, b"\x19\xf1\4\0\3abc\x17\xf1\3\0\0\x15\xf1\4\0\1x\x16")
    assert [(m.head.method, m.head.path, m.body) for m in found] == [
        ("FRAME", ("early",), b"\x19\xf1\4\0\3abc"),
        ("FRAME", ("data",), b"\x17\xf1\3\0\0"),
        ("FRAME", ("alert",), b"\x15\xf1\4\0\1x"),
    ]


def test_where_no_record_begins_the_reading_ends() -> None:
    talk = mmtls.Stream()
    talk.feed(True, b"\x19\xf1\4\0\1xHTTP/1.1")
    assert "record" in talk.handed_over
    assert talk.rest[True] == 8


KNOWN = [
    (b"\x16\xf1\4\0\1", True),
    (b"\x19\xf1\3\0\1", True),
    (b"\x19\xf1", None),
    (b"\x17\xf1\4\0\1", False),
    (b"\x16\3\1\0\1", False),
    (b"GET", False),
]


@pytest.mark.parametrize(("start", "answer"), KNOWN)
def test_mmtls_is_known_by_its_first_record(start: bytes, answer: bool | None) -> None:
    assert mmtls.recognises(True, start) is answer
