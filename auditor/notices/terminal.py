"""What was found, for a person: the place, the line, a caret under it, and what to do."""

from collections import Counter
from collections.abc import Iterator

from auditor.errors import Fault
from auditor.notices import Checked
from auditor.rulebook.selftest import Outcome
from auditor.text import printable

_WIDTH = 100  # of a line that is shown
_MOST = 20  # warnings of one kind that are shown one by one


def render(checked: Checked) -> str:
    kinds = Counter(fault.code for fault in checked.faults if fault.severity != "error")
    many = [code for code in sorted(kinds) if kinds[code] > _MOST]
    lines = [line for one in sorted(checked.faults) if one.code not in many for line in _fault(checked, one)]
    lines += [line for code in many for line in _folded(checked, code)]
    lines += [line for outcome in checked.outcomes if not outcome.passed for line in _failed(outcome)]
    return "".join(f"{line}\n" for line in (*lines, *checked.said, *_sums(checked)))


def _sums(checked: Checked) -> Iterator[str]:
    """How much of what was found; its codes are explained elsewhere."""
    if found := checked.all:
        sums = Counter(fault.severity for fault in found).most_common()
        told = ", ".join(f"{number:,} {kind}{'' if number == 1 else 's'}" for kind, number in sums)
        gravest = next((fault for fault in found if fault.severity == "error"), found[0])
        yield told + (f"; more about one: auditor explain {gravest.code}" if gravest.code else "")


def _folded(checked: Checked, code: str) -> Iterator[str]:
    """Many of one kind: a page of them would hide the others."""
    found = [fault for fault in sorted(checked.faults) if fault.code == code]
    files = Counter(checked.path(fault.file) for fault in found)
    (worst, most), *_ = files.most_common(1)
    what = checked.documented.get(code, found[0].message).rstrip(".")
    yield printable(f"{found[0].severity} {code}, {len(found):,} times in {len(files):,} files: {what}")
    yield printable(f"    One by one: auditor check FILE; most ({most:,}) are in {worst}.")


def _fault(checked: Checked, fault: Fault) -> Iterator[str]:
    kind = f"{fault.severity} {fault.code}".strip()
    yield f"{printable(fault.file)}:{fault.line}:{fault.column}: {kind}: {printable(fault.message)}"
    yield from _pointed(checked.texts.get(fault.file, ""), fault.line, fault.column)
    if fault.advice:
        yield f"    {printable(fault.advice)}"


def _pointed(text: str, line: int, column: int) -> Iterator[str]:
    """The line, and a caret under the place; of a long line the part around it."""
    lines = text.split("\n")
    if not 0 < line <= len(lines):
        return
    start = max(0, column - 1 - _WIDTH // 2) if len(lines[line - 1]) > _WIDTH else 0
    shown = printable(lines[line - 1][start : start + _WIDTH])
    yield f"    {line:>5} | {shown}"
    yield f"          | {' ' * (column - 1 - start)}^"


def _failed(outcome: Outcome) -> Iterator[str]:
    yield f"{printable(outcome.file)}:{outcome.line}: {printable(outcome.name)}"
    yield f"    expected  {printable(outcome.expected)}"
    yield f"    found     {printable(outcome.got)}"
    if outcome.todo:
        todo = printable(outcome.todo)
        yield f"    this was a known gap ({todo}); it passes now, so take the `todo` out"
