"""The rulebook: all platforms, rules and envelopes, read from texts.

Laws: it reads no files (the edges do); an id is a path; all faults are reported at once;
the index only skips rules that the naive matcher would refuse.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from auditor.decoders.unwrap import Node, Recognise, Seal
from auditor.errors import Fault, RuleError
from auditor.model import Contact, Parcel
from auditor.rulebook.fields import nearest
from auditor.rulebook.paths import VALUE, host_fits
from auditor.rulebook.read import read_envelope, read_platform, read_rule
from auditor.rulebook.read_transport import read_transport
from auditor.rulebook.shape import Outline, Protobuf, Shape
from auditor.rulebook.shut import flaw, inside
from auditor.rulebook.transport import Known, Transport
from auditor.rulebook.tree import TreeSeal, TreeShape
from auditor.rulebook.types import Envelope, Platform, Rule, by_last_label
from auditor.rulebook.yaml import Block, load

K = TypeVar("K")
V = TypeVar("V")
MOST_HOSTS = 10_000  # whose rules are remembered
SMALLEST_SEAL = 32
LARGEST_SEAL = 16_000_000


@dataclass(frozen=True)
class Rulebook:
    platforms: Mapping[str, Platform]
    rules: Mapping[str, Rule]
    envelopes: Mapping[str, Envelope]
    digest: str = ""
    transports: Mapping[str, Transport] = field(default_factory=dict)
    _by_kind: dict[tuple[str, bool], list[Rule]] = field(default_factory=dict, compare=False)
    _by_first: dict[int, list[tuple[bytes, Envelope]]] = field(default_factory=dict, compare=False)
    _trees: list[tuple[frozenset[str], Envelope, TreeShape]] = field(default_factory=list, compare=False)
    _by_host: dict[tuple[str, bool, str], list[tuple[Rule, str]]] = field(default_factory=dict, compare=False)
    _platforms_at: dict[str, Platform | None] = field(default_factory=dict, compare=False)
    _by_label: dict[str, list[Platform]] = field(default_factory=dict, compare=False)
    _transports: list[Known] = field(default_factory=list, compare=False)

    @classmethod
    def of(cls, texts: Mapping[str, str]) -> "Rulebook":
        """From {path below the rule folder: text}; RuleError with every fault."""
        return cls.with_files(texts)[0]

    @classmethod
    def of_outside(cls, texts: Mapping[str, str]) -> "Rulebook":
        """The same, of which only what says whose connection it is can be asked; its files alone are read."""
        reading = _Reading()
        for path in sorted(texts):
            if path.startswith("transports/") or path.endswith("/platform.yaml"):
                reading.file(path, texts[path])
        return reading.book(_digest(texts))

    @classmethod
    def with_files(cls, texts: Mapping[str, str]) -> "tuple[Rulebook, dict[str, Block]]":
        """The same, and what each file says as it was written: for those that judge the files."""
        reading = _Reading()
        for path in sorted(texts):
            reading.file(path, texts[path])
        return reading.book(_digest(texts)), reading.blocks

    def __post_init__(self) -> None:
        self._transports.append(Known(self.transports.values()))
        self._by_label.update(by_last_label(self.platforms.values()))
        for rule in self.rules.values():
            for outgoing in rule.when.outgoing:
                self._by_kind.setdefault((rule.when.protocol, outgoing), []).append(rule)
        for envelope in self.envelopes.values():
            if envelope.tree is not None:
                self._trees.append((envelope.tree.must_have, envelope, envelope.tree))
            if envelope.shape is not None and not envelope.only_in_slot:
                for first in envelope.shape.first_bytes or range(256):
                    self._by_first.setdefault(first, []).append((envelope.shape.mark, envelope))

    def shape(self, name: str) -> Outline:
        shape = self.envelopes[name].shape
        assert shape is not None
        return shape

    def recogniser(self, accept: Iterable[str]) -> Recognise:
        """Recognises also what is too weak to be believed outside the slots of rules that accept it."""
        weak = [e for name in sorted(set(accept)) if (e := self.envelopes[name]).shape is not None]
        if not weak:
            return self.recognise

        def recognise(data: bytes) -> Seal | None:
            seal = self.recognise(data)
            return seal if seal is not None and seal.shut else self._best(data, weak) or seal

        return recognise

    def recognise(self, data: bytes) -> Seal | None:
        """The envelope whose shape these bytes have, and whether it is shut."""
        if len(data) < SMALLEST_SEAL:
            return None
        return self._best(data, [e for mark, e in self._by_first.get(data[0], ()) if mark in data])

    def _best(self, data: bytes, envelopes: Iterable[Envelope]) -> Seal | None:
        if not SMALLEST_SEAL <= len(data) <= LARGEST_SEAL:
            return None
        best: Seal | None = None
        for envelope in envelopes:
            assert envelope.shape is not None
            parts = envelope.shape.cut(data, self.shape)
            if parts is None:
                continue
            wrong = flaw(parts)
            # Planted texts are looked for in the bytes of a value; what base64 hides in it must be shown.
            shown = inside(parts) if wrong or data.isascii() else ()
            seal = Seal(envelope.id, not wrong, wrong, shown, envelope.alone)
            if seal.shut and seal.alone:
                return seal
            if best is None or (seal.shut and not best.shut):
                best = seal
        return best

    def trees(self, node: Node) -> Iterator[tuple[Envelope, TreeSeal]]:
        """The tree envelopes that this node is."""
        names = {child.step for child in node.children}
        for must, envelope, tree in self._trees:
            if (must <= names or VALUE in names) and (seal := tree.fits(node, self.shape)):
                yield envelope, seal

    def platform_at(self, host: str) -> Platform | None:
        if host not in self._platforms_at:
            _room_in(self._platforms_at)
            near = self._by_label.get(host.lower().rstrip(".").rpartition(".")[2], self._by_label[""])
            self._platforms_at[host] = next((p for p in near if p.at(host)), None)
        return self._platforms_at[host]

    def transport_of(self, contact: Contact) -> Transport | None:
        """Whose protocol a connection that stayed shut speaks."""
        return self._transports[0].of(contact)

    def meeting(self, parcel: Parcel) -> list[tuple[Rule, str]]:
        """The rules that are about this parcel, and the platform each of them speaks for."""
        asked = parcel.asked
        return [
            (rule, platform)
            for rule, platform in self._spoken_at(parcel.protocol, parcel.outgoing, parcel.channel.host)
            if rule.when.meets(parcel.protocol, parcel.outgoing, asked)
        ]

    def _spoken_at(self, protocol: str, outgoing: bool, host: str) -> list[tuple[Rule, str]]:
        """The rules of one protocol and direction that are about a host: asked once, then known."""
        key = (protocol, outgoing, host)
        if key not in self._by_host:
            _room_in(self._by_host)
            rules = self._by_kind.get(key[:2], ())
            self._by_host[key] = [(rule, name) for rule in rules if (name := self.spoken_for(rule, host))]
        return self._by_host[key]

    def spoken_for(self, rule: Rule, host: str) -> str:
        """The platform whose host this is under this rule; nothing when the rule is not about it."""
        if rule.any_host:
            for platform in self.platforms.values():
                if rule.platform in platform.speaks and platform.at(host):
                    return platform.id
            return rule.platform
        hosts = rule.when.hosts or self.platforms[rule.platform].hosts
        return rule.platform if any(host_fits(pattern, host) for pattern in hosts) else ""


def _room_in(known: dict[K, V]) -> None:
    """A capture with endless hosts must not fill the memory."""
    if len(known) >= MOST_HOSTS:
        known.clear()


@dataclass
class _Reading:
    """Files on their way into a book; faults are kept until the end."""

    platforms: dict[str, Platform] = field(default_factory=dict)
    rules: dict[str, Rule] = field(default_factory=dict)
    envelopes: dict[str, Envelope] = field(default_factory=dict)
    transports: dict[str, Transport] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    blocks: dict[str, Block] = field(default_factory=dict)

    def file(self, path: str, text: str) -> None:
        read = self.reader(path.removesuffix(".yaml").split("/"))
        if read is None:
            places = "platforms/NAME/platform.yaml, platforms/NAME/ACTION.yaml, envelopes/NAME.yaml, "
            places += "transports/NAME.yaml"
            self.faults.append(Fault(path, 1, 1, f"not a place for a rule file; there are {places}", "R014"))
            return
        try:
            self.blocks[path] = load(text, path)
            read(self.blocks[path], path)
        except RuleError as exc:
            self.faults += exc.faults

    def reader(self, steps: list[str]) -> Callable[[Block, str], None] | None:
        def envelope(block: Block, path: str) -> None:
            self.envelopes[steps[1]] = read_envelope(block, path, steps[1], self.faults)

        def platform(block: Block, path: str) -> None:
            self.platforms[steps[1]] = read_platform(block, path, steps[1], self.faults)

        def rule(block: Block, path: str) -> None:
            self.rules["/".join(steps[1:])] = read_rule(block, path, (steps[1], steps[2]), self.faults)

        def transport(block: Block, path: str) -> None:
            self.transports[steps[1]] = read_transport(block, path, steps[1], self.faults)

        match steps:
            case ["envelopes", _]:
                return envelope
            case ["transports", _]:
                return transport
            case ["platforms", _, "platform"]:
                return platform
            case ["platforms", _, _]:
                return rule
        return None

    def book(self, digest: str) -> Rulebook:
        self.check_names()
        if self.faults:
            raise RuleError(self.faults)
        return Rulebook(self.platforms, self.rules, self.envelopes, digest, self.transports)

    def check_names(self) -> None:
        """Names that point to other files."""
        weak = [e.id for e in self.envelopes.values() if e.only_in_slot]
        for rule in self.rules.values():
            if rule.platform not in self.platforms:
                self.fault(rule.file, f"platforms/{rule.platform}/platform.yaml is missing")
            for name in rule.accept:
                if name not in weak:
                    self.fault(
                        rule.file, f"accepts {name!r}, no envelope that is only-in-slot{nearest(name, weak)}"
                    )
        for transport in self.transports.values():
            if transport.platform and transport.platform not in self.platforms:
                wrong = (
                    f"unknown platform {transport.platform!r}{nearest(transport.platform, self.platforms)}"
                )
                self.fault(transport.file, wrong)
        for platform in self.platforms.values():
            for name in platform.speaks:
                if name not in self.platforms:
                    file = f"platforms/{platform.id}/platform.yaml"
                    self.fault(file, f"speaks unknown platform {name!r}{nearest(name, self.platforms)}")
        shaped = [e.id for e in self.envelopes.values() if e.shape is not None]
        for envelope in self.envelopes.values():
            for name in _names(envelope):
                if name not in shaped:
                    self.fault(envelope.file, f"unknown envelope {name!r}{nearest(name, shaped)}")
        for name in _circular({e.id: tuple(_names(e)) for e in self.envelopes.values()}):
            self.fault(self.envelopes[name].file, f"the envelope {name!r} contains itself")

    def fault(self, file: str, message: str) -> None:
        self.faults.append(Fault(file, 1, 1, message, "R013"))


def _circular(inside: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Envelopes that are found again inside themselves, however deep."""
    found = []
    for start in inside:
        seen: set[str] = set()
        todo = list(inside[start])
        while todo:
            name = todo.pop()
            if name not in seen:
                seen.add(name)
                todo += inside.get(name, ())
        if start in seen:
            found.append(start)
    return found


def _names(envelope: Envelope) -> Iterator[str]:
    """The envelopes that this one mentions."""
    if envelope.tree is not None:
        for place in envelope.tree.places:
            yield from place.others
    if isinstance(envelope.shape, Shape):
        for piece in envelope.shape.pieces:
            if isinstance(piece, Protobuf):
                yield from (f.kind[1:] for f in piece.fields.values() if f.kind.startswith("="))


def _digest(texts: Mapping[str, str]) -> str:
    """One name for exactly this rule set."""
    whole = hashlib.sha256()
    for path in sorted(texts):
        for part in (path, texts[path]):
            data = part.encode("utf-8", "surrogatepass")
            whole.update(len(data).to_bytes(8) + data)
    return whole.hexdigest()[:16]
