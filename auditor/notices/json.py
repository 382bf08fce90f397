"""What was found, for a program: one document."""

import msgspec

from auditor.notices import Checked

SCHEMA = 1


def render(checked: Checked) -> str:
    document = {
        "schema": SCHEMA,
        "tool": "auditor check",
        "found": [
            {
                "id": f.code,
                "severity": f.severity,
                "file": checked.path(f.file),
                "line": f.line,
                "column": f.column,
                "message": f.message,
                "advice": f.advice,
            }
            for f in checked.all
        ],
        "tests": [
            {
                "rule": o.rule,
                "file": checked.path(o.file),
                "line": o.line,
                "name": o.name,
                "passed": o.passed,
                "expected": o.expected,
                "found": o.got,
                "skipped": o.skipped,
                "todo": o.todo,
            }
            for o in checked.outcomes
        ],
        "said": list(checked.said),
    }
    return msgspec.json.format(msgspec.json.encode(_spelled(document)), indent=2).decode() + "\n"


def _spelled(value: object) -> object:
    """Text that no encoding has (a lone half of a character) is spelled out."""
    match value:
        case str():
            return value.encode("utf-8", "backslashreplace").decode()
        case dict():
            return {key: _spelled(inner) for key, inner in value.items()}
        case list():
            return [_spelled(inner) for inner in value]
    return value
