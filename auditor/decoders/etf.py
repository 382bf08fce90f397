"""Erlang's external term format, version 131: a small part of it, as Discord's gateway speaks it.

Atoms are text, but true, false, nil and null; tuples and lists are lists; binaries and strings are text or
bytes; keys of maps become text unless they are numbers; a key that stands twice yields both values. A
compressed term is inflated up to the limit. References, functions, ports and improper lists are refused,
as are integers of more than 400 bytes. More than 64 levels are too much. Only where a header or a rule
names it: the magic is one byte.
"""

import struct
import zlib

from auditor.decoders import Clue
from auditor.decoders.msgpack import as_key, finite, gather
from auditor.errors import TooMuch
from auditor.model import Tree
from auditor.text import as_text, is_text

CLUE = Clue(kinds=("etf",))
EXAMPLES: list[tuple[bytes, Tree]] = [
    (bytes.fromhex("8374000000017704") + b"text" + bytes.fromhex("6d000000026869"), {"text": "hi"}),
    (
        bytes.fromhex("83680477046e756c6c6c0000000262fffffff97704747275656a6b0002fffe6e08010000000000000080"),
        [None, [-7, True], b"\xff\xfe", -(1 << 63)],
    ),
]
order = 50
reads = "bytes"
needs_clue = True

_DEPTH = 64
_BYTES = 400  # of one number
_RATIO = 1_000
_FREE = 1_000_000  # bytes that may come out whatever the ratio
_ATOMS: dict[str | bytes, Tree] = {"true": True, "false": False, "nil": None, "null": None}
_SIZED = {100: 2, 115: 1, 118: 2, 119: 1, 107: 2, 109: 4, 110: 1, 111: 4}
_LISTS = {104: 1, 105: 4, 108: 4}


def unwrap(data: bytes, clue: Clue) -> Tree:
    if data[:1] != b"\x83":
        raise ValueError("not ETF")
    if data[1:2] == b"\x50":
        data = b"\x83" + _inflated(data, clue.limit)
    tree, end = _term(data, 1, 0)
    if end != len(data) or not isinstance(tree, dict | list | str | bytes):
        raise ValueError("not ETF: something follows, or it is a number alone")
    if len(data) > clue.limit:
        raise TooMuch(f"ETF: more than {clue.limit:,} bytes would come out")
    return tree


def wrap(tree: Tree) -> bytes:
    return b"\x83" + _write(tree)


def _inflated(data: bytes, limit: int) -> bytes:
    size = int.from_bytes(data[2:6])
    if size > min(limit, max(_FREE, _RATIO * len(data))):
        raise TooMuch(f"ETF: {size:,} bytes would come out")
    inflate = zlib.decompressobj()
    try:
        out = inflate.decompress(data[6:], size + 1)
    except zlib.error as error:
        raise ValueError(f"ETF: {error}") from error
    if len(out) != size or not inflate.eof or inflate.unused_data:
        raise ValueError("ETF: another size than it says")
    return out


def _take(data: bytes, at: int, size: int) -> bytes:
    piece = data[at : at + size]
    if len(piece) < size:
        raise ValueError("not ETF: cut short")
    return piece


def _term(data: bytes, at: int, depth: int) -> tuple[Tree, int]:
    if depth > _DEPTH:
        raise TooMuch(f"ETF is nested more than {_DEPTH} deep")
    kind = _take(data, at, 1)[0]
    at += 1
    if kind in _SIZED:
        width = _SIZED[kind]
        size, at = int.from_bytes(_take(data, at, width)) + (kind in (110, 111)), at + width
        return _sized(kind, _take(data, at, size)), at + size
    if kind in _LISTS or kind == 116:
        width = _LISTS.get(kind, 4)
        return _items(data, at + width, kind, int.from_bytes(_take(data, at, width)), depth)
    match kind:
        case 97:
            return _take(data, at, 1)[0], at + 1
        case 98:
            return int.from_bytes(_take(data, at, 4), signed=True), at + 4
        case 70:
            return finite(struct.unpack(">d", _take(data, at, 8))[0]), at + 8
        case 99:
            return finite(float(_take(data, at, 31).rstrip(b"\0"))), at + 31
        case 106:
            return [], at
        case _:
            raise ValueError("not ETF: unknown term")


def _sized(kind: int, content: bytes) -> Tree:
    match kind:
        case 107 | 109:
            return as_text(content)
        case 110 | 111:
            if len(content) > _BYTES or content[0] > 1:
                raise ValueError("not ETF: number")
            number = int.from_bytes(content[1:], "little")
            return -number if content[0] else number
        case _:
            # The older atoms are Latin-1.
            atom = content.decode("latin-1" if kind in (100, 115) else "utf-8")
            return _ATOMS.get(atom, atom if is_text(atom) else content)


def _items(data: bytes, at: int, kind: int, size: int, depth: int) -> tuple[Tree, int]:
    size *= 2 if kind == 116 else 1
    if size > len(data) - at:
        raise ValueError("not ETF: a length beyond the end")
    items: list[Tree] = []
    for _ in range(size):
        value, at = _term(data, at, depth + 1)
        items.append(value)
    if kind == 116:
        return gather(zip(map(as_key, items[::2]), items[1::2], strict=True)), at
    if kind == 108:
        if _take(data, at, 1) != b"\x6a":
            raise ValueError("not ETF: an improper list")
        at += 1
    return items, at


def _write(tree: Tree) -> bytes:
    match tree:
        case None | bool():
            atom = {None: b"nil", True: b"true", False: b"false"}[tree]
            return bytes([119, len(atom)]) + atom
        case int() if -(1 << 31) <= tree < 1 << 31:
            return b"\x62" + struct.pack(">i", tree)
        case int():
            digits = abs(tree).to_bytes((tree.bit_length() + 7) // 8, "little")
            width = b"\x6e" + bytes([len(digits)]) if len(digits) < 256 else b"\x6f" + len(digits).to_bytes(4)
            return width + bytes([tree < 0]) + digits
        case float():
            return b"\x46" + struct.pack(">d", tree)
        case str() | bytes():
            data = tree.encode() if isinstance(tree, str) else tree
            return b"\x6d" + len(data).to_bytes(4) + data
        case []:
            return b"\x6a"
        case list():
            return b"\x6c" + len(tree).to_bytes(4) + b"".join(map(_write, tree)) + b"\x6a"
    pairs = b"".join(_write(key) + _write(value) for key, value in tree.items())
    return b"\x74" + len(tree).to_bytes(4) + pairs
