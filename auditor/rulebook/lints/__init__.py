"""Lints: what makes a rule go wrong, found before it does. Drop a file here and its lints are found.

Each file holds the lints of one subject, each made by `@lint`; see auditor/rulebook/lint.py.
R0 is about reading, R1 hosts, R2 conditions, R3 paths, R4 tests, R5 facts and claims, R6
envelopes, R7 the file, R8 what `auditor check` finds beside lints.
"""

import importlib
import pkgutil
from collections.abc import Iterator, Mapping

from auditor.errors import Fault
from auditor.rulebook.book import Rulebook
from auditor.rulebook.lint import ABOUT, Lint, Sheet
from auditor.rulebook.types import Envelope, Platform, Rule
from auditor.rulebook.yaml import Block


def _found() -> dict[str, Lint]:
    found: dict[str, Lint] = {}
    for file in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{file.name}")
        found |= {one.code: one for one in vars(module).values() if isinstance(one, Lint)}
    return dict(sorted(found.items()))


LINTS = _found()


def look(
    book: Rulebook, texts: Mapping[str, str], blocks: Mapping[str, Block], day: str, below: str = ""
) -> Iterator[Fault]:
    """What all lints say of all files, or of those below one folder."""
    about = {kind: [one for one in LINTS.values() if one.about in (kind, "file")] for kind in ABOUT}
    for sheet in sheets(book, texts, blocks, day):
        if sheet.file.startswith(below):
            for one in about[sheet.kind]:
                yield from one.faults(sheet)


def sheets(
    book: Rulebook, texts: Mapping[str, str], blocks: Mapping[str, Block], day: str
) -> Iterator[Sheet]:
    things: dict[str, Rule | Platform | Envelope] = {
        **{rule.file: rule for rule in book.rules.values()},
        **{envelope.file: envelope for envelope in book.envelopes.values()},
        **{f"platforms/{one.id}/platform.yaml": one for one in book.platforms.values()},
    }
    for file, thing in sorted(things.items()):
        yield Sheet(file, texts[file], blocks[file], thing, book, day)
