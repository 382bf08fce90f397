"""IMAP: whole mails, their headers and their parts are told apart."""

import json
import zlib
from collections import Counter
from pathlib import Path

import pytest

from auditor.model import Parcel
from auditor.sources import read
from auditor.streams import TLS, Message, imap
from auditor.streams.talk import Talk

LAB = Path(__file__).parents[3] / "shared/lab/captures"
Said = list[tuple[str, tuple[str, ...], bytes]]


def session(asked: bytes = b"") -> Talk:
    talk = imap.Stream()
    talk.feed(False, b"* OK hi\r\n")
    talk.feed(True, b'1 SELECT "In \\"box"\r\n' + asked)
    return talk


def said(found: list[Message]) -> Said:
    return [(m.head.method, m.head.path, m.body) for m in found if m.head.method not in ("REPLY",)]


FETCHED: list[tuple[bytes, Said]] = [
    (b"BODY[] {5}\r\nhello", [("FETCH", ('In "box',), b"hello")]),
    (b"UID 3 RFC822 {5}\r\nhello FLAGS (\\Seen)", [("FETCH", ('In "box',), b"hello")]),
    (b'BODY[] "hel\\"lo"', [("FETCH", ('In "box',), b'hel"lo')]),
    (b"BINARY[] ~{5}\r\nhel\0o", [("FETCH", ('In "box',), b"hel\0o")]),
    (b"RFC822.HEADER {5}\r\nhello", [("FETCH-HEADER", ('In "box',), b"hello")]),
    (b"BODY[HEADER.FIELDS (SUBJECT FROM)] {5}\r\nhello", [("FETCH-HEADER", ('In "box',), b"hello")]),
    (b"BODY[2.MIME] {5}\r\nhello", [("FETCH-HEADER", ('In "box',), b"hello")]),
    (b"BODY[TEXT] {5}\r\nhello", [("FETCH-PART", ('In "box',), b"hello")]),
    (b"RFC822.TEXT {5}\r\nhello", [("FETCH-PART", ('In "box',), b"hello")]),
    (b"BODY[1.2] {5}\r\nhello", [("FETCH-PART", ('In "box',), b"hello")]),
    (b"BODY[]<7> {5}\r\nhello", [("FETCH-PART", ('In "box',), b"hello")]),
    (
        b"BODY[HEADER] {1}\r\nh BODY[] {1}\r\nm",
        [("FETCH-HEADER", ('In "box',), b"h"), ("FETCH", ('In "box',), b"m")],
    ),
    (b"FLAGS (\\Seen)", []),
    (b'ENVELOPE ("date" {5}\r\nhello NIL)', [("FETCH-HEADER", ('In "box',), b"hello")]),
    (b"X {5}\r\nhello", [("FETCH-PART", ('In "box',), b"hello")]),
]


@pytest.mark.parametrize(("answer", "expected"), FETCHED)
def test_the_section_says_what_travels(answer: bytes, expected: Said) -> None:
    found = said(session().feed(False, b"* 12 FETCH (" + answer + b")\r\n"))
    assert found[: len(expected)] == expected
    assert all(method == "FETCH-HEADER" for method, _, _ in found[len(expected) :])


def test_an_envelope_is_a_header() -> None:
    (found,) = session().feed(False, b'* 1 FETCH (ENVELOPE ("date" {3}\r\nabc NIL))\r\n')[-1:]
    assert found.head.method == "FETCH-HEADER"


def test_pieces_of_a_mail_are_joined() -> None:
    talk = session(b"2 UID FETCH 9 BODY.PEEK[]<0.4>\r\n")
    assert said(talk.feed(False, b"* 1 FETCH (BODY[]<0> {4}\r\nabcd)\r\n"))[0][0] == "FETCH-PIECE"
    talk.feed(True, b"3 UID FETCH 9 BODY.PEEK[]<4.4>\r\n")
    part, whole = said(talk.feed(False, b"* 1 FETCH (BODY[]<4> {2}\r\nef)\r\n"))
    assert (part[0], whole) == ("FETCH-PIECE", ("FETCH", ('In "box',), b"abcdef"))


def answered(number: int, begin: int, data: bytes, more: bytes = b"") -> bytes:
    return b"* %d FETCH (%sBODY[]<%d> {%d}\r\n%s)\r\n" % (number, more, begin, len(data), data)


