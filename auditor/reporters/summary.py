"""One line a verdict, for a first look or for many captures in a row.

Laws: the verdict word is always there; what a capture says is shown without control codes.
"""

from typing import TextIO

from auditor.judge import Verdict
from auditor.model import Answer
from auditor.report import Report
from auditor.reporters import Options, phrases
from auditor.text import printable
from auditor.words import SHORT

name = "summary"

MARKS = {
    Answer.CLEARTEXT: "!",
    Answer.TRANSPORT_ONLY: "~",
    Answer.OPAQUE: "#",
    Answer.END_TO_END: "+",
    Answer.INCONCLUSIVE: "?",
}


def render(report: Report, verdicts: list[Verdict], stream: TextIO, options: Options) -> None:
    for verdict in verdicts:
        stream.write(f"  {_line(verdict)}\n")
    for warning in phrases.warnings(report):
        stream.write(f"  {printable(f'! {warning}')}\n")
    if not verdicts:
        stream.write(f"  {phrases.NOTHING_FOUND if report else phrases.NOTHING_READ}\n")


def _line(verdict: Verdict) -> str:
    subject = f"{verdict.platform} {phrases.subject(verdict)}"
    seen = phrases.count(sum(verdict.counts.values()), "message")
    who = f"can read it: {SHORT[verdict.verdict]}"
    return printable(f"{MARKS[verdict.verdict]} {subject:<25} {verdict.verdict.value:<15} {who:<30} {seen}")
