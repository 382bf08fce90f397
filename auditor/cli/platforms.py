"""auditor platforms: whom the rules know, what is claimed about them, and how much of it can be seen."""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from auditor.decoders.clues import LANGUAGES
from auditor.errors import CaptureError
from auditor.model import SURFACES
from auditor.reporters import Options
from auditor.reporters.terminal import Cell, Page
from auditor.rulebook.book import Rulebook
from auditor.rulebook.fields import nearest
from auditor.rulebook.lints.conditions import HANDED_OVER
from auditor.rulebook.types import STATUS, Claim, Fact, Platform, Rule
from auditor.shelf import load_rules

OUTSIDE, PROXY, INSIDE = "from outside", "through a proxy", "inside"
LAYERS = {*LANGUAGES, *HANDED_OVER, "apns", "loco"}  # protocols that lie inside one that no proxy opens
FRAMES = "FRAME"  # what such a layer shows to those who only look on
WAYS = {True: "sent", False: "received"}
LEGEND: list[tuple[Cell, Cell]] = [
    ("platform", "`auditor platforms show NAME` is its page"),
    ("rules", "about messages + about what is around them"),
    (
        "tests",
        "how many rules about messages rest on a recording, on an example that somebody published, or "
        "only on examples made here",
    ),
    ("outside", "what it is known by when nothing is opened"),
    ("proxy", "which messages are recognised through a proxy, or where the road is clear"),
    ("inside", "which are recognised inside a layer that only a hook or another tool opens"),
]
FAR_END = {
    "service": "the service: what it receives in the open, it can read",
    "peer": "the other person's device: there is no service between",
    "own-device": "another device of the same person",
}


@click.command(epilog="Example:  auditor platforms show tiktok")
@click.argument("what", nargs=-1)
@click.option("--width", type=click.IntRange(40, 160), metavar="COLUMNS", help="How wide the page is.")
@click.option(
    "--rules", type=click.Path(path_type=Path), metavar="FOLDER", help="Other rules than the built-in ones."
)
def command(what: tuple[str, ...], width: int | None, rules: Path | None) -> None:
    """List the platforms and how well they are known, or show one: `auditor platforms show NAME`."""
    book = load_rules(rules)
    match what:
        case ():
            page = Page(sys.stdout, Options(width))
            _list(page, book)
        case ("show", name) | (name,) if name != "show":
            if name not in book.platforms:
                raise CaptureError(f"no platform {name!r}{nearest(name, book.platforms)}")
            page = described(book, book.platforms[name], width)
        case _:
            raise click.UsageError("one platform at a time: show NAME")
    click.echo(page.text(), nl=False)


def rules_of(book: Rulebook, platform: Platform) -> list[Rule]:
    """The platform's own rules, and those of others whose language it speaks."""
    return [
        rule
        for rule in book.rules.values()
        if rule.platform == platform.id or (rule.platform in platform.speaks and rule.any_host)
    ]


def seen_from(rule: Rule) -> str:
    """Where one has to stand to see what a rule is about."""
    if FRAMES in rule.when.methods:
        return OUTSIDE
    return INSIDE if rule.when.protocol in LAYERS else PROXY


def _surfaces(rules: Iterable[Rule]) -> list[str]:
    found = {surface for rule in rules for surface in rule.surface.all if rule.slots}
    return [surface for surface in SURFACES if surface in found]


def _proof(rules: Iterable[Rule]) -> str:
    """How many rules rest on recordings, on published examples, on ones made up."""
    counts = Counter(rule.status for rule in rules)
    return ", ".join(f"{counts[status]} {status}" for status in STATUS if counts[status]) or "none"


def _outside(book: Rulebook, platform: Platform) -> list[str]:
    """By what it is known when nothing is opened."""
    protocols = any(one.platform == platform.id for one in book.transports.values())
    return [*(["hosts"] if platform.hosts else []), *(["protocol"] if protocols else [])]


def _list(page: Page, book: Rulebook) -> None:
    rows: list[list[Cell]] = []
    for platform in book.platforms.values():
        rules = rules_of(book, platform)
        by = {place: [r for r in rules if seen_from(r) == place] for place in (PROXY, INSIDE)}
        messages = [r for r in rules if r.slots]
        rows.append(
            [
                platform.id,
                f"{len(messages)} + {len(rules) - len(messages)}" if rules else "none",
                _proof(messages),
                ", ".join(_outside(book, platform)) or "nothing",
                ", ".join(_surfaces(by[PROXY])) or "nothing",
                ", ".join(_surfaces(by[INSIDE])) or "-",
            ]
        )
    page.table([str(head) for head, _ in LEGEND], rows, fixed=("platform", "rules"))
    page.heading(f"{len(rows)} platforms")
    page.rows(LEGEND, 10)


