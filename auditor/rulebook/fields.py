"""Reading typed fields from YAML blocks: every fault is kept, with its place and the nearest right word."""

from collections.abc import Callable, Iterable
from difflib import get_close_matches
from typing import Any, TypeVar

from auditor.errors import Fault
from auditor.rulebook.yaml import Block, Items, Place, Tagged

T = TypeVar("T")
SHOWN = 20  # names that an error lists


class Fields:
    """One mapping under reading. Faults are collected; what is wrong reads as the default."""

    def __init__(self, block: Block, file: str, faults: list[Fault]) -> None:
        self.block, self.file, self.faults = block, file, faults

    def known(self, required: str, optional: str = "") -> None:
        """Unknown and missing keys."""
        names = [*required.split(), *optional.split()]
        for key in self.block:
            if key not in names:
                self.fault(f"unknown key {key!r}{nearest(str(key), names)}", self.block.keys_at[key], "R005")
        for key in required.split():
            if key not in self.block:
                self.fault(f"missing key {key!r}", self.block.place, "R006")

    def fault(self, message: str, place: Place, code: str = "R007") -> None:
        self.faults.append(Fault(self.file, *place, message, code))

    def place(self, key: Any) -> Place:
        return self.block.values_at.get(key) or self.block.keys_at.get(key) or self.block.place

    def text(self, key: str, default: str = "") -> str:
        value = self.block.get(key)
        if value is None:
            return default
        if isinstance(value, str | int) and not isinstance(value, bool):
            return str(value)
        self.fault(f"{key!r} is a text, not {kind(value)}", self.place(key))
        return default

    def word(self, key: str, allowed: Iterable[str], default: str = "") -> str:
        value = self.text(key, default)
        if value and value not in allowed:
            self.fault(
                f"{key!r} is one of {', '.join(allowed)}; not {value!r}{nearest(value, allowed)}",
                self.place(key),
                "R008",
            )
            return default
        return value

    def flag(self, key: str) -> bool:
        value = self.block.get(key, False)
        if not isinstance(value, bool):
            self.fault(f"{key!r} is true or false, not {value!r}", self.place(key))
            return False
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """One text or a list of texts."""
        return tuple(text for text, _ in self.placed(key))

    def placed(self, key: str) -> list[tuple[str, Place]]:
        value = self.block.get(key)
        if value is None:
            return []
        items = value if isinstance(value, Items) else [value]
        places = value.values_at if isinstance(value, Items) else [self.place(key)]
        out = []
        for item, place in zip(items, places, strict=True):
            if isinstance(item, str | int) and not isinstance(item, bool):
                out.append((str(item), place))
            else:
                self.fault(f"{key!r} holds texts, not {kind(item)}", place)
        return out

    def parsed(self, key: str, parse: Callable[[str], T], code: str = "R009") -> tuple[T, ...]:
        """Texts that a parser turns into something; its ValueError is a fault at the text's place."""
        out = []
        for text, place in self.placed(key):
            try:
                out.append(parse(text))
            except ValueError as exc:
                self.fault(str(exc), place, code)
        return tuple(out)

    def inner(self, key: str) -> "Fields | None":
        """The mapping under a key."""
        value = self.block.get(key)
        if value is None:
            return None
        if isinstance(value, Block):
            return Fields(value, self.file, self.faults)
        self.fault(f"{key!r} is a mapping, not {kind(value)}", self.place(key))
        return None

    def blocks(self, key: str) -> list["Fields"]:
        """The list of mappings under a key."""
        value = self.block.get(key)
        if value is None:
            return []
        if not isinstance(value, Items):
            self.fault(f"{key!r} is a list of mappings, not {kind(value)}", self.place(key))
            return []
        out = []
        for item, place in zip(value, value.values_at, strict=True):
            if isinstance(item, Block):
                out.append(Fields(item, self.file, self.faults))
            else:
                self.fault(f"{key!r} holds mappings, not {kind(item)}", place)
        return out


def nearest(word: str, names: Iterable[str]) -> str:
    known = sorted(map(str, names))  # members of an enum are shown as what they say
    if close := get_close_matches(word, known, n=1, cutoff=0.5):
        return f"; did you mean {close[0]!r}?"
    more = f" and {len(known) - SHOWN:,} more" if len(known) > SHOWN else ""
    return f"; expected one of {', '.join(known[:SHOWN])}{more}"


def kind(value: object) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return "true or false"
        case int():
            return f"the number {value}"
        case str():
            return f"the text {value!r}"
        case Tagged():
            return f"!{value.tag}"
        case Items():
            return "a list"
    return "a mapping"
