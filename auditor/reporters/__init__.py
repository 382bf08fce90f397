"""Reporters: a report and its verdicts, shown. Drop a file here and it is a `--format`.

A reporter is a module with

    name                                      what `--format` calls it: the name of the file
    render(report, verdicts, stream, options) writes all of it to the stream

Laws: reporters decide nothing and read nothing but what they are given; the same report
gives the same page; a reporter is imported when it is asked for, and not before.
"""

import importlib
import pkgutil
from typing import Protocol, TextIO, cast

from msgspec import Struct

from auditor.errors import AuditorError
from auditor.judge import Verdict
from auditor.report import Report
from auditor.text import printable

_NOT_REPORTERS = {"fields", "phrases", "tables"}  # what reporters share


class Options(Struct, frozen=True):
    """What the user asked of a page; nothing asked: the stream decides."""

    width: int | None = None
    colour: bool | None = None


class Reporter(Protocol):
    name: str

    def render(self, report: Report, verdicts: list[Verdict], stream: TextIO, options: Options) -> None: ...


def names() -> list[str]:
    """The formats there are; nothing is imported to know them."""
    return sorted(m.name for m in pkgutil.iter_modules(__path__) if m.name not in _NOT_REPORTERS)


def reporter(name: str) -> Reporter:
    if name not in names():
        raise AuditorError(f"no format {printable(name)!r}; there are: {', '.join(names())}")
    return cast(Reporter, importlib.import_module(f"{__name__}.{name}"))