def described(book: Rulebook, platform: Platform, width: int | None = None) -> Page:
    """A platform in plain words, as a page."""
    page = Page(sys.stdout, Options(width))
    rules = rules_of(book, platform)
    of = f", of {platform.company}" if platform.company else ""
    page.heading(f"{platform.title} ({platform.id}){of}")
    about: list[tuple[Cell, Cell]] = [
        ("hosts", ", ".join(platform.hosts) or "any, or none: known by what it speaks"),
        ("far end", FAR_END[platform.far_end]),
    ]
    if platform.shared:
        about.insert(1, ("but not", f"{', '.join(platform.shared)}: others load them"))
    about += [("speaks", f"{', '.join(platform.speaks)}: their rules count here")] if platform.speaks else []
    page.rows(about, 9)
    _places(page, platform, rules)
    _claims(page, platform.claims)
    page.heading(f"What is recognised {OUTSIDE}")
    page.rows([("-", text) for text in _shown(book, platform, rules)], 2)
    page.heading(f"What is recognised {PROXY}, or where the road is clear")
    _rules(page, [r for r in rules if seen_from(r) == PROXY])
    page.heading(f"What is recognised {INSIDE} a layer that a hook or another tool opened")
    _rules(page, [r for r in rules if seen_from(r) == INSIDE])
    page.heading("What the far end learns besides, as far as rules name it")
    roles = dict.fromkeys(role for rule in rules for role, _ in rule.sees)
    page.rows([("-", ", ".join(roles) or "no rule names anything")], 2)
    page.heading("What cannot be known")
    page.rows([("-", limit) for limit in platform.limits], 2)
    page.heading("Where this was read")
    page.rows([("-", f"{fact.fact} ({_source(fact)})") for fact in platform.why], 2)
    return page


def _places(page: Page, platform: Platform, rules: list[Rule]) -> None:
    """A row for each kind of conversation and each thing around them that is claimed or looked at."""
    rows: list[list[Cell]] = []
    for surface in SURFACES:
        about = [r for r in rules if surface in (r.surface.all if r.slots else (r.action,))]
        claims = [c for c in platform.claims if c.surface == surface]
        if about or claims:
            ways = [word for out, word in WAYS.items() if any(out in r.when.outgoing for r in about)]
            places = [p for p in (OUTSIDE, PROXY, INSIDE) if any(seen_from(r) == p for r in about)]
            said = dict.fromkeys(_short(c) for c in claims if not c.until)
            rows.append(
                [
                    surface,
                    ", ".join(ways) or "not looked at",
                    ", ".join(places) or "-",
                    ", ".join(said) or "nothing",
                ]
            )
    page.heading("Surfaces")
    if rows:
        page.table(("surface", "rules for", "recognised", "claimed now"), rows, fixed=("surface",))
    else:
        page.rows([("-", "none is claimed or looked at")], 2)


def _short(claim: Claim) -> str:
    return claim.says + (" (optional)" if claim.optional else " (for some)" if claim.when else "")


def _claims(page: Page, claims: Iterable[Claim]) -> None:
    page.heading("What is claimed")
    rows: list[tuple[Cell, Cell]] = []
    newest = sorted(claims, key=lambda claim: claim.since, reverse=True)
    for claim in sorted(newest, key=lambda claim: (SURFACES.index(claim.surface), bool(claim.until))):
        limits = [claim.when] if claim.when else []
        limits += ["where people switch it on"] if claim.optional else []
        only = f" ({'; '.join(limits)})" if limits else ""
        until = f" until {claim.until}, superseded" if claim.until else ""
        read = f", read {claim.read}" if claim.read else ""
        rows.append(
            ("-", f"{claim.surface}: {claim.says}{only} since {claim.since}{until}. {claim.source}{read}")
        )
    page.rows(rows or [("-", "nothing that was found")], 2)


def _shown(book: Rulebook, platform: Platform, rules: list[Rule]) -> Iterator[str]:
    if platform.hosts:
        yield "the names of its hosts, in hellos, certificates and questions to DNS"
    for one in book.transports.values():
        if one.platform == platform.id:
            weak = "; weak by itself" if one.weak or one.by_address else ""
            yield f"{one.title} ({one.id}: {one.grade}{weak})"
    for rule in rules:
        if seen_from(rule) == OUTSIDE:
            yield f"{rule.title} ({rule.id})"
    if not _outside(book, platform):
        yield "nothing: a connection that stays shut is not known for it"


def _rules(page: Page, rules: list[Rule]) -> None:
    rows: list[tuple[Cell, Cell]] = []
    for rule in sorted(rules, key=lambda rule: not rule.slots):
        facts = "looked up" if rule.verified else "general knowledge"
        what = "" if rule.slots else f"; only that it happens: {rule.action}"
        rows.append(("-", f"{rule.title} ({rule.id}: {rule.status} tests, facts {facts}{what})"))
    page.rows(rows or [("-", "nothing")], 2)


def _source(fact: Fact) -> str:
    return fact.source + (f", read {fact.read}" if fact.read else "")
