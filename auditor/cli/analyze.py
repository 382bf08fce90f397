"""auditor analyze: saved captures in, a report out."""

from functools import partial
from pathlib import Path

import click
from msgspec import structs

from auditor.audit import Audit
from auditor.cli.asking import Wish, asking
from auditor.cli.auditing import Findings, audited, readable, show, unreadable
from auditor.cli.captures import expand, key_logs
from auditor.cli.shares import sharing
from auditor.errors import CaptureError
from auditor.model import App, Problem, Ref
from auditor.needles import Needles
from auditor.report import Report
from auditor.shelf import Session, session_of
from auditor.sources import Where, read
from auditor.sources.beside import journal_of
from auditor.sources.heads import Place
from auditor.sources.journal import SUFFIX
from auditor.sources.keylogs import unused
from auditor.text import printable


@click.command(epilog="Example:  auditor analyze alice.mitm bob.har --canary 'meet me at the blue door'")
@click.argument("captures", nargs=-1, required=True)
@asking
@sharing
@click.option("--each", is_flag=True, help="Judge every capture by itself, not all of them together.")
def command(captures: tuple[str, ...], wish: Wish, jobs: int | None, each: bool) -> None:
    """Say who can read the messages in CAPTURES.

    CAPTURES are mitmproxy dumps, HAR files, pcap files and the key logs that open them, folders
    of these, or - for standard input. Of a dump with the addon's journal beside it, the journal
    is read.
    With --canary, every place where that text can be read is found and shown. A session.yaml
    beside a capture may say app, version, mode, as (HOST: NAME) and texts; options go first.
    """
    if each and wish.style == "json":
        raise click.UsageError("--each prints a page for each capture; JSON is one document")
    said = wish.said(*key_logs(captures))
    report = Report()
    with Findings(wish.evidence) as findings:
        for path, name in expand(captures):
            one = _one(path, name, wish, said, findings, jobs)
            if each:
                click.echo(printable(name))
                show(one, wish.book, wish.style)
            report += one
    if not each:
        show(report, wish.book, wish.style)
    for line in unused(said.keys):
        click.echo(f"auditor: {line}", err=True)
    if not readable(report):
        raise SystemExit(2)


def _one(path: Path, name: str, wish: Wish, said: Place, findings: Findings, jobs: int | None) -> Report:
    """One capture. One that cannot be read is a problem in the report, and the others go on."""
    beside = session_of(path) if str(path) != "-" else Session()
    mine, other = wish.app, beside.app
    app = App(mine.name or other.name, mine.version or other.version, mine.mode or other.mode)
    texts = (*wish.texts, *beside.texts)
    fresh = partial(Audit, wish.book, Needles(texts), wish.reveal, app)
    said = structs.replace(said, renamed={**beside.renamed, **said.renamed}, search=bool(texts))
    try:
        journal = journal_of(path)
        where: Where = "-" if str(path) == "-" else journal or path
        source = read(where, name=name, said=said)
    except CaptureError as exc:
        click.echo(f"auditor: {exc}", err=True)
        return unreadable(fresh, name, str(exc))
    problems = []
    if journal is None and path.with_name(path.name + SUFFIX).is_file():
        why = "the journal beside it: not all of the dump is in it"
        problems.append(Problem(Ref(name, 0), "not read", why))
    return audited(source, fresh, findings, jobs, problems)
