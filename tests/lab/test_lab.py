"""The shared lab's sessions: recorded by others, with the truth beside them. `pytest -s` prints a table."""

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from auditor.audit import Audit
from auditor.judge import Verdict, judge
from auditor.model import MESSAGES, Answer, Content, Direction, Finding
from auditor.needles import Needles
from auditor.report import Capture
from auditor.rulebook.book import Rulebook
from auditor.shelf import load_rules
from auditor.sources import read

LAB = Path(__file__).parents[3] / "shared" / "lab" / "captures"
# Session, platform, its main surfaces, and the names of local servers.
SESSIONS: dict[str, tuple[str, tuple[str, ...], dict[str, str]]] = {
    "matrix-nio-plain": ("matrix", ("room",), {}),
    "matrix-nio-e2ee": ("matrix", ("room",), {}),
    "lib-discord": ("discord", ("channel",), {}),
    "lib-slack": ("slack", ("channel", "dm"), {}),
    "irc-ngircd-plain": ("irc", ("channel", "dm"), {}),
    "lib-tiktok": ("tiktok", ("dm",), {}),
    "signal-libsignal-e2ee": ("signal", ("dm",), {"localhost": "chat.signal.org"}),
}
CASES = [
    (session, file.name)
    for session in SESSIONS
    for file in sorted((LAB / session).glob("*"))
    if file.suffix in (".mitm", ".har")
] or [("matrix-nio-plain", "alice.mitm")]
pytestmark = [pytest.mark.lab, pytest.mark.skipif(not LAB.is_dir(), reason=f"no shared lab at {LAB}")]


@dataclass(frozen=True)
class Result:
    findings: list[Finding]
    verdicts: list[Verdict]


@lru_cache
def book() -> Rulebook:
    return load_rules(None)


@lru_cache
def truth(session: str) -> dict[str, Any]:
    known: dict[str, Any] = json.loads((LAB / session / "truth.json").read_text(encoding="utf-8"))
    return known


@lru_cache(maxsize=100)
def audited(session: str, file: str, planted: bool) -> Result:
    audit = Audit(book(), Needles(truth(session)["canaries"].values() if planted else ()))
    source = read(LAB / session / file, renamed=SESSIONS[session][2])
    findings = [finding for event in source for finding in audit.feed(event)]
    report = audit.report(Capture(source.sha256, source.name, source.kind, source.size, source.unread))
    return Result(findings, judge(report, book()))


def messages(session: str, file: str, planted: bool) -> list[Verdict]:
    platform = SESSIONS[session][0]
    return [
        v
        for v in audited(session, file, planted).verdicts
        if v.platform == platform and v.surface in MESSAGES
    ]


@pytest.mark.parametrize("planted", [False, True], ids=["without texts", "with texts"])
@pytest.mark.parametrize(("session", "file"), CASES)
def test_a_session_has_the_verdict_that_is_true(session: str, file: str, planted: bool) -> None:
    verdicts = messages(session, file, planted)
    _, surfaces, _ = SESSIONS[session]
    if truth(session)["mode"] == "transport_only":
        assert {v.verdict for v in verdicts} == {Answer.TRANSPORT_ONLY}
    else:
        main = [v for v in verdicts if v.surface in surfaces]
        assert {v.verdict for v in main} == {Answer.END_TO_END}
        assert [f for f in audited(session, file, planted).findings if f.content is Content.READABLE] == []


@pytest.mark.parametrize(("session", "file"), [case for case in CASES if case[1].endswith(".mitm")])
def test_every_planted_text_that_can_be_read_is_cited(session: str, file: str) -> None:
    known = truth(session)
    names = {text: name for name, text in known["canaries"].items()}
    cited = [f for f in audited(session, file, True).findings if f.texts]
    found = {names[text] for f in cited for text in f.texts}
    listed = set(known["readable_canaries_by_file"][file])
    # The list was made by looking at one message at a time; IRC cuts the long text, and we put it together.
    assert listed <= found <= (listed | {"long"} if listed else listed)
    assert all(f.path and f.ref.capture == file for f in cited)


def cell(verdict: Verdict) -> str:
    way = "sent" if verdict.direction is Direction.OUT else "received"
    counts = ", ".join(f"{number} {content}" for content, number in verdict.counts.items())
    return f"{verdict.surface} {way}: {verdict.verdict.value} ({verdict.grade.value}; {counts})"


def test_the_table() -> None:
    lines = []
    for session, file in CASES:
        cells = [cell(verdict) for verdict in audited(session, file, True).verdicts]
        lines.append(f"{session:<22} {file:<11} {truth(session)['mode']:<15} {' | '.join(cells)}")
    print("", *lines, sep="\n")
    assert lines