PART = ("FETCH-PART", ('In "box',), b"")
PIECES: dict[str, tuple[bytes, bytes, Said]] = {
    "the last piece is as long as was asked for, and the size is told": (
        b"2 FETCH 1 (RFC822.SIZE BODY.PEEK[]<0.4>)\r\n3 FETCH 1 (RFC822.SIZE BODY.PEEK[]<4.2>)\r\n",
        answered(1, 0, b"abcd", b"RFC822.SIZE 6 ") + answered(1, 4, b"ef", b"RFC822.SIZE 6 "),
        [("FETCH", ('In "box',), b"abcdef")],
    ),
    "it is as long, and nobody told the size": (
        b"2 FETCH 1 BODY.PEEK[]<0.4>\r\n3 FETCH 1 BODY.PEEK[]<4.2>\r\n",
        answered(1, 0, b"abcd") + answered(1, 4, b"ef"),
        [PART],
    ),
    "a longer piece is asked for before a shorter one came": (
        b"2 FETCH 1 BODY.PEEK[]<0.4>\r\n3 FETCH 1 BODY.PEEK[]<4.9>\r\n",
        answered(1, 0, b"abcd") + answered(1, 4, b"ef"),
        [("FETCH", ('In "box',), b"abcdef")],
    ),
    "two mails in turn": (
        b"2 FETCH 1:2 BODY.PEEK[]<0.4>\r\n3 FETCH 1:2 BODY.PEEK[]<4.4>\r\n",
        answered(1, 0, b"abcd") + answered(2, 0, b"klmn") + answered(1, 4, b"ef") + answered(2, 4, b"o"),
        [("FETCH", ('In "box',), b"abcdef"), ("FETCH", ('In "box',), b"klmno")],
    ),
    "only the beginnings of two mails": (
        b"2 FETCH 1:2 BODY.PEEK[]<0.4>\r\n",
        answered(1, 0, b"abcd") + answered(2, 0, b"klmn"),
        [PART, PART],
    ),
    "the beginning, then all of it": (
        b"2 FETCH 1 BODY.PEEK[]<0.4>\r\n",
        answered(1, 0, b"abcd") + b"* 1 FETCH (BODY[] {6}\r\nabcdef)\r\n",
        [("FETCH", ('In "box',), b"abcdef")],
    ),
    "a mail before it goes, and its number is another's": (
        b"2 FETCH 2 BODY.PEEK[]<0.4>\r\n",
        answered(2, 0, b"abcd") + b"* 1 EXPUNGE\r\n* 2 FETCH (BODY[] {1}\r\nx)\r\n",
        [PART, ("FETCH", ('In "box',), b"x")],
    ),
    "a piece of what nobody saw begin": (
        b"2 FETCH 1 BODY.PEEK[]<4.9>\r\n",
        answered(1, 4, b"ef"),
        [("FETCH-PART", ('In "box',), b"ef")],
    ),
}


@pytest.mark.parametrize("case", PIECES)
def test_a_mail_is_whole_only_where_its_last_piece_was_seen(case: str) -> None:
    asked, answers, expected = PIECES[case]
    talk = session(asked)
    found = [*talk.feed(False, answers), *talk.finish()]
    assert [one for one in said(found) if one[0] != "FETCH-PIECE"] == expected


@pytest.mark.parametrize(
    "command",
    [
        b"2 APPEND Sent (\\Seen) {5+}\r\nhello\r\n",
        b'2 APPEND "Sent" "1-Jan-2026 00:00:00 +0000" {5+}\r\nhello\r\n',
        b"2 APPEND {4+}\r\nSent (\\Seen) {5+}\r\nhello\r\n",
    ],
)
def test_a_mail_that_is_stored_is_appended(command: bytes) -> None:
    append, asked = session().feed(True, command)
    assert (append.head.method, append.head.path, append.body) == ("APPEND", ("Sent",), b"hello")
    assert asked.head.method == "APPEND-ASKED"


def test_a_literal_waits_for_the_server_and_may_be_refused() -> None:
    talk = session()
    assert talk.feed(True, b"2 APPEND Sent {5}\r\n") == []
    assert talk.feed(False, b"+ go\r\n")[0].head.method == "REPLY"
    assert talk.feed(True, b"hello\r\n")[0].head.method == "APPEND"
    talk.feed(True, b"3 APPEND Sent {9999999999}\r\n")
    assert [m.head.method for m in talk.feed(False, b"3 NO too big\r\n")] == ["REPLY", "REFUSED"]
    assert talk.feed(True, b"4 NOOP\r\n")[0].head.method == "NOOP"


