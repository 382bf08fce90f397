"""auditor contacts: who an app talks to, as it shows from outside."""

from functools import partial
from pathlib import Path

import click

from auditor.audit import Audit
from auditor.cli.auditing import Findings, audited, readable, show, unreadable
from auditor.cli.captures import expand
from auditor.cli.shares import sharing
from auditor.errors import CaptureError
from auditor.report import Report
from auditor.shelf import load_outside, load_rules
from auditor.sources import read
from auditor.sources.heads import Place


@click.command(epilog="Example:  auditor contacts phone.pcap")
@click.argument("captures", nargs=-1, required=True)
@click.option("--device", "devices", multiple=True, metavar="ADDRESS",
              help="IP or MAC address of the phone; give it again for more.")  # fmt: skip
@click.option(
    "--rules", type=click.Path(path_type=Path), metavar="FOLDER", help="Other rules than the built-in ones."
)
@sharing
@click.option(
    "--format", "style", type=click.Choice(["contacts", "json"]), default="contacts", show_default=True
)
def command(
    captures: tuple[str, ...], devices: tuple[str, ...], rules: Path | None, style: str, jobs: int | None
) -> None:
    """List who was talked to in CAPTURES: far end, platform, how much, and what shows to anyone on the path.

    Nothing is opened, so this is quick: hellos, certificates, names from DNS and the shapes of
    protocols are looked at, and no message.
    """
    said = Place(devices=devices, outside=True)
    quick = rules is None and style == "contacts"  # verdicts need the rules, and faults are somebody else's
    fresh = partial(Audit, load_outside() if quick else load_rules(rules))
    report = Report()
    with Findings(None) as nowhere:
        for path, name in expand(captures):
            try:
                source = read("-" if str(path) == "-" else path, name=name, said=said)
            except CaptureError as exc:
                click.echo(f"auditor: {exc}", err=True)
                report += unreadable(fresh, name, str(exc))
            else:
                report += audited(source, fresh, nowhere, jobs)
    show(report, fresh().book, style)
    if not readable(report):
        raise SystemExit(2)
