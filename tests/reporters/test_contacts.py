"""The list of far ends: all of them, in columns, without control codes."""

import io

import pytest
from msgspec.structs import replace

from auditor.audit import Audit
from auditor.model import Channel, Contact, Problem, Ref
from auditor.report import Capture, Report
from auditor.reporters import Options, reporter
from auditor.rulebook.book import Rulebook


def listed(*events: Contact | Problem, stream: io.StringIO | None = None) -> list[str]:
    audit = Audit(Rulebook({}, {}, {}))
    for event in events:
        audit.feed(event)
    report = audit.report(Capture("00", "x.pcap", "pcap", 1))
    stream = stream or io.StringIO()
    reporter("contacts").render(report, [], stream, Options())
    return stream.getvalue().splitlines()


def contact(entry: int, host: str, sent: int = 10) -> Contact:
    ref, channel = Ref("x.pcap", entry), Channel(host, 443)
    return Contact(ref, channel, "tls", "why", sent, 5, facts=(("tls", "1.3"),), carrier="tcp")


def test_each_far_end_is_one_line_with_its_sums() -> None:
    heads, *rows = listed(
        contact(1, "a.example"), contact(2, "a.example"), contact(3, "b.example", 2_000_000)
    )
    assert heads.split() == [
        "platform",
        "far",
        "end",
        "carried",
        "by",
        "times",
        "sent",
        "received",
        "what",
        "shows",
    ]
    assert [row.split()[1:4] for row in rows] == [
        ["a.example:443", "tls", "2"],
        ["b.example:443", "tls", "1"],
    ]
    assert all(row.endswith("TLS 1.3") for row in rows)


@pytest.mark.parametrize("room", [72, 80, 160])
def test_in_a_terminal_what_has_no_room_stands_under_its_line(
    monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("COLUMNS", str(room))
    long = f"{'a-rather-long-name.' * 2}example"
    lines = listed(contact(1, "a.example"), contact(2, long), stream=Terminal())
    assert max(map(len, lines)) <= room
    assert len({line.index(" tls ") for line in lines if " tls " in line}) == 1
    assert " ".join(lines).count("TLS 1.3") == 2
    assert (len(lines) == 3) == (room == 160)


def test_platforms_come_first_and_of_each_who_was_talked_to_most() -> None:
    busy = [contact(n, f"{name}.example") for n, name in enumerate("cbbaaa")]
    named = [replace(contact(9, "d.example"), platform="signal"), contact(11, "b.example")]
    rows = [row.split()[:4] for row in listed(*busy, *named)[1:]]
    assert rows == [
        ["signal", "d.example:443", "tls", "1"],
        ["-", "a.example:443", "tls", "3"],
        ["-", "b.example:443", "tls", "3"],
        ["-", "c.example:443", "tls", "1"],
    ]


def test_no_number_of_far_ends_is_too_many() -> None:
    assert len(listed(*(contact(n, f"h{n}.example") for n in range(500)))) == 501


def test_names_cannot_write_to_the_terminal() -> None:
    lines = listed(contact(1, "a\x1b[31m\n.example"), Problem(Ref("x.pcap", 1), "damaged", "x\x07"))
    assert len(lines) == 3
    assert all(line.isprintable() for line in lines)


def test_an_empty_report_says_so() -> None:
    stream = io.StringIO()
    reporter("contacts").render(Report(), [], stream, Options())
    assert stream.getvalue()
