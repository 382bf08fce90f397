"""A parcel as the one tree that rules look at: host, method, path, query, header, status, body."""

from auditor.decoders.unwrap import Forced, Node, Opening, clue_from, not_forced
from auditor.model import Parcel
from auditor.rulebook.types import Rule


def open_parcel(parcel: Parcel, opening: Opening) -> Node:
    """An answer carries the method, path and query of its question: that is all the pairing rules need."""
    asked = parcel.asked
    root = Node(())
    clue = clue_from(parcel.head.header("content-type"), parcel.head.header("content-encoding"))
    # Body and surroundings have budgets of their own: neither can close the other.
    body = opening.open(parcel.body, ("body",), clue)
    beside = Opening(opening.recognise, opening.forced)
    around = {
        "host": parcel.channel.host,
        "method": asked.method,
        "path": list(asked.path),
        "query": _grouped(asked.query),
        "header": _grouped(parcel.head.headers),
        "status": parcel.head.status,
    }
    root.children = [*(beside.open(value, (name,)) for name, value in around.items()), body]
    opening.stopped = opening.stopped or beside.stopped
    return root


def _grouped(pairs: tuple[tuple[str, str], ...]) -> dict[str, list[str]]:
    table: dict[str, list[str]] = {}
    for name, value in pairs:
        table.setdefault(name, []).append(value)
    return table


def forced_by(rule: Rule | None) -> Forced:
    """What a rule orders to be opened, and how."""
    if rule is None or not rule.opens:
        return not_forced
    return lambda path: next((name for pattern, name in rule.opens if pattern.covers(path)), "")
