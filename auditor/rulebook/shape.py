"""Shapes: what sealed bytes look like, written so that they work both ways.

    shape:                          # pieces that cover every byte; at most one without fixed size
      - byte: [0x33, 0x34, 0x44]    # one of these
      - protobuf:                   # these fields, once each, no others
          1: bytes[33] 05           # 33 bytes, the first is 05
          2: uint                   # a number below 2^32
          3: uint?                  # may be absent
          4: secret[16n]            # one or more blocks of 16 that must look random
          5: bytes?                 # any bytes, but never text
          6: =signal-message        # another envelope
      - bytes: 8                    # exactly 8
    text: "{base64 secret[16n]}?iv={base64 bytes[16]}"    # instead of `shape`, for seals made of characters
    function: openpgp               # instead of both, for seals that are a walk: see seals/

Sizes: [33] exactly, [16n] a multiple, [32..] at least, [12|16] one of. `cut` recognises and
takes apart, `sample` makes examples, so every envelope tests itself. A shape never says
that something *is* sealed: shut.py does.
"""

import base64
import binascii
import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar

from msgspec import Struct

from auditor.decoders import protobuf
from auditor.rulebook.seals import Function
from auditor.rulebook.shut import Part

_FIELD = re.compile(r"(uint|bytes|secret|=[a-z0-9-]+)(?:\[([0-9|]+)(n|\.\.)?\])?(?: ([0-9a-f ]+))?(\?)?")
_HOLE = re.compile(r"\{(base64|hex) ([^{}]+)\}")
COUNTER = 1 << 32
LARGEST = 65_536


class Field(Struct, frozen=True):
    """One typed stretch."""

    kind: str  # uint, bytes, secret, or =name
    sizes: tuple[int, ...] = ()
    how: str = ""  # "" exactly one of the sizes, "n" a multiple, ".." at least
    starts: bytes = b""
    optional: bool = False

    @classmethod
    def parse(cls, text: str) -> "Field":
        match = _FIELD.fullmatch(text)
        if not match:
            raise ValueError(
                f"not a field of a shape: {text!r} (like `bytes[33] 05`, `secret[16n]`, `uint?`)"
            )
        kind, sizes, how, starts, optional = match.groups()
        numbers = tuple(int(n) for n in sizes.split("|") if n) if sizes else ()
        sane = numbers and all(0 < n <= LARGEST for n in numbers)
        if (how and len(numbers) != 1) or (sizes and not sane):
            raise ValueError(f"not a size: {text!r}")
        if numbers and len(bytes.fromhex(starts or "")) > min(numbers):
            raise ValueError(f"longer beginning than the whole: {text!r}")
        return cls(kind, numbers, how or "", bytes.fromhex(starts or ""), bool(optional))

    def cut(self, value: int | bytes, label: str, shapes: "Shapes") -> list[Part] | None:
        """The parts of a value that fits; None when it does not."""
        if self.kind == "uint":
            return [] if isinstance(value, int) and value < COUNTER else None
        if not isinstance(value, bytes) or not value.startswith(self.starts) or not value:
            return None
        if self.kind.startswith("="):
            inner = shapes(self.kind[1:]).cut(value, shapes)
            return None if inner is None else [Part(f"{label}.{p.label}", p.data, p.secret) for p in inner]
        if not self.measures(len(value)):
            return None
        return [Part(label, value[len(self.starts) :], self.kind == "secret")]

    def measures(self, size: int) -> bool:
        match self.how:
            case "n":
                return size > 0 and size % self.sizes[0] == 0
            case "..":
                return size >= self.sizes[0]
        return not self.sizes or size in self.sizes

    def sample(self, rng: random.Random, shapes: "Shapes") -> int | bytes:
        if self.kind == "uint":
            return rng.randrange(1 << 14)
        if self.kind.startswith("="):
            return shapes(self.kind[1:]).sample(rng, shapes)
        size = rng.choice(self.sizes) if self.sizes else rng.randrange(8, 48)
        size = size * rng.randint(2, 8) if self.how == "n" else size
        size += rng.randrange(40) if self.how == ".." else 0
        return self.starts + rng.randbytes(size - len(self.starts))


class Byte(Struct, frozen=True):
    allowed: tuple[int, ...]


class Bytes(Struct, frozen=True):
    field: Field


@dataclass(frozen=True, slots=True)
class Protobuf:
    fields: dict[int, Field] = field(hash=False)


Piece = Byte | Bytes | Protobuf


