"""A small rule that can be made wrong in many ways."""

from auditor.rulebook.book import Rulebook
from auditor.rulebook.types import Rule
from tests.rulebook.lints.broken import GOOD, SEND


def book(*changes: tuple[str, str], **files: str) -> Rulebook:
    """The good set with changes to its one rule, and other rules of the platform beside it."""
    text = GOOD[SEND]
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    beside = {f"platforms/x/{name}.yaml": content for name, content in files.items()}
    return Rulebook.of({**GOOD, SEND: text, **beside})


def send(*changes: tuple[str, str]) -> tuple[Rule, Rulebook]:
    made = book(*changes)
    return made.rules["x/send"], made
