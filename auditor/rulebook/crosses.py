"""Rules against each other and against other people's traffic."""

from collections.abc import Iterable, Iterator

from auditor.errors import Fault
from auditor.model import Parcel
from auditor.rulebook.book import Rulebook
from auditor.rulebook.mutation import SILENT
from auditor.rulebook.selftest import Observed, Opened, opened
from auditor.rulebook.types import Rule, Test

AROUND = ("metadata", "attachment")


def collisions(rule: Rule, written: Iterable[tuple[Test, Opened]], book: Rulebook) -> Iterator[Fault]:
    """Other rules that find a message in this one's examples; one that finds all of them shadows it."""
    examples = [(t, o) for t, o in written if o.meets(rule, book) and not set(t.expect) <= {*SILENT, *AROUND}]
    found: dict[str, list[Test]] = {}
    for test, looked in examples:
        surfaces = _messages(looked.look(rule, book))
        for other, _ in book.meeting(looked.parcel):
            seen = opened(book, other, looked.parcel).look(other, book)
            if other is not rule and surfaces & _messages(seen):
                found.setdefault(other.id, []).append(test)
    for name, tests in found.items():
        if len(tests) == len(examples) > 1 and book.rules[name].platform == rule.platform:
            yield Fault(
                rule.file, 1, 1, f"{name} finds a message in every example of {rule.id}", "R804", _DEAD
            )
        else:
            yield Fault(
                rule.file, tests[0].line, 1, f"{tests[0].name}: {name} finds a message too", "R803", _TWICE
            )


_TWICE = "Tell them apart by a path or a condition, or say in `allow` why both are right."
_DEAD = "Delete it, or add the example that only this rule finds."


def _messages(seen: Observed) -> set[str]:
    """The kinds of conversation in which messages were found; a picture and its words are two kinds."""
    return {s for s, c in zip(seen.extras.get("surface", ()), seen.contents, strict=True) if c not in AROUND}


def benign(parcels: Iterable[Parcel], book: Rulebook, below: str = "") -> Iterator[Fault]:
    """Rules, all or those below one folder, that speak where nobody sent a message."""
    rules = [rule for rule in book.rules.values() if rule.file.startswith(below)]
    for parcel in parcels:
        meeting = (r for r in rules if r.when.meets(parcel.protocol, parcel.outgoing, parcel.asked))
        for rule in meeting:
            if seen := opened(book, rule, parcel).look(rule, book).contents:
                said = f"{', '.join(seen)} in unrelated traffic: {parcel.ref}"
                yield Fault(rule.file, 1, 1, said, "R805", "Ask for something that only this platform sends.")
