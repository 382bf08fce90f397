"""Tree envelopes: seals whose proof lies beside the secret, in several places of one node.

    tree:
      algorithm: m.megolm.v1.aes-sha2     # a fixed text
      ciphertext: =megolm-message         # another envelope, inside any encoding
      header.**.key: "=signal-message|signal-prekey, 1+"    # one or more, each one of these
      sender_key: bytes[32]?              # bytes of this size once decoded; may be absent
      payload: secret[16n]                # bytes that must look random
      device_id: token?                   # one word
      chunks.#1: secret[16..]         # a position in a list
      header.key.#text: =signal-message     # the text of an XML element that has attributes

The whole node is the seal. What stands in it undeclared is not covered, and a declared
place that opens into text breaks it.
"""

import base64
import binascii
import random
import re
from typing import Any

from msgspec import Struct

from auditor.decoders.base64 import least
from auditor.decoders.unwrap import Node
from auditor.rulebook.paths import Pattern
from auditor.rulebook.shape import COUNTER, Field, Shapes
from auditor.rulebook.shut import Part, flaw
from auditor.text import as_text

_SPEC = re.compile(r"(?:bytes|secret|uint|token)(?:\[[0-9n.|]+\])?(?: [0-9a-f ]+)?\??")
_OTHERS = re.compile(r"=([a-z0-9-]+(?:\|[a-z0-9-]+)*)(?:, 1\+)?")
_POSITION = re.compile(r"#[0-9]+")
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|[0-9]+")
_TOKEN = re.compile(r"[!-~]{1,64}")


class Place(Struct, frozen=True):
    """What one path of the tree must hold."""

    pattern: Pattern
    literal: str = ""
    others: tuple[str, ...] = ()  # names of envelopes
    field: Field | None = None
    token: bool = False
    optional: bool = False

    @classmethod
    def parse(cls, path: str, spec: str) -> "Place":
        pattern = Pattern.parse(path)
        if match := _OTHERS.fullmatch(spec):
            return cls(pattern, others=tuple(match[1].split("|")))
        if not _SPEC.fullmatch(spec):
            if re.search(r"[\[\]=]|\?$", spec):
                raise ValueError(
                    f"neither a fixed text nor a type: {spec!r} (like `secret[16n]`, `=megolm-message`)"
                )
            return cls(pattern, literal=spec)
        optional = spec.endswith("?")
        if spec.rstrip("?") == "token":
            return cls(pattern, token=True, optional=optional)
        return cls(pattern, field=Field.parse(spec.rstrip("?")), optional=optional)

    @property
    def secret(self) -> bool:
        return bool(self.others) or (self.field is not None and self.field.kind == "secret")

    def holds(self, node: Node, shapes: Shapes) -> bool:
        if self.others:
            return any(_is(name, node, shapes) for name in self.others)
        if node.children or node.listing:
            return False  # a text may lie deeper
        if len(node.layers) > 1 and any(isinstance(layer.value, str) for layer in node.layers[1:]):
            return False
        text = _text(node)
        if self.literal:
            return text == self.literal
        if self.token:
            noise = [Part("", x.value) for x in node.layers if isinstance(x.value, bytes)]
            return _TOKEN.fullmatch(text) is not None and not flaw(noise)
        if self.field is None:
            return False
        if self.field.kind == "uint":
            return isinstance(node.value, int) and 0 <= node.value < COUNTER
        return any(
            (parts := self.field.cut(data, node.step, shapes)) is not None and not flaw(parts)
            for data in _bytes(node, text)
        )


class TreeShape(Struct, frozen=True):
    places: tuple[Place, ...]

    @property
    def must_have(self) -> frozenset[str]:
        """Keys without which a node is no such seal: most nodes have none of them, and this tells at once."""
        firsts = (place.pattern.steps[0] for place in self.places if not place.optional)
        return frozenset(step for step in firsts if "*" not in step)

    def fits(self, node: Node, shapes: Shapes) -> "TreeSeal | None":
        covered: set[int] = set()
        secrets: set[int] = set()
        for place in self.places:
            nodes = place.pattern.select(node)
            if not nodes and not place.optional:
                return None
            if not all(place.holds(n, shapes) for n in nodes):
                return None
            covered.update(id(n) for n in nodes)
            if place.secret:
                secrets.update(id(n) for n in nodes)
        return TreeSeal(frozenset(covered), frozenset(secrets)) if secrets else None

    def sample(self, rng: random.Random, shapes: Shapes) -> dict[str, Any]:
        tree: dict[str, Any] = {}
        for place in self.places:
            if not place.optional or rng.random() < 0.5:
                _put(tree, [f"k{i}" if s in ("*", "**") else s for i, s in enumerate(place.pattern.steps)],
                     _sample(place, rng, shapes))  # fmt: skip
        return tree


class TreeSeal(Struct, frozen=True):
    """Which nodes a tree envelope covers, and which of them hold the secret."""

    covered: frozenset[int]
    secrets: frozenset[int]


def _is(name: str, node: Node, shapes: Shapes) -> bool:
    for layer in node.layers:
        parts = shapes(name).cut(layer.data, shapes)
        if parts is not None and not flaw(parts):
            return True
    return False


def _bytes(node: Node, text: str) -> list[bytes]:
    """What was opened; and base64 that is too short to be opened anywhere else, unless it is a word."""
    written = len(node.layers) == 1 and isinstance(node.layers[0].value, str)
    if written and len(text) < least and not _WORD.fullmatch(text):
        try:
            return [base64.b64decode(text + "=" * (-len(text) % 4), validate=True)]
        except (binascii.Error, ValueError):
            return []
    return [layer.value for layer in node.layers if isinstance(layer.value, bytes)]


def _text(node: Node) -> str:
    first = node.layers[0].value if node.layers else node.value
    return first if isinstance(first, str) else str(first)


def _put(tree: Any, steps: list[str], value: Any) -> None:
    """Set a value at a path; `#n` is a position in a list."""
    for step, following in zip(steps, [*steps[1:], ""], strict=True):
        key: str | int = int(step[1:]) if isinstance(tree, list) else step
        if isinstance(key, int):
            tree.extend([None] * (key + 1 - len(tree)))
        inner = tree[key] if isinstance(key, int) else tree.get(key)
        if inner is None:
            inner = value if not following else [] if _POSITION.fullmatch(following) else {}
            tree[key] = inner
        tree = inner


def _sample(place: Place, rng: random.Random, shapes: Shapes) -> Any:
    if place.literal:
        return place.literal
    if place.token:
        return base64.b32encode(rng.randbytes(5)).decode()
    value = shapes(rng.choice(place.others)).sample(rng, shapes) if place.others else None
    if value is None:
        assert place.field is not None
        number = place.field.sample(rng, shapes)
        if isinstance(number, int):
            return number
        value = number
    # Text shapes stand as they are; bytes travel as base64, long ones without padding, as in Matrix.
    if place.others and isinstance(text := as_text(value), str):
        return text
    coded = base64.b64encode(value).decode()
    return coded.rstrip("=") if len(coded) >= least else coded