class Shape(Struct, frozen=True):
    """Pieces that together cover every byte."""

    pieces: tuple[Piece, ...]
    mark: ClassVar[bytes] = b""

    @property
    def first_bytes(self) -> tuple[int, ...]:
        """What the first byte may be; nothing when it may be anything."""
        match self.pieces[0]:
            case Byte(allowed=allowed):
                return allowed
            case Protobuf(fields=fields):
                return tuple(sorted({_key(number, spec) for number, spec in fields.items()}))
        return ()

    def cut(self, data: bytes, shapes: "Shapes") -> list[Part] | None:
        sizes = [fixed(piece) for piece in self.pieces]
        spare = len(data) - sum(n for n in sizes if n is not None)
        if spare < 0 or (None not in sizes and spare):
            return None
        parts: list[Part] = []
        for piece, size in zip(self.pieces, sizes, strict=True):
            length = spare if size is None else size
            cut = _cut(piece, data[:length], shapes, f"bytes{len(parts)}")
            if cut is None:
                return None
            parts += cut
            data = data[length:]
        return parts

    def sample(self, rng: random.Random, shapes: "Shapes") -> bytes:
        return b"".join(_sample(piece, rng, shapes) for piece in self.pieces)


class TextShape(Struct, frozen=True):
    """Literal characters and typed holes."""

    literals: tuple[str, ...]  # before, between and after the holes
    holes: tuple[tuple[str, Field], ...]

    @property
    def first_bytes(self) -> tuple[int, ...]:
        return (ord(self.literals[0][0]),) if self.literals[0] else ()

    @property
    def mark(self) -> bytes:
        """What must stand in it."""
        return max(self.literals, key=len).encode()

    @classmethod
    def parse(cls, text: str) -> "TextShape":
        pieces = _HOLE.split(text)
        literals = tuple(pieces[0::3])
        if not pieces[1::3] or any("{" in x or "}" in x for x in literals) or "" in literals[1:-1]:
            raise ValueError(
                f'not a text shape: {text!r} (like "{{base64 secret[16n]}}?iv={{base64 bytes[16]}}")'
            )
        return cls(
            literals, tuple((c, Field.parse(f)) for c, f in zip(pieces[1::3], pieces[2::3], strict=True))
        )

    def cut(self, data: bytes, shapes: "Shapes") -> list[Part] | None:
        try:
            rest = data.decode("ascii")
        except UnicodeDecodeError:
            return None
        if not rest.startswith(self.literals[0]) or not rest.endswith(self.literals[-1]):
            return None
        rest = rest[len(self.literals[0]) : len(rest) - len(self.literals[-1])]
        parts: list[Part] = []
        for number, (coding, spec) in enumerate(self.holes):
            ends = self.literals[number + 1] if number + 1 < len(self.holes) else ""
            hole, found, rest = rest.partition(ends) if ends else (rest, "", "")
            value = _decoded(coding, hole) if found == ends else None
            cut = spec.cut(value, str(number), shapes) if value is not None else None
            if cut is None:
                return None
            parts += cut
        return parts

    def sample(self, rng: random.Random, shapes: "Shapes") -> bytes:
        out = self.literals[0].encode()
        for number, (coding, spec) in enumerate(self.holes):
            value = spec.sample(rng, shapes)
            assert isinstance(value, bytes)
            out += base64.b64encode(value) if coding == "base64" else value.hex().encode()
            out += self.literals[number + 1].encode()
        return out


Outline = Shape | TextShape | Function
Shapes = Callable[[str], Outline]


def fixed(piece: Piece) -> int | None:
    match piece:
        case Byte():
            return 1
        case Bytes(field=spec) if len(spec.sizes) == 1 and not spec.how:
            return spec.sizes[0]
    return None


def _key(number: int, spec: Field) -> int:
    """The first byte of a field."""
    key = number << 3 | (0 if spec.kind == "uint" else 2)
    return key if key < 128 else key & 127 | 128


def _cut(piece: Piece, data: bytes, shapes: Shapes, label: str) -> list[Part] | None:
    match piece:
        case Byte():
            return [] if data[0] in piece.allowed else None
        case Bytes():
            return piece.field.cut(data, label, shapes)
        case Protobuf():
            return _cut_fields(piece.fields, data, shapes)


def _cut_fields(wanted: dict[int, Field], data: bytes, shapes: Shapes) -> list[Part] | None:
    try:
        found = protobuf.fields(data)
    except ValueError:
        return None
    if not found.keys() <= wanted.keys() or any(len(values) > 1 for values in found.values()):
        return None
    parts: list[Part] = []
    for number, spec in wanted.items():
        if number not in found:
            if not spec.optional:
                return None
            continue
        cut = spec.cut(found[number][0], str(number), shapes)
        if cut is None:
            return None
        parts += cut
    return parts


def _sample(piece: Piece, rng: random.Random, shapes: Shapes) -> bytes:
    match piece:
        case Byte():
            return bytes([rng.choice(piece.allowed)])
        case Bytes():
            value = piece.field.sample(rng, shapes)
            assert isinstance(value, bytes)
            return value
        case Protobuf():
            tree = {
                number: spec.sample(rng, shapes)
                for number, spec in piece.fields.items()
                if not spec.optional or rng.random() < 0.5
            }
            return protobuf.wrap(tree)


def _decoded(coding: str, text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True) if coding == "base64" else bytes.fromhex(text)
    except (binascii.Error, ValueError):
        return None
