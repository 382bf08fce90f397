"""One capture through the audit, with everything that is written down on the way."""

import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TextIO

from auditor.audit import Audit
from auditor.cli.progress import watched
from auditor.cli.shares import Done, others, shares, together
from auditor.errors import CaptureError
from auditor.judge import judge
from auditor.model import Finding, Problem, Ref
from auditor.probes.canaries import weakness
from auditor.report import Capture, Report
from auditor.reporters import Options, reporter
from auditor.reporters.json import line
from auditor.rulebook.book import Rulebook
from auditor.sources import Source


def audited(
    source: Source,
    fresh: Callable[[], Audit],
    findings: "Findings",
    jobs: int | None = 1,
    problems: Iterable[Problem] = (),
) -> Report:
    """The report of one source; `fresh` sets up the audit of it, or of a share of it."""
    audit = fresh()
    for problem in problems:
        audit.feed(problem)
    for text in audit.needles.texts:
        if weak := weakness(text):
            audit.feed(Problem(Ref(source.name, 0), "weak text", weak))
    # Findings are written in their order, so whoever wants them waits for one process.
    of = 1 if findings.stream else shares(source, jobs)
    with others(source, fresh, of) as helpers:
        source = source.part(0, of) if of > 1 else source
        for event in watched(source):
            for finding in audit.feed(event):
                findings.write(finding)
        for finding in audit.finish():
            findings.write(finding)
        rest = list(helpers.results())
        for done in rest:
            audit.recalled(audit.recall.join(done.kept))
        given = tuple(sorted(audit.renamed))
        capture = Capture(source.sha256, source.name, source.kind, source.size, source.unread, given)
        return together(Done(audit.report(capture), source.phones), rest)


def unreadable(fresh: Callable[[], Audit], name: str, why: str) -> Report:
    """What is said of a capture of which nothing could be read."""
    audit = fresh()
    audit.feed(Problem(Ref(name, 0), "unreadable", why))
    return audit.report(Capture("", name, "unreadable", 0))


def show(report: Report, book: Rulebook, style: str) -> None:
    if any(one.capture.sha256 for one in report.slices):
        verdicts = [] if style == "contacts" else judge(report, book)
        reporter(style).render(report, verdicts, sys.stdout, Options())


def readable(report: Report) -> bool:
    whole = report.whole()
    return bool(whole.ledger or whole.contacts) or not whole.troubles


class Findings:
    """Findings as they come, one JSON line each, for the owner's eyes only."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.stream: TextIO | None = None

    def __enter__(self) -> "Findings":
        if self.path is not None:
            try:
                number = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
                os.fchmod(number, 0o600)
                self.stream = os.fdopen(number, "w", encoding="utf-8")
            except OSError as exc:
                raise CaptureError(f"{self.path}: cannot be written: {exc.strerror}") from exc
        return self

    def __exit__(self, *_: object) -> None:
        if self.stream is not None:
            self.stream.close()

    def write(self, finding: Finding) -> None:
        if self.stream is not None:
            self.stream.write(line(finding) + "\n")
