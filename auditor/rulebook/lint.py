"""What a lint is: one small function that looks at one rule file and says what will go wrong.

    @lint("R101", "rule", "Name the provider's own hosts.")
    def public_suffix(sheet: Sheet) -> Finds:
        \"\"\"A host that is only a public suffix.

        Why it matters, as `auditor explain R101` prints it.
        \"\"\"
        yield sheet.at("when", "host"), "what is wrong here"

Laws: a lint reads nothing but its sheet; what day it is comes from outside; a lint that
an author overrules is overruled in the rule file, with a reason: `allow: {R101: because}`.
"""

from collections.abc import Callable, Iterator
from inspect import cleandoc

from msgspec import Struct

from auditor.errors import Fault
from auditor.rulebook.book import Rulebook
from auditor.rulebook.types import Envelope, Platform, Rule
from auditor.rulebook.yaml import Block, Items, Place, Value

Finds = Iterator[tuple[Place, str]]
ABOUT = ("rule", "platform", "envelope", "file")


class Sheet(Struct, frozen=True, eq=False):
    """One rule file under the lamp: as written, as understood, and among the others."""

    file: str
    text: str
    block: Block
    thing: Rule | Platform | Envelope
    book: Rulebook
    day: str  # 2026-11-21; nothing: no lint asks for the day

    @property
    def rule(self) -> Rule:
        assert isinstance(self.thing, Rule)
        return self.thing

    @property
    def platform(self) -> Platform:
        assert isinstance(self.thing, Platform)
        return self.thing

    @property
    def envelope(self) -> Envelope:
        assert isinstance(self.thing, Envelope)
        return self.thing

    @property
    def kind(self) -> str:
        return type(self.thing).__name__.lower()

    def at(self, *keys: str | int) -> Place:
        """Where a value stands; the nearest place above it, where it does not."""
        return _place(self.block, keys)

    def key(self, *keys: str) -> Place:
        """Where a key stands."""
        inner: Value = self.block
        for key in keys[:-1]:
            inner = inner.get(key) if isinstance(inner, Block) else None
        place = inner.keys_at.get(keys[-1]) if isinstance(inner, Block) else None
        return place or self.at(*keys)

    def each(self, *keys: str) -> Iterator[tuple[str, Place]]:
        """One text or a list of texts, with their places."""
        value: Value = self.block
        for key in keys:
            value = value.get(key) if isinstance(value, Block) else None
        if isinstance(value, Items):
            yield from ((str(item), place) for item, place in zip(value, value.values_at, strict=True))
        elif value is not None:
            yield str(value), self.at(*keys)


def _place(value: Value, keys: tuple[str | int, ...]) -> Place:
    place = value.place
    for key in keys:
        listed = isinstance(value, Items) and isinstance(key, int) and key < len(value)
        if not listed and not (isinstance(value, Block) and key in value):
            break
        place, value = value.values_at[key], value[key]
    return (place[0], place[1])


class Lint(Struct, frozen=True):
    """One lint, and what `auditor explain` says of it."""

    code: str
    about: str
    advice: str
    severity: str
    check: Callable[[Sheet], Finds]

    @property
    def title(self) -> str:
        return self.words.partition("\n")[0]

    @property
    def words(self) -> str:
        return cleandoc(self.check.__doc__ or "")

    def faults(self, sheet: Sheet) -> Iterator[Fault]:
        for (line, column), message in self.check(sheet):
            yield Fault(sheet.file, line, column, message, self.code, self.advice, self.severity)


def lint(
    code: str, about: str, advice: str, severity: str = "error"
) -> Callable[[Callable[[Sheet], Finds]], Lint]:
    return lambda check: Lint(code, about, advice, severity, check)


class Allowed(Struct):
    """What authors overruled in their files, with a reason; what nobody needed is a fault too."""

    blocks: dict[str, Block]
    used: set[tuple[str, str]] = set()

    def keep(self, fault: Fault) -> bool:
        """Whether a fault still stands: `R305` overrules all of its kind, `R305 body.x` only that."""
        allowed = self.blocks[fault.file].get("allow") if fault.file in self.blocks else None
        if not isinstance(allowed, Block):
            return True
        for key in allowed:
            code, _, about = str(key).partition(" ")
            if code == fault.code and about in fault.message:
                self.used.add((fault.file, str(key)))
                return False
        return True

    def unneeded(self, codes: set[str]) -> Iterator[Fault]:
        """Of the kinds that were looked for, what overruled nothing; and what gives no reason."""
        for file, block in self.blocks.items():
            allowed = block.get("allow")
            if not isinstance(allowed, Block):
                continue
            for key, (line, column) in allowed.keys_at.items():
                wrong = ""
                if not allowed[key]:
                    wrong = f"{key} is allowed without a reason"
                elif str(key).split(" ")[0] in codes and (file, str(key)) not in self.used:
                    wrong = f"{key} is allowed, but nothing is wrong here"
                if wrong:
                    yield Fault(file, line, column, wrong, "R706", "Say why, or take the line out.")
