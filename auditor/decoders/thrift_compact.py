"""Thrift's compact protocol without a schema: {field number: value}, lists, maps and structs inside.

What comes out, and what is asked for, is as in `thrift_binary.py`: messages begin with 0x82. A list of
booleans may write false as 0 or 2. Only where a header or a rule names it.
"""

import struct

from msgspec import Struct

from auditor.decoders import Clue
from auditor.decoders.msgpack import as_key, finite, gather
from auditor.decoders.protobuf import varint
from auditor.decoders.thrift_binary import TYPES, fields_of, is_message, kind_of, pairs_of, unframed
from auditor.errors import TooMuch
from auditor.model import Tree
from auditor.text import as_text

CLUE = Clue(kinds=("thrift_compact",))
EXAMPLES: list[tuple[bytes, Tree]] = [
    (bytes.fromhex("18026869150e1918016100"), {1: "hi", 2: 7, 3: ["a"]}),
    (
        bytes.fromhex("82210504") + b"send" + bytes.fromhex("1b0186016b121200"),
        {"message": "send", "type": "call", "sequence": 5, "body": {1: {"k": 9}, 2: False}},
    ),
]
order = 50
reads = "bytes"
needs_clue = True

_DEPTH = 64
_MESSAGE = 0x82
_TRUE, _FALSE, _BYTE, _DOUBLE, _TEXT, _LIST, _SET, _MAP, _STRUCT = 1, 2, 3, 7, 8, 9, 10, 11, 12
_COMPACT = {2: 1, 4: _DOUBLE, 10: 6, 11: _TEXT, 12: _STRUCT, 13: _MAP, 15: _LIST}  # binary to compact


def unwrap(data: bytes, clue: Clue) -> Tree:
    if not data:
        raise ValueError("not Thrift: empty")
    reader = _Reader(unframed(data))
    tree = reader.message() if reader.data[0] == _MESSAGE else reader.struct(0)
    if reader.at != len(reader.data):
        raise ValueError("not Thrift: something follows")
    if len(data) > clue.limit:
        raise TooMuch(f"Thrift: more than {clue.limit:,} bytes would come out")
    return tree


def wrap(tree: Tree) -> bytes:
    if not is_message(tree):
        return _struct(tree)
    head = bytes([_MESSAGE, TYPES.index(tree["type"]) << 5 | 1])
    return head + varint(tree["sequence"] % (1 << 32)) + _text(tree["message"]) + _struct(tree["body"])


class _Reader(Struct):
    data: bytes
    at: int = 0

    def take(self, size: int) -> bytes:
        piece = self.data[self.at : self.at + size]
        if len(piece) < size:
            raise ValueError("not Thrift: cut short")
        self.at += size
        return piece

    def varint(self) -> int:
        value = 0
        for shift in range(0, 70, 7):
            byte = self.take(1)[0]
            value |= (byte & 127) << shift
            if byte < 128:
                if value >> 64:
                    break
                return value
        raise ValueError("not Thrift: number")

    def signed(self) -> int:
        value = self.varint()
        return value >> 1 ^ -(value & 1)

    def text(self) -> str | bytes:
        return as_text(self.take(self.varint()))

    def message(self) -> Tree:
        _, second = self.take(2)
        sequence, name = self.varint(), self.text()
        # "protocol id, version 1 in five bits, type in three".
        if second & 31 != 1 or not 1 <= second >> 5 <= 4 or sequence >> 32 or not isinstance(name, str):
            raise ValueError("not Thrift: message")
        sequence -= sequence >> 31 << 32
        return {"message": name, "type": TYPES[second >> 5], "sequence": sequence, "body": self.struct(0)}

    def struct(self, depth: int) -> Tree:
        fields: list[tuple[Tree, Tree]] = []
        number = 0
        while head := self.take(1)[0]:
            number = number + (head >> 4) if head >> 4 else self.signed()
            if not -(1 << 15) <= number < 1 << 15:
                raise ValueError("not Thrift: field number")
            kind = head & 15
            fields.append((number, kind == _TRUE if kind in (_TRUE, _FALSE) else self.value(kind, depth)))
        return gather(fields)

    def value(self, kind: int, depth: int) -> Tree:
        if depth > _DEPTH:
            raise TooMuch(f"Thrift is nested more than {_DEPTH} deep")
        match kind:
            case 1 | 2:
                flag = self.take(1)[0]
                if flag > 2:
                    raise ValueError("not Thrift: neither true nor false")
                return flag == 1
            case 3:
                return int.from_bytes(self.take(1), signed=True)
            case 4 | 5 | 6:
                return self.signed()
            case 7:
                return finite(struct.unpack("<d", self.take(8))[0])
            case 8:
                return self.text()
            case 9 | 10:
                head = self.take(1)[0]
                size = self.varint() if head >> 4 == 15 else head >> 4
                return [self.value(head & 15, depth + 1) for _ in self.count(size)]
            case 11:
                size = self.varint()
                kinds = self.take(1)[0] if size else 0
                return gather(
                    (as_key(self.value(kinds >> 4, depth + 1)), self.value(kinds & 15, depth + 1))
                    for _ in self.count(size)
                )
            case 12:
                return self.struct(depth + 1)
            case _:
                raise ValueError("not Thrift: unknown type")

    def count(self, size: int) -> range:
        if size > len(self.data) - self.at:
            raise ValueError("not Thrift: a length beyond the end")
        return range(size)


def _struct(tree: Tree) -> bytes:
    out = bytearray()
    for number, kind, one in fields_of(tree):
        compact = _COMPACT[kind]
        if kind == 2:
            compact = _TRUE if one else _FALSE
        # The long form, always: the short one could look like the start of a message.
        out += bytes([compact]) + varint(_zigzag(number)) + (b"" if kind == 2 else _value(kind, one))
    return bytes(out) + b"\0"


def _value(kind: int, value: Tree) -> bytes:
    match kind:
        case 2:
            return b"\x01" if value else b"\x02"
        case 4:
            return struct.pack("<d", float(value))
        case 10:
            return varint(_zigzag(value))
        case 11:
            return _text(value)
        case 12:
            return _struct(value)
        case 13:
            keys, values, pairs = pairs_of(value)
            if not pairs:
                return b"\0"
            body = b"".join(_value(keys, key) + _value(values, one) for key, one in pairs)
            return varint(len(pairs)) + bytes([_COMPACT[keys] << 4 | _COMPACT[values]]) + body
        case 15:
            inner = kind_of(value)
            head = bytes([0xF0 | _COMPACT[inner]]) + varint(len(value))
            return head + b"".join(_value(inner, one) for one in value)
        case _:
            raise ValueError("Thrift has no type for this")


def _text(value: str | bytes) -> bytes:
    data = value.encode() if isinstance(value, str) else value
    return varint(len(data)) + data


def _zigzag(number: int) -> int:
    if not -(1 << 63) <= number < 1 << 63:
        raise ValueError(f"{number} has more than 64 bits")
    return number << 1 if number >= 0 else -(number << 1) - 1
