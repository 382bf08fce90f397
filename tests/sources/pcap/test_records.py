"""Records: cut however the bytes come, and never read beyond what is there."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.sources.pcap.records import (
    ALERT,
    DATA,
    HANDSHAKE,
    LONGEST,
    OLD_HELLO,
    Record,
    Records,
    looks_like,
    of_datagram,
)


def record(kind: int, body: bytes, version: int = 0x0303) -> bytes:
    return bytes((kind,)) + version.to_bytes(2) + len(body).to_bytes(2) + body


def datagram(kind: int, body: bytes, epoch: int = 0, number: int = 0, version: int = 0xFEFD) -> bytes:
    head = bytes((kind,)) + version.to_bytes(2) + epoch.to_bytes(2) + number.to_bytes(6)
    return head + len(body).to_bytes(2) + body


OLD = b"\1\3\1" + b"\0\3\0\0\0\x10" + b"\0\0\x2f" + bytes(16)  # a hello in the words of SSL 2
STREAM = record(HANDSHAKE, b"\1\0\0\0") + record(DATA, b"") + record(ALERT, b"\2\x28")


@given(st.lists(st.integers(0, len(STREAM)), max_size=5))
def test_any_cutting_gives_the_same_records(cuts: list[int]) -> None:
    records, edges = Records(), [0, *sorted(cuts), len(STREAM)]
    pieces = [STREAM[start:end] for start, end in pairwise(edges)]
    found = [one for piece in pieces for one in records.feed(piece)]
    assert [(one.kind, one.body) for one in found] == [(22, b"\1\0\0\0"), (23, b""), (21, b"\2\x28")]
    assert (records.stopped, records.waiting) == ("", 0)


def test_an_old_hello_is_known_at_the_start_only() -> None:
    begun = Records()
    old = (0x8000 | len(OLD)).to_bytes(2) + OLD
    assert begun.feed(old[:2]) == begun.feed(old[2:20]) == []
    assert begun.feed(old[20:] + STREAM)[0] == Record(OLD_HELLO, 2, OLD)
    begun.feed(old)
    assert begun.stopped == "no record of TLS begins where one should"


WRONG = {
    "no record of TLS begins where one should": b"GET / HTTP/1.1\r\n",
    "no version of TLS stands where one should": b"\x16\x02\x01",
    "a record is longer than TLS has any": b"\x16\x03\x01" + (LONGEST + 1).to_bytes(2),
}


@pytest.mark.parametrize("why", WRONG)
def test_what_is_no_record_ends_reading_and_says_why(why: str) -> None:
    records = Records()
    assert len(records.feed(STREAM + WRONG[why])) == 3
    assert (records.stopped, records.waiting) == (why, 0)
    assert records.feed(STREAM) == []


def test_lost_bytes_end_reading_and_say_how_many() -> None:
    records = Records()
    records.feed(STREAM[:3])
    assert records.feed(STREAM, lost=1460) == []
    assert records.stopped == "1,460 bytes are missing"


def test_what_is_not_whole_waits_and_is_never_more_than_one_record() -> None:
    records = Records()
    for piece in (record(DATA, bytes(LONGEST))[:-1], b""):
        assert records.feed(piece) == []
    assert (records.waiting, records.expected) == (LONGEST + 4, 1)
    assert len(records.feed(b"x" + record(DATA, b"end"))) == 2


def test_the_records_of_a_datagram_are_cut_and_what_is_cut_off_is_not() -> None:
    hello, sealed = datagram(HANDSHAKE, b"\1" * 20, number=7), datagram(DATA, b"x" * 30, epoch=1)
    assert of_datagram(hello + sealed) == [
        Record(HANDSHAKE, 0xFEFD, b"\1" * 20, 0, 7),
        Record(DATA, 0xFEFD, b"x" * 30, 1),
    ]
    assert len(of_datagram(hello + sealed[:-1])) == 1
    assert of_datagram(b"\x2f" + sealed) == of_datagram(b"") == []


STARTS = {
    b"\x16\x03\x01\x00\xf0\x01": True,
    b"\x16\x03\x01\x00\xf0\x02": True,
    b"\x15\x03\x03\x00\x02\x02": True,
    b"\x16\x03\x01\x00\xf0": None,
    b"\x16": None,
    b"": None,
    b"\x16\x03\x01\x00\xf0\x0b": False,  # a certificate begins no stream
    b"\x17\x03\x03\x00\xf0\x01": False,  # neither does sealed data
    b"SSH-2.0-": False,
    (0x8000 | len(OLD)).to_bytes(2) + OLD: True,
    ((0x8000 | len(OLD)).to_bytes(2) + OLD)[:9]: None,
    ((0x8000 | len(OLD) - 1).to_bytes(2) + OLD): False,
    b"\x80\x2e\x01\x09\x09\0\x03\0\0\0\x10": False,
}


@pytest.mark.parametrize("start", STARTS)
def test_a_stream_is_known_by_how_it_begins(start: bytes) -> None:
    assert looks_like(start) is STARTS[start]


@given(st.binary(max_size=300))
def test_any_bytes_are_read_without_a_fault(data: bytes) -> None:
    records = Records()
    records.feed(data)
    assert records.stopped or records.waiting <= max(len(data), LONGEST + 5)
    assert all(len(one.body) <= len(data) for one in of_datagram(data))
    assert looks_like(data) in (True, False, None)
