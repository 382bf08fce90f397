"""What was found, as JUnit XML: a suite for each file, a case for each test, and one for its lints."""

from itertools import groupby
from operator import attrgetter

from auditor.errors import Fault
from auditor.notices import Checked
from auditor.rulebook.selftest import Outcome
from auditor.text import printable, xml_escaped, xml_quoted


def render(checked: Checked) -> str:
    by_file: dict[str, tuple[list[Fault], list[Outcome]]] = {}
    for fault in sorted(checked.faults):
        by_file.setdefault(fault.file, ([], []))[0].append(fault)
    for file, outcomes in groupby(sorted(checked.outcomes, key=attrgetter("file")), attrgetter("file")):
        by_file.setdefault(file, ([], []))[1].extend(outcomes)
    suites = [_suite(checked.path(file), *by_file[file]) for file in sorted(by_file)]
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="auditor check">\n{}</testsuites>\n'.format(
            "".join(suites)
        )
    )


def _suite(file: str, faults: list[Fault], outcomes: list[Outcome]) -> str:
    wrong = [f for f in faults if f.severity == "error"]
    failures = len(wrong) + sum(not o.passed for o in outcomes)
    skipped = sum(bool(o.skipped) for o in outcomes)
    cases = [_lints(file, faults, wrong)] + [_case(file, outcome) for outcome in outcomes]
    numbers = f'tests="{len(outcomes) + max(1, len(wrong))}" failures="{failures}" skipped="{skipped}"'
    return f"  <testsuite name={_quoted(file)} {numbers}>\n{''.join(cases)}  </testsuite>\n"


def _lints(file: str, faults: list[Fault], wrong: list[Fault]) -> str:
    """One case for each error; one that passes where there is none, with the warnings as its words."""
    if not wrong:
        said = "\n".join(f"{f.line}:{f.column}: {f.code}: {f.message}" for f in faults)
        return _element(file, "lints", f"<system-out>{_text(said)}</system-out>" if said else "")
    return "".join(
        _element(
            file,
            f"{f.code} at {f.line}:{f.column}",
            f"<failure message={_quoted(f.message)} type={_quoted(f.code)}>{_text(f.advice)}</failure>",
        )
        for f in wrong
    )


def _case(file: str, outcome: Outcome) -> str:
    inside = ""
    if outcome.skipped:
        inside = f"<skipped message={_quoted(outcome.skipped)}/>"
    elif not outcome.passed:
        inside = f"<failure message={_quoted(f'expected {outcome.expected}, found {outcome.got}')}/>"
    return _element(file, outcome.name, inside, f' line="{outcome.line}"')


def _element(file: str, name: str, inside: str, more: str = "") -> str:
    return f"    <testcase classname={_quoted(file)} name={_quoted(name)}{more}>{inside}</testcase>\n"


def _quoted(text: str) -> str:
    return xml_quoted(_allowed(text))


def _text(text: str) -> str:
    return xml_escaped(_allowed(text))


def _allowed(text: str) -> str:
    """XML has no way to write most control characters."""
    lines = text.split("\n")
    return "\n".join(printable(line).replace("\ufffe", "·").replace("\uffff", "·") for line in lines)
