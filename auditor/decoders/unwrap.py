"""Open layer after layer, within a budget, and remember every layer.

Laws: what stood at a place before opening is kept beside what came out (a text that
happens to be JSON is still a text). Printable text never goes to a binary decoder
without a clue. A text that opened into noise is closed again, but its noise stays a
layer, for seals and needles to look at. Opening never fails: when the budget ends,
what is left stays shut and the tree says why.
"""

import re
from collections.abc import Callable, Iterable, Iterator

from msgspec import Struct

from auditor.decoders import DECODERS, NO_CLUE, Clue
from auditor.decoders.clues import COMPRESSIONS
from auditor.errors import TooMuch
from auditor.model import Path, Scalar, Tree
from auditor.text import as_text

DEPTH = 64  # steps and layers together
LEAVES = 20_000
OUTPUT = 64_000_000  # bytes that may come out of one parcel
ATTRIBUTED = (
    ("xml",),
    ("multipart",),
    ("mime",),
    ("whatsapp_nodes",),
)  # decoders whose @keys are attributes; in JSON @ is a letter
# Short words, addresses, and words in a row, that no decoder opens unless something names it, and that
# are no seal.
SHORT = re.compile(
    r"[\w ,!?'@./*-]{0,15}+|(?!e)(?=[\w'/-]*+[ ,!?@.])[\w ,!?'@./-]{16,31}+"
    r"|(?=[\w'-]*+[ ,!?])[\w ,!?'-]{16,400}+"
)
SURE = ("gzip", "zstd")  # compressions that cannot be mistaken; they may lie around anything


class Layer(Struct, eq=False):
    """A value on the way in, and the decoders passed so far."""

    value: str | bytes
    trail: tuple[str, ...]
    data: bytes = b""  # the value as bytes

    def __post_init__(self) -> None:
        if not self.data:
            value = self.value
            self.data = value if isinstance(value, bytes) else value.encode("utf-8", "surrogatepass")


class Seal(Struct, frozen=True):
    """A shape that fits. `shut` only where every secret part stood up to the tests."""

    name: str
    shut: bool
    why: str = ""
    parts: tuple[tuple[str, bytes], ...] = ()  # of one that is not shut, or that is written in letters
    alone: bool = True  # false: proves nothing without the tree around it


Recognise = Callable[[bytes], Seal | None]


class Node(Struct, eq=False):
    """One place in a parcel: what stood there, layer by layer, and what it opened into."""

    path: Path
    layers: list[Layer] = []
    value: Scalar = None
    trail: tuple[str, ...] = ()
    children: list["Node"] = []
    listing: bool = False  # a list: rules pass through it
    seal: Seal | None = None
    sealed_layer: int = -1
    attribute: bool = False  # stands beside a value, not below it: only an explicit @step finds it

    step: str = ""  # the last of its path
    named: dict[str, list["Node"]] | None = None  # its children by their steps, once somebody asked

    def __post_init__(self) -> None:
        self.step = self.path[-1] if self.path else ""

    def walk(self) -> Iterator["Node"]:
        stack = [self]
        while stack:
            node = stack.pop()
            yield node
            stack.extend(reversed(node.children))

    def table(self) -> dict[str, list["Node"]]:
        """Its children by their steps; asked when all of them are there."""
        if self.named is None:
            self.named = {}
            for child in self.children:
                self.named.setdefault(child.step, []).append(child)
        return self.named

    def child(self, step: str) -> "Node | None":
        return next((c for c in self.children if c.step == step), None)


Forced = Callable[[Path], str]  # the decoder that a rule orders at a place, or ""


def no_seal(_: bytes) -> Seal | None:
    return None


def not_forced(_: Path) -> str:
    return ""


