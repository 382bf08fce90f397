"""The shared lab's sessions: recorded by others, with the truth beside them.

Every dump and archive there is in the table below or is found out: a new one fails until somebody says
what messages are in it. What the verdict on them must be follows from the truth file. `pytest -s`
prints the table as it was found.
"""

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from auditor.audit import Audit
from auditor.judge import Verdict, judge
from auditor.model import Answer, Content, Finding, Grade
from auditor.needles import Needles
from auditor.report import Capture
from auditor.rulebook.book import Rulebook
from auditor.shelf import load_rules
from auditor.sources import read

LAB = Path(__file__).parents[3] / "shared" / "lab" / "captures"
SUFFIXES = (".mitm", ".har")


@dataclass(frozen=True)
class Row:
    """Messages of one kind in a file, and by what they are sealed where they are."""

    platform: str
    surface: str
    way: str
    seals: tuple[str, ...] = ()
    instead: Answer | None = None  # of the verdict that the truth file implies
    named: str = ""  # what the reason must name
    planted: bool = False  # seen only where the texts are known

    @property
    def key(self) -> tuple[str, str, str]:
        return self.platform, self.surface, self.way


def sent(platform: str, *surfaces: str, by: tuple[str, ...] = ()) -> list[Row]:
    return [Row(platform, surface, "out", by) for surface in surfaces]


def received(platform: str, *surfaces: str, by: tuple[str, ...] = ()) -> list[Row]:
    return [Row(platform, surface, "in", by) for surface in surfaces]


def layer(way: str) -> list[Row]:
    """The proxy sees a layer that the server opens: whether messages in it are sealed is not in the file."""
    return [Row("whatsapp", "dm", way, instead=Answer.INCONCLUSIVE, named="noise")]


def file(way: str) -> list[Row]:
    """A sealed file has no mark: its bytes do not show who holds the key."""
    return [Row("matrix", "media", way, instead=Answer.OPAQUE)]


MEGOLM, NIP04, OMEMO, PGP = ("megolm",), ("nip04",), ("omemo",), ("openpgp-armored",)
FIRST, LATER = ("signal-message", "signal-prekey"), ("sealed-sender", "signal-message", "signal-prekey")
LEAK = [Row("unknown:localhost", "other", "out", planted=True)]  # a file server that no rule knows
# By session and file, whatever the format: a dump and an archive of the same name show the same.
TABLE: dict[str, list[Row]] = {
    "irc-ngircd-plain/alice": sent("irc", "dm"),
    "irc-ngircd-plain/bob": received("irc", "dm"),
    "lib-discord/client": [*sent("discord", "channel", "media"), *received("discord", "channel")],
    "lib-instagrapi/client": sent("instagram", "dm"),
    "lib-line/client": sent("line", "bot"),
    "lib-mattermost/client": sent("mattermost", "channel"),
    "lib-slack/client": [*sent("slack", "channel", "media"), *received("slack", "channel")],
    "lib-telegram_bot/client": sent("telegram", "bot", "media"),
    "lib-tiktok/client": sent("tiktok", "dm"),
    "mail-deltachat-e2ee/alice-imap": [],  # she only sends
    "mail-deltachat-e2ee/alice-smtp": sent("mail", "mail", by=PGP),
    "mail-deltachat-e2ee/bob-imap": received("mail", "mail", by=PGP),
    "mail-deltachat-e2ee/bob-smtp": [],  # he only receives
    "matrix-nio-e2ee/alice": [
        *sent("matrix", "room", by=MEGOLM), *received("matrix", "room", by=MEGOLM), *file("out"),
    ],
    "matrix-nio-e2ee/bob": [
        *sent("matrix", "room", by=MEGOLM), *received("matrix", "room", by=MEGOLM), *file("in"),
    ],
    "matrix-nio-plain/alice": [*sent("matrix", "room", "media"), *received("matrix", "room")],
    "matrix-nio-plain/bob": [*sent("matrix", "room"), *received("matrix", "room", "media")],
    "nostr-nip04/alice": sent("nostr", "dm", by=NIP04),
    "nostr-nip04/bob": received("nostr", "dm", by=NIP04),
    "signal-libsignal-e2ee/alice": sent("signal", "dm", by=LATER),
    "signal-libsignal-e2ee/bob": [
        *sent("signal", "dm", by=("signal-message",)), *received("signal", "dm", by=FIRST),
    ],
    "whatsapp-baileys-e2ee/alice": [*layer("out"), *layer("in")],
    "whatsapp-baileys-e2ee/bob": [*layer("out"), *layer("in")],
    "xmpp-omemo/alice": [*sent("xmpp", "dm", by=OMEMO), *received("xmpp", "dm", by=OMEMO)],
    "xmpp-omemo/bob": [*sent("xmpp", "dm", by=OMEMO), *received("xmpp", "dm", by=OMEMO)],
    "xmpp-omemo/upload": [],
    "xmpp-plain/alice": [*sent("xmpp", "dm"), *received("xmpp", "dm")],
    "xmpp-plain/bob": [*sent("xmpp", "dm"), *received("xmpp", "dm")],
    "xmpp-plain/upload": LEAK,
}  # fmt: skip
NAMES = {
    "signal-libsignal-e2ee": {"localhost": "chat.signal.org"},
    "whatsapp-baileys-e2ee": {"localhost": "web.whatsapp.com"},
}
IMPLIED = {"transport_only": Answer.TRANSPORT_ONLY, "e2ee": Answer.END_TO_END}
GRADES = list(Grade)  # strongest first
FILES = sorted(f.relative_to(LAB).as_posix() for f in LAB.rglob("*") if f.suffix in SUFFIXES)
EACH = pytest.mark.parametrize("path", FILES or ["irc-ngircd-plain/alice.mitm"])
PLANTED = pytest.mark.parametrize("planted", [False, True], ids=["without texts", "with texts"])
pytestmark = [pytest.mark.lab, pytest.mark.skipif(not LAB.is_dir(), reason=f"no shared lab at {LAB}")]


