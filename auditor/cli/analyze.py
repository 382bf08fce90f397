"""auditor analyze: saved captures in, a report out."""

import sys
from pathlib import Path
from typing import TextIO

import click

from auditor.audit import Audit
from auditor.cli.captures import expand
from auditor.cli.progress import watched
from auditor.errors import CaptureError
from auditor.judge import judge
from auditor.needles import Needles
from auditor.report import Capture, Report
from auditor.reporters import Options, names, reporter
from auditor.reporters.json import line
from auditor.rulebook.book import Rulebook
from auditor.shelf import load_rules
from auditor.sources import Source, read


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
    "--rules", type=click.Path(path_type=Path), metavar="FOLDER", help="Other rules than the built-in ones."
)
@click.option("--format", "style", type=click.Choice(names()), default="terminal", show_default=True)
@click.option(
    "--evidence",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write every finding to FILE, one JSON line each.",
)
@click.option("--reveal", is_flag=True, help="Show message texts instead of masking them.")
def command(
    captures: tuple[str, ...], canaries: tuple[str, ...], canary_file: Path | None, renames: tuple[str, ...],
    rules: Path | None, style: str, evidence: Path | None, reveal: bool,
) -> None:  # fmt: skip
    """Say who can read the messages in CAPTURES.

    CAPTURES are mitmproxy dumps and HAR files, folders of them, or - for standard input.
    With --canary, every place where that text can be read is found and shown.
    """
    book = load_rules(rules)
    needles = Needles((*canaries, *_lines(canary_file)))
    renamed = dict(_pair(text) for text in renames)
    report = Report()
    with _Findings(evidence) as findings:
        for path, name in expand(captures):
            source = read("-" if str(path) == "-" else path, renamed=renamed, name=name)
            report += _audit(source, Audit(book, needles, reveal), findings)
    _print(report, book, style)


def _audit(source: Source, audit: Audit, findings: "_Findings") -> Report:
    for event in watched(source):
        for finding in audit.feed(event):
            findings.write(line(finding))
    renamed = tuple(sorted(audit.renamed))
    return audit.report(Capture(source.sha256, source.name, source.kind, source.size, source.unread, renamed))


def _print(report: Report, book: Rulebook, style: str) -> None:
    reporter(style).render(report, judge(report, book), sys.stdout, Options())


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


class _Findings:
    """Findings as they come, one JSON line each, for the owner's eyes only."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.stream: TextIO | None = None

    def __enter__(self) -> "_Findings":
        if self.path is not None:
            try:
                self.path.touch(mode=0o600)
                self.stream = self.path.open("w", encoding="utf-8")
            except OSError as exc:
                raise CaptureError(f"{self.path}: cannot be written: {exc.strerror}") from exc
        return self

    def __exit__(self, *_: object) -> None:
        if self.stream is not None:
            self.stream.close()

    def write(self, text: str) -> None:
        if self.stream is not None:
            self.stream.write(text + "\n")
