"""One rule, one opened parcel: the messages in it, and what lies in the slot of each.

Laws: all listed slots count and the weakest decides; a message whose slot is empty is a
finding, unless a file or something else explains it and no words stand beside that; a
placeholder counts for nothing only beside a seal or noise; other readable prose beside a
seal is a finding of its own, because it may be a copy.
"""

import re
from collections.abc import Collection, Iterator

from msgspec import Struct
from msgspec.structs import replace

from auditor.decoders.unwrap import Node
from auditor.model import Content
from auditor.rulebook.contents import Judge, Seen
from auditor.rulebook.keyring import WHOLE, may_be_key
from auditor.rulebook.paths import Pattern, glob
from auditor.rulebook.shut import Part, flaw
from auditor.rulebook.types import Condition, Rule, SurfaceRule
from auditor.streams import LAYERS
from auditor.text import is_little, is_name, is_prose, is_remark

STRENGTH = list(Content)
ANYTHING = ("*",)
BESIDE = "beside the slot"
WORD = "a word beside the seal, perhaps all of the text"
KEY = "what is called a key beside the seal, perhaps of what is in it"
PEOPLE = ("sender", "recipient")
PIECE = "?OTR"  # how the pieces of a message begin whose seal is told when the last one has come
# How programs call what holds a text, with what stands in front of it: last_message, messageText, urn:x|note.
_TEXTS = re.compile(
    r"(?:^|[\W_]|(?<=[a-z])(?=[A-Z]))"
    r"(?i:body|caption|comment|content|message|msg|note|plain|preview|remark|snippet|subject|text|title|words)$"
)
FRAME = "FRAME"  # what streams call a piece of a layer that nobody opened


class Message(Struct, frozen=True):
    """One message that one rule saw."""

    surface: str
    content: Content
    slot: str = ""
    seen: Seen | None = None
    note: str = ""
    sees: tuple[tuple[str, str], ...] = ()
    beside: bool = False  # prose next to a seal, not in a slot


class Around(Struct, frozen=True):
    """What is not a message: an action, or a message that is only an attachment."""

    surface: str
    sees: tuple[tuple[str, str], ...] = ()
    attachment: bool = False


def match(rule: Rule, root: Node, judge: Judge) -> list[Message | Around]:
    """Everything this rule sees; the parcel is known to meet its `when`."""
    return [seen for element in elements(rule, root) for seen in Element(rule, root, element, judge).look()]


def elements(rule: Rule, root: Node) -> Iterator[Node]:
    if rule.each is None:
        yield root
        return
    stack = list(reversed(rule.each.select(root)))
    while stack:
        node = stack.pop()
        if node.listing:
            stack.extend(reversed(node.children))
        else:
            yield node


