"""auditor explain: a rule, an envelope, a platform, a word of a report or a lint in plain words."""

import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from auditor.cli.fitting import fitted
from auditor.cli.platforms import described
from auditor.errors import CaptureError
from auditor.model import Answer, Content, Grade, Parcel
from auditor.rulebook.book import Rulebook
from auditor.rulebook.fields import nearest
from auditor.rulebook.transport import Transport
from auditor.rulebook.types import Condition, Envelope, Fact, Rule, Test, strongest
from auditor.shelf import load_rules, own_rules
from auditor.text import printable
from auditor.words import CHECKS, meanings

if TYPE_CHECKING:
    from auditor.rulebook.clauses import Clause

NEAREST = 6  # parcels that are shown
_CODE = re.compile(r"[Rr][0-9]{3}")
WAY = {True: "sent", False: "received"}
OPENER = {
    "recipient": "only the recipient can open it: a seal",
    "server": "the service opens it: not a seal",
    "own-device": "another device of the same person opens it",
    "unknown": "who opens it is not known, so it proves nothing",
}


@click.command(epilog="Example:  auditor explain tiktok/dm-send")
@click.argument("name", metavar="ID")
@click.option(
    "--rules", type=click.Path(path_type=Path), metavar="FOLDER", help="Other rules than the built-in ones."
)
@click.option("--in", "capture", metavar="CAPTURE", help="Why a rule did or did not match what is in there.")
@click.option("--reveal", is_flag=True, help="Show values of the capture, which may be private.")
def command(name: str, rules: Path | None, capture: str | None, reveal: bool) -> None:
    """Say in plain words what a rule (tiktok/dm-send), an envelope (megolm), a transport
    (threema-csp), a platform (tiktok), a word of a report (opaque) or a finding of `auditor check`
    (R101) is."""
    if _CODE.fullmatch(name):
        _say(_finding(name.upper()))
        return
    if capture is None and (told := meanings(name)):
        _say(told)
        return
    book = load_rules(rules or own_rules())
    if capture is not None and name not in book.rules:
        raise CaptureError(f"no rule is called {name!r}{nearest(name, book.rules)}")
    _say(_lines(book, name) if capture is None else _near(book, book.rules[name], capture, reveal))


def _say(lines: Iterable[str]) -> None:
    for line in lines:
        click.echo(fitted(line, sys.stdout))


def _near(book: Rulebook, rule: Rule, capture: str, reveal: bool) -> Iterator[str]:
    """The parcels that the rule is about, then those that are nearest to it, clause by clause."""
    from auditor.cli.captures import expand
    from auditor.cli.progress import watched
    from auditor.rulebook.clauses import inside, when
    from auditor.sources import read

    seen: list[tuple[int, int, Parcel]] = []
    count = 0
    for file, named in expand((capture,)):
        for event in watched(read(file, name=named)):
            if isinstance(event, Parcel):
                count += 1
                failed = sum(not clause.held for clause in when(rule, event, book))
                seen = sorted([*seen, (failed, count, event)], key=lambda one: one[:2])[:NEAREST]
    met = sum(failed == 0 for failed, _, _ in seen)
    yield f"{rule.id}, in {capture}: {count:,} parcels; it is about {met or 'none'} of these {len(seen)}"
    for failed, _, parcel in seen:
        yield printable(f"{parcel.ref} {parcel.asked.method} {parcel.channel.host}")
        for clause in when(rule, parcel, book):
            yield _clause(clause)
        for element in () if failed else inside(rule, parcel, book, reveal):
            yield "  a message:"
            for clause in element:
                yield f"  {_clause(clause)}"


def _clause(clause: "Clause") -> str:
    wanted = printable(clause.asked)
    found = f": {printable(clause.found)}" if clause.found and (not clause.held or "slot" in wanted) else ""
    return f"    {'yes' if clause.held else 'NO '} {wanted}{found}"


def _lines(book: Rulebook, name: str) -> Iterator[str]:
    if rule := book.rules.get(name):
        yield from _rule(rule)
    elif envelope := book.envelopes.get(name):
        yield from _envelope(envelope)
    elif transport := book.transports.get(name):
        yield from _transport(transport)
    elif platform := book.platforms.get(name):
        yield from described(book, platform).text().splitlines()
    else:
        words = [*Answer, *Content, *Grade, *CHECKS]
        names = [*words, *book.rules, *book.envelopes, *book.transports, *book.platforms]
        raise CaptureError(f"nothing is called {name!r}{nearest(name, names)}")


