"""auditor check: do the rules say what they should?"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import click

from auditor.cli.captures import expand
from auditor.cli.spread import spread
from auditor.errors import CaptureError, Fault, RuleError
from auditor.model import Parcel
from auditor.notices import Checked, names, notice
from auditor.rulebook.book import Rulebook
from auditor.rulebook.crosses import benign as spoken
from auditor.rulebook.examination import PARTS as PARTS_OF_RULES
from auditor.rulebook.examination import Examined, examine
from auditor.rulebook.files import unreasoned
from auditor.rulebook.lint import Allowed
from auditor.rulebook.selftest import Outcome, run_envelopes
from auditor.rulebook.yaml import Block
from auditor.shelf import Recordings, own_rules, root_of, texts_of
from auditor.sources import read
from auditor.words import count

PARTS = ("lints", "tests", "collisions", "benign", "coverage", "mutation")
BENIGN = "benign"  # the folder of unrelated traffic beside the rules
SURVIVOR, UNCOVERED = "R807", "R806"
WHEN = ("direction", "host", "method", "path", "header")
LEAST_NOTICED = 90  # of a hundred changes
MOST_EXPLAINED = 0.05


@click.command(epilog="Example:  auditor check rules/platforms/tiktok/dm-send.yaml")
@click.argument("rules", required=False, type=click.Path(path_type=Path))
@click.option(
    "--only", multiple=True, type=click.Choice(PARTS), help="This part of the check; may be repeated."
)
@click.option(
    "--benign", type=click.Path(path_type=Path, exists=True), help="More captures in which no rule may speak."
)
@click.option("--fix", is_flag=True, help="First lay the files out as they should be; comments are kept.")
@click.option("--format", "form", type=click.Choice(names()), default="terminal", show_default=True,
              help="How to tell it.")  # fmt: skip
def command(rules: Path | None, only: tuple[str, ...], benign: Path | None, fix: bool, form: str) -> None:
    """Read RULES strictly, look at them, run their tests, and test the tests.

    RULES is a folder with platforms/ and envelopes/, or one file or folder inside one;
    without it, the built-in rules. Exit code 1 when something is wrong with the rules, 2
    when a file cannot be read as one.
    """
    path = rules or own_rules()
    if not path.exists():
        raise CaptureError(f"{path}: no such file or folder")
    root = root_of(path.resolve())
    inside = path.resolve().relative_to(root)
    chosen = inside.as_posix() if inside.parts else ""
    if fix:
        _fix(root, chosen)
    texts = {
        file: text if file.startswith(chosen) else unreasoned(text) for file, text in texts_of(root).items()
    }
    try:
        book, blocks = Rulebook.with_files(texts)
    except RuleError as exc:
        page = notice(form).render(_checked(root, texts, exc.faults))
        click.echo(page, nl=False, err=form == "terminal")
        raise SystemExit(2) from None
    check = _Check(root, texts, book, Allowed(blocks), chosen)
    parts = tuple(part for part in PARTS if not only or part in only)
    checked = check.all(parts, only, benign)
    click.echo(notice(form).render(checked), nl=False)
    raise SystemExit(1 if any(fault.severity == "error" for fault in checked.all) else 0)


def _fix(root: Path, below: str) -> None:
    """Lay out the files that can be read; those that cannot are told by the check that follows."""
    from auditor.rulebook.layout import rewritten

    new_files = 0
    for file, text in texts_of(root).items():
        try:
            new = rewritten(text, file) if file.startswith(below) else text
        except RuleError:
            continue
        if new != text:
            (root / file).write_text(new, encoding="utf-8")
            new_files += 1
    click.echo(f"{count(new_files, 'file')} laid out", err=True)


class _Check:
    """One rule set under examination."""

    def __init__(
        self, root: Path, texts: dict[str, str], book: Rulebook, allowed: Allowed, below: str
    ) -> None:
        self.root, self.texts, self.book, self.allowed, self.below = root, texts, book, allowed, below
        self.find = Recordings(root).find
        self.said: list[str] = []

    def all(self, parts: tuple[str, ...], only: tuple[str, ...], more: Path | None) -> Checked:
        found = list(self.lints()) if "lints" in parts else []
        examined = self.examined(tuple(part for part in parts if part in PARTS_OF_RULES))
        found += (self.placed(fault) for one in examined for fault in one.faults)
        outcomes = [outcome for one in examined for outcome in one.outcomes]
        if "tests" in parts:
            outcomes += run_envelopes(self.book, self.find, self.below)
            self.said.append(_tests(outcomes, sum(one.made for one in examined)))
        if "benign" in parts:
            found += self.benign(more)
        left = [fault for fault in found if self.allowed.keep(fault)]
        if "coverage" not in only:
            left = [fault for fault in left if fault.code != UNCOVERED]
        if "coverage" in parts:
            covered, of = (sum(one.covered[n] for one in examined) for n in (0, 1))
            self.said.append(f"{covered:,} of {of:,} conditions, paths and fields stand in a test")
        if "mutation" in parts:
            left += self.score(examined, found, left)
        if set(PARTS) <= set(parts):
            left += (f for f in self.allowed.unneeded(set(_documented())) if f.file.startswith(self.below))
        return _checked(self.root, self.texts, left, outcomes, self.said)

    def placed(self, fault: Fault) -> Fault:
        """What was found about a condition stands where the condition does."""
        words = fault.message.removeprefix("no test notices: ").removeprefix("no test exercises ")
        block = self.allowed.blocks.get(fault.file)
        if fault.code not in (SURVIVOR, UNCOVERED) or block is None:
            return fault
        key, _, rest = words.partition(" ")
        inner = block.get("when") if key in WHEN else block
        holder = inner if isinstance(inner, Block) and key in inner else block
        line, column = holder.keys_at.get(key, block.place)
        conditions = holder.get(key)
        for path, place in conditions.keys_at.items() if isinstance(conditions, Block) else ():
            if rest.startswith(f"{path}:") or rest.startswith(f"{path} "):
                line, column = place
        return replace(fault, line=line, column=column)

    def lints(self) -> Iterator[Fault]:
        from auditor.rulebook.lints import look

        today = datetime.now(UTC).date().isoformat()
        return look(self.book, self.texts, self.allowed.blocks, today, self.below)

    def examined(self, parts: tuple[str, ...]) -> list[Examined]:
        if not parts:
            return []
        rules = [rule for rule in self.book.rules.values() if rule.file.startswith(self.below)]
        return spread(lambda rule: examine(rule, self.book, self.find, parts), rules, "rules")

    def benign(self, more: Path | None) -> Iterator[Fault]:
        """Traffic without messages: our own, and the user's."""
        folders = [folder for folder in (self.root / BENIGN, more) if folder is not None and folder.exists()]
        looked = 0
        for file, name in expand(tuple(map(str, folders))) if folders else ():
            parcels = [event for event in read(file, name=name) if isinstance(event, Parcel)]
            looked += len(parcels)
            yield from spoken(parcels, self.book, self.below)
        self.said.append(f"{count(looked, 'parcel')} of unrelated traffic looked at")

    def score(self, examined: list[Examined], found: list[Fault], left: list[Fault]) -> Iterator[Fault]:
        tried = sum(one.tried.tried for one in examined if one.tried)
        if not tried:
            return
        survived = sum(fault.code == SURVIVOR for fault in left)
        explained = sum(fault.code == SURVIVOR for fault in found) - survived
        noticed = tried - survived - explained
        share = 100 * noticed / max(1, tried - explained)
        said = f"{noticed:,} of {tried:,} changes to rules were noticed by a test ({share:.1f} %)"
        self.said.append(f"{said}, {explained} are explained")
        where = ("rules", 1, 1)
        if self.below:  # too few to judge by
            return
        if share < LEAST_NOTICED:
            yield Fault(*where, f"only {share:.1f} % of all changes to rules are noticed", "R808")
        if explained > MOST_EXPLAINED * tried:
            yield Fault(*where, f"{explained} of {tried} changes are explained away", "R809")


def _tests(outcomes: list[Outcome], made: int) -> str:
    failed = sum(not o.passed for o in outcomes)
    skipped = len({o.skipped for o in outcomes if o.skipped})
    todo = sum(bool(o.todo) for o in outcomes)
    files = len({o.file for o in outcomes})
    notes = [f"{count(len(outcomes), 'test')} in {count(files, 'file')}", f"{made:,} made from them"]
    notes += [f"{failed} failed"]
    notes += [count(todo, "known gap")] if todo else []
    notes += [f"{count(skipped, 'recording')} not at hand"] if skipped else []
    return ", ".join(notes)


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
