"""The file itself: its order, its form, its name. `auditor check --fix` mends most of it."""

import re
from functools import lru_cache

from auditor.rulebook.book import Rulebook
from auditor.rulebook.layout import MODELINE, formatted, ordered
from auditor.rulebook.lint import Finds, Sheet, lint
from auditor.rulebook.types import Rule

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_TITLE = 100


@lint("R701", "file", "Let `auditor check --fix` sort it.")
def out_of_order(sheet: Sheet) -> Finds:
    """Keys in another order than in all other files.

    First what it is, then what is looked for, then why, then the tests.
    """
    for key in ordered(sheet.block, sheet.kind):
        yield sheet.block.keys_at[key], f"{key!r} stands elsewhere in other files"
        break


@lint("R702", "file", "Let `auditor check --fix` mend it.")
def unformatted(sheet: Sheet) -> Finds:
    """Tabs, blanks at the end of lines, empty lines in a row, or no line break at the end.

    Nobody sees them, and every later change shows them again.
    """
    wanted = formatted(sheet.text).split("\n")
    for number, (is_, should) in enumerate(zip(sheet.text.split("\n"), wanted, strict=False), 1):
        if is_ != should:
            yield (number, 1), "this line is not formatted as in other files"
            return
    if sheet.text != formatted(sheet.text):
        yield (min(len(wanted), sheet.text.count("\n") + 1), 1), "the end is not formatted as in other files"


@lint("R703", "file", "Let `auditor check --fix` add it.", "warning")
def no_modeline(sheet: Sheet) -> Finds:
    """No line that tells an editor which schema this file has.

    With it, editors offer the keys and mark what is wrong while it is being written.
    """
    if not sheet.text.startswith(MODELINE):
        yield (1, 1), "the first line names no schema"


@lint("R704", "file", "One line of a few words, without a full stop.")
def poor_title(sheet: Sheet) -> Finds:
    """A title that is none.

    It stands in reports and lists, beside others.
    """
    title = sheet.thing.title
    if not title.strip() or len(title) > _TITLE or "\n" in title or title.endswith("."):
        yield sheet.at("title"), f"{title!r} is not a title"


@lint("R705", "file", "Use small letters, digits and hyphens: dm-send.yaml.")
def poor_name(sheet: Sheet) -> Finds:
    """A name that is hard to type.

    The path of a file is the id of what is in it.
    """
    steps = sheet.file.removesuffix(".yaml").split("/")
    for step in steps:
        if not _NAME.fullmatch(step):
            yield (1, 1), f"{step!r} is no name for a file of rules"


@lint("R707", "rule", "Let the other platform say `speaks`, and delete this copy.", "warning")
def copied(sheet: Sheet) -> Finds:
    """A rule that another platform has, word for word.

    Copies drift apart. Where two platforms speak one language, one of them says `speaks`.
    """
    rule = sheet.rule
    for other in _alike(sheet.book)[_place(rule)] if rule.slots and rule.where else ():
        if other.platform < rule.platform:
            yield sheet.key("slot"), f"{other.id} looks for the same in the same place"


def _place(rule: Rule) -> tuple[object, ...]:
    when = rule.when
    return rule.slots, rule.where, when.addresses, when.protocol, when.outgoing


@lru_cache(maxsize=1)
def _alike(book: Rulebook) -> dict[tuple[object, ...], list[Rule]]:
    """The rules that look in one and the same place, by that place."""
    alike: dict[tuple[object, ...], list[Rule]] = {}
    for rule in book.rules.values():
        alike.setdefault(_place(rule), []).append(rule)
    return alike
