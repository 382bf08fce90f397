"""A parcel as the one tree that rules look at: host, method, path, query, header, status, body."""

from auditor.decoders import Clue
from auditor.decoders.clues import LANGUAGES, clue_from
from auditor.decoders.unwrap import Forced, Layer, Node, Opening, not_forced
from auditor.model import Parcel, Tree
from auditor.rulebook.types import Rule


def open_parcel(parcel: Parcel, opening: Opening, headers: bool = True) -> Node:
    """Without `headers` they are there, but shut: nobody looks for texts in them.

    An answer carries the method, path and query of its question: that is all the pairing rules need."""
    asked = parcel.asked
    root = Node(())
    clue = _clue(parcel)
    # Body and surroundings have budgets of their own: neither can close the other.
    body = opening.open(parcel.body, ("body",), clue)
    beside = Opening(opening.recognise, opening.forced)
    around: dict[str, Tree] = {"path": list(asked.path), "query": _grouped(asked.query)}
    if headers:
        around["header"] = _grouped(parcel.head.headers)
    plain = {"host": parcel.channel.host, "method": asked.method}  # nobody writes texts into them
    root.children = [
        *(Node((name,), [Layer(value, ())], value) for name, value in plain.items()),
        *(beside.open(value, (name,)) for name, value in around.items()),
        Node(("status",), value=parcel.head.status),
        body,
    ]
    if not headers:
        root.children.append(_shut(parcel.head.headers))
    opening.stopped = opening.stopped or beside.stopped
    return root


def _clue(parcel: Parcel) -> Clue:
    """What headers say of the body, and the language in which its protocol is written."""
    clue = clue_from(parcel.head.header("content-type"), parcel.head.header("content-encoding"))
    language = LANGUAGES.get(parcel.protocol)
    return Clue((*clue.kinds, language), clue.media, clue.boundary, clue.charset) if language else clue


def _shut(pairs: tuple[tuple[str, str], ...]) -> Node:
    """Headers as they stand."""
    node = Node(("header",))
    for name, value in pairs:
        node.children.append(Node(("header", name), [Layer(value, ())], value))
    return node


def _grouped(pairs: tuple[tuple[str, str], ...]) -> dict[str, list[str]]:
    table: dict[str, list[str]] = {}
    for name, value in pairs:
        table.setdefault(name, []).append(value)
    return table


def forced_by(rule: Rule | None) -> Forced:
    """What a rule orders to be opened, and how."""
    if rule is None or not rule.opens:
        return not_forced
    named = {pattern.steps: name for pattern, name in reversed(rule.opens)}
    if all(literal for pattern, _ in rule.opens for _, literal in pattern.way):
        return lambda path: named.get(path, "")
    return lambda path: next((name for pattern, name in rule.opens if pattern.covers(path)), "")
