"""The rulebook: all platforms, rules and envelopes, read from texts.

Laws: it reads no files (the edges do); an id is a path; all faults are reported at once;
the index only skips rules that the naive matcher would refuse.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from auditor.decoders.unwrap import Node, Recognise, Seal
from auditor.model import Contact, Parcel
from auditor.rulebook.files import Files, untested
from auditor.rulebook.paths import VALUE, host_fits, literals
from auditor.rulebook.shape import Outline
from auditor.rulebook.shut import flaw, inside
from auditor.rulebook.transport import Known, Transport
from auditor.rulebook.tree import TreeSeal, TreeShape
from auditor.rulebook.types import Envelope, Platform, Rule, by_last_label
from auditor.rulebook.yaml import Block

K = TypeVar("K")
V = TypeVar("V")
# A rule, the platform it speaks for, and what its addresses and its content cannot do without.
Spoken = tuple[Rule, str, list[frozenset[str]], bytes]
MOST_HOSTS = 10_000  # whose rules are remembered
SMALLEST_SEAL = 32
LARGEST_SEAL = 16_000_000


@dataclass(frozen=True, eq=False)
class Rulebook:
    platforms: Mapping[str, Platform]
    rules: Mapping[str, Rule]
    envelopes: Mapping[str, Envelope]
    digest: str = ""
    transports: Mapping[str, Transport] = field(default_factory=dict)
    _by_kind: dict[tuple[str, bool], list[Rule]] = field(default_factory=dict, compare=False)
    _by_first: dict[int, list[tuple[bytes, Envelope]]] = field(default_factory=dict, compare=False)
    _trees: list[tuple[frozenset[str], Envelope, TreeShape]] = field(default_factory=list, compare=False)
    _by_host: dict[tuple[str, bool, str, str | None], list[Spoken]] = field(
        default_factory=dict, compare=False
    )
    _platforms_at: dict[str, Platform | None] = field(default_factory=dict, compare=False)
    _by_label: dict[str, list[Platform]] = field(default_factory=dict, compare=False)
    _transports: list[Known] = field(default_factory=list, compare=False)

    @classmethod
    def of(cls, texts: Mapping[str, str]) -> "Rulebook":
        """From {path below the rule folder: text}; RuleError with every fault."""
        return cls.with_files(texts)[0]

    @classmethod
    def of_tested(cls, texts: Mapping[str, str]) -> "Rulebook":
        """The same of rules whose tests were run before: only what they prove is read of them."""
        return cls._made(_read({path: untested(text) for path, text in texts.items()}, texts), texts)

    @classmethod
    def of_outside(cls, texts: Mapping[str, str]) -> "Rulebook":
        """The same, of which only what says whose connection it is can be asked; its files alone are read."""
        outside = [
            path for path in texts if path.startswith("transports/") or path.endswith("/platform.yaml")
        ]
        return cls._made(_read(texts, outside), texts)

    @classmethod
    def with_files(cls, texts: Mapping[str, str]) -> "tuple[Rulebook, dict[str, Block]]":
        """The same, and what each file says as it was written: for those that judge the files."""
        files = _read(texts, texts)
        return cls._made(files, texts), files.blocks

    @classmethod
    def _made(cls, files: Files, texts: Mapping[str, str]) -> "Rulebook":
        return cls(files.platforms, files.rules, files.envelopes, _digest(texts), files.transports)

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
        known = self._by_first.get(data[0], ())
        for mark, _ in known:
            if mark in data:
                return self._best(data, [envelope for mark, envelope in known if mark in data])
        return None

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
        steps = set(asked.path)
        spelled = parcel.protocol == "xmpp" and _spelled_out(parcel)
        return [
            (rule, platform)
            for rule, platform, addresses, namespace in self.spoken_at(
                parcel.protocol, parcel.outgoing, parcel.channel.host, asked.method
            )
            if not spelled or namespace in parcel.body
            if not addresses or any(map(steps.issuperset, addresses))
            if rule.when.meets(parcel.protocol, parcel.outgoing, asked)
        ]

    def anywhere_in(self, parcel: Parcel) -> list[tuple[Rule, str]]:
        """The rules that are about what its connection carries, whatever this parcel is."""
        spoken = self.spoken_at(parcel.protocol, parcel.outgoing, parcel.channel.host)
        return [(rule, platform) for rule, platform, *_ in spoken]

    def spoken_at(self, protocol: str, outgoing: bool, host: str, method: str | None = None) -> list[Spoken]:
        """The rules of one protocol and direction about a host and a verb, or any: asked once, then known."""
        key = (protocol, outgoing, host, method)
        if key not in self._by_host:
            _room_in(self._by_host)
            self._by_host[key] = [
                (rule, name, [literals(address) for address in rule.when.addresses], rule.namespace)
                for rule in self._by_kind.get((protocol, outgoing), ())
                if method is None or not rule.when.methods or method in rule.when.methods
                if (name := self.spoken_for(rule, host))
            ]
        return self._by_host[key]

    @staticmethod
    def tells(rule: Rule, name: str, platform: Platform | None) -> bool:
        """Whether host and address say whose it is: a /websocket is many's, a known host its owner's."""
        if not rule.anywhere:
            return True
        if platform:
            return name == platform.id and not rule.by_content
        return any(len(literals(address)) > 1 for address in rule.when.addresses)

    def spoken_for(self, rule: Rule, host: str) -> str:
        """The platform whose host this is under this rule; nothing when the rule is not about it."""
        if rule.any_host:
            for platform in self.platforms.values():
                if rule.platform in platform.speaks and platform.at(host):
                    return platform.id
            return rule.platform
        hosts = rule.when.hosts
        mine = any(host_fits(p, host) for p in hosts) if hosts else self.platforms[rule.platform].at(host)
        return rule.platform if mine else ""


def _spelled_out(parcel: Parcel) -> bool:
    """Whether this is whole XML in which a namespace stands as it is, or not at all."""
    body = parcel.body
    return parcel.whole and body.startswith(b"<") and b"&#" not in body and b"\0" not in body


def _room_in(known: dict[K, V]) -> None:
    """A capture with endless hosts must not fill the memory."""
    if len(known) >= MOST_HOSTS:
        known.clear()


def _read(texts: Mapping[str, str], paths: Iterable[str]) -> Files:
    files = Files()
    for path in sorted(paths):
        files.file(path, texts[path])
    files.finish()
    return files


def _digest(texts: Mapping[str, str]) -> str:
    """One name for exactly this rule set."""
    whole = hashlib.sha256()
    for path in sorted(texts):
        for part in (path, texts[path]):
            data = part.encode("utf-8", "surrogatepass")
            whole.update(len(data).to_bytes(8) + data)
    return whole.hexdigest()[:16]
