"""Where a record begins, among bytes of which nobody knows what they are."""

import pytest

from auditor.sources.pcap.records import DATA, Record
from auditor.sources.pcap.unlock.search import Search

RECORD = b"\x17\3\3\0\5hello"


@pytest.mark.parametrize("step", [1, 3, 1000])
@pytest.mark.parametrize(
    "before", [b"", b"noise", b"\x17\3\3\0\3a\x17\3\3", b"\x17\3\3\x40\0", b"\x17\3" * 40_000]
)
def test_it_is_found_however_the_bytes_are_cut(before: bytes, step: int) -> None:
    text, search = before + RECORD + b"and more", Search()
    for at in range(0, len(text), step):
        rest = search.feed(text[at : at + step], lambda record, behind: record.body == b"hello")
        if rest is not None:
            assert rest == text[len(before) : at + step]
            return
    pytest.fail("nothing was found")


def test_each_place_is_asked_about_once() -> None:
    asked: list[Record] = []

    def never(record: Record, behind: bytes) -> bool:
        asked.append(record)
        return False

    search = Search()
    for _ in range(3):
        for byte in RECORD:
            assert search.feed(bytes([byte]), never) is None
    assert search.feed(b"?" * 100_000, never) is None
    assert asked == [Record(DATA, 0x0303, b"hello")] * 3


def test_what_stands_behind_it_is_told() -> None:
    told: list[bytes] = []

    def never(record: Record, behind: bytes) -> bool:
        told.append(behind)
        return False

    Search().feed(RECORD + RECORD, never)
    assert told == [b"\x17\3\3", b""]