def _finding(code: str) -> Iterator[str]:
    from inspect import cleandoc

    from auditor.rulebook.lints import LINTS
    from auditor.rulebook.lints.reading import READ

    if code in LINTS:
        one = LINTS[code]
        yield f"{code}, {one.severity}: {one.words}"
        yield ""
        yield f"What to do: {one.advice}"
        yield f"Where it is meant so: `allow: {{{code}: why}}` in the file."
    elif code in READ:
        title, _, rest = READ[code].partition("\n")
        yield f"{code}: {title}"
        yield cleandoc(rest)
    else:
        raise CaptureError(f"no finding is called {code}{nearest(code, (*READ, *LINTS))}")


def _rule(rule: Rule) -> Iterator[str]:
    when = rule.when
    yield f"{rule.title} ({rule.id})"
    ways = " or ".join(WAY[out] for out in when.outgoing)
    hosts = "any host" if rule.any_host else ", ".join(when.hosts) or "the platform's hosts"
    verbs = "/".join(when.methods) or "any method"
    address = ", ".join(when.address_texts) or "any path"
    yield f"  looks at: {when.protocol}, {ways}, {verbs} {address} at {hosts}"
    yield from (f"  only with the header {name}: {', '.join(values)}" for name, values in when.headers)
    yield from _opens(rule)
    if rule.each:
        yield f"  one message for each: {rule.each.text}"
    yield from (f"  only where: {_condition(c)}" for c in rule.where)
    yield from (f"  not where: {_condition(c)}" for c in rule.unless)
    if rule.action:
        yield f"  it is not a message but: {rule.action}"
    else:
        yield f"  the message lies at: {', '.join(s.text for s in rule.slots)}; the weakest decides"
        yield f"  kind of conversation: {' or '.join(dict.fromkeys(rule.surface.all))}"
    if rule.accept:
        yield f"  accepts there: {', '.join(rule.accept)}, which is recognised nowhere else"
    if rule.sees:
        yield f"  the far end also sees: {', '.join(dict.fromkeys(role for role, _ in rule.sees))}"
    yield from _proof(rule.why, rule.tests, rule.status)


def _opens(rule: Rule) -> Iterator[str]:
    for pattern, decoder in rule.opens:
        yield f"  opens {pattern.text} as {decoder}"


def _condition(condition: Condition) -> str:
    values = ", ".join(condition.values)
    return f"{condition.pattern.text} is there" if values == "*" else f"{condition.pattern.text} is {values}"


def _envelope(envelope: Envelope) -> Iterator[str]:
    yield f"{envelope.title} ({envelope.id})"
    yield f"  {OPENER[envelope.opened_by]}"
    if not envelope.alone:
        yield "  proves nothing by itself: other bytes fit it by chance; a tree around it must fit too"
    if envelope.only_in_slot:
        yield "  too weak to be believed anywhere: it counts only in slots of rules that accept it"
    if envelope.tree is not None:
        yield f"  a tree of: {', '.join(place.pattern.text for place in envelope.tree.places)}"
    yield from _proof(envelope.why, envelope.tests, envelope.status)


def _transport(transport: Transport) -> Iterator[str]:
    yield f"{transport.title} ({transport.id})"
    yield f"  whose: {transport.platform or 'nobody is named'}; it proves nothing about messages inside"
    yield f"  known by, on {transport.carrier or 'TCP or UDP'}:"
    for way, pieces in (("the client", transport.out), ("the server", transport.into)):
        yield from (f"    {way} says {piece.text}" for piece in pieces)
    yield from (f"    the stream {name}" for name in transport.streams)
    yield from (f"    {key} is {' or '.join(values)}" for key, values in transport.facts)
    if transport.networks:
        yield f"    addresses in {', '.join(str(network) for network in transport.networks)}"
    if transport.ports:
        yield f"    ports {', '.join(str(port) for port in transport.ports)}"
    yield from _proof(transport.why, transport.tests, strongest(transport.tests))
    yield f"  so a connection that is known by it is {transport.grade}"


def _proof(why: tuple[Fact, ...], tests: tuple[Test, ...], status: str) -> Iterator[str]:
    for fact in why:
        mark = "" if fact.verified else " [not verified]"
        yield f"  because: {fact.fact}{mark}"
        yield f"           {fact.source}{', read ' + fact.read if fact.read else ''}"
    yield f"  status: {status} (the strongest of its {len(tests)} tests)"
    for test in tests:
        yield f"  test: {test.name}: {', '.join(test.expect)}"
