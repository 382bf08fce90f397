"""What can go wrong on purpose.

AuditorError       shown to a person as one line, exit code 2
  CaptureError     a capture cannot be read at all
  RuleError        rule files are wrong; carries every fault, each with its place
  TooMuch          a budget is used up: nesting, leaves, bytes out

A decoder that does not know its input raises ValueError: that is an answer, not an error.
"""

from dataclasses import dataclass


class AuditorError(Exception):
    """Shown to a person without a traceback."""


class CaptureError(AuditorError):
    """A capture cannot be read at all. One that is readable in part yields a Problem instead."""


class TooMuch(AuditorError):
    """A budget is used up. What was found before stays found; the rest is named in the report."""


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One thing that is wrong in a rule file, and where; `code` names what kind of thing it is."""

    file: str
    line: int
    column: int
    message: str
    code: str = ""  # `auditor explain R012` says more
    advice: str = ""
    severity: str = "error"  # or warning, or note

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message}"


class RuleError(AuditorError):
    """All faults of a rule set, in the order of their places."""

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = tuple(sorted(set(faults)))
        super().__init__("\n".join(map(str, self.faults)))
