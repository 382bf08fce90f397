"""auditor draft: from a capture and a text that was sent, the beginnings of a rule."""

import time
from collections.abc import Iterator

import click

from auditor.cli.asking import Wish, asking
from auditor.cli.captures import expand, key_logs
from auditor.decoders.unwrap import Node, Opening
from auditor.hiding import look_for
from auditor.model import Parcel
from auditor.needles import Needles
from auditor.rulebook.drafts import Draft, kind_of, lines, slot_of
from auditor.rulebook.opening import open_parcel
from auditor.sources import read
from auditor.text import printable

_NOWHERE = ("host", "method", "status")


@click.command(epilog="Example:  auditor draft alice.mitm --canary 'meet me at the blue door'")
@click.argument("captures", nargs=-1, required=True)
@asking
def command(captures: tuple[str, ...], wish: Wish) -> None:
    """Find the requests in CAPTURES that carried a text that you sent, and draft a rule of each kind.

    A draft names where the text lay, with a test, and says what its author must still decide. It
    goes to rules/platforms/NAME/ACTION.yaml beside a platform.yaml; `auditor check` reads it.
    """
    if not wish.texts:
        raise click.UsageError("say which text you sent: --canary TEXT")
    said, needles = wish.said(*key_logs(captures)), Needles(wish.texts)
    kinds: dict[tuple[object, ...], Draft] = {}
    for path, name in expand(captures):
        for event in read("-" if str(path) == "-" else path, name=name, said=said):
            if isinstance(event, Parcel) and (draft := drafted(event, needles)):
                before = kinds.get(kind_of(event))
                kinds[kind_of(event)] = _joined(before, draft) if before else draft
    if not kinds:
        why = "none of these texts was read in any parcel: they are sealed, or were not sent"
        click.echo(f"auditor: {why}", err=True)
        raise SystemExit(1)
    today = time.strftime("%Y-%m-%d")
    for number, draft in enumerate(kinds.values()):
        click.echo("---" if number else "", nl=bool(number))
        for line in "\n".join(lines(draft, today)).splitlines():
            click.echo(printable(line))


def drafted(parcel: Parcel, needles: Needles) -> Draft | None:
    root = open_parcel(parcel, Opening())
    found = tuple(_places(root, needles))
    if not found:
        return None
    return Draft(parcel, root, tuple(dict.fromkeys(slot_of(path) for path in found)), found)


def _places(root: Node, needles: Needles) -> Iterator[tuple[str, ...]]:
    for child in root.children:
        if child.step not in _NOWHERE:
            for node in child.walk():
                if not node.children and any(not hit.digest for hit in look_for(needles, node)):
                    yield node.path


def _joined(one: Draft, other: Draft) -> Draft:
    slots = tuple(dict.fromkeys((*one.slots, *other.slots)))
    return Draft(one.parcel, one.root, slots, one.nodes, one.count + 1)
