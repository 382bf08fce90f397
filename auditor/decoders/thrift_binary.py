"""Thrift's binary protocol without a schema: {field number: value}, lists, maps and structs inside.

A message is {"message": name, "type": kind, "sequence": number, "body": struct}, in the strict and in the
old form; the four bytes of a framed transport may stand before either. Texts that are no text are bytes;
a set is a list; keys of maps become text unless they are numbers; a field that stands twice yields both
values. More than 64 levels are too much. There is no magic, and a few zeros would do: only where a header
or a rule names it.
"""

import struct
from collections.abc import Iterable

from msgspec import Struct

from auditor.decoders import Clue
from auditor.decoders.msgpack import as_key, finite, gather
from auditor.errors import TooMuch
from auditor.model import Tree
from auditor.text import as_text

CLUE = Clue(kinds=("thrift_binary",))
EXAMPLES: list[tuple[bytes, Tree]] = [
    (
        bytes.fromhex("0b0001000000026869080002000000070f00030b00000001000000016100"),
        {1: "hi", 2: 7, 3: ["a"]},
    ),
    (
        bytes.fromhex("8001000100000004")
        + b"send"
        + bytes.fromhex("000000050d00010b0a00000001000000016b000000000000000900"),
        {"message": "send", "type": "call", "sequence": 5, "body": {1: {"k": 9}}},
    ),
]
order = 50
reads = "bytes"
needs_clue = True

TYPES = ("", "call", "reply", "exception", "oneway")
_DEPTH = 64
_STOP, _BOOL, _DOUBLE, _I64, _TEXT, _STRUCT, _MAP, _SET, _LIST = 0, 2, 4, 10, 11, 12, 13, 14, 15
_WIDTHS = {3: 1, 6: 2, 8: 4, 10: 8}


def unwrap(data: bytes, clue: Clue) -> Tree:
    if not data:
        raise ValueError("not Thrift: empty")
    reader = _Reader(unframed(data))
    tree = reader.message() if reader.data[0] & 0x80 or reader.is_old() else reader.struct(0)
    if reader.at != len(reader.data):
        raise ValueError("not Thrift: something follows")
    if len(data) > clue.limit:
        raise TooMuch(f"Thrift: more than {clue.limit:,} bytes would come out")
    return tree


def wrap(tree: Tree) -> bytes:
    if not is_message(tree):
        return _struct(tree)
    head = (0x80010000 | TYPES.index(tree["type"])).to_bytes(4)
    return head + _text(tree["message"]) + struct.pack(">i", tree["sequence"]) + _struct(tree["body"])


def unframed(data: bytes) -> bytes:
    """What a framed transport carries. An unframed struct that begins with zero is empty, and ends there."""
    framed = len(data) > 4 and data[0] == 0 and int.from_bytes(data[:4]) == len(data) - 4
    return data[4:] if framed else data


def is_message(tree: Tree) -> bool:
    return isinstance(tree, dict) and tree.keys() == {"message", "type", "sequence", "body"}


def is_struct(tree: Tree) -> bool:
    return isinstance(tree, dict) and all(
        isinstance(key, int) and -(1 << 15) <= key < 1 << 15 for key in tree
    )


def kind_of(values: Iterable[Tree]) -> int:
    """The one type that all values can have, or 0. An empty list can be of any."""
    kinds = set()
    for value in values:
        match value:
            case bool():
                kinds.add(_BOOL)
            case int():
                kinds.add(_I64)
            case float():
                kinds.add(_DOUBLE)
            case str() | bytes():
                kinds.add(_TEXT)
            case list():
                kinds.add(_LIST)
            case _:
                kinds.add(_STRUCT if is_struct(value) else _MAP)
    if kinds == {_STRUCT, _MAP}:
        return _MAP
    if kinds == {_DOUBLE, _TEXT} and all(isinstance(value, float) or value in UNSHOWN for value in values):
        return _DOUBLE
    return kinds.pop() if len(kinds) == 1 else 0 if kinds else _TEXT


UNSHOWN = ("NaN", "Infinity", "-Infinity")  # doubles that are told as text


def fields_of(tree: Tree) -> list[tuple[int, int, Tree]]:
    """Number, type and value; what stands in no list of one type were fields of one number."""
    fields: list[tuple[int, int, Tree]] = []
    for number, value in tree.items():
        for one in alike(value):
            fields.append((number, kind_of([one]), one))
    return fields


