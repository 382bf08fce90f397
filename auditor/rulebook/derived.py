"""Tests that nobody has to write: made from each test that finds a message.

The same on a foreign host, with another verb, in another protocol, the other way, with a segment,
a header or a condition's value changed: nothing. At each other host, with each other verb and path
that the rule lists: the same. The text taken out or moved: missing. Moved to another slot of
the rule: read there. A seal in its place: sealed; in the place of what is around it: never nothing.
"""

from collections.abc import Iterator

from msgspec import Struct, structs

from auditor.decoders.unwrap import Node, plain
from auditor.model import Head, Parcel
from auditor.rulebook.book import Rulebook
from auditor.rulebook.contents import Judge
from auditor.rulebook.grafts import above, changed, instance, put, seal_at, written
from auditor.rulebook.match import Element, elements, holds_something
from auditor.rulebook.paths import Pattern, address_fits, glob
from auditor.rulebook.selftest import Observed, Opened
from auditor.rulebook.types import Envelope, Rule, Test

OTHER = "other-than-wanted"
STRANGER = "stranger.example"
TEXT = "meet me by the old crane"


class Case(Struct, frozen=True):
    """One test: what to look at, and what must come of it."""

    name: str
    line: int
    opened: Opened
    expected: str  # the contents, or words for what must be among them, or the value under `key`
    key: str = ""

    def wrong(self, rule: Rule, book: Rulebook) -> str:
        """What was found instead; nothing where all is well."""
        seen = self.opened.look(rule, book)
        wanted = f"{self.key} {self.expected}".strip()
        return "" if self._fits(seen) else f"{self.name}: expected {wanted}, found {seen}"

    def _fits(self, seen: Observed) -> bool:
        if self.key:
            return self.expected in seen.extras.get(self.key, ())
        match self.expected:
            case "not nothing":
                return bool(seen.contents)
            case "missing, and the text unread":
                return "missing" in seen.contents and TEXT not in seen.extras.get("text", ())
            case "some sealed" | "some missing" | "some attachment":
                return self.expected.removeprefix("some ") in seen.contents
        return str(seen) == self.expected


def derived(rule: Rule, test: Test, opened: Opened, book: Rulebook, known: set[str]) -> Iterator[Case]:
    """What one test gives that no test before it gave; it is known to pass and to find something."""
    seen = opened.look(rule, book)
    if not known:
        for name, parcel, same in _elsewhere(rule, opened.parcel):
            looked = Opened(parcel, opened.root, opened.judge)
            yield Case(f"{test.name}, {name}", test.line, looked, str(seen) if same else "nothing")
    inside = _Inside(rule, opened.root, book, "attachment" not in seen.contents, known)
    for name, root, expected, key in inside.all():
        looked = Opened(opened.parcel, root, Judge(book, root, {}))
        yield Case(f"{test.name}, {name}", test.line, looked, expected, key)
    known.add("elsewhere")


def _asked(parcel: Parcel, head: Head) -> Parcel:
    return structs.replace(parcel, **({"answers": head} if parcel.answers else {"head": head}))


def _elsewhere(rule: Rule, parcel: Parcel) -> Iterator[tuple[str, Parcel, bool]]:
    """The same parcel under other circumstances, and whether it is still the rule's."""
    yield "in another protocol", structs.replace(parcel, protocol="none"), False
    if len(rule.when.outgoing) == 1:
        yield "the other way", structs.replace(parcel, outgoing=not parcel.outgoing), False
    channel = parcel.channel
    for host, same in () if rule.any_host else _hosts(rule, channel.host):
        yield f"at {host}", structs.replace(parcel, channel=structs.replace(channel, host=host)), same
    asked = parcel.asked
    for method in rule.when.methods:
        yield f"with {method}", _asked(parcel, structs.replace(asked, method=method)), True
    if rule.when.methods:
        yield "with another verb", _asked(parcel, structs.replace(asked, method="OTHER")), False
    for path, same in _paths(rule, asked.path):
        yield f"on /{'/'.join(path)}", _asked(parcel, structs.replace(asked, path=path)), same
    for name, values in rule.when.headers:
        rest = tuple(pair for pair in asked.headers if pair[0] != name)
        yield f"without {name}", _asked(parcel, structs.replace(asked, headers=rest)), False
        if "*" not in values:
            heads = (*rest, (name, OTHER))
            yield f"with another {name}", _asked(parcel, structs.replace(asked, headers=heads)), False