@dataclass(frozen=True)
class Result:
    findings: list[Finding]
    verdicts: dict[tuple[str, str, str], Verdict]


@lru_cache
def book() -> Rulebook:
    return load_rules(None)


@lru_cache
def truth(session: str) -> dict[str, Any]:
    known: dict[str, Any] = json.loads((LAB / session / "truth.json").read_text(encoding="utf-8"))
    return known


def about(path: str) -> dict[str, Any]:
    return truth(path.partition("/")[0])


def name(path: str) -> str:
    return path.rpartition(".")[0]


def rows(path: str, planted: bool) -> list[Row]:
    return [row for row in TABLE[name(path)] if planted or not row.planted]


@lru_cache(maxsize=200)
def audited(path: str, planted: bool) -> Result:
    audit = Audit(book(), Needles(about(path)["canaries"].values() if planted else ()))
    source = read(LAB / path, renamed=NAMES.get(path.partition("/")[0], {}))
    findings = [finding for event in source for finding in audit.feed(event)]
    report = audit.report(Capture(source.sha256, source.name, source.kind, source.size, source.unread))
    assert not report.whole().troubles
    verdicts = [v for v in judge(report, book()) if v.counts]
    return Result(findings, {(v.platform, v.surface, v.direction.value): v for v in verdicts})


def of(row: Row, findings: list[Finding]) -> list[Finding]:
    return [f for f in findings if (f.platform, f.surface, f.direction.value) == row.key]


def test_every_file_of_the_lab_is_in_the_table_and_no_other() -> None:
    assert {name(path) for path in FILES} == set(TABLE)


@PLANTED
@EACH
def test_messages_of_every_kind_have_the_verdict_that_the_truth_implies(path: str, planted: bool) -> None:
    found = {key: verdict.verdict for key, verdict in audited(path, planted).verdicts.items()}
    implied = IMPLIED[about(path)["mode"]]
    assert found == {row.key: row.instead or implied for row in rows(path, planted)}


@EACH
def test_knowing_the_texts_changes_no_verdict_and_makes_no_grade_worse(path: str) -> None:
    without, known = audited(path, False).verdicts, audited(path, True).verdicts
    for key, verdict in without.items():
        assert known[key].verdict is verdict.verdict
        assert GRADES.index(known[key].grade) <= GRADES.index(verdict.grade)


@PLANTED
@EACH
def test_what_is_sealed_is_sealed_by_that_and_what_hides_it_is_named(path: str, planted: bool) -> None:
    result = audited(path, planted)
    for row in rows(path, planted):
        seals = {f.seal for f in of(row, result.findings) if f.seal}
        assert seals == set(row.seals)
        assert bool(seals) == (result.verdicts[row.key].verdict is Answer.END_TO_END)
        assert row.named in result.verdicts[row.key].reason
        for seal in seals:
            assert book().envelopes[seal].opened_by == "recipient"


@EACH
def test_every_planted_text_that_can_be_read_is_cited_with_its_place(path: str) -> None:
    known = about(path)
    names = {text: name for name, text in known["canaries"].items()}
    cited = [f for f in audited(path, True).findings if f.texts]
    listed = set(known["readable_canaries_by_file"][f"{name(path)}.mitm".partition("/")[2]])
    # The list was made by looking at one message at a time; IRC cuts the long text, and we put it together.
    whole = {"long"} if path.startswith("irc-") else set()
    assert {names[text] for f in cited for text in f.texts} == listed | whole
    for finding in cited:
        assert finding.content is Content.READABLE
        assert finding.path
        assert finding.ref.capture == path.rpartition("/")[2]
        assert finding.ref.part.endswith((">", "<"))


@PLANTED
@EACH
def test_nothing_is_read_where_all_is_sealed(path: str, planted: bool) -> None:
    if about(path)["mode"] == "e2ee":
        assert [f for f in audited(path, planted).findings if f.content is Content.READABLE or f.texts] == []


@PLANTED
@pytest.mark.parametrize("path", [p for p in FILES if p.endswith(".har")] or ["lib-slack/client.har"])
def test_an_archive_shows_what_the_dump_shows(path: str, planted: bool) -> None:
    shown = [
        {
            key: (v.verdict, v.grade, dict(v.counts))
            for key, v in audited(f"{name(path)}{suffix}", planted).verdicts.items()
        }
        for suffix in SUFFIXES
    ]
    assert shown[0] == shown[1]


def cell(verdict: Verdict) -> str:
    counts = ", ".join(f"{number} {content}" for content, number in verdict.counts.items())
    about = f"{verdict.platform}/{verdict.surface} {verdict.direction.value}"
    return f"{about}: {verdict.verdict.value}, {verdict.grade.value} ({counts})"


def test_the_table() -> None:
    lines = []
    for path in FILES:
        for planted in (False, True):
            cells = [cell(v) for v in audited(path, planted).verdicts.values()]
            texts = "with texts" if planted else "without"
            mode = about(path)["mode"]
            lines.append(f"{path:<36} {mode:<15} {texts:<11} {' | '.join(cells) or 'no message'}")
    print("", *lines, sep="\n")
    assert len(lines) == 2 * len(FILES)
