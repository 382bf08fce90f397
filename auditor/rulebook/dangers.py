"""What would make a verdict wrong one day, seen in the examples of today."""

from collections.abc import Iterator

from auditor.decoders.unwrap import Node
from auditor.errors import Fault
from auditor.rulebook.grafts import above
from auditor.rulebook.match import elements
from auditor.rulebook.paths import Pattern
from auditor.rulebook.selftest import Opened
from auditor.rulebook.types import Rule, Test

WORDS = 2  # of a text from which it cannot stand in two places by chance


def copies(rule: Rule, written: list[tuple[Test, Opened]]) -> Iterator[Fault]:
    """A text that is read in the slot and stands somewhere else too: a seal would leave the copy open."""
    advice = "Name that place in `slot` or `sees`: the day the slot is sealed, the copy decides."
    for test, one in written:
        if test.text is None or len(test.text.split()) < WORDS or one.root.child("body") is None:
            continue
        known = {id(n) for node in _named(rule, one.root) for n in node.walk()}
        for node in one.root.walk():
            held = isinstance(node.value, str) and not node.children and test.text in node.value
            if held and id(node) not in known:
                where = ".".join(node.path)
                yield Fault(
                    rule.file, test.line, 1, f"{test.name}: its text is also at {where}", "R810", advice
                )


def _named(rule: Rule, root: Node) -> Iterator[Node]:
    patterns = (*rule.slots, *(p for _, p in rule.sees), *rule.attachments, *(c.pattern for c in rule.where))
    for pattern in patterns:
        yield from _select(rule, root, pattern)


def _select(rule: Rule, root: Node, pattern: Pattern) -> list[Node]:
    tops = elements(rule, root) if pattern.relative else [root]
    return [node for top in tops for node in pattern.select(top)]


def mixed(rule: Rule, written: list[tuple[Test, Opened]]) -> Iterator[Fault]:
    """A condition and a slot inside one list that `each` does not cut: one item decides about another."""
    advice = "Cut the list with `each` and write both paths from the dot."
    for test, one in written if rule.each is None else ():
        for condition in rule.where:
            asked = _lists(one.root, _select(rule, one.root, condition.pattern))
            for slot in rule.slots:
                both = asked & _lists(one.root, _select(rule, one.root, slot))
                if both:
                    said = f"{test.name}: {condition.pattern.text} and {slot.text} lie in one list"
                    yield Fault(rule.file, test.line, 1, said, "R811", advice)


def _lists(root: Node, nodes: list[Node]) -> set[int]:
    """The lists of several things that these nodes lie in; one thing among words is no list of them."""
    return {
        id(a)
        for n in nodes
        for a in above(n, root)[:-1]
        if a.listing and sum(bool(c.children) for c in a.children) > 1
    }
