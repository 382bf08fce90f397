"""Where the next record begins, and which one it is, after bytes were lost."""

from collections.abc import Iterable

import pytest

from auditor.sources.pcap.records import DATA, HANDSHAKE, Record
from auditor.sources.pcap.unlock.side import Side
from auditor.sources.pcap.unlock.stage import HANDSHAKE as FIRST
from auditor.sources.pcap.unlock.stage import SPEECH, Stage


class Numbered:
    """A cipher that hides nothing: a record is its number and a text, marked by its stage."""

    resumes = True

    def __init__(self, mark: bytes) -> None:
        self.mark = mark

    def open(self, kind: int, version: int, numbers: Iterable[int], body: bytes) -> tuple[int, bytes]:
        mark, number, text = body[:1], body[1], body[2:]
        if mark != self.mark or number not in numbers:
            raise ValueError("another")
        return number, text


def record(number: int, mark: bytes = b"B", text: bytes = b"meet at seven, said Alice") -> bytes:
    body = mark + bytes([number]) + text
    return b"\x17\3\3" + len(body).to_bytes(2) + body


def side(*marks: bytes) -> Side:
    made = Side()
    made.begin([Stage(FIRST if mark == b"A" else SPEECH, Numbered(mark)) for mark in marks or (b"B",)])
    return made


def read(made: Side, data: bytes, lost: int = 0) -> int:
    """How many records pass their check."""
    passed = 0
    for one in made.cut(data, lost):
        try:
            made.open(one)
            passed += 1
        except ValueError:
            continue
    return passed


SIZE = len(record(0))


def test_records_pass_in_order() -> None:
    assert read(side(), b"".join(record(number) for number in range(5))) == 5


def test_a_record_of_which_the_end_is_lost_is_left_out() -> None:
    made = side()
    assert read(made, record(0) + record(1)[:10]) == 1
    assert read(made, record(2) + record(3), SIZE - 10) == 2


def test_a_record_of_which_the_middle_is_lost_is_left_out() -> None:
    made = side()
    assert read(made, record(0)[:10]) == 0
    assert read(made, record(0)[15:] + record(1), 5) == 1


def test_the_loss_may_go_on_in_the_same_record() -> None:
    made = side()
    assert read(made, record(0)[:10]) == 0
    assert read(made, record(0)[15:17], 5) == 0
    assert read(made, record(0)[20:] + record(1), 3) == 1


@pytest.mark.parametrize("missing", [1, 3, 100])
def test_whole_records_that_are_lost_are_counted(missing: int) -> None:
    made = side()
    assert read(made, record(0)) == 1
    assert read(made, record(1 + missing) + record(2 + missing), missing * SIZE) == 2


def test_where_a_record_begins_is_sought() -> None:
    made = side()
    assert read(made, record(0) + record(1)[:7]) == 1
    rest = record(3)[9:] + record(4) + record(5)
    assert [read(made, bytes([byte]), 2 * SIZE + 2 if at == 0 else 0) for at, byte in enumerate(rest)].count(
        1
    ) == 2


def test_what_only_looks_like_a_beginning_is_not_believed() -> None:
    made = side()
    assert read(made, b"??\x17\3\3\0\5?\2hi!" + record(3), 200) == 1


def test_a_later_stage_is_found_where_the_end_of_the_first_is_missing() -> None:
    made = side(b"A", b"B")
    assert read(made, record(0, b"A") + record(0, b"B") + record(1, b"B")) == 3
    assert [stage.name for stage in made.stages] == [SPEECH]


def test_records_that_fail_one_after_the_other_leave_no_hope() -> None:
    made = side()
    assert read(made, record(0, b"?") * 7) == 0
    assert not made.hopeless
    assert read(made, record(0, b"?")) == 0
    assert made.hopeless


def test_a_direction_that_is_shut_says_nothing_more() -> None:
    made = side()
    made.shut("no reason")
    made.shut("another")
    assert read(made, record(0)) == 0
    assert made.why == "no reason"


def test_messages_are_joined_over_records_and_cut_within_them() -> None:
    made, said = Side(), b"\1\0\0\3abc\2\0\0\0\3\0\0\1x"
    found = [one for at in range(0, len(said), 4) for one in made.messages(said[at : at + 4])]
    assert [(kind, body) for kind, body, _ in found] == [(1, b"abc"), (2, b""), (3, b"x")]
    assert b"".join(raw for _, _, raw in found) == said


def test_a_message_that_nobody_sends_is_not_waited_for() -> None:
    with pytest.raises(ValueError, match="longer than any"):
        list(Side().messages(b"\1\xff\xff\xff"))


def test_what_is_in_the_open_is_found_again_by_its_looks() -> None:
    made = Side()
    hello = b"\x16\3\3\0\4\x0e\0\0\0"
    assert list(made.cut(hello, 0)) == [Record(HANDSHAKE, 0x0303, b"\x0e\0\0\0")]
    assert list(made.cut(b"abc" + hello + record(0), 50)) == [
        Record(HANDSHAKE, 0x0303, b"\x0e\0\0\0"),
        Record(DATA, 0x0303, record(0)[5:]),
    ]
