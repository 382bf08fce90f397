"""Trees of a parcel, changed in one place: what tests are made of from other tests.

Nothing is changed in place: what is on the way to the change is copied, all else is shared.
"""

import base64
from collections.abc import Mapping
from functools import lru_cache

from msgspec import structs

from auditor.decoders import NO_CLUE
from auditor.decoders.unwrap import Layer, Node, Opening
from auditor.model import Path
from auditor.rulebook.book import Rulebook
from auditor.rulebook.build import sealed
from auditor.rulebook.paths import Pattern
from auditor.text import as_text

Trail = tuple[str, ...]
Changes = Mapping[int, Node | None]  # by the identity of a node: what stands there instead, if anything


def changed(node: Node, changes: Changes) -> Node:
    """The tree with these changes; the node itself where nothing below it changes."""
    if (other := changes.get(id(node), node)) is not node:
        return other if other is not None else Node(node.path)
    children = [
        changed(child, changes) for child in node.children if changes.get(id(child), child) is not None
    ]
    if len(children) == len(node.children) and all(
        a is b for a, b in zip(children, node.children, strict=True)
    ):
        return node
    return structs.replace(node, children=children, named=None)


def written(node: Node, value: str) -> Node:
    """A text in the place of a node, whose attributes stay."""
    beside = [child for child in node.children if child.attribute]
    layers = [Layer(value, ())] if value else []
    return Node(node.path, layers, value, children=beside, attribute=node.attribute)


def parents(root: Node) -> dict[int, Node]:
    return {id(child): node for node in root.walk() for child in node.children}


def above(node: Node, root: Node) -> list[Node]:
    """The nodes from the root down to this one, both included."""
    way = parents(root)
    chain = [node]
    while id(chain[-1]) in way:
        chain.append(way[id(chain[-1])])
    return chain[::-1]


def put(start: Node, steps: list[str], value: str) -> Changes | None:
    """A text at these steps below a node, made where it is not there; a position in a list must be there."""
    node = start
    for number, step in enumerate(steps):
        position = step.startswith("#") and step[1:].isdigit()
        while node.listing and node.children and not position:
            node = node.children[0]
        child = node.child(step)
        if child is None and position:
            return None
        if child is None:
            return {id(node): _grown(node, steps[number:], value)}
        node = child
    return {id(node): written(node, value)}


def _grown(node: Node, steps: list[str], value: str) -> Node:
    """A node with new ones below it, down to the text."""
    path = (*node.path, *steps)
    leaf = Node(path, [Layer(value, ())], value, attribute=steps[-1].startswith("@"))
    for number in range(len(steps) - 1, 0, -1):
        leaf = Node((*node.path, *steps[:number]), children=[leaf])
    if not node.children:
        return Node(node.path, children=[leaf], attribute=node.attribute)
    return structs.replace(node, children=[*node.children, leaf], named=None)


@lru_cache(maxsize=4_000)
def _example(book: Rulebook, accept: tuple[str, ...], envelope: str, letters: bool, trail: Trail) -> Node:
    """One example of an envelope, opened: the same for all rules, and so never changed."""
    made = sealed(envelope, book)
    if letters and isinstance(made, bytes):
        text = as_text(made)
        made = text if isinstance(text, str) else base64.b64encode(made).decode()
    return Opening(book.recogniser(accept)).open(made, (), NO_CLUE, trail)


def seal_at(node: Node, envelope: str, book: Rulebook, accept: tuple[str, ...], trail: Trail) -> Node:
    """An example of an envelope where a node stands: in letters where a text stands there."""
    letters = bool(node.layers) and isinstance(node.layers[0].value, str)
    grown = _moved(_example(book, accept, envelope, letters, trail), node.path)
    grown.attribute = node.attribute
    grown.children += [child for child in node.children if child.attribute]
    return grown


def _moved(node: Node, path: Path) -> Node:
    """A copy of a tree, below another path."""
    children = [_moved(child, path) for child in node.children]
    return structs.replace(node, path=(*path, *node.path), children=children, named=None)


def instance(pattern: Pattern) -> list[str]:
    """Steps that a path stands for: a star becomes a word."""
    return [
        step if quoted else step.replace("*", "some").replace("?", "x")
        for step, quoted in zip(pattern.steps, pattern.quoted, strict=True)
        if quoted or step != "**"
    ]
