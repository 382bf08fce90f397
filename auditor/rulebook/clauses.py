"""Why a rule is or is not about a parcel: clause by clause, in the words of the rule file."""

from collections.abc import Iterator

from msgspec import Struct, structs

from auditor.model import Content, Parcel
from auditor.rulebook.book import Rulebook
from auditor.rulebook.match import Element, Message, elements, shown_path, text_of
from auditor.rulebook.paths import address_fits
from auditor.rulebook.selftest import opened
from auditor.rulebook.types import Condition, Rule

WAY = {True: "out", False: "in"}


class Clause(Struct, frozen=True):
    """One thing that the rule asks, whether it is so, and what was there instead."""

    asked: str
    held: bool
    found: str = ""


def when(rule: Rule, parcel: Parcel, book: Rulebook) -> list[Clause]:
    """What the rule asks of a parcel before it opens it."""
    wanted, asked, host = rule.when, parcel.asked, parcel.channel.host
    hosts = "any" if rule.any_host else ", ".join(wanted.hosts) or f"the hosts of {rule.platform}"
    ways = " or ".join(WAY[out] for out in wanted.outgoing)
    clauses = [
        Clause(f"protocol {wanted.protocol}", parcel.protocol == wanted.protocol, parcel.protocol),
        Clause(f"direction {ways}", parcel.outgoing in wanted.outgoing, WAY[parcel.outgoing]),
        Clause(f"host {hosts}", bool(book.spoken_for(rule, host)), host or "none"),
    ]
    if wanted.methods:
        held = asked.method in wanted.methods
        clauses.append(Clause(f"method {' or '.join(wanted.methods)}", held, asked.method or "none"))
    if wanted.addresses:
        held = any(address_fits(address, asked.path) for address in wanted.addresses)
        clauses.append(Clause(f"path {' or '.join(wanted.address_texts)}", held, _path(asked.path)))
    for name, values in wanted.headers:
        only = structs.replace(wanted, headers=((name, values),), methods=(), addresses=())
        held = only.meets(wanted.protocol, wanted.outgoing[0], asked)
        clauses.append(Clause(f"header {name} {' or '.join(values)}", held, "another, or none"))
    return clauses


def _path(path: tuple[str, ...]) -> str:
    return "/" + "/".join(shown_path((step,)) for step in path)


def inside(rule: Rule, parcel: Parcel, book: Rulebook, reveal: bool) -> Iterator[list[Clause]]:
    """For each element of a parcel that the rule is about: what it asks there, and what came of it."""
    one = opened(book, rule, parcel)
    tops = list(elements(rule, one.root))
    if not tops and rule.each is not None:
        yield [Clause(f"each {rule.each.text}", False, "nothing there")]
    for top in tops:
        element = Element(rule, one.root, top, one.judge)
        clauses = [_condition("where", c, element, True, reveal) for c in rule.where]
        clauses += (_condition("unless", c, element, False, reveal) for c in rule.unless)
        if all(clause.held for clause in clauses):
            clauses += _outcome(element)
        yield clauses


def _condition(key: str, one: Condition, element: Element, wanted: bool, reveal: bool) -> Clause:
    texts = [text_of(node) for node in element.select(one.pattern)]
    values = "is there" if "*" in one.values else f"is {' or '.join(one.values)}"
    there = (
        texts[0]
        if reveal and texts
        else f"a value of {len(texts[0])} characters"
        if texts
        else "nothing there"
    )
    return Clause(f"{key} {one.pattern.text} {values}", element.holds(one) is wanted, there)


def _outcome(element: Element) -> Iterator[Clause]:
    slots = " or ".join(slot.text for slot in element.rule.slots)
    for seen in element.look():
        if isinstance(seen, Message):
            found = f"{seen.content.value}{f'; {seen.note}' if seen.note else ''}"
            yield Clause(f"slot {slots}", seen.content is not Content.MISSING, found)
        else:
            yield Clause("an attachment" if seen.attachment else f"action {seen.surface}", True, "seen")
    if not element.look() and element.rule.slots:
        yield Clause(f"slot {slots}", False, "empty, and `empty-when` says that it may be")