def test_answers_are_paired_with_their_commands() -> None:
    talk = session(b"a2 UID STORE 1 +FLAGS (x)\r\n")
    star, last = talk.feed(False, b"* 1 EXISTS\r\na2 OK done\r\n")
    assert json.loads(star.body)["to"] == ""
    assert json.loads(last.body) == {"tag": "a2", "to": "STORE", "text": "OK done"}


def test_lines_within_idle_and_authenticate_are_no_commands() -> None:
    talk = session(b"2 IDLE\r\n")
    idle, noop = talk.feed(True, b"DONE\r\n3 NOOP\r\n")
    assert (idle.head.method, noop.head.method) == ("IDLE", "NOOP")
    talk.feed(True, b"4 AUTHENTICATE PLAIN\r\n")
    talk.feed(False, b"+ \r\n")
    assert talk.feed(True, b"AGEAYg==\r\n")[0].head.method == "AUTHENTICATE"
    talk.feed(False, b"4 OK in\r\n")
    assert talk.feed(True, b"5 LOGOUT\r\n")[0].head.method == "LOGOUT"


def test_starttls_hands_over() -> None:
    talk = session(b"2 STARTTLS\r\n")
    talk.feed(False, b"2 OK begin\r\n\x16")
    talk.feed(True, b"\x16\x03")
    assert (talk.handed_over, talk.rest) == (TLS, {True: 2, False: 1})


def test_compression_is_undone() -> None:
    talk = session(b"2 COMPRESS DEFLATE\r\n")
    packer = zlib.compressobj(wbits=-15)
    data = packer.compress(b"* 1 FETCH (BODY[] {2}\r\nhi)\r\n") + packer.flush(zlib.Z_SYNC_FLUSH)
    assert said(talk.feed(False, b"2 OK go\r\n" + data)) == [("FETCH", ('In "box',), b"hi")]
    assert not talk.handed_over


def test_a_mail_that_is_too_long_is_reported_and_reading_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imap, "MOST", 100)
    found = session().feed(False, b"* 1 FETCH (BODY[] {300}\r\n" + b"x" * 300 + b")\r\n* 2 EXISTS\r\n")
    assert [m.head.method for m in found] == ["TOO-LONG", "REPLY"]


KNOWN = [
    (False, b"* OK [CAPABILITY IMAP4rev1] hi\r\n", True),
    (False, b"* PREAUTH hi\r\n", True),
    (False, b"* O", None),
    (False, b"* 12 FETCH (FLAGS ())\r\n", True),
    (False, b"* 12 FET", None),
    (False, b"* 12 apples", False),
    (False, b"+OK", False),
    (True, b"a1 CAPABILITY\r\n", None),
    (True, b"\x16\x03", False),
    (True, b"<stream:stream>", None),
    (True, b"* x", False),
]


@pytest.mark.parametrize(("outgoing", "start", "answer"), KNOWN)
def test_imap_is_known_by_the_greeting_of_its_server(
    outgoing: bool, start: bytes, answer: bool | None
) -> None:
    assert imap.recognises(outgoing, start) is answer


@pytest.mark.lab
def test_a_recorded_session_gives_its_mails() -> None:
    path = LAB / "mail-deltachat-e2ee/bob-imap.mitm"
    if not path.exists():
        pytest.skip("needs the shared lab")
    parcels = [event for event in read(path) if isinstance(event, Parcel)]
    count = Counter((p.direction.value, p.head.method) for p in parcels)
    print(dict(count))
    assert count["in", "FETCH"] == 7
    assert {p.head.path for p in parcels if p.head.method == "FETCH"} == {("INBOX",)}


def test_a_mail_that_the_end_of_the_connection_cuts_is_told() -> None:
    talk = imap.Stream()
    talk.feed(True, b"a SELECT INBOX\r\nb APPEND Sent {9+}\r\nhalf")
    talk.feed(False, b"* OK hi\r\n* 1 FETCH (BODY[] {99}\r\nSubject: x\r\n")
    sent, got = talk.finish()
    assert (sent.head.method, sent.body) == ("APPEND-PART", b"half")
    assert (got.head.method, got.head.path, got.body) == ("FETCH-PART", ("INBOX",), b"Subject: x\r\n")
    assert talk.finish() == []
