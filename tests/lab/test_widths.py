"""The shared lab again, for the platforms that came later: does every file give the verdict that is true?

A session is sealed with an envelope that may not be written yet; then its verdict is not asked
for, but nothing better than the truth may come out of it. `pytest -s` prints a table.
"""

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

from auditor.audit import Audit
from auditor.judge import Verdict, judge
from auditor.model import LADDER, MESSAGES, Answer, Content, Direction, Finding
from auditor.needles import Needles
from auditor.report import Capture
from auditor.rulebook.book import Rulebook
from auditor.shelf import load_rules
from auditor.sources import read

LAB = Path(__file__).parents[3] / "shared" / "lab" / "captures"


class Session(Struct, frozen=True):
    """What a session is about, and what an audit of it must say."""

    platform: str
    surfaces: tuple[str, ...]
    verdict: Answer
    needs: str = ""  # an envelope
    names: tuple[tuple[str, str], ...] = ()  # of local servers


PLAIN, SEALED, LAYER = Answer.TRANSPORT_ONLY, Answer.END_TO_END, Answer.INCONCLUSIVE
SESSIONS = {
    "lib-mattermost": Session("mattermost", ("channel",), PLAIN),
    "lib-telegram_bot": Session("telegram", ("bot", "media"), PLAIN),
    "lib-line": Session("line", ("bot",), PLAIN),
    "lib-instagrapi": Session("instagram", ("dm",), PLAIN),
    "xmpp-plain": Session("xmpp", ("dm",), PLAIN),
    "nostr-nip04": Session("nostr", ("dm",), SEALED, "nip04"),
    "xmpp-omemo": Session("xmpp", ("dm",), SEALED, "omemo"),
    "mail-deltachat-e2ee": Session("mail", ("mail",), SEALED, "openpgp"),
    # The proxy sees a layer that the server opens: whether messages in it are sealed is not in the file.
    "whatsapp-baileys-e2ee": Session(
        "whatsapp", ("dm",), LAYER, "whatsapp-noise", (("localhost", "web.whatsapp.com"),)
    ),
}
NO_MESSAGES = ("upload.mitm",)  # a file server beside the chat
QUIET = ("alice-imap.mitm", "bob-smtp.mitm")  # of the one who only sends, and the one who only receives
CASES = [
    (session, file.name)
    for session in SESSIONS
    for file in sorted((LAB / session).glob("*"))
    if file.suffix in (".mitm", ".har") and file.name not in NO_MESSAGES
] or [("lib-mattermost", "client.mitm")]
PLANTED = pytest.mark.parametrize("planted", [False, True], ids=["without texts", "with texts"])
EACH = pytest.mark.parametrize(("session", "file"), CASES)
pytestmark = [pytest.mark.lab, pytest.mark.skipif(not LAB.is_dir(), reason=f"no shared lab at {LAB}")]


@lru_cache
def book() -> Rulebook:
    return load_rules(None)


@lru_cache
def truth(session: str) -> dict[str, Any]:
    known: dict[str, Any] = json.loads((LAB / session / "truth.json").read_text(encoding="utf-8"))
    return known


@lru_cache(maxsize=100)
def audited(session: str, file: str, planted: bool) -> tuple[list[Finding], list[Verdict]]:
    audit = Audit(book(), Needles(truth(session)["canaries"].values() if planted else ()))
    source = read(LAB / session / file, renamed=dict(SESSIONS[session].names))
    findings = [finding for event in source for finding in audit.feed(event)]
    report = audit.report(Capture(source.sha256, source.name, source.kind, source.size, source.unread))
    return findings, judge(report, book())


def messages(session: str, file: str, planted: bool) -> list[Verdict]:
    about = SESSIONS[session]
    verdicts = audited(session, file, planted)[1]
    return [v for v in verdicts if v.platform == about.platform and v.surface in MESSAGES]


@PLANTED
@EACH
def test_a_session_has_the_verdict_that_is_true(session: str, file: str, planted: bool) -> None:
    about = SESSIONS[session]
    if about.needs and about.needs not in book().envelopes:
        pytest.skip(f"no envelope {about.needs} yet")
    verdicts = messages(session, file, planted)
    if file in QUIET:
        assert verdicts == []
        return
    assert {v.surface for v in verdicts} <= set(about.surfaces)
    assert {v.verdict for v in verdicts} == {about.verdict}


@PLANTED
@EACH
def test_nothing_is_better_than_the_truth(session: str, file: str, planted: bool) -> None:
    best = {PLAIN: PLAIN, SEALED: SEALED, LAYER: Answer.OPAQUE}[SESSIONS[session].verdict]
    for verdict in audited(session, file, planted)[1]:
        assert verdict.verdict is LAYER or LADDER.index(verdict.verdict) <= LADDER.index(best)


@EACH
def test_what_was_sealed_or_wrapped_is_not_read(session: str, file: str) -> None:
    if SESSIONS[session].verdict is not PLAIN:
        assert [f for f in audited(session, file, True)[0] if f.texts] == []


@EACH
def test_the_readable_texts_that_are_planted_are_cited(session: str, file: str) -> None:
    known = truth(session)
    readable = known["readable_canaries_by_file"].get(file)
    if readable is None:
        pytest.skip("the truth file says nothing about this file")
    names = {text: name for name, text in known["canaries"].items()}
    cited = {names[text] for f in audited(session, file, True)[0] for text in f.texts}
    assert cited == set(readable)


def cell(verdict: Verdict) -> str:
    way = {Direction.OUT: "sent", Direction.IN: "received"}.get(verdict.direction, "-")
    counts = ", ".join(f"{number} {content}" for content, number in verdict.counts.items())
    return f"{verdict.platform}/{verdict.surface} {way}: {verdict.verdict.value} ({counts})"


def test_the_table() -> None:
    lines = []
    for session, file in CASES:
        for planted in (False, True):
            cells = [cell(v) for v in audited(session, file, planted)[1] if v.surface in MESSAGES]
            texts = "with texts" if planted else "without"
            lines.append(f"{session:<22} {file:<15} {texts:<11} {' | '.join(cells) or 'no message'}")
    print("", *lines, sep="\n")
    missing = [f for s, c in CASES for f in audited(s, c, False)[0] if f.content is Content.MISSING]
    assert missing == []