class Opening:
    """One parcel's worth of opening: the budget is shared by all its roots."""

    def __init__(
        self,
        recognise: Recognise = no_seal,
        forced: Forced = not_forced,
        output: int = OUTPUT,
    ) -> None:
        self.recognise = recognise
        self.forced = forced
        self.left = output
        self.leaves = 0
        self.stopped = ""  # why opening ended early, in words

    def open(self, value: Tree, path: Path, clue: Clue = NO_CLUE, trail: tuple[str, ...] = ()) -> Node:
        """The node at `path`; containers are walked, text and bytes opened."""
        node = Node(path, trail=trail)
        self.leaves += 1
        if self.leaves > LEAVES:
            self.stopped = f"more than {LEAVES:,} values"
        elif len(path) + len(trail) > DEPTH:
            self.stopped = f"nested deeper than {DEPTH} layers"
        match value:
            case str() | bytes():
                self._peel(node, value, clue)
            case dict() | list():
                self._fill(node, value)
            case _:
                node.value = value
        return node

    def _fill(self, node: Node, tree: Tree) -> None:
        node.listing = isinstance(tree, list)
        attributed = node.trail[-1:] in ATTRIBUTED
        items = enumerate(tree) if node.listing else tree.items()
        for key, value in items:
            if self.stopped:
                return
            step = f"#{key}" if node.listing else str(key)
            child = self.open(value, (*node.path, step), NO_CLUE, node.trail)
            if attributed:
                child.attribute = step.startswith("@")
            node.children.append(child)

    def _peel(self, node: Node, value: str | bytes, clue: Clue) -> None:
        """Take off layers until a container, a plain text or something shut is left."""
        text_layer: Layer | None = None
        order = "" if self.forced is not_forced else self.forced(plain(node.path))
        if isinstance(value, str) and not order and clue is NO_CLUE and SHORT.fullmatch(value):
            node.layers.append(Layer(value, node.trail))
            node.value = value
            return
        while True:
            current = as_text(value) if isinstance(value, bytes) else value
            layer = Layer(current, node.trail, value if isinstance(value, bytes) else b"")
            node.layers.append(layer)
            self._look(node, layer)
            if isinstance(current, str) and current:
                text_layer = layer
            opened = None if self.stopped or not current else self.decode(current, layer.data, clue, order)
            if opened is None:
                break
            name, inner = opened
            order = "" if name == order else order
            node.trail = (*node.trail, name)
            if len(node.path) + len(node.trail) > DEPTH:
                self.stopped = f"nested deeper than {DEPTH} layers"
            if isinstance(inner, dict | list):
                self._fill(node, inner)
                return
            if not isinstance(inner, str | bytes):
                node.value = inner
                return
            value = inner
            if clue is not NO_CLUE:
                kinds = tuple(kind for kind in clue.kinds if kind != name)
                clue = Clue(kinds, clue.media, clue.boundary, clue.charset)
        node.value = node.layers[-1].value
        if isinstance(node.value, bytes) and text_layer is not None:
            node.value, node.trail = text_layer.value, text_layer.trail
        self._undress(node)

    def _look(self, node: Node, layer: Layer) -> None:
        if node.seal is None or not node.seal.shut:
            seal = self.recognise(layer.data)
            if seal is not None:
                node.seal, node.sealed_layer = seal, len(node.layers) - 1

    def _undress(self, node: Node) -> None:
        """A seal that did not shut: what lies in its parts is open to everyone."""
        if node.seal is not None and not node.seal.shut:
            trail = (*node.layers[node.sealed_layer].trail, node.seal.name)
            for label, part in node.seal.parts:
                if not self.stopped:
                    node.children.append(self.open(part, (*node.path, label), NO_CLUE, trail))

    def decode(
        self, value: str | bytes, data: bytes, clue: Clue = NO_CLUE, order: str = ""
    ) -> tuple[str, Tree] | None:
        """The first decoder that opens a value, and what came out."""
        clue = _limited(clue, order, self.left)
        for name in _candidates(value, data, clue, order):
            try:
                tree = DECODERS[name].unwrap(data, clue)
            except ValueError:
                continue
            except TooMuch as exc:
                self.stopped = str(exc)
                return None
            if isinstance(tree, str | bytes):
                self.left -= len(tree)
            return name, tree
        return None


def _candidates(value: str | bytes, data: bytes, clue: Clue, order: str) -> Iterable[str]:
    """Who is asked, in order. An order is for what the content coding or base64 wraps, and stands alone."""
    text = isinstance(value, str)
    if order:
        spelled = ("base64",) if text and DECODERS[order].reads == "bytes" else ()
        return (*(name for name in clue.kinds if name in COMPRESSIONS), *SURE, order, *spelled)
    free, size = FREE[text][ANY_START if clue.charset else data[0]], len(data)
    asked = [name for name, least, mark in free if size >= least and (not mark or mark in data)]
    if not clue.kinds:
        return asked
    named = [name for name in clue.kinds if DECODERS[name].reads != "text" or text]
    return [*named, *(name for name in asked if name not in clue.kinds)]


ANY_START = 256


def _free(*kinds: str) -> list[list[tuple[str, int, bytes]]]:
    """By first byte: decoders that are asked without a clue, and what a value must have for it."""
    table: list[list[tuple[str, int, bytes]]] = [[] for _ in range(ANY_START + 1)]
    for name, decoder in DECODERS.items():
        if decoder.reads in kinds and not decoder.needs_clue:
            asked = (name, getattr(decoder, "least", 1), getattr(decoder, "mark", b""))
            for start in {*getattr(decoder, "starts", range(256)), ANY_START}:
                table[start].append(asked)
    return table


FREE = {True: _free("text", "both"), False: _free("bytes", "both")}


def _limited(clue: Clue, order: str, left: int) -> Clue:
    if clue is NO_CLUE and not order and left == clue.limit:
        return clue
    kinds = (*clue.kinds, order) if order else clue.kinds
    return Clue(kinds, clue.media, clue.boundary, clue.charset, max(left, 0))


def plain(path: Path) -> Path:
    """A path without list positions: rules pass through lists."""
    if "#" not in "".join(path):
        return path
    return tuple(step for step in path if not step.startswith("#") or not step[1:].isdigit())