class Element(Struct, frozen=True):
    """One message's part of the tree."""

    rule: Rule
    root: Node
    node: Node
    judge: Judge

    def concerned(self) -> bool:
        """Whether this is what the rule is about."""
        return all(map(self.holds, self.rule.where)) and not any(map(self.holds, self.rule.unless))

    def look(self) -> list[Message | Around]:
        rule = self.rule
        if not self.concerned():
            return []
        sees = tuple((role, text) for role, p in rule.sees for n in self.select(p) if (text := text_of(n)))
        if rule.action:
            return [Around(rule.action, sees)]
        surface = self.surface(rule.surface)
        values = [(slot, _inside_layer(rule, seen)) for slot, seen in self.values()]
        if not values:
            return self.without_text(surface, sees)
        slot, weakest = min(values, key=lambda v: STRENGTH.index(v[1].content))
        found: list[Message | Around] = [Message(surface, weakest.content, slot, weakest, weakest.note, sees)]
        told_later = text_of(weakest.node).lstrip().startswith(PIECE)
        if (weakest.content is Content.SEALED or told_later) and (beside := self.beside()):
            found.append(Message(surface, beside.content, BESIDE, beside, beside.note, beside=True))
        return found

    def beside(self) -> Seen | None:
        """What stands next to a seal and may be a copy of what is in it."""
        if prose := self.prose():
            return Seen(Content.READABLE, prose, note="readable text beside the seal")
        for hint, note in ((_one_word, WORD), (may_be_key, KEY)):
            found = [node for node in self.scope() if hint(node)]
            known = self.known() | {id(node) for node in self.named()} if found else set()
            for node in found:
                if id(node) not in known and not self.judge.covers(node, self.rule.accept):
                    return Seen(Content.UNDECIDED, node, note=note)
        return None

    def without_text(self, surface: str, sees: tuple[tuple[str, str], ...]) -> list[Message | Around]:
        """A message whose slots are empty. What explains that explains no words that stand beside it."""
        files = [n for p in self.rule.attachments for n in self.select(p) if holds_something(n)]
        marks = [condition for condition in self.rule.empty_when if self.holds(condition)]
        if not files and any(mark.values != ANYTHING for mark in marks):
            return []  # a kind of message that has no text, whatever it says
        named = [node for mark in marks for node in self.select(mark.pattern)]
        if (files or marks) and self.prose({id(n) for top in (*files, *named) for n in top.walk()}) is None:
            return [Around("media", sees, attachment=True)] if files else []
        return [
            Message(surface, Content.MISSING, str(self.rule.slots[0].text), note=self.nearest(), sees=sees)
        ]

    def select(self, pattern: Pattern) -> list[Node]:
        return pattern.select(self.node if pattern.relative else self.root)

    def holds(self, condition: Condition) -> bool:
        return any(_is_one_of(node, condition.values) for node in self.select(condition.pattern))

    def surface(self, rule: SurfaceRule) -> str:
        if rule.source is None:
            return rule.fixed
        words = [text_of(node) for node in self.select(rule.source)]
        for pattern, surface in rule.cases:
            if any(pattern == "*" or glob(pattern).match(word) for word in words):
                return surface
        return rule.otherwise

    def values(self) -> list[tuple[str, Seen]]:
        """What the slots hold, without the placeholders beside a seal, or beside noise."""
        values = [
            (slot.text, seen)
            for slot in self.rule.slots
            for node in self.select(slot)
            for seen in self.judge.judge(node, self.rule.accept)
        ]
        kinds = {seen.content for _, seen in values}
        if kinds & {Content.SEALED, Content.OPAQUE, Content.UNDECIDED}:
            values += self.unlocked()
        if not kinds & {Content.SEALED, Content.OPAQUE}:
            return values
        return [(slot, seen) for slot, seen in values if not self.placeholder(seen)]

    def unlocked(self) -> Iterator[tuple[str, Seen]]:
        """What the message's slots hold once the keys that travel with it were tried."""
        for slot in self.rule.slots:
            for node in self.select(slot):
                if found := self.judge.unlocked(node, self.rule.accept):
                    seen, key = found
                    note = f"opened ({seen.node.trail[-1]}) with a key that travels at {shown_path(key)}"
                    yield slot.text, replace(seen, note=note)

    def placeholder(self, seen: Seen) -> bool:
        if seen.content not in (Content.READABLE, Content.UNDECIDED) or seen.texts:
            return False
        return self.fixed(seen.node)

    def fixed(self, node: Node) -> bool:
        """Whether programs write exactly this beside a seal."""
        text = text_of(node)
        return any(glob(pattern).match(text) for pattern in self.rule.placeholders)

    def scope(self) -> Iterator[Node]:
        """Where the message's other values lie: its element, or the body and the query."""
        own = self.node is not self.root
        tops = [self.node] if own else [child for child in self.root.children if child.step in WHOLE]
        return (node for top in tops for node in top.walk())

    def named(self) -> Iterator[Node]:
        """What the rule names, wherever it stands."""
        for pattern in (*self.rule.slots, *(seen for _, seen in self.rule.sees)):
            for node in self.select(pattern):
                yield from node.walk()

    def known(self) -> set[int]:
        """What was judged already, and what the rule compared with words of its own."""
        known = {id(n) for p in self.rule.slots for node in self.select(p) for n in node.walk()}
        for condition in self.rule.where:
            words = tuple(v for v in condition.values if "*" not in v)
            known |= {
                id(n) for n in self.select(condition.pattern) if not n.children and _is_one_of(n, words)
            }
        people = [node for role, pattern in self.rule.sees if role in PEOPLE for node in self.select(pattern)]
        return known | {id(node) for node in people if is_name(text_of(node))}

    def prose(self, explained: Collection[int] = ()) -> Node | None:
        """Readable words in the message that no slot names: perhaps a copy of it."""
        known = self.known()
        beside = (node for node in self.scope() if id(node) not in explained)
        return next((n for n in beside if written(n) or (id(n) not in known and self.told(n))), None)

    def told(self, node: Node) -> bool:
        return holds_prose(node) and not self.fixed(node)

    def nearest(self) -> str:
        """Where a text lies in a message whose slot is empty."""
        nodes = [n for n in self.scope() if isinstance(n.value, str) and not n.children]
        best = max(nodes, key=lambda n: (holds_prose(n), len(str(n.value))), default=None)
        return f"a text-like value lies at {shown_path(best.path)}" if best is not None and best.value else ""


