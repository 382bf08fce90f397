"""POP3: mails, and what is only their beginning."""

import json

import pytest

from auditor.streams import TLS, Message, pop3
from auditor.streams.talk import Talk


def session(asked: bytes) -> Talk:
    talk = pop3.Stream()
    talk.feed(False, b"+OK hello\r\n")
    talk.feed(True, asked)
    return talk


def said(found: list[Message]) -> list[tuple[str, tuple[str, ...], bytes]]:
    return [(m.head.method, m.head.path, m.body) for m in found if m.head.method != "REPLY"]


def test_a_mail_comes_without_the_dots_that_were_put_on() -> None:
    talk = session(b"RETR 3\r\ntop 3 0\r\nRETR 4\r\n")
    found = talk.feed(False, b"+OK\r\na: b\r\n\r\n..\r\n.\r\n+OK\r\na: b\r\n.\r\n-ERR gone\r\n")
    assert said(found) == [("RETR", ("3",), b"a: b\r\n\r\n.\r\n"), ("RETR-HEADER", ("3",), b"a: b\r\n")]
    assert json.loads(found[-1].body) == {"to": "RETR", "text": "-ERR gone"}


@pytest.mark.parametrize(
    ("lines", "method"), [(0, "RETR-PART"), (2, "RETR-PART"), (3, "RETR"), (10**20, "RETR")]
)
def test_a_mail_that_is_asked_for_by_its_lines_is_whole_where_there_are_no_more(
    lines: int, method: str
) -> None:
    found = session(b"TOP 3 %d\r\n" % lines).feed(False, b"+OK\r\na: b\r\n\r\none\r\ntwo\r\n.\r\n")
    assert said(found) == [(method, ("3",), b"a: b\r\n\r\none\r\ntwo\r\n")]


def test_the_head_of_a_mail_alone_is_no_part_of_its_text() -> None:
    found = session(b"TOP 3 0\r\n").feed(False, b"+OK\r\na: b\r\n\r\n.\r\n")
    assert said(found) == [("RETR-HEADER", ("3",), b"a: b\r\n\r\n")]


def test_a_list_is_one_answer() -> None:
    talk = session(b"LIST\r\nLIST 1\r\n")
    several, one = talk.feed(False, b"+OK\r\n1 5\r\n2 6\r\n.\r\n+OK 1 5\r\n")
    assert json.loads(several.body) == {"to": "LIST", "text": "+OK", "lines": ["1 5", "2 6"]}
    assert json.loads(one.body)["text"] == "+OK 1 5"


def test_commands_have_parameters_and_those_that_ask_for_mail_another_name() -> None:
    talk = pop3.Stream()
    found = talk.feed(True, b"user a\r\nRETR 1\r\n\r\n")
    assert [(m.head.method, json.loads(m.body)) for m in found] == [
        ("USER", {"params": ["a"]}),
        ("RETR-ASKED", {"params": ["1"]}),
    ]


def test_what_answers_a_challenge_is_no_command() -> None:
    talk = session(b"AUTH PLAIN\r\n")
    talk.feed(False, b"+ \r\n")
    assert json.loads(talk.feed(True, b"AGEAYg==\r\n")[0].body) == {"answer": "AGEAYg=="}
    talk.feed(False, b"+OK in\r\n")
    assert talk.feed(True, b"STAT\r\n")[0].head.method == "STAT"


def test_stls_hands_over() -> None:
    talk = session(b"STLS\r\n")
    talk.feed(False, b"+OK begin\r\n")
    talk.feed(True, b"\x16\x03")
    assert (talk.handed_over, talk.rest[True]) == (TLS, 2)


def test_a_mail_that_is_too_long_is_reported_and_reading_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pop3, "MOST", 100)
    talk = session(b"RETR 1\r\nNOOP\r\n")
    found = talk.feed(False, b"+OK\r\n" + b"12345678\r\n" * 50 + b"x" * 300 + b"\r\n.\r\n+OK\r\n")
    assert [m.head.method for m in found] == ["TOO-LONG", "REPLY"]
    assert json.loads(found[0].body)["length"] == 802


KNOWN = [
    (False, b"+OK ready\r\n", True),
    (False, b"+O", None),
    (False, b"-ERR", False),
    (True, b"USER a\r\n", None),
    (True, b"RETR 1\r\n", True),
    (True, b"RETR them all\r\n", False),
    (True, b"CAPA\r\n", None),
    (True, b"*1\r\n$4\r\nPING\r\n", False),
]


@pytest.mark.parametrize(("outgoing", "start", "answer"), KNOWN)
def test_pop3_is_known_by_its_greeting_or_by_who_asks_for_a_mail(
    outgoing: bool, start: bytes, answer: bool | None
) -> None:
    assert pop3.recognises(outgoing, start) is answer


def test_who_joins_in_the_middle_reads_the_mail_that_is_asked_for() -> None:
    talk = pop3.Stream()
    talk.feed(True, b"RETR 3\r\nRETR 4\r\n")
    found = talk.feed(False, b"+OK\r\na: b\r\n.\r\n+OK\r\nc: d\r\n.\r\n")
    assert said(found) == [("RETR", ("3",), b"a: b\r\n"), ("RETR", ("4",), b"c: d\r\n")]


def test_lines_that_answer_nothing_may_be_of_a_mail() -> None:
    found = session(b"NOOP\r\n").feed(False, b"and the rest of it\r\n.\r\n+OK\r\n")
    assert said(found) == [("UNREADABLE", (), b"and the rest of it"), ("UNREADABLE", (), b".")]


def test_a_mail_that_the_end_of_the_connection_cuts_is_told() -> None:
    talk = pop3.Stream()
    talk.feed(False, b"+OK hi\r\n")
    talk.feed(True, b"RETR 3\r\n")
    talk.feed(False, b"+OK\r\nSubject: x\r\n\r\nhi and")
    (cut,) = talk.finish()
    assert (cut.head.method, cut.head.path, cut.body) == ("RETR-PART", ("3",), b"Subject: x\r\n\r\nhi and")
    assert talk.finish() == []
