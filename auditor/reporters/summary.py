"""One line a verdict, for a first look or for many captures in a row.

Laws: the verdict word is always there; what a capture says is shown without control codes.
"""

from typing import TextIO

from auditor.judge import Verdict
from auditor.model import Answer
from auditor.report import Report
from auditor.reporters import Options, phrases
from auditor.text import printable
from auditor.words import SHORT, count

name = "summary"

LEAST, MOST = 25, 60  # columns for what a verdict is about

MARKS = {
    Answer.CLEARTEXT: "!",
    Answer.TRANSPORT_ONLY: "~",
    Answer.OPAQUE: "#",
    Answer.END_TO_END: "+",
    Answer.INCONCLUSIVE: "?",
}


def render(report: Report, verdicts: list[Verdict], stream: TextIO, options: Options) -> None:
    wide = max([LEAST, *(len(printable(phrases.about(verdict))) for verdict in verdicts)])
    for verdict in verdicts:
        stream.write(f"  {_line(verdict, min(wide, MOST))}\n")
    for warning in phrases.warnings(report):
        stream.write(f"  {printable(f'! {warning}')}\n")
    if not verdicts and report:
        stream.write(f"  ? {phrases.NOTHING_FOUND.rstrip('.')}: {phrases.met(report)}\n")
    elif not verdicts:
        stream.write(f"  {phrases.NOTHING_READ}\n")


def _line(verdict: Verdict, wide: int) -> str:
    seen = count(sum(verdict.counts.values()), "message")
    who = f"can read it: {SHORT[verdict.verdict]}"
    about = f"{MARKS[verdict.verdict]} {printable(phrases.about(verdict)):<{wide}}"
    return printable(f"{about} {verdict.verdict.value:<15} {who:<32} {seen}")