def _inside_layer(rule: Rule, seen: Seen) -> Seen:
    """Frames of a layer that the service opens: shut for the path, not for the service."""
    if (
        seen.content is not Content.OPAQUE
        or rule.when.protocol not in LAYERS
        or FRAME not in rule.when.methods
    ):
        return seen
    note = f"inside a layer that the service opens ({rule.when.protocol})"
    return Seen(Content.WRAPPED, seen.node, note=note)


def text_of(node: Node) -> str:
    """What stood at a node before it was opened, as text."""
    if node.layers:
        value = node.layers[0].value
        return value if isinstance(value, str) else ""
    match node.value:
        case bool():
            return "true" if node.value else "false"
        case None:
            return ""
    return str(node.value)


def _is_one_of(node: Node, values: tuple[str, ...]) -> bool:
    if node.value is None and not node.children and not node.layers and not node.listing:
        return False
    text = text_of(node)
    return any(value == "*" or glob(value).match(text) for value in values)


def holds_something(node: Node) -> bool:
    return any(n.value not in (None, "", b"", False) for n in node.walk())


def _one_word(node: Node) -> bool:
    """A word that somebody wrote; where a text should be, by its name, any word and number may be one."""
    if node.children or not node.layers:
        return False
    text = text_of(node)
    return is_remark(text) or (is_little(text) and _TEXTS.search(node.step) is not None)


def holds_prose(node: Node) -> bool:
    if node.children:
        return False
    if isinstance(node.value, str) and is_prose(node.value):
        return True
    return any(flaw([Part("", layer.value)]) for layer in node.layers if isinstance(layer.value, bytes))


def written(node: Node) -> bool:
    """A key that is prose: a text may stand where a name should."""
    return not node.step.startswith("#") and is_prose(node.step)


_SHOWN = 40


def shown_path(path: tuple[str, ...], known: Pattern | None = None) -> str:
    """A path for people. Keys that may be names, rooms or tokens are masked unless the rule wrote them."""
    written = set(known.steps) if known else set()
    return ".".join(step if step in written or _harmless(step) else "…" for step in path)


def _harmless(step: str) -> bool:
    name = step.removeprefix("@").removeprefix("#")
    if name.isdigit():
        return len(name) < 10
    letters = name.replace("_", "").replace("-", "").replace(".", "").replace("|", "").replace(":", "")
    plain = letters.isascii() and letters.isalnum() and sum(c.isdigit() for c in letters) <= 2
    return plain and len(name) <= _SHOWN and (":" not in name or "|" in name)
