"""Paths of rules: where to look in an opened parcel.

    body.8.100.4.text        steps; lists are passed through
    body.*.text  body.**.key one step; any number of steps, none included
    body.#0                  a position
    body.'m.new_content'.x   a name with dots
    body.message.@to         an XML attribute: never found by * or **
    body.*|encrypted         an XML child of another namespace (quote it: 'jabber:client|message')
    body.send*               a glob inside one step

Laws: no step ever matches across a dot; selecting yields every node once, and of a list
its items (of a list written in a text, the text).
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fnmatch import translate
from functools import lru_cache

from auditor.decoders.unwrap import Node
from auditor.model import Path

VALUE = "#body"  # what a part with headers of its own holds; rules pass through it as through a list
_STEP = re.compile(r"'([^']*)'|([^.'\s{}\[\]]+)")


@lru_cache(maxsize=4096)
def glob(pattern: str) -> re.Pattern[str]:
    """`*` and `?` are wild, everything else is itself (fnmatch would also read `[`)."""
    return re.compile(translate(pattern.replace("[", "[[]")))


@dataclass(frozen=True, slots=True)
class Pattern:
    """A path as written, cut into steps."""

    text: str
    steps: tuple[str, ...]
    quoted: tuple[bool, ...]
    way: tuple[tuple[str, bool], ...] = field(init=False, compare=False)  # steps, and which are literal

    def __post_init__(self) -> None:
        pairs = zip(self.steps, self.quoted, strict=True)
        object.__setattr__(self, "way", tuple((step, quoted or not _wild(step)) for step, quoted in pairs))

    @classmethod
    @lru_cache(maxsize=4096)
    def parse(cls, text: str) -> "Pattern":
        """ValueError, in words, when the text is not a path."""
        relative = text.startswith(".")
        rest, steps, quoted = text[1:] if relative else text, [], []
        at = 0
        while True:
            match = _STEP.match(rest, at)
            if not match:
                raise ValueError(f"not a path: {text!r} (steps between dots; names with dots in quotes)")
            steps.append(match[1] if match[1] is not None else match[2])
            quoted.append(match[1] is not None)
            at = match.end()
            if at == len(rest):
                return cls(text, tuple(steps), tuple(quoted))
            if rest[at] != ".":
                raise ValueError(f"not a path: {text!r} (unexpected {rest[at]!r})")
            at += 1

    @property
    def relative(self) -> bool:
        return self.text.startswith(".")

    def select(self, root: Node) -> list[Node]:
        """All nodes at this path below `root`, in order, each once."""
        if "**" in self.steps:
            return self._search(root)
        nodes = [root]
        for step, literal in self.way:
            if len(nodes) == 1:
                nodes = _step_down(nodes[0], step, literal)
            else:
                nodes = [child for node in nodes for child in _step_down(node, step, literal)]
            if not nodes:
                return nodes
        if len(nodes) == 1 and not nodes[0].listing:
            return nodes
        return [item for node in nodes for item in _items(node)]

    def reaches(self, root: Node, steps: int) -> bool:
        """Whether something stands where its first steps lead."""
        return bool(Pattern(self.text, self.steps[:steps], self.quoted[:steps]).select(root))

    def _search(self, root: Node) -> list[Node]:
        """The same for paths that may go any number of steps down, and so come by twice."""
        found: dict[int, Node] = {}
        visited: set[tuple[int, int]] = set()
        stack = [(root, 0)]
        while stack:
            node, at = stack.pop()
            if (id(node), at) in visited:
                continue
            visited.add((id(node), at))
            if at == len(self.steps) and (not node.listing or _typed(node)):
                found[id(node)] = node
                continue
            stack.extend(reversed(self._next(node, at)))
        return list(found.values())

    def _next(self, node: Node, at: int) -> list[tuple[Node, int]]:
        if at == len(self.steps):
            return [(child, at) for child in node.children]
        step, literal = self.steps[at], self.quoted[at]
        if step == "**" and not literal:
            deeper = [(child, at) for child in node.children if not child.attribute]
            return [(node, at + 1), *deeper]
        if node.listing and not (step.startswith("#") and step[1:].isdigit()):
            return [(child, at) for child in node.children]
        return list(_below(node, step, at, literal or not _wild(step)))

    def covers(self, path: Path) -> bool:
        """Whether this pattern names exactly this path (list positions left out)."""
        if "**" not in self.steps:
            return len(self.way) == len(path) and all(
                name == step if literal else step_fits(step, name)
                for (step, literal), name in zip(self.way, path, strict=True)
            )
        marked = tuple("\0" + s if q else s for s, q in zip(self.steps, self.quoted, strict=True))
        return _covers(marked, path, _marked_fits)


def _below(node: Node, step: str, at: int, literal: bool) -> Iterator[tuple[Node, int]]:
    for child in node.children:
        name = child.step
        if name == step if literal else step_fits(step, name):
            if not child.attribute or step.startswith("@"):
                yield child, at + 1
        elif name == VALUE:
            yield child, at


def _step_down(node: Node, step: str, literal: bool) -> list[Node]:
    if node.listing and not (step.startswith("#") and step[1:].isdigit()):
        return [child for item in node.children for child in _step_down(item, step, literal)]
    table = node.table() if node.named is None else node.named
    if literal and VALUE not in table:
        named = table.get(step)
        if named is None or step.startswith("@"):
            return list(named or ())
        return [child for child in named if not child.attribute]
    below: list[Node] = []
    for child in node.children:
        if child.step == step if literal else step_fits(step, child.step):
            below += [child] if step.startswith("@") or not child.attribute else []
        elif child.step == VALUE:
            below += _step_down(child, step, literal)
    return below


def _items(node: Node) -> list[Node]:
    """The node; of a list what is in it."""
    if not node.listing or _typed(node):
        return [node]
    return [item for child in node.children for item in _items(child)]


def _wild(step: str) -> bool:
    return "*" in step or "?" in step


def _typed(node: Node) -> bool:
    """A list that somebody wrote as text: `[1, 2]` is a text like any other."""
    return bool(node.layers) and isinstance(node.layers[0].value, str)


def step_fits(step: str, name: str, literal: bool = False) -> bool:
    if literal or not _wild(step):
        return step == name
    if "|" in name and "|" not in step and step != "*":
        return False
    return bool(glob(step).match(name))


def _marked_fits(step: str, name: str) -> bool:
    """A step behind a zero byte was quoted: no character of it is wild."""
    return step[1:] == name if step.startswith("\0") else step_fits(step, name)


def _covers(steps: tuple[str, ...], path: Path, fits: Callable[[str, str], bool]) -> bool:
    """One row of a table at a time, so that many ** cost a product, never a power."""
    if "**" not in steps:
        return len(steps) == len(path) and all(map(fits, steps, path))
    row = {0}
    for name in path:
        row = _skips(steps, row)
        row = {i for i in row if i < len(steps) and steps[i] == "**"} | {
            i + 1 for i in row if i < len(steps) and steps[i] != "**" and fits(steps[i], name)
        }
    return len(steps) in _skips(steps, row)


def _skips(steps: tuple[str, ...], row: set[int]) -> set[int]:
    """`**` may stand for nothing."""
    row = set(row)
    for i in range(len(steps)):
        if i in row and steps[i] == "**":
            row.add(i + 1)
    return row


def address_fits(pattern: tuple[str, ...], path: Path) -> bool:
    """A path of a request, segment by segment: `*` one, `**` any number."""
    return _covers(pattern, path, _segment_fits)


def literals(pattern: tuple[str, ...]) -> frozenset[str]:
    """The segments that an address must have, wherever: quickly asked, before the address is."""
    return frozenset(step for step in pattern if not _wild(step))


def _segment_fits(step: str, name: str) -> bool:
    return step == name if not _wild(step) else bool(glob(step).match(name))


def host_fits(pattern: str, host: str) -> bool:
    """Labels from the right; `*` never crosses a dot, a leading `*.` stands for one or more labels."""
    wanted, labels = _labels(pattern), _labels(host.rstrip("."))
    more = len(labels) - len(wanted)
    if wanted[0] == "*":
        return more >= 0 and all(map(_segment_fits, wanted[1:], labels[more + 1 :]))
    return more == 0 and all(map(_segment_fits, wanted, labels))


@lru_cache(maxsize=4096)
def _labels(host: str) -> tuple[str, ...]:
    return tuple(host.lower().split("."))
