"""auditor analyze: saved captures in, a report out."""

import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TextIO

import click

from auditor.audit import Audit
from auditor.cli.captures import expand, key_logs
from auditor.cli.progress import watched
from auditor.cli.shares import others, shares, together
from auditor.errors import CaptureError
from auditor.judge import judge
from auditor.model import App, Finding, Problem, Ref
from auditor.needles import Needles
from auditor.probes.canaries import weakness
from auditor.report import Capture, Report
from auditor.reporters import Options, names, reporter
from auditor.reporters.json import line
from auditor.rulebook.book import Rulebook
from auditor.shelf import Session, load_rules, session_of
from auditor.sources import Source, Where, read
from auditor.sources.journal import SUFFIX, journal_of
from auditor.sources.keylogs import keys_of
from auditor.text import printable


@click.command(epilog="Example:  auditor analyze alice.mitm bob.har --canary 'meet me at the blue door'")
@click.argument("captures", nargs=-1, required=True)
@click.option(
    "--canary",
    "canaries",
    multiple=True,
    metavar="TEXT",
    help="A text that you sent; give it again for more.",
)
@click.option(
    "--canaries",
    "canary_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Texts that you sent, one a line.",
)
@click.option(
    "--as",
    "renames",
    multiple=True,
    metavar="HOST=NAME",
    help="Audit a local or staging HOST as if it were NAME.",
)
@click.option(
    "--keylog",
    "keylogs",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Secrets that open TLS and QUIC in captures of packets; give it again for more.",
)
@click.option(
    "--device",
    "devices",
    multiple=True,
    metavar="ADDRESS",
    help="IP or MAC address of the phone in captures of packets; give it again for more.",
)
@click.option(
    "--rules", type=click.Path(path_type=Path), metavar="FOLDER", help="Other rules than the built-in ones."
)
@click.option("--format", "style", type=click.Choice(names()), default="terminal", show_default=True)
@click.option(
    "--evidence",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write every finding to FILE, one JSON line each.",
)
@click.option(
    "--app", "app_name", default="", metavar="NAME", help="What was audited, shown on every verdict."
)
@click.option("--app-version", default="", metavar="VERSION", help="Its version.")
@click.option("--mode", default="", metavar="TEXT", help="The mode of the chat, in your words.")
@click.option(
    "--jobs",
    type=click.IntRange(1, 64),
    metavar="N",
    help="Processes that share a large dump. [default: up to 4]",
)
@click.option("--reveal", is_flag=True, help="Show message texts instead of masking them.")
@click.option("--each", is_flag=True, help="Judge every capture by itself, not all of them together.")
def command(
    captures: tuple[str, ...], canaries: tuple[str, ...], canary_file: Path | None, renames: tuple[str, ...],
    keylogs: tuple[Path, ...], devices: tuple[str, ...], rules: Path | None, style: str,
    evidence: Path | None, app_name: str, app_version: str, mode: str, jobs: int | None, reveal: bool,
    each: bool,
) -> None:  # fmt: skip
    """Say who can read the messages in CAPTURES.

    CAPTURES are mitmproxy dumps, HAR files, pcap files and the key logs that open them, folders
    of these, or - for standard input. Of a dump with the addon's journal beside it, the journal
    is read.
    With --canary, every place where that text can be read is found and shown. A session.yaml
    beside a capture may say app, version, mode, as (HOST: NAME) and texts; options go first.
    """
    if each and style == "json":
        raise click.UsageError("--each prints a page for each capture; JSON is one document")
    book = load_rules(rules)
    texts = (*canaries, *_lines(canary_file))
    renamed = dict(_pair(text) for text in renames)
    keys = keys_of(dict.fromkeys((*keylogs, *key_logs(captures))))
    report = Report()
    with Findings(evidence) as findings:
        for path, name in expand(captures):
            beside = session_of(path) if str(path) != "-" else Session()
            app = App(app_name or beside.app.name, app_version or beside.app.version, mode or beside.app.mode)
            needles = Needles((*texts, *beside.texts))
            fresh = partial(Audit, book, needles, reveal, app)
            opened = partial(
                read, renamed={**beside.renamed, **renamed}, name=name, keys=keys, devices=devices
            )
            one = _audit(path, name, opened, fresh, findings, jobs)
            if each:
                click.echo(printable(name))
                _print(one, book, style)
            report += one
    if not each:
        _print(report, book, style)
    if not _readable(report):
        raise SystemExit(2)


def _audit(
    path: Path,
    name: str,
    opened: Callable[[Where], Source],
    fresh: Callable[[], Audit],
    findings: "Findings",
    jobs: int | None,
) -> Report:
    """One capture. One that cannot be read is a problem in the report, and the others go on."""
    audit = fresh()
    try:
        journal = journal_of(path)
        source = opened("-" if str(path) == "-" else journal or path)
    except CaptureError as exc:
        click.echo(f"auditor: {exc}", err=True)
        audit.feed(Problem(Ref(name, 0), "unreadable", str(exc)))
        return audit.report(Capture("", name, "unreadable", 0))
    if journal is None and path.with_name(path.name + SUFFIX).is_file():
        audit.feed(Problem(Ref(name, 0), "not read", "the journal beside it: not all of the dump is in it"))
    for text in audit.needles.texts:
        if weak := weakness(text):
            audit.feed(Problem(Ref(name, 0), "weak text", weak))
    # Findings are written in their order, so whoever wants them waits for one process.
    of = 1 if findings.stream else shares(source, jobs)
    with others(source, fresh, of) as helpers:
        source = source.part(0, of) if of > 1 else source
        for event in watched(source):
            for finding in audit.feed(event):
                findings.write(finding)
        for finding in audit.finish():
            findings.write(finding)
        given = tuple(sorted(audit.renamed))
        capture = Capture(source.sha256, source.name, source.kind, source.size, source.unread, given)
        return together(audit.report(capture), helpers.results())


def _print(report: Report, book: Rulebook, style: str) -> None:
    if any(one.capture.sha256 for one in report.slices):
        reporter(style).render(report, judge(report, book), sys.stdout, Options())


def _readable(report: Report) -> bool:
    whole = report.whole()
    return bool(whole.ledger or whole.contacts) or not whole.troubles


def _lines(file: Path | None) -> list[str]:
    if file is None:
        return []
    try:
        return [text for text in file.read_text(encoding="utf-8-sig").splitlines() if text.strip()]
    except (OSError, UnicodeDecodeError) as exc:
        raise CaptureError(f"{file}: cannot be read as a list of texts, one a line") from exc


def _pair(text: str) -> tuple[str, str]:
    host, equals, name = text.partition("=")
    if not (host and equals and name):
        raise click.BadParameter(
            f"{text!r} is not HOST=NAME, like localhost=chat.signal.org", param_hint="--as"
        )
    return host, name


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
