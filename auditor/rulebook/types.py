"""What rule files say, once they are read. Frozen, typed, and free of YAML."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from msgspec import Struct

from auditor.model import Head
from auditor.rulebook.paths import Pattern, address_fits, glob, host_fits
from auditor.rulebook.shape import Outline
from auditor.rulebook.tree import TreeShape

ANY_HOST = "any"
_WILD = re.compile(r"[*?]")
COMMON = ("http", "websocket")  # what everything speaks
STATUS = ("recorded", "published", "constructed")  # strongest first
UNVERIFIED = ("general", "constructed")  # sources that nobody looked up


class Fact(Struct, frozen=True):
    fact: str
    source: str
    read: str = ""

    @property
    def verified(self) -> bool:
        return not self.source.lower().startswith(UNVERIFIED)


class Test(Struct, frozen=True):
    """One test as written: builders stay what they were, build.py makes bytes of them."""

    name: str
    line: int
    expect: tuple[str, ...]
    outgoing: bool | None = None
    address: str = ""
    body: Any = None
    query: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    text: str | None = None
    surface: str = ""
    sees: tuple[tuple[str, str], ...] = ()
    path: str = ""
    todo: str = ""
    recorded: str = ""  # the ref of a capture
    published: str = ""  # who published these bytes


def _says(asked: Head, name: str, values: tuple[str, ...]) -> bool:
    return any(key == name and any(glob(v).match(said) for v in values) for key, said in asked.headers)


class When(Struct, frozen=True):
    """Which parcels a rule is about."""

    protocol: str = "http"
    outgoing: tuple[bool, ...] = ()
    methods: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()  # empty: the platform's own
    addresses: tuple[tuple[str, ...], ...] = ()
    address_texts: tuple[str, ...] = ()
    headers: tuple[tuple[str, tuple[str, ...]], ...] = ()  # of the request: a name, and what it may say

    def meets(self, protocol: str, outgoing: bool, asked: Head) -> bool:
        return (
            protocol == self.protocol
            and outgoing in self.outgoing
            and (not self.methods or asked.method in self.methods)
            and (not self.addresses or any(address_fits(a, asked.path) for a in self.addresses))
            and all(_says(asked, name, values) for name, values in self.headers)
        )


class Condition(Struct, frozen=True):
    """All must hold: a path holds when any node there is one of the values; "*" is there at all."""

    pattern: Pattern
    values: tuple[str, ...]


class SurfaceRule(Struct, frozen=True):
    """The kind of conversation: fixed, or read from a value."""

    fixed: str = ""
    source: Pattern | None = None
    cases: tuple[tuple[str, str], ...] = ()
    otherwise: str = ""

    @property
    def all(self) -> tuple[str, ...]:
        return (self.fixed,) if self.fixed else (*(s for _, s in self.cases), self.otherwise)


@dataclass(frozen=True, slots=True)
class Rule:
    """Where a platform puts its messages. It never says whether they are encrypted."""

    id: str
    file: str
    platform: str
    title: str
    surface: SurfaceRule
    when: When
    action: str = ""
    opens: tuple[tuple[Pattern, str], ...] = ()
    each: Pattern | None = None
    where: tuple[Condition, ...] = ()
    unless: tuple[Condition, ...] = ()
    slots: tuple[Pattern, ...] = ()
    accept: tuple[str, ...] = ()  # envelopes too weak to be recognised elsewhere
    placeholders: tuple[str, ...] = ()
    attachments: tuple[Pattern, ...] = ()
    empty_when: tuple[Condition, ...] = ()
    sees: tuple[tuple[str, Pattern], ...] = ()
    why: tuple[Fact, ...] = ()
    tests: tuple[Test, ...] = field(default=(), compare=False)

    @property
    def namespace(self) -> bytes:
        """What a stanza must name, spelled out, to hold what this rule is about: quickly asked, unopened.

        Of several it is the innermost: the outer ones are many's."""
        needed = [condition.pattern for condition in self.where] + ([self.each] if self.each else [])
        inside = [way for pattern in needed for way in pattern.way if self.when.protocol == "xmpp"]
        spaces = [(step.rpartition("|")[0], literal) for step, literal in inside]
        spelled = [space if literal else _WILD.split(space)[0] for space, literal in spaces]
        return next((space.encode() for space in reversed(spelled) if space), b"")

    @property
    def any_host(self) -> bool:
        return ANY_HOST in self.when.hosts

    @property
    def by_content(self) -> bool:
        """Neither host nor address say that a parcel is this rule's, only what is in it."""
        return self.anywhere and not self.when.addresses

    @property
    def anywhere(self) -> bool:
        """Whose server it is nobody knows by its name, nor by what is spoken there."""
        return self.any_host and self.when.protocol in COMMON

    @property
    def status(self) -> str:
        return strongest(self.tests)

    @property
    def verified(self) -> bool:
        return any(fact.verified for fact in self.why)


class Claim(Struct, frozen=True):
    """What the provider, or somebody about it, says. Compared with verdicts, never used to reach one."""

    surface: str
    says: str
    source: str
    since: str
    until: str = ""
    read: str = ""
    when: str = ""  # a condition in words
    optional: bool = False

    def covers(self, day: str) -> bool:
        return self.since <= day and (not self.until or day <= self.until)


class Platform(Struct, frozen=True):
    """Who, where, what is claimed, and what an audit of it cannot see."""

    id: str
    title: str
    hosts: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()  # among these, but other apps and pages load them too
    company: str = ""
    far_end: str = "service"  # service | peer | own-device
    speaks: tuple[str, ...] = ()
    claims: tuple[Claim, ...] = ()
    limits: tuple[str, ...] = ()
    why: tuple[Fact, ...] = ()

    def at(self, host: str) -> bool:
        return any(host_fits(p, host) for p in self.hosts) and not any(
            host_fits(p, host) for p in self.shared
        )


def by_last_label(platforms: Iterable[Platform]) -> dict[str, list[Platform]]:
    """Whose hosts may end in a label; under no label those whose hosts may end in any."""
    ends = {one.id: {pattern.lower().rpartition(".")[2] for pattern in one.hosts} for one in platforms}
    wild = {name for name, labels in ends.items() if any("*" in end or "?" in end for end in labels)}
    every = {label for labels in ends.values() for label in labels} | {""}
    return {label: [one for one in platforms if label in ends[one.id] or one.id in wild] for label in every}


@dataclass(frozen=True, slots=True)
class Envelope:
    """One kind of seal, and who can open it."""

    id: str
    file: str
    title: str
    opened_by: str  # recipient | server | own-device | unknown
    shape: Outline | None = None
    tree: TreeShape | None = None
    alone: bool = True
    only_in_slot: bool = False  # recognised only where a rule accepts it
    why: tuple[Fact, ...] = ()
    tests: tuple[Test, ...] = field(default=(), compare=False)

    @property
    def status(self) -> str:
        return strongest(self.tests)


def strongest(tests: tuple[Test, ...]) -> str:
    """A rule's status comes from its tests."""
    if any(t.recorded and t.expect[0] not in ("nothing", "missing") for t in tests):
        return "recorded"
    return "published" if any(t.published for t in tests) else "constructed"
