"""auditor check: do the rules say what they should?"""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import click

from auditor.errors import CaptureError, Fault, RuleError
from auditor.notices import Checked, names, notice
from auditor.rulebook.book import Rulebook
from auditor.rulebook.lint import Allowed
from auditor.rulebook.selftest import Outcome, run
from auditor.shelf import Recordings, own_rules, root_of, texts_of

PARTS = ("lints", "tests")


@click.command(epilog="Example:  auditor check rules/platforms/tiktok/dm-send.yaml")
@click.argument("rules", required=False, type=click.Path(path_type=Path))
@click.option(
    "--only", multiple=True, type=click.Choice(PARTS), help="This part of the check; may be repeated."
)
@click.option("--fix", is_flag=True, help="First lay the files out as they should be; comments are kept.")
@click.option("--format", "form", type=click.Choice(names()), default="terminal", help="How to tell it.")
def command(rules: Path | None, only: tuple[str, ...], fix: bool, form: str) -> None:
    """Read RULES strictly, look at them, and run the tests written in them.

    RULES is a folder with platforms/ and envelopes/, or one file or folder inside one;
    without it, the built-in rules. Exit code 1 when something is wrong with the rules, 2
    when a file cannot be read as one.
    """
    path = rules or own_rules()
    if not path.exists():
        raise CaptureError(f"{path}: no such file or folder")
    root = root_of(path.resolve())
    chosen = path.resolve().relative_to(root).as_posix()
    if fix:
        _fix(root, "" if chosen == "." else chosen)
    texts = texts_of(root)
    try:
        book, blocks = Rulebook.with_files(texts)
    except RuleError as exc:
        if form == "terminal":
            raise
        click.echo(notice(form).render(_checked(root, texts, exc.faults)), nl=False)
        raise SystemExit(2) from None
    check = _Check(root, texts, book, Allowed(blocks), "" if chosen == "." else chosen)
    parts = [part for part in PARTS if not only or part in only]
    checked = check.all(parts)
    click.echo(notice(form).render(checked), nl=False)
    raise SystemExit(1 if any(fault.severity == "error" for fault in checked.all) else 0)


def _fix(root: Path, below: str) -> None:
    """Lay out the files that can be read; those that cannot are told by the check that follows."""
    from auditor.rulebook.layout import rewritten

    count = 0
    for file, text in texts_of(root).items():
        try:
            new = rewritten(text, file) if file.startswith(below) else text
        except RuleError:
            continue
        if new != text:
            (root / file).write_text(new, encoding="utf-8")
            count += 1
    click.echo(f"{count} files laid out", err=True)


class _Check:
    """One rule set under examination."""

    def __init__(
        self, root: Path, texts: dict[str, str], book: Rulebook, allowed: Allowed, below: str
    ) -> None:
        self.root, self.texts, self.book, self.allowed, self.below = root, texts, book, allowed, below
        self.find = Recordings(root).find
        self.outcomes: list[Outcome] = []
        self.said: list[str] = []

    def all(self, parts: list[str]) -> Checked:
        faults = [fault for part in parts for fault in getattr(self, part)() if self.allowed.keep(fault)]
        if set(PARTS) <= set(parts):
            faults += (f for f in self.allowed.unneeded(set(_documented())) if f.file.startswith(self.below))
        return _checked(self.root, self.texts, faults, self.outcomes, self.said)

    def lints(self) -> Iterator[Fault]:
        from auditor.rulebook.lints import look

        today = datetime.now(UTC).date().isoformat()
        found = list(look(self.book, self.texts, self.allowed.blocks, today, self.below))
        yield from found

    def tests(self) -> Iterator[Fault]:
        self.outcomes = list(run(self.book, self.find, self.below))
        failed = sum(not o.passed for o in self.outcomes)
        skipped = len({o.skipped for o in self.outcomes if o.skipped})
        todo = sum(bool(o.todo) for o in self.outcomes)
        files = len({o.file for o in self.outcomes})
        notes = [f"{len(self.outcomes)} tests in {files} files", f"{failed} failed"]
        notes += [f"{todo} known gaps"] if todo else []
        notes += [f"{skipped} recordings not at hand"] if skipped else []
        self.said.append(", ".join(notes))
        yield from ()


def _documented() -> dict[str, str]:
    from auditor.rulebook.lints import LINTS
    from auditor.rulebook.lints.reading import READ

    return {
        **{code: words.partition("\n")[0] for code, words in READ.items()},
        **{c: one.title for c, one in LINTS.items()},
    }


def _checked(
    root: Path, texts: dict[str, str], faults: list[Fault] | tuple[Fault, ...],
    outcomes: list[Outcome] | None = None, said: list[str] | None = None,
) -> Checked:  # fmt: skip
    return Checked(
        tuple(faults), tuple(outcomes or ()), texts, tuple(said or ()), _shown(root), _documented()
    )


def _shown(root: Path) -> str:
    """The folder as seen from here, where it lies below."""
    here = Path.cwd()
    shown = root.relative_to(here) if root.is_relative_to(here) else root
    return "" if shown == Path() else shown.as_posix()
