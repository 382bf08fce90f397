"""Property lists of Apple, as XML or binary (bplist00), as a tree.

Dates are text in XML and seconds since 2001 in binary; references of archives are {"CF$UID": number}; a
key that stands twice yields both values. XML may name its document type but not declare anything; nothing
is ever fetched. Binary: every byte belongs to the header, one object, the table or the trailer; every
object is reached; none holds itself. Objects may be shared, so what comes out is counted: more than the
limit, 200,000 values or 64 levels are too much. Written is binary. No random string passes the magic.
"""

import base64
import re
import struct
from typing import NoReturn
from xml.parsers import expat

from auditor.decoders import Clue
from auditor.decoders.msgpack import finite, gather
from auditor.errors import TooMuch
from auditor.model import Tree

_MAGIC = b"bplist00"
_DEPTH = 64
_MOST = 200_000  # values
_TRAILER = 32
_START = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*+(?:<\?xml[^>]*+>\s*+)?(?:<!--[^>]*+-->\s*+)?"
    rb"(?:<!DOCTYPE plist[^>\[]*+>\s*+)?<plist[\s>]"
)
_SCALARS = frozenset(("key", "string", "integer", "real", "date", "data", "true", "false"))

EXAMPLES: list[tuple[bytes, Tree]] = [
    (
        b'<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" '
        b'"http://www.apple.com/DTDs/PropertyList-1.0.dtd">\n<plist version="1.0"><dict><key>t</key>'
        b"<string>meet &amp; go</string><key>n</key><array><integer>-7</integer><real>1.5</real><true/>"
        b"<data>AP+A</data></array></dict></plist>",
        {"t": "meet & go", "n": [-7, 1.5, True, b"\x00\xff\x80"]},
    ),
    (
        bytes.fromhex("62706c6973743030d101025174526869080b0d000000000000010100000000000000030000000000")
        + bytes.fromhex("0000000000000000000010"),
        {"t": "hi"},
    ),
]
order = 12
reads = "both"
needs_clue = False
starts = b"b<\xef \t\r\n"


def unwrap(data: bytes, clue: Clue) -> Tree:
    if not (data.startswith(_MAGIC) or _START.match(data[:1_000])):
        raise ValueError("not a property list")
    if len(data) > clue.limit:
        raise TooMuch(f"plist: more than {clue.limit:,} bytes would come out")
    tree = _Binary(data, clue.limit).tree() if data.startswith(_MAGIC) else _xml(data)
    if not isinstance(tree, dict | list | str | bytes):
        raise ValueError("a property list of a number alone")  # noqa: TRY004 - it opens nothing
    return tree


def wrap(tree: Tree) -> bytes:
    objects: list[bytes | list[int]] = []
    heads: list[bytes] = []
    _add(tree, objects, heads)
    width = _width(len(objects))
    bodies = [
        head + (body if isinstance(body, bytes) else b"".join(ref.to_bytes(width) for ref in body))
        for head, body in zip(heads, objects, strict=True)
    ]
    offsets, at = [], len(_MAGIC)
    for body in bodies:
        offsets.append(at)
        at += len(body)
    size = _width(at)
    trailer = struct.pack(">6xBBQQQ", size, width, len(bodies), 0, at)
    return _MAGIC + b"".join(bodies) + b"".join(offset.to_bytes(size) for offset in offsets) + trailer


def _xml(data: bytes) -> Tree:
    stack: list[tuple[str, list[Tree]]] = [("", [])]
    texts: list[str] = []
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True

    def start(name: str, _: dict[str, str]) -> None:
        if len(stack) > _DEPTH:
            raise TooMuch(f"plist is nested more than {_DEPTH} deep")
        if stack[-1][0] in _SCALARS or "".join(texts).strip():
            raise ValueError("not a property list: something stands between values")
        texts.clear()
        stack.append((name, []))

    def end(_: str) -> None:
        name, values = stack.pop()
        text = "".join(texts)
        texts.clear()
        if name not in _SCALARS and text.strip():
            raise ValueError("not a property list: text between values")
        stack[-1][1].append((name, text) if name == "key" else _made(name, text, values))

    def doctype(_name: str, _system: str | None, _public: str | None, subset: int) -> None:
        if subset:
            raise ValueError("a property list that declares something")

    def refuse(*_: object) -> NoReturn:
        raise ValueError("a property list with entities")

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = texts.append
    parser.StartDoctypeDeclHandler = doctype
    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise ValueError(f"not a property list: {error}") from error
    return stack[0][1][0]


