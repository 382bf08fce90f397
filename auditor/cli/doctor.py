"""auditor doctor: what went wrong in a session, host by host, and what to do about it."""

import sys
from pathlib import Path

import click

from auditor.cli.fitting import fitted


@click.command(epilog="Example:  auditor doctor live-20261121-120000")
@click.argument("session", type=click.Path(path_type=Path))
def command(session: Path) -> None:
    """Say who refused the proxy in SESSION, why, and what to do.

    SESSION is a folder of `auditor live`, running or ended, or the journal or dump that the
    addon wrote.
    """
    from auditor.live.doctor import diagnoses
    from auditor.live.folder import about_of
    from auditor.live.watch import Watch
    from auditor.sources.journal import records

    watch = Watch()
    for record in records(_journal(session)):
        watch.hear(record)
    about = about_of(session) if session.is_dir() else None
    modes = about.options.get("modes") if about else None
    for one in diagnoses(watch, modes if isinstance(modes, list) else ()):
        mark = {"ok": "+", "trouble": "!", "hint": "?"}[one.kind]
        click.echo(fitted(f"{mark} {one.about}: {one.what}", sys.stdout))
        if one.fix:
            click.echo(fitted(f"    {one.fix}", sys.stdout, hang=0))


def _journal(session: Path) -> Path:
    from auditor.errors import CaptureError
    from auditor.live.folder import JOURNAL
    from auditor.sources.records import SUFFIX

    beside = session.with_name(session.name + SUFFIX)
    path = session / JOURNAL if session.is_dir() else beside if beside.is_file() else session
    if not session.exists():
        raise CaptureError(f"{session}: no such file or folder")
    if not path.is_file():
        why = "no session: there is no journal in it; give the folder that `auditor live` names at its end"
        raise CaptureError(f"{session}: {why}")
    return path