def alike(value: Tree) -> list[Tree]:
    return value if isinstance(value, list) and not kind_of(value) else [value]


def pairs_of(tree: Tree) -> tuple[int, int, list[tuple[Tree, Tree]]]:
    """Types of keys and values, and the pairs of a map."""
    pairs = list(tree.items())
    if not kind_of([value for _, value in pairs]):
        pairs = [(k, one) for k, value in pairs for one in (value if isinstance(value, list) else [value])]
    keys = kind_of(list(tree))
    if keys != _I64:
        pairs, keys = [(str(k), one) for k, one in pairs], _TEXT
    return keys, kind_of([value for _, value in pairs]), pairs


class _Reader(Struct):
    data: bytes
    at: int = 0

    def is_old(self) -> bool:
        """A message without a version: the length of its name, the name, its type."""
        size = int.from_bytes(self.data[:4])
        return 0 < size < len(self.data) - 8 and 1 <= self.data[4 + size] <= 4 and self.data[0] == 0

    def take(self, size: int) -> bytes:
        piece = self.data[self.at : self.at + size]
        if size < 0 or len(piece) < size:
            raise ValueError("not Thrift: cut short")
        self.at += size
        return piece

    def integer(self, width: int) -> int:
        return int.from_bytes(self.take(width), signed=True)

    def text(self) -> str | bytes:
        return as_text(self.take(self.integer(4)))

    def message(self) -> Tree:
        if self.data[0] & 0x80:
            head = self.take(4)
            if head[:3] != b"\x80\x01\x00":
                raise ValueError("not Thrift: version")
            name, kind = self.text(), head[3]
        else:
            name, kind = self.text(), self.take(1)[0]
        if not 1 <= kind <= 4 or not isinstance(name, str):
            raise ValueError("not Thrift: message")
        return {"message": name, "type": TYPES[kind], "sequence": self.integer(4), "body": self.struct(0)}

    def struct(self, depth: int) -> Tree:
        fields: list[tuple[Tree, Tree]] = []
        while kind := self.take(1)[0]:
            number = self.integer(2)
            fields.append((number, self.value(kind, depth)))
        return gather(fields)

    def value(self, kind: int, depth: int) -> Tree:
        if depth > _DEPTH:
            raise TooMuch(f"Thrift is nested more than {_DEPTH} deep")
        if kind in _WIDTHS:
            return self.integer(_WIDTHS[kind])
        match kind:
            case 2:
                flag = self.take(1)[0]
                if flag > 1:
                    raise ValueError("not Thrift: neither true nor false")
                return flag == 1
            case 4:
                return finite(struct.unpack(">d", self.take(8))[0])
            case 11:
                return self.text()
            case 12:
                return self.struct(depth + 1)
            case 13:
                keys, values = self.take(2)
                return gather(
                    (as_key(self.value(keys, depth + 1)), self.value(values, depth + 1)) for _ in self.count()
                )
            case 14 | 15:
                inner = self.take(1)[0]
                return [self.value(inner, depth + 1) for _ in self.count()]
            case _:
                raise ValueError("not Thrift: unknown type")

    def count(self) -> range:
        size = self.integer(4)
        if not 0 <= size <= len(self.data) - self.at:
            raise ValueError("not Thrift: a length beyond the end")
        return range(size)


def _struct(tree: Tree) -> bytes:
    fields = (bytes([kind]) + struct.pack(">h", n) + _value(kind, one) for n, kind, one in fields_of(tree))
    return b"".join(fields) + bytes([_STOP])


def _value(kind: int, value: Tree) -> bytes:
    match kind:
        case 2:
            return bytes([value])
        case 4:
            return struct.pack(">d", float(value))
        case 10:
            return struct.pack(">q", value)
        case 11:
            return _text(value)
        case 12:
            return _struct(value)
        case 13:
            keys, values, pairs = pairs_of(value)
            body = b"".join(_value(keys, key) + _value(values, one) for key, one in pairs)
            return bytes([keys, values]) + len(pairs).to_bytes(4) + body
        case 15:
            inner = kind_of(value)
            return bytes([inner]) + len(value).to_bytes(4) + b"".join(_value(inner, one) for one in value)
        case _:
            raise ValueError("Thrift has no type for this")


def _text(value: str | bytes) -> bytes:
    data = value.encode() if isinstance(value, str) else value
    return len(data).to_bytes(4) + data