def _made(name: str, text: str, values: list[Tree]) -> Tree:
    if name != "dict" and any(isinstance(value, tuple) for value in values):
        raise ValueError("not a property list: a key outside a dict")
    match name:
        case "string" | "date":
            return text
        case "integer":
            return _integer(text.strip())
        case "real":
            return finite(float(text))
        case "data":
            return base64.b64decode("".join(text.split()), validate=True)
        case "true" | "false" if not text:
            return name == "true"
        case "array":
            return values
        case "dict":
            return _dict(values)
        case "plist" if len(values) == 1:
            return values[0]
    raise ValueError("not a property list")


def _integer(text: str) -> int | str:
    if not re.fullmatch(r"[+-]?(?:[0-9]{1,1000}|0[xX][0-9A-Fa-f]{1,16})", text):
        raise ValueError("not a property list: integer")
    number = int(text, 16 if "x" in text.lower() else 10)
    return number if -(1 << 127) <= number < 1 << 127 else text


def _dict(values: list[Tree]) -> Tree:
    keys, rest = values[::2], values[1::2]
    right = all(isinstance(key, tuple) for key in keys) and not any(isinstance(one, tuple) for one in rest)
    if len(keys) != len(rest) or not right:
        raise ValueError("not a property list: keys without values")
    return gather((key[1], value) for key, value in zip(keys, rest, strict=True))


class _Binary:
    """Objects at their offsets; the tree is built from the top, each sharing counted."""

    def __init__(self, data: bytes, limit: int) -> None:
        if len(data) < len(_MAGIC) + 1 + _TRAILER:
            raise ValueError("bplist is cut short")
        width, self.width, count, self.top, table = struct.unpack(">6xBBQQQ", data[-_TRAILER:])
        if not (1 <= width <= 8 and 1 <= self.width <= 8 and 0 <= self.top < count):
            raise ValueError("bplist with a damaged trailer")
        if table + width * count != len(data) - _TRAILER or data[-_TRAILER : -_TRAILER + 5] != bytes(5):
            raise ValueError("bplist with a damaged table")
        cells = (data[at : at + width] for at in range(table, table + width * count, width))
        self.offsets = list(map(int.from_bytes, cells))
        self.data, self.table, self.limit, self.left = data, table, limit, _MOST
        self.spans: dict[int, int] = {}

    def tree(self) -> Tree:
        tree = self._value(self.top, ())
        at = len(_MAGIC)
        while at in self.spans:
            at = self.spans.pop(at)
        if at != self.table or self.spans:
            raise ValueError("bplist with bytes that belong to nothing")
        return tree

    def _value(self, ref: int, above: tuple[int, ...]) -> Tree:
        self.left -= 1
        if self.left < 0 or len(above) > _DEPTH:
            raise TooMuch(f"bplist: more than {_MOST:,} values or {_DEPTH} levels")
        if ref >= len(self.offsets) or ref in above:
            raise ValueError("bplist with a reference to nothing or to itself")
        begin = self.offsets[ref]
        if not len(_MAGIC) <= begin < self.table:
            raise ValueError("bplist with an object outside")
        kind, short = self.data[begin] >> 4, self.data[begin] & 15
        if kind in (0, 1, 2, 3, 8):
            return self._fixed(begin, kind, short)
        size, at = self._size(begin + 1, short)
        if kind in (4, 5, 6):
            return self._string(begin, at, kind, size)
        if kind not in (10, 12, 13):
            raise ValueError("bplist with an unknown object")
        end = at + self.width * size * (2 if kind == 13 else 1)
        cells = self._take(begin, at, end)
        refs = [int.from_bytes(cells[n : n + self.width]) for n in range(0, len(cells), self.width)]
        values = [self._value(one, (*above, ref)) for one in refs]
        if kind != 13:
            return values
        if not all(isinstance(key, str) for key in values[:size]):
            raise ValueError("bplist with a key that is no text")
        return gather(zip(values[:size], values[size:], strict=True))

    def _take(self, begin: int, at: int, end: int) -> bytes:
        if end > self.table:
            raise ValueError("bplist with an object that has no end")
        self.spans[begin] = end
        return self.data[at:end]

    def _size(self, at: int, short: int) -> tuple[int, int]:
        if short < 15:
            return short, at
        # A number object follows: 0x10, 0x11, 0x12, 0x13 for one, two, four and eight bytes.
        width = 1 << (self.data[at] & 15) if self.data[at] >> 4 == 1 else 99
        if width > 8:
            raise ValueError("bplist with a damaged length")
        return int.from_bytes(self.data[at + 1 : at + 1 + width]), at + 1 + width

    def _fixed(self, begin: int, kind: int, short: int) -> Tree:
        at = begin + 1
        match kind:
            case 0 if short in (0, 8, 9):
                self._take(begin, at, at)
                return {0: None, 8: False, 9: True}[short]
            case 1 if short <= 4:
                return int.from_bytes(self._take(begin, at, at + (1 << short)), signed=short >= 3)
            case 2 | 3 if short in (2, 3):
                form = ">f" if short == 2 else ">d"
                return finite(struct.unpack(form, self._take(begin, at, at + (1 << short)))[0])
            case 8 if short < 8:
                return {"CF$UID": int.from_bytes(self._take(begin, at, at + 1 + short))}
            case _:
                raise ValueError("bplist with an unknown object")

    def _string(self, begin: int, at: int, kind: int, size: int) -> str | bytes:
        data = self._take(begin, at, at + size * (2 if kind == 6 else 1))
        self.limit -= len(data) if kind != 6 else size
        if self.limit < 0:
            raise TooMuch("bplist: more bytes than the limit would come out")
        if kind == 4:
            return data
        return data.decode("ascii") if kind == 5 else data.decode("utf-16-be", "replace")


