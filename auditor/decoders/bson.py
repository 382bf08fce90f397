"""BSON: one document that takes all bytes, as a tree.

Object numbers and decimals are bytes, dates and timestamps numbers, code and symbols text; bytes of another
subtype than 0 are {"subtype": number, "data": bytes}; texts that are no text are bytes; a key that stands
twice yields both values. More than 64 levels are too much. Five bytes would do, and lengths are common:
only where a header or a rule names it.
"""

import struct

from auditor.decoders import Clue
from auditor.decoders.msgpack import finite, gather
from auditor.errors import TooMuch
from auditor.model import Tree
from auditor.text import as_text

CLUE = Clue(kinds=("bson",))
EXAMPLES: list[tuple[bytes, Tree]] = [
    (
        bytes.fromhex(
            "2d00000002740003000000686900106e0007000000056b00030000000000ff80046c0009000000083000010000"
        ),
        {"t": "hi", "n": 7, "k": b"\x00\xff\x80", "l": [True]},
    ),
    (bytes.fromhex("0500000000"), {}),
]
order = 50
reads = "bytes"
needs_clue = True

_DEPTH = 64
_FIXED = {0x07: 12, 0x13: 16}  # object number, decimal
_EMPTY: dict[int, Tree] = {0x06: None, 0x0A: None, 0xFF: {"minimum": None}, 0x7F: {"maximum": None}}


def unwrap(data: bytes, clue: Clue) -> Tree:
    if len(data) < 5 or int.from_bytes(data[:4], "little") != len(data):
        raise ValueError("not BSON")
    if len(data) > clue.limit:
        raise TooMuch(f"BSON: more than {clue.limit:,} bytes would come out")
    tree, _ = _document(data, 0, 0)
    return tree


def wrap(tree: Tree) -> bytes:
    pairs = enumerate(tree) if isinstance(tree, list) else tree.items()
    body = b"".join(_element(str(key).encode(), value) for key, value in pairs)
    return (len(body) + 5).to_bytes(4, "little") + body + b"\0"


def _document(data: bytes, at: int, depth: int) -> tuple[dict[Tree, Tree], int]:
    if depth > _DEPTH:
        raise TooMuch(f"BSON is nested more than {_DEPTH} deep")
    size = _number(data, at)
    end = at + size - 1
    if size < 5 or end >= len(data) or data[end]:
        raise ValueError("BSON: a document is cut short")
    pairs: list[tuple[Tree, Tree]] = []
    at += 4
    while at < end:
        kind = data[at]
        key, at = _cstring(data, at + 1, end)
        value, at = _value(data, at, kind, depth, end)
        pairs.append((key, value))
    if at != end:
        raise ValueError("BSON: a value beyond its document")
    return gather(pairs), end + 1


def _value(data: bytes, at: int, kind: int, depth: int, end: int) -> tuple[Tree, int]:
    if kind in _EMPTY:
        return _EMPTY[kind], at
    if kind in _FIXED:
        return data[at : at + _FIXED[kind]], at + _FIXED[kind]
    match kind:
        case 0x01:
            return finite(struct.unpack("<d", data[at : at + 8].ljust(8, b"\0"))[0]), at + 8
        case 0x02 | 0x0D | 0x0E:
            return _string(data, at, end)
        case 0x03:
            return _document(data, at, depth + 1)
        case 0x04:
            document, at = _document(data, at, depth + 1)
            if list(document) != list(map(str, range(len(document)))):
                raise ValueError("BSON: a list out of order")
            return list(document.values()), at
        case 0x05:
            size, subtype, at = _number(data, at), data[at + 4], at + 5
            if size > end - at:
                raise ValueError("BSON: a length beyond the end")
            content = data[at : at + size]
            return ({"subtype": subtype, "data": content} if subtype else content), at + size
        case 0x08 if data[at] < 2:
            return data[at] == 1, at + 1
        case 0x0B:
            pattern, at = _cstring(data, at, end)
            options, at = _cstring(data, at, end)
            return {"pattern": pattern, "options": options}, at
        case 0x10:
            return int.from_bytes(data[at : at + 4], "little", signed=True), at + 4
        case 0x09 | 0x11 | 0x12:
            return int.from_bytes(data[at : at + 8], "little", signed=kind != 0x11), at + 8
        case _:
            raise ValueError("BSON: an unknown type")


def _number(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 4], "little")


def _cstring(data: bytes, at: int, end: int) -> tuple[str, int]:
    stop = data.find(b"\0", at, end)
    if stop < 0:
        raise ValueError("BSON: a name without an end")
    return data[at:stop].decode(), stop + 1


def _string(data: bytes, at: int, end: int) -> tuple[str | bytes, int]:
    size, at = _number(data, at), at + 4
    if not 0 < size <= end - at or data[at + size - 1]:
        raise ValueError("BSON: a length beyond the end")
    return as_text(data[at : at + size - 1]), at + size


def _element(key: bytes, value: Tree) -> bytes:
    name = key + b"\0"
    match value:
        case None:
            return b"\x0a" + name
        case bool():
            return b"\x08" + name + bytes([value])
        case int() if -(1 << 63) <= value < 1 << 63:
            return b"\x12" + name + struct.pack("<q", value)
        case int():
            return b"\x11" + name + struct.pack("<Q", value)
        case float():
            return b"\x01" + name + struct.pack("<d", value)
        case str():
            text = value.encode() + b"\0"
            return b"\x02" + name + len(text).to_bytes(4, "little") + text
        case bytes():
            return b"\x05" + name + len(value).to_bytes(4, "little") + b"\0" + value
        case list():
            return b"\x04" + name + wrap(value)
        case {"subtype": int(subtype), "data": bytes(content)} if len(value) == 2 and 0 < subtype < 256:
            return b"\x05" + name + len(content).to_bytes(4, "little") + bytes([subtype]) + content
        case _:
            return b"\x03" + name + wrap(value)