def _hosts(rule: Rule, own: str) -> Iterator[tuple[str, bool]]:
    """Every host that is listed; hosts of somebody else, and some that only look like these."""
    listed = [pattern.replace("*", "some").replace("?", "x") for pattern in rule.when.hosts]
    yield STRANGER, False
    for host in dict.fromkeys([own, *listed]):
        if host != own:
            yield host, True
        yield f"{host}.{STRANGER}", False
        labels = host.split(".")
        if len(labels) > 1:
            yield ".".join([*labels[:-2], f"not{labels[-2]}", labels[-1]]), False


def _paths(rule: Rule, own: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], bool]]:
    """Every path that is listed, and each of them with one segment that is another."""
    addresses = rule.when.addresses
    if not addresses:
        return
    listed = [tuple(step.replace("**", "some").replace("*", "some") for step in a) for a in addresses]
    for path in dict.fromkeys([own, *listed]):
        if path != own:
            yield path, True
        for other in (*((*path[:n], OTHER, *path[n + 1 :]) for n in range(len(path))), (*path, OTHER)):
            if not any(address_fits(address, other) for address in addresses):
                yield other, False


def strong(envelope: Envelope) -> bool:
    """Whether it makes a message sealed wherever it is found."""
    return envelope.alone and not envelope.only_in_slot and envelope.opened_by == "recipient"


Found = Iterator[tuple[str, Node, str, str]]


