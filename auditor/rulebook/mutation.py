"""How good are the tests of a rule? Each thing in it is made wrong in turn, and some test must fail."""

from msgspec import Struct

from auditor.errors import AuditorError
from auditor.rulebook.book import Rulebook
from auditor.rulebook.derived import Case, derived
from auditor.rulebook.mutants import mutants
from auditor.rulebook.selftest import Find, Opened, compared, opened, parcel_of
from auditor.rulebook.types import Rule, Test

SILENT = ("nothing", "missing")


class Tried(Struct, frozen=True):
    """One rule: what was tried, and what no test noticed."""

    rule: str
    file: str
    tried: int
    survived: tuple[str, ...]


class Proof(Struct):
    """All tests of one rule, the written ones and those made from them, opened and ready to run again."""

    rule: Rule
    book: Rulebook
    written: list[tuple[Test, Opened]]
    cases: list[Case]
    failures: list[tuple[Case, str]]  # made tests that the rule itself fails: they prove nothing

    @classmethod
    def of(cls, rule: Rule, book: Rulebook, find: Find) -> "Proof":
        proof = cls(rule, book, [], [], [])
        for test in rule.tests:
            try:
                parcel = find(test.recorded) if test.recorded else parcel_of(rule, test, book)
            except AuditorError:
                continue  # the tests themselves tell
            if parcel is not None and not test.todo:
                looked = opened(book, rule, parcel)
                if not looked.root.children:  # not the rule's: another one may take it for its own
                    looked = opened(book, rule, parcel, unmet=True)
                proof.written.append((test, looked))
        known: set[str] = set()
        found = [pair for pair in proof.written if not set(pair[0].expect) <= set(SILENT)]
        for test, looked in sorted(found, key=lambda pair: "attachment" in pair[0].expect):
            if proof.passes(test, looked, rule):
                for case in derived(rule, test, looked, book, known):
                    proof.add(case)
        return proof

    def add(self, case: Case) -> None:
        if wrong := case.wrong(self.rule, self.book):
            self.failures.append((case, wrong))
        else:
            self.cases.append(case)

    def passes(self, test: Test, looked: Opened, rule: Rule) -> bool:
        expected, got = compared(test, looked.look(rule, self.book))
        return expected == got

    def notices(self, mutant: Rule) -> bool:
        """Whether some test fails for this change."""
        again = mutant.opens != self.rule.opens
        for test, looked in self.written:
            seen = opened(self.book, mutant, looked.parcel) if again else looked
            if not self.passes(test, seen, mutant):
                return True
        return not again and any(case.wrong(mutant, self.book) for case in self.cases)

    def tried(self) -> Tried:
        all_of_them = list(mutants(self.rule))
        survived = tuple(name for name, mutant in all_of_them if not self.notices(mutant))
        return Tried(self.rule.id, self.rule.file, len(all_of_them), survived)
