"""Notices: what `auditor check` found, shown. Drop a file here and it is a `--format`.

A notice is a module with

    render(checked)    all of it, as text

Laws: nothing is decided here; the same findings give the same page; what comes out of a
rule file cannot break the format that it is shown in.
"""

import importlib
import pkgutil
from collections.abc import Mapping
from typing import Protocol, cast

from msgspec import Struct

from auditor.errors import Fault
from auditor.rulebook.selftest import Outcome

FAILED = "R801"


class Checked(Struct, frozen=True):
    """All that was found; the texts of the files, to show the place; and what is said at the end."""

    faults: tuple[Fault, ...]
    outcomes: tuple[Outcome, ...] = ()
    texts: Mapping[str, str] = {}
    said: tuple[str, ...] = ()
    root: str = ""  # the folder of the rules, as the user would name it
    documented: Mapping[str, str] = {}  # what each code means

    @property
    def failures(self) -> tuple[Fault, ...]:
        return tuple(failure(one) for one in self.outcomes if not one.passed)

    @property
    def all(self) -> tuple[Fault, ...]:
        """Faults and failed tests, in the order of their places."""
        return tuple(sorted((*self.faults, *self.failures)))

    def path(self, file: str) -> str:
        return f"{self.root}/{file}" if self.root else file


def failure(outcome: Outcome) -> Fault:
    """A test that failed, as a fault at its place."""
    wrong = f"{outcome.name}: expected {outcome.expected}, found {outcome.got}"
    advice = f"It was a known gap ({outcome.todo}) and passes now: take `todo` out." if outcome.todo else ""
    return Fault(outcome.file, outcome.line, 1, wrong, FAILED, advice)


class Notice(Protocol):
    def render(self, checked: Checked) -> str: ...


def names() -> list[str]:
    """The formats there are; nothing is imported to know them."""
    return sorted(m.name for m in pkgutil.iter_modules(__path__))


def notice(name: str) -> Notice:
    return cast(Notice, importlib.import_module(f"{__name__}.{name}"))
