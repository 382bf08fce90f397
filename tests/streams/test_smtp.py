"""SMTP: mails, whether they come by DATA or in chunks."""

import json
from collections import Counter
from pathlib import Path

import pytest

from auditor.model import Parcel
from auditor.sources import read
from auditor.streams import TLS, Message, smtp
from auditor.streams.talk import Talk

LAB = Path(__file__).parents[3] / "shared/lab/captures"


def talk_to(hello: bytes = b"EHLO b\r\n") -> Talk:
    talk = smtp.Stream()
    talk.feed(False, b"220 a ESMTP\r\n")
    talk.feed(True, hello)
    talk.feed(False, b"250-a\r\n250 PIPELINING\r\n")
    return talk


def said(found: list[Message]) -> list[tuple[str, tuple[str, ...], bytes]]:
    return [(m.head.method, m.head.path, m.body) for m in found if m.outgoing]


def test_a_mail_goes_to_its_first_recipient_without_the_dots_that_were_put_on() -> None:
    talk = talk_to()
    talk.feed(True, b"MAIL FROM:<a@b> SIZE=9\r\nRCPT TO:<c@d>\r\nRCPT TO:<e@f>\r\nDATA\r\n")
    talk.feed(False, b"250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n")
    mail, after = said(talk.feed(True, b"Subject: x\r\n\r\n.\x2e\r\n..a\r\n.\r\nQUIT\r\n"))
    assert mail == ("DATA", ("c@d",), b"Subject: x\r\n\r\n.\r\n.a\r\n")
    assert after[0] == "QUIT"


def test_in_lmtp_every_recipient_of_a_mail_has_an_answer() -> None:
    talk, count = talk_to(b"LHLO b\r\n"), 1_500
    talk.feed(True, b"MAIL FROM:<a@b>\r\n" + b"RCPT TO:<c@d>\r\n" * count + b"DATA\r\n")
    talk.feed(False, b"250 ok\r\n" * (count + 1) + b"354 go\r\n")
    talk.feed(True, b"x\r\n.\r\nNOOP\r\n")
    answers = talk.feed(False, b"250 ok\r\n" * (count + 1))
    assert Counter(json.loads(m.body)["to"] for m in answers) == {".": count, "NOOP": 1}


def test_a_mail_that_is_refused_does_not_turn_commands_into_mail() -> None:
    talk = talk_to()
    talk.feed(True, b"MAIL FROM:<>\r\nDATA\r\nRSET\r\n")
    found = talk.feed(False, b"250 ok\r\n503 no recipient\r\n250 ok\r\n")
    assert [m.head.method for m in found] == ["REPLY", "REPLY", "RSET", "REPLY"]
    assert [json.loads(m.body)["to"] for m in found if not m.outgoing] == ["MAIL", "DATA", "RSET"]


def test_chunks_make_one_mail() -> None:
    talk = talk_to()
    found = talk.feed(True, b"RCPT TO:<c@d>\r\nBDAT 4\r\n.\r\nxBDAT 0\r\nBDAT 2 LAST\r\nyz")
    assert said(found)[-1] == ("DATA", ("c@d",), b".\r\nxyz")


def test_chunks_that_are_given_up_are_told() -> None:
    assert ("DATA-PART", (), b"four") in said(talk_to().feed(True, b"BDAT 4\r\nfourRSET\r\n"))


def test_addresses_and_parameters_of_commands() -> None:
    talk = talk_to()
    (mail, auth) = talk.feed(True, b"mail from:<a@b> BODY=8BITMIME SMTPUTF8\r\nAUTH PLAIN AGEAYg==\r\n")
    assert (mail.head.method, mail.head.path) == ("MAIL", ("a@b",))
    assert json.loads(mail.body) == {"address": "a@b", "params": ["BODY=8BITMIME", "SMTPUTF8"]}
    assert json.loads(auth.body) == {"params": ["PLAIN", "AGEAYg=="]}


def test_what_answers_a_challenge_is_no_command() -> None:
    talk = talk_to()
    talk.feed(True, b"AUTH LOGIN\r\n")
    talk.feed(False, b"334 VXNlcm5hbWU6\r\n")
    (answer,) = talk.feed(True, b"QUIT\r\n")
    assert (answer.head.method, json.loads(answer.body)) == ("AUTH", {"answer": "QUIT"})
    talk.feed(False, b"235 welcome\r\n")
    assert talk.feed(True, b"QUIT\r\n")[0].head.method == "QUIT"


def test_starttls_hands_over() -> None:
    talk = talk_to()
    talk.feed(True, b"STARTTLS\r\n")
    (reply,) = talk.feed(False, b"220 go\r\n")
    assert reply.head.status == 220
    assert talk.feed(True, b"\x16\x03\x01") == []
    assert (talk.handed_over, talk.rest[True]) == (TLS, 3)


