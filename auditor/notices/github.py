"""What was found, as annotations in a pull request on GitHub; the escapes are those of its own tools."""

from auditor.notices import Checked
from auditor.text import printable

_KINDS = {"error": "error", "warning": "warning"}
_DATA = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_PROPERTY = _DATA | str.maketrans({":": "%3A", ",": "%2C"})


def render(checked: Checked) -> str:
    lines = []
    for fault in checked.all:
        file = _shown(checked.path(fault.file)).translate(_PROPERTY)
        where = f"file={file},line={fault.line},col={fault.column}"
        message = f"{fault.message}. {fault.advice}" if fault.advice else fault.message
        kind = _KINDS.get(fault.severity, "notice")
        lines.append(f"::{kind} {where},title={fault.code}::{_shown(message).translate(_DATA)}")
    return "".join(f"{line}\n" for line in lines)


def _shown(text: str) -> str:
    """Nothing that moves a cursor; line breaks stay, for they are escaped."""
    return "\n".join(map(printable, text.split("\n")))
