"""One rule examined: its tests, those made from them, its neighbours, and what nothing would notice.

Rules are examined one by one, so that several processes can share them.
"""

from collections.abc import Iterator

from msgspec import Struct

from auditor.errors import Fault
from auditor.rulebook.book import Rulebook
from auditor.rulebook.coverage import uncovered
from auditor.rulebook.crosses import collisions
from auditor.rulebook.dangers import copies, mixed
from auditor.rulebook.mutation import Proof, Tried
from auditor.rulebook.selftest import Find, Outcome, tested
from auditor.rulebook.types import Rule

PARTS = ("tests", "collisions", "coverage", "mutation")


class Examined(Struct, frozen=True):
    """What was found out about one rule."""

    outcomes: tuple[Outcome, ...] = ()
    made: int = 0
    faults: tuple[Fault, ...] = ()
    covered: tuple[int, int] = (0, 0)  # of so many
    tried: Tried | None = None


def examine(rule: Rule, book: Rulebook, find: Find, parts: tuple[str, ...]) -> Examined:
    outcomes = tuple(tested(book, rule, test, find) for test in rule.tests) if "tests" in parts else ()
    if parts == () or not set(parts) & set(PARTS):
        return Examined(outcomes)
    proof = Proof.of(rule, book, find)
    faults: list[Fault] = []
    if "tests" in parts:
        faults += (*_made(proof), *copies(rule, proof.written), *mixed(rule, proof.written))
    if "collisions" in parts:
        faults += collisions(rule, proof.written, book)
    covered = (0, 0)
    if "coverage" in parts:
        wanted, left = uncovered(rule, [looked for _, looked in proof.written])
        covered = (wanted - len(left), wanted)
        faults += left
    made = len(proof.cases) + len(proof.failures)
    tried = proof.tried() if "mutation" in parts else None
    if tried is not None:
        faults += (_survivor(rule, name) for name in tried.survived)
    return Examined(outcomes, made, tuple(faults), covered, tried)


def _made(proof: Proof) -> Iterator[Fault]:
    advice = "Correct the rule; what it says and what this test says cannot both be right."
    for case, wrong in proof.failures:
        yield Fault(proof.rule.file, case.line, 1, wrong, "R802", advice)


def _survivor(rule: Rule, name: str) -> Fault:
    advice = "Add a test that fails then, or say in `allow` why it changes nothing."
    return Fault(rule.file, 1, 1, f"no test notices: {name}", "R807", advice, "warning")
