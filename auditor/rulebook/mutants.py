"""Rules with one thing wrong: each condition dropped, loosened or shifted in turn.

A mutant says exactly what was changed, in the words of the rule file. Rules are frozen, so
a mutant is a copy; nothing is read or parsed again.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import TypeVar

from msgspec import structs

from auditor.rulebook.paths import Pattern
from auditor.rulebook.types import ANY_HOST, Condition, Rule

T = TypeVar("T")
Mutant = tuple[str, Rule]


def mutants(rule: Rule) -> Iterator[Mutant]:
    """All of them."""
    yield from _when(rule)
    yield from _each_dropped(rule, "where")
    yield from _each_dropped(rule, "unless")
    yield from _each_dropped(rule, "empty_when")
    yield from _lists(rule)
    for number, pattern in enumerate(rule.slots):
        for step, loose in _loosened(pattern):
            slots = (*rule.slots[:number], loose, *rule.slots[number + 1 :])
            yield f"slot {pattern.text}: {step} loosened to *", replace(rule, slots=slots)
    yield from _surfaces(rule)


def _when(rule: Rule) -> Iterator[Mutant]:
    when = rule.when
    if len(when.outgoing) == 1:
        yield "direction dropped", replace(rule, when=structs.replace(when, outgoing=(True, False)))
    if when.methods:
        yield "method dropped", replace(rule, when=structs.replace(when, methods=()))
    if not rule.any_host:
        yield "host dropped", replace(rule, when=structs.replace(when, hosts=(ANY_HOST,)))
    if when.addresses:
        yield "path dropped", replace(rule, when=structs.replace(when, addresses=()))
    for number, method in enumerate(when.methods if len(when.methods) > 1 else ()):
        rest = _without(when.methods, number)
        yield f"method {method} dropped", replace(rule, when=structs.replace(when, methods=rest))
    for number, host in enumerate(when.hosts):
        if len(when.hosts) > 1:
            rest = _without(when.hosts, number)
            yield f"host {host} dropped", replace(rule, when=structs.replace(when, hosts=rest))
        labels = host.split(".")
        if len(labels) > 1:
            wide = ".".join([*labels[:-2], f"*{labels[-2]}", labels[-1]])
            hosts = (*when.hosts[:number], wide, *when.hosts[number + 1 :])
            yield f"host {host} loosened to {wide}", replace(rule, when=structs.replace(when, hosts=hosts))
    yield from _addresses(rule)
    for number, (name, values) in enumerate(when.headers):
        headers = _without(when.headers, number)
        yield f"header {name} dropped", replace(rule, when=structs.replace(when, headers=headers))
        if "*" not in values:
            loose = (*headers, (name, ("*",)))
            yield f"header {name} loosened to *", replace(rule, when=structs.replace(when, headers=loose))


def _addresses(rule: Rule) -> Iterator[Mutant]:
    addresses = rule.when.addresses
    for number, address in enumerate(addresses):
        text = rule.when.address_texts[number]
        if len(addresses) > 1:
            when = structs.replace(rule.when, addresses=_without(addresses, number))
            yield f"path {text} dropped", replace(rule, when=when)
        for at, segment in enumerate(address):
            if "*" not in segment:
                loose = (*address[:at], "*", *address[at + 1 :])
                when = structs.replace(
                    rule.when, addresses=(*addresses[:number], loose, *addresses[number + 1 :])
                )
                yield f"path {text}: {segment} loosened to *", replace(rule, when=when)


def _each_dropped(rule: Rule, key: str) -> Iterator[Mutant]:
    """Conditions: each dropped, each of its values dropped, and any value taken."""
    conditions: tuple[Condition, ...] = getattr(rule, key)
    name = key.replace("_", "-")
    for number, one in enumerate(conditions):
        rest = _without(conditions, number)
        yield f"{name} {one.pattern.text} dropped", _with(rule, key, rest)
        if "*" in one.values:
            continue
        for changed, how in _values(one):
            mixed = (*conditions[:number], changed, *conditions[number + 1 :])
            yield f"{name} {one.pattern.text}: {how}", _with(rule, key, mixed)


def _with(rule: Rule, key: str, values: tuple[object, ...]) -> Rule:
    return replace(rule, **{key: values})  # type: ignore[arg-type]


def _values(one: Condition) -> Iterator[tuple[Condition, str]]:
    yield Condition(one.pattern, ("*",)), "any value taken"
    for number, value in enumerate(one.values if len(one.values) > 1 else ()):
        yield Condition(one.pattern, _without(one.values, number)), f"{value} dropped"


def _lists(rule: Rule) -> Iterator[Mutant]:
    for key in ("slots", "accept", "placeholders", "attachments", "opens", "sees"):
        values: tuple[object, ...] = getattr(rule, key)
        for number, value in enumerate(values):
            if key != "slots" or len(values) > 1:
                yield (
                    f"{_NAMES[key]} {_text(value)} dropped",
                    _with(rule, key, _without(values, number)),
                )


_NAMES = {
    "slots": "slot", "accept": "accept", "placeholders": "placeholder", "attachments": "attachment",
    "opens": "open", "sees": "sees",
}  # fmt: skip


def _text(value: object) -> str:
    match value:
        case Pattern():
            return value.text
        case (str() as role, Pattern() as pattern):
            return f"{role} {pattern.text}"
        case (Pattern() as pattern, str()):
            return pattern.text
    return str(value)


def _loosened(pattern: Pattern) -> Iterator[tuple[str, Pattern]]:
    """The path with each fixed step but the first of all taken for any step."""
    for number in range(0 if pattern.relative else 1, len(pattern.steps)):
        step = pattern.steps[number]
        if (pattern.quoted[number] or "*" not in step) and not step.startswith("@"):
            steps = (*pattern.steps[:number], "*", *pattern.steps[number + 1 :])
            quoted = (*pattern.quoted[:number], False, *pattern.quoted[number + 1 :])
            yield step, Pattern(pattern.text, steps, quoted)


def _surfaces(rule: Rule) -> Iterator[Mutant]:
    surface = rule.surface
    for number, (case, word) in enumerate(surface.cases):
        if word != surface.otherwise:
            cases = _without(surface.cases, number)
            yield f"surface {case} dropped", replace(rule, surface=structs.replace(surface, cases=cases))
    if surface.source is not None:
        yield "surface else shifted", replace(rule, surface=structs.replace(surface, otherwise="other"))


def _without(values: tuple[T, ...], number: int) -> tuple[T, ...]:
    return values[:number] + values[number + 1 :]