class _Inside(Struct, frozen=True):
    """One opened parcel, and the same with something else in it."""

    rule: Rule
    root: Node
    book: Rulebook
    message: bool  # not only an attachment
    known: set[str]  # what was made before, from this test or another

    def all(self) -> Found:
        for made in (self.conditions(), self.sees(), self.surfaces(), self.messages()):
            yield from made

    def new(self, name: str) -> bool:
        if name in self.known:
            return False
        self.known.add(name)
        return True

    def tops(self, root: Node) -> list[Node]:
        """The elements that are messages to this rule."""
        judge, rule = Judge(self.book, root, {}), self.rule
        found = [Element(rule, root, top, judge) for top in elements(rule, root)]
        return [e.node for e in found if all(map(e.holds, rule.where)) and not any(map(e.holds, rule.unless))]

    def select(self, pattern: Pattern, root: Node) -> list[Node]:
        tops = self.tops(root) if pattern.relative else [root]
        return [node for top in tops for node in pattern.select(top)]

    def conditions(self) -> Found:
        for one in self.rule.where:
            nodes = self.select(one.pattern, self.root)
            gone = "*" in one.values
            name = f"{one.pattern.text} {'taken out' if gone else 'another'}"
            if nodes and self.new(name):
                changes = {id(n): None if gone else written(n, OTHER) for n in nodes}
                yield name, changed(self.root, changes), "nothing", ""

    def sees(self) -> Found:
        for role, pattern in self.rule.sees:
            name, shown = f"{pattern.text} shown as {role}", self.with_text(self.root, pattern, TEXT)
            if shown is not None and self.new(name):
                yield name, shown, TEXT, f"sees {role}"

    def surfaces(self) -> Found:
        surface = self.rule.surface
        if surface.source is None or not self.message:
            return
        values = [case.replace("*", "some").replace("?", "x") for case, _ in surface.cases]
        for value in (*values, OTHER):
            word = next(
                (w for case, w in surface.cases if case == "*" or glob(case).match(value)), surface.otherwise
            )
            root = self.with_text(self.root, surface.source, value)
            if root is not None and self.new(name := f"{surface.source.text} is {value}"):
                yield name, root, word, "surface"

    def with_text(
        self, root: Node, pattern: Pattern, text: str, steps: list[str] | None = None
    ) -> Node | None:
        """A text at a path; nothing where that would decide whether there is a message at all."""
        steps = steps or instance(pattern)
        top = next(iter(self.tops(root)), None) if pattern.relative else root
        changes = put(top, steps, text) if top is not None else None
        if changes is None:
            return None
        grown = all(node is not None and len(node.children) > 1 for node in changes.values())
        return None if not grown and self.decides(root, set(changes)) else changed(root, changes)

    def decides(self, root: Node, touched: set[int]) -> bool:
        """Whether one of these nodes, or what is below it, is what a condition looks at."""
        asked = [n for c in (*self.rule.where, *self.rule.unless) for n in self.select(c.pattern, root)]
        looked = {id(a) for node in asked for a in above(node, root)}
        return bool(touched & looked)

    def slots(self, root: Node) -> list[Node]:
        """What the slots find, without what lies below another of them."""
        nodes = {id(n): n for slot in self.rule.slots for n in self.select(slot, root)}
        return [n for n in nodes.values() if not any(id(a) in nodes for a in above(n, root)[:-1])]

    def messages(self) -> Found:
        slots = self.slots(self.root)
        emptied: dict[int, Node | None] = {id(n): written(n, "") for n in slots}
        bare = changed(self.root, emptied)
        alarm = bool(self.rule.slots) and not self.excused(bare)
        if alarm and self.new("the text taken out"):
            yield "the text taken out", bare, "some missing", ""
        for pattern in self.rule.slots:
            name = f"the text at {pattern.text}"
            if (root := self.with_text(bare, pattern, TEXT)) is not None and self.new(name):
                yield name, root, TEXT, "text"
            if alarm:
                yield from self.moved(bare, pattern)
        for pattern in self.rule.attachments:
            name = f"only a file at {pattern.text}"
            if (root := self.with_text(bare, pattern, "https://media.example/a")) is not None and self.new(
                name
            ):
                yield name, root, "some attachment", ""
        for node in slots:
            way = above(node, self.root)
            for name, seal in self.seals(node, way[-2].trail):
                yield name, changed(self.root, {**emptied, id(node): seal}), "some sealed", ""
            yield from self.around(way)

    def excused(self, root: Node) -> bool:
        """Whether no empty slot in this tree is an alarm."""
        judge, rule = Judge(self.book, root, {}), self.rule
        tops = [Element(rule, root, top, judge) for top in self.tops(root)]
        return all(
            any(top.holds(c) for c in rule.empty_when)
            or any(holds_something(n) for p in rule.attachments for n in top.select(p))
            for top in tops
        )

    def moved(self, bare: Node, pattern: Pattern) -> Found:
        """The text beside its place: one step of its path is called otherwise."""
        steps = instance(pattern)
        for number, step in enumerate(steps):
            name = f"the text beside {pattern.text} ({step})"
            other = [*steps[:number], OTHER, *steps[number + 1 :]]
            if (not number and not pattern.relative) or name in self.known:
                continue
            root = self.with_text(bare, pattern, TEXT, other)
            if root is None or self.excused(root) or any(holds_something(n) for n in self.slots(root)):
                continue
            if self.new(name):
                yield name, root, "missing, and the text unread", ""

    def seals(self, node: Node, trail: tuple[str, ...]) -> Iterator[tuple[str, Node]]:
        """Every strong envelope, and the weak ones that the rule accepts, opened where a node stands."""
        place = ".".join(plain(node.path))
        for envelope in self.book.envelopes.values():
            whole = envelope.tree is not None and len(node.path) == 1  # a body of bytes is no tree
            if whole or not (strong(envelope) or envelope.id in self.rule.accept):
                continue
            if self.new(name := f"{envelope.id} in the place of {place}"):
                yield name, self.sealed(envelope.id, node, trail)

    def sealed(self, envelope: str, node: Node, trail: tuple[str, ...]) -> Node:
        return seal_at(node, envelope, self.book, self.rule.accept, trail)

    def around(self, way: list[Node]) -> Found:
        """A seal in the place of everything between the message and its text."""
        seal = next((e.id for e in self.book.envelopes.values() if strong(e) and e.tree is None), "")
        for one in way[1:-1] if seal else ():
            name = f"a seal in the place of {'.'.join(plain(one.path))}"
            if one.listing or name in self.known or self.decides(self.root, {id(one)}):
                continue
            root = changed(self.root, {id(one): self.sealed(seal, one, ())})
            if self.tops(root) and self.new(name):
                yield name, root, "not nothing", ""
