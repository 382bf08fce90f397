"""auditor platforms: whom the rules know, and what is claimed about them."""

from pathlib import Path

import click

from auditor.errors import CaptureError
from auditor.rulebook.book import Rulebook
from auditor.rulebook.fields import nearest
from auditor.rulebook.types import Platform
from auditor.shelf import load_rules


@click.command(epilog="Example:  auditor platforms show tiktok")
@click.argument("what", nargs=-1)
@click.option(
    "--rules", type=click.Path(path_type=Path), metavar="FOLDER", help="Other rules than the built-in ones."
)
def command(what: tuple[str, ...], rules: Path | None) -> None:
    """List the platforms, or show one: `auditor platforms show NAME`."""
    book = load_rules(rules)
    match what:
        case ():
            _list(book)
        case ("show", name):
            _show(book, name)
        case _:
            raise click.UsageError("either nothing, or: show NAME")


def _list(book: Rulebook) -> None:
    width = max(len(name) for name in book.platforms)
    for platform in book.platforms.values():
        rules = [r for r in book.rules.values() if r.platform == platform.id]
        surfaces = sorted({s for r in rules if r.slots for s in r.surface.all})
        messages = ", ".join(surfaces) or "none"
        click.echo(f"{platform.id:<{width}}  {platform.title}: {len(rules)} rules; messages: {messages}")


def _show(book: Rulebook, name: str) -> None:
    if name not in book.platforms:
        raise CaptureError(f"no platform {name!r}{nearest(name, book.platforms)}")
    for text in describe(book, book.platforms[name]):
        click.echo(text)


def describe(book: Rulebook, platform: Platform) -> list[str]:
    """A platform in plain words."""
    lines = [f"{platform.title} ({platform.id}){', of ' + platform.company if platform.company else ''}"]
    lines.append(f"  hosts: {', '.join(platform.hosts) or 'any; known by what it speaks'}")
    if platform.far_end != "service":
        lines.append(f"  a connection ends at: {platform.far_end}")
    lines += [f"  speaks: {', '.join(platform.speaks)}"] if platform.speaks else []
    for claim in platform.claims:
        until = f" until {claim.until}" if claim.until else ""
        lines.append(f"  claim: {claim.surface} is {claim.says} since {claim.since}{until} ({claim.source})")
    lines += [f"  limit: {limit}" for limit in platform.limits]
    lines += [
        f"  rule: {r.id}: {r.title} ({r.status})" for r in book.rules.values() if r.platform == platform.id
    ]
    return lines