def _add(tree: Tree, objects: list[bytes | list[int]], heads: list[bytes]) -> int:
    place = len(objects)
    objects.append(b"")
    heads.append(b"")
    match tree:
        case None:
            heads[place] = b"\x00"
        case bool():
            heads[place] = b"\x09" if tree else b"\x08"
        case int():
            heads[place] = _number(tree)
        case float():
            heads[place] = b"\x23" + struct.pack(">d", tree)
        case bytes():
            heads[place], objects[place] = _sized(4, len(tree)), tree
        case str():
            text = tree.encode("ascii" if tree.isascii() else "utf-16-be")
            kind, size = (5, len(text)) if tree.isascii() else (6, len(text) // 2)
            heads[place], objects[place] = _sized(kind, size), text
        case list():
            objects[place] = [_add(one, objects, heads) for one in tree]
            heads[place] = _sized(10, len(tree))
        case dict() if (
            tree.keys() == {"CF$UID"} and type(tree["CF$UID"]) is int and tree["CF$UID"] >> 64 == 0
        ):
            number: int = tree["CF$UID"]
            heads[place], objects[place] = b"\x87", number.to_bytes(8)
        case _:
            objects[place] = [_add(one, objects, heads) for one in (*map(str, tree), *tree.values())]
            heads[place] = _sized(13, len(tree))
    return place


def _sized(kind: int, size: int) -> bytes:
    return bytes([kind << 4 | size]) if size < 15 else bytes([kind << 4 | 15]) + _number(size)


def _number(number: int) -> bytes:
    for short in (0, 1, 2):
        if 0 <= number < 1 << (8 << short):
            return bytes([0x10 | short]) + number.to_bytes(1 << short)
    short = 3 if -(1 << 63) <= number < 1 << 63 else 4
    return bytes([0x10 | short]) + number.to_bytes(1 << short, signed=True)


def _width(number: int) -> int:
    return max(1, (number.bit_length() + 7) // 8)
