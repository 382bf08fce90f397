"""What of a rule no written test exercises: nobody would notice if it were wrong."""

from collections.abc import Iterator

from auditor.errors import Fault
from auditor.rulebook.contents import Judge
from auditor.rulebook.match import Element, elements, holds_something, text_of
from auditor.rulebook.paths import address_fits, glob, host_fits
from auditor.rulebook.selftest import Opened
from auditor.rulebook.types import Condition, Rule


def uncovered(rule: Rule, looked: list[Opened]) -> tuple[int, list[Fault]]:
    """How many things there are to exercise, and those that nothing does."""
    touched = {name for one in looked for name in _touched(rule, one)}
    wanted = list(_wanted(rule))
    advice = "Add a test in which it decides, or take it out."
    left = [
        Fault(rule.file, 1, 1, f"no test exercises {w}", "R806", advice, "note")
        for w in wanted
        if w not in touched
    ]
    return len(wanted), left


def _wanted(rule: Rule) -> Iterator[str]:
    yield from (f"host {host}" for host in rule.when.hosts if not rule.any_host)
    yield from (f"method {method}" for method in rule.when.methods)
    yield from (f"path {text}" for text in rule.when.address_texts)
    for key in ("where", "unless", "empty-when"):
        yield from (f"{key} {c.pattern.text}: {v}" for c in _conditions(rule, key) for v in c.values)
    yield from (f"slot {pattern.text}" for pattern in rule.slots)
    yield from (f"attachment {pattern.text}" for pattern in rule.attachments)
    yield from (f"sees {role} {pattern.text}" for role, pattern in rule.sees)
    yield from (f"surface {case}" for case, _ in rule.surface.cases)


def _conditions(rule: Rule, key: str) -> tuple[Condition, ...]:
    return {"where": rule.where, "unless": rule.unless, "empty-when": rule.empty_when}[key]


def _touched(rule: Rule, one: Opened) -> Iterator[str]:
    asked, host = one.parcel.asked, one.parcel.channel.host
    yield from (f"host {pattern}" for pattern in rule.when.hosts if host_fits(pattern, host))
    yield f"method {asked.method}"
    for address, text in zip(rule.when.addresses, rule.when.address_texts, strict=True):
        if address_fits(address, asked.path):
            yield f"path {text}"
    judge = Judge(one.judge.book, one.root, {})
    for top in elements(rule, one.root):
        yield from _inside(rule, Element(rule, one.root, top, judge))


def _inside(rule: Rule, element: Element) -> Iterator[str]:
    for key in ("where", "unless", "empty-when"):
        for c in _conditions(rule, key):
            for value in c.values:
                if element.holds(Condition(c.pattern, (value,))):
                    yield f"{key} {c.pattern.text}: {value}"
    for name, patterns in (("slot", rule.slots), ("attachment", rule.attachments)):
        for pattern in patterns:
            if any(holds_something(node) for node in element.select(pattern)):
                yield f"{name} {pattern.text}"
    for role, pattern in rule.sees:
        if any(text_of(node) for node in element.select(pattern)):
            yield f"sees {role} {pattern.text}"
    source = rule.surface.source
    for case, _ in rule.surface.cases if source is not None else ():
        if source is not None and any(glob(case).match(text_of(node)) for node in element.select(source)):
            yield f"surface {case}"