def test_lmtp_answers_once_for_every_recipient() -> None:
    talk = talk_to(b"LHLO b\r\n")
    talk.feed(True, b"MAIL FROM:<>\r\nRCPT TO:<a>\r\nRCPT TO:<b>\r\nDATA\r\n")
    talk.feed(False, b"250 1\r\n250 2\r\n250 3\r\n354 go\r\n")
    talk.feed(True, b"x\r\n.\r\nNOOP\r\n")
    found = talk.feed(False, b"250 a\r\n550 b\r\n250 noop\r\n")
    assert [json.loads(m.body)["to"] for m in found] == [".", ".", "NOOP"]


def test_a_mail_that_is_too_long_is_reported_and_reading_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smtp, "MOST", 1000)
    talk = talk_to()
    talk.feed(True, b"DATA\r\n")
    talk.feed(False, b"354 go\r\n")
    long, after = talk.feed(True, b"12345678\r\n" * 200 + b"x" * 5000 + b"\r\n.\r\nNOOP\r\n")
    assert (long.head.method, json.loads(long.body)["length"]) == ("TOO-LONG", 7002)
    assert after.head.method == "NOOP"


def test_a_mail_whose_server_was_not_recorded_is_still_read() -> None:
    talk = talk_to()
    found = talk.feed(True, b"DATA\r\n" + b"x" * 70_000 + b"\r\n.\r\n")
    assert [m.head.method for m in found] == ["DATA-ASKED", "DATA"]


KNOWN = [
    (False, b"220 mail.a ESMTP Postfix\r\n", True),
    (False, b"220 mail.a\r\n", None),
    (False, b"22", None),
    (False, b"SSH-2.0", False),
    (True, b"EHLO a\r\n", True),
    (True, b"helo a\r\n", True),
    (True, b"MAIL FROM:<a@h.example>\r\n", True),
    (True, b"EHL", None),
    (True, b"USER a\r\n", None),
    (True, b"GET / HTTP/1.1\r\n", False),
    (True, b"\x16\x03", False),
]


@pytest.mark.parametrize(("outgoing", "start", "answer"), KNOWN)
def test_smtp_is_known_by_either_greeting(outgoing: bool, start: bytes, answer: bool | None) -> None:
    assert smtp.recognises(outgoing, start) is answer


@pytest.mark.lab
def test_a_recorded_session_gives_its_mails() -> None:
    path = LAB / "mail-deltachat-e2ee/alice-smtp.mitm"
    if not path.exists():
        pytest.skip("needs the shared lab")
    parcels = [event for event in read(path) if isinstance(event, Parcel)]
    count = Counter((p.direction.value, p.head.method) for p in parcels)
    print(dict(count))
    assert count["out", "DATA"] == 7
    assert all(b"-----BEGIN PGP MESSAGE-----" in p.body for p in parcels if p.head.method == "DATA")


SAID = b"EHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n"
ENDS = [
    (SAID + b"Subject: x\r\n\r\nhi\r\n.\r\nQUIT\r\n", ["DATA", "QUIT"], b"Subject: x\r\n\r\nhi\r\n"),
    (SAID + b"one\r\n.\r\n" + SAID + b"two\r\n.\r\n", ["DATA", "DATA"], b"two\r\n"),
    (SAID + b"Subject: x\r\n\r\nhi and", ["DATA-PART"], b"Subject: x\r\n\r\nhi and"),
    (SAID.replace(b"DATA", b"BDAT 9") + b"half", ["DATA-PART"], b"half"),
    (SAID, [], b""),
]


@pytest.mark.parametrize(("said", "methods", "body"), ENDS)
def test_what_the_end_of_the_connection_leaves_is_told(said: bytes, methods: list[str], body: bytes) -> None:
    """Only the client was heard, or the recording ends within a mail."""
    for pieces in ([said], [said[i : i + 1] for i in range(len(said))]):
        talk = smtp.Stream()
        for piece in pieces:
            talk.feed(True, piece)
        found = talk.finish()
        assert [m.head.method for m in found if m.head.method in ("DATA", "DATA-PART", "QUIT")] == methods
        assert [m.body for m in found if m.head.method in ("DATA", "DATA-PART")][-1:] == [body] * bool(body)
        assert talk.finish() == []


def test_a_mail_that_is_cut_is_told_and_still_counts_as_waiting() -> None:
    talk = smtp.Stream()
    talk.feed(True, SAID + b"hi and")
    assert [m.head.path for m in talk.finish()] == [("c@d",)]
    assert talk.waiting == 6
