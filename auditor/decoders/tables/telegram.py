"""Telegram's schema as layouts: what fields a constructor has, and the number by which it is known.

The number is the CRC-32 of the line, without marks and without fields that are only a flag.
"""

import zlib
from functools import lru_cache

from msgspec import Struct

from auditor.decoders.tables.telegram_calls import CALLS
from auditor.decoders.tables.telegram_objects import OBJECTS
from auditor.model import Tree


class Field(Struct, frozen=True):
    name: str
    kind: str
    word: str = ""  # the flag word that says whether it is there
    bit: int = 0


class Layout(Struct, frozen=True):
    name: str
    number: int
    kind: str
    fields: tuple[Field, ...]

    def says(self, tree: dict[Tree, Tree], word: str) -> int:
        """The flag word of an object that has just these fields."""
        return sum({1 << field.bit for field in self.fields if field.word == word and field.name in tree})


@lru_cache
def layouts() -> dict[int, Layout]:
    lines = (" ".join(line.split()) for line in f"{CALLS}{OBJECTS}".split(";"))
    return {layout.number: layout for layout in map(_layout, filter(None, lines))}


@lru_cache
def newest() -> dict[str, Layout]:
    return {layout.name: layout for layout in layouts().values()}


def _layout(line: str) -> Layout:
    covered = line.replace(":bytes", ":string").replace("?bytes", "?string").replace("<", " ")
    number = zlib.crc32(covered.translate({ord(mark): None for mark in ">{}"}).encode())
    left, _, kind = line.partition(" = ")
    name, *rest = left.split()
    return Layout(name, number, kind, tuple(map(_field, (one for one in rest if one[0] != "{"))))


def _field(text: str) -> Field:
    name, _, kind = text.partition(":")
    condition, asks, inner = kind.partition("?")
    if not asks:
        return Field(name, kind)
    word, _, bit = condition.partition(".")
    return Field(name, inner, word, int(bit))
