"""auditor draft: from a capture and a text that was sent, the beginnings of a rule."""

import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import click

from auditor.cli.asking import TEXTS, Wish, asking
from auditor.cli.captures import expand, key_logs
from auditor.cli.progress import watched
from auditor.decoders.unwrap import Node, Opening
from auditor.errors import CaptureError
from auditor.hiding import look_for
from auditor.model import Parcel
from auditor.needles import Needles
from auditor.rulebook.drafts import Draft, kind_of, lines, platform, slot_of
from auditor.rulebook.lengths import FEWEST, Lengths
from auditor.rulebook.opening import open_parcel
from auditor.sources import read
from auditor.text import printable

_NOWHERE = ("host", "method", "status")
TOLD_BY_LENGTH = (
    f"where an app seals its messages, send {FEWEST} texts of very different lengths (10, 120, 40, 200, 80 "
    "letters) and give all of them, in that order: then lengths tell where they went"
)


@click.command(epilog="Example:  auditor draft alice.mitm --canary 'meet me at the blue door'")
@click.argument("captures", nargs=-1, required=True)
@partial(asking, options=TEXTS)
@click.option(
    "--into",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Write each draft to a file of its own there, and a platform.yaml where there is none.",
)
def command(captures: tuple[str, ...], wish: Wish, into: Path | None) -> None:
    """Find the requests in CAPTURES that carried a text that you sent, and draft a rule of each kind.

    A draft names where the text lay, with a test, and says what its author must still decide. It
    goes to rules/platforms/NAME/ACTION.yaml beside a platform.yaml; `auditor check` reads it. Where no
    text can be read, five or more of them, told in the order in which they were sent, show by their
    lengths where they went.
    """
    if not wish.texts:
        raise click.UsageError("say which text you sent: --canary TEXT")
    drafts = _drafts(captures, wish)
    today = time.strftime("%Y-%m-%d")
    for number, draft in enumerate(drafts):
        text = _text("\n".join(lines(draft, today)))
        if into is None:
            click.echo(("---\n" if number else "") + text, nl=False)
        else:
            way = "send" if draft.parcel.outgoing else "receive"
            _new(into / f"message-{way}{'' if number < 2 else f'-{number}'}.yaml", text)
    if into is not None and not (into / "platform.yaml").exists():
        _new(into / "platform.yaml", _text("\n".join(platform(drafts, today))))


def _drafts(captures: tuple[str, ...], wish: Wish) -> list[Draft]:
    """Of each kind of request that carried a text; where none was read, of those whose length tells."""
    said, needles = wish.said(*key_logs(captures)), Needles(wish.texts)
    kinds: dict[tuple[object, ...], Draft] = {}
    lengths = Lengths(needles.texts)
    for path, name in expand(captures):
        for event in watched(read("-" if str(path) == "-" else path, name=name, said=said)):
            if not isinstance(event, Parcel):
                continue
            root = open_parcel(event, Opening())
            if draft := drafted(event, root, needles):
                before = kinds.get(kind_of(event))
                kinds[kind_of(event)] = _joined(before, draft) if before else draft
            lengths.add(event, root)
    if found := list(kinds.values()) or lengths.drafts():
        return found
    why = "none of these texts was read in any parcel: they are sealed, or were not sent"
    more = "and no value moved with their lengths" if lengths.told else TOLD_BY_LENGTH
    click.echo(f"auditor: {why}; {more}", err=True)
    raise SystemExit(1)


def _text(text: str) -> str:
    return "".join(f"{printable(line)}\n" for line in text.splitlines())


def _new(file: Path, text: str) -> None:
    """A new file; what is there is somebody's work."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except OSError as error:
        raise CaptureError(f"{printable(str(file))}: cannot be written: {error.strerror}") from error
    click.echo(f"written: {printable(str(file))}", err=True)


def drafted(parcel: Parcel, root: Node, needles: Needles) -> Draft | None:
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
