"""Rule files on their way into a book: a path says what its file is; faults are kept until the end."""

import re
from collections.abc import Callable, Iterator, Mapping

from msgspec import Struct

from auditor.errors import Fault, RuleError
from auditor.rulebook.fields import nearest
from auditor.rulebook.read import read_envelope, read_platform, read_rule
from auditor.rulebook.read_transport import read_transport
from auditor.rulebook.shape import Protobuf, Shape
from auditor.rulebook.transport import Transport
from auditor.rulebook.types import Envelope, Platform, Rule
from auditor.rulebook.yaml import Block, load

_TESTS = re.compile(r"^(tests):\n(?:[ #-].*\n?|\n)*", re.MULTILINE)
_REASONS = re.compile(_TESTS.pattern.replace("tests", "tests|why|claims|limits"), re.MULTILINE)
_PROOFS = ("!capture", "published")  # what makes a test more than constructed


def untested(text: str) -> str:
    """A rule file without its tests, which are most of it; with them where they say how well it is proven."""
    return _TESTS.sub(lambda tests: tests[0] if any(p in tests[0] for p in _PROOFS) else "tests: []\n", text)


def unreasoned(text: str) -> str:
    """A rule file without its tests and what it says for people: as other files look at it."""
    return _REASONS.sub(r"\1: []\n", text)


class Files(Struct):
    platforms: dict[str, Platform] = {}
    rules: dict[str, Rule] = {}
    envelopes: dict[str, Envelope] = {}
    transports: dict[str, Transport] = {}
    faults: list[Fault] = []
    blocks: dict[str, Block] = {}

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

    def finish(self) -> None:
        """RuleError with every fault, those of names that point to other files among them."""
        self.check_names()
        if self.faults:
            raise RuleError(self.faults)

    def check_names(self) -> None:
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
