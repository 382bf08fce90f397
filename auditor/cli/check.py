"""auditor check: do the rules say what they should?"""

from pathlib import Path

import click

from auditor.errors import CaptureError
from auditor.rulebook.book import Rulebook
from auditor.rulebook.selftest import Outcome, run
from auditor.shelf import Recordings, own_rules, root_of, texts_of
from auditor.text import printable


@click.command(epilog="Example:  auditor check rules/platforms/tiktok/dm-send.yaml")
@click.argument("rules", required=False, type=click.Path(path_type=Path))
def command(rules: Path | None) -> None:
    """Read RULES strictly and run the tests written in them.

    RULES is a folder with platforms/ and envelopes/, or one file or folder inside one;
    without it, the built-in rules. Exit code 1 when a test fails, 2 when a file is wrong.
    """
    path = rules or own_rules()
    if not path.exists():
        raise CaptureError(f"{path}: no such file or folder")
    root = root_of(path.resolve())
    book = Rulebook.of(texts_of(root))
    chosen = path.resolve().relative_to(root).as_posix()
    outcomes = list(run(book, Recordings(root).find, "" if chosen == "." else chosen))
    _tell(outcomes)
    raise SystemExit(1 if any(not o.passed for o in outcomes) else 0)


def _tell(outcomes: list[Outcome]) -> None:
    for outcome in outcomes:
        if not outcome.passed:
            click.echo(f"{outcome.file}:{outcome.line}: {printable(outcome.name)}")
            click.echo(f"    expected  {printable(outcome.expected)}")
            click.echo(f"    found     {printable(outcome.got)}")
            if outcome.todo:
                click.echo(
                    f"    this was a known gap ({outcome.todo}); it passes now, so take the `todo` out"
                )
    failed = sum(not o.passed for o in outcomes)
    skipped = sorted({o.skipped for o in outcomes if o.skipped})
    todo = sum(bool(o.todo) for o in outcomes)
    files = len({o.file for o in outcomes})
    notes = [f"{len(outcomes)} tests in {files} files", f"{failed} failed"]
    notes += [f"{todo} known gaps"] if todo else []
    notes += [f"{len(skipped)} recordings not at hand"] if skipped else []
    click.echo(", ".join(notes))
