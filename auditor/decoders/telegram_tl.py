"""TL, the language inside MTProto: calls, updates and messages of Telegram as trees with the schema's names.

An object is {"_": constructor, field: value ...}; of a name with several layouts an older one says its number
as "_layout". Fields that are only a flag are not named; a flag word stands in the tree where it says
more than the fields that are there. A message with its salt, session and padding is taken too.

Only the constructors in tables/telegram_calls.py and telegram_objects.py are known. At one that is not known,
or of another type than its place has, everything that follows is one value, {"_": "unknown", "rest": bytes},
because TL does not say how long a thing is; containers do, and go on behind it. Nothing is guessed: a body
that begins with no known constructor is refused. More than 64 levels are too much.

The number of a constructor is no magic that a stranger's bytes could not have: only where a parcel's
protocol, a header or a rule names it. Of 1,000,000 random strings of 4 to 200 bytes none is taken.
https://core.telegram.org/mtproto/TL (general), tdlib/td td/generate/scheme/mtproto_api.tl (read 2026-11-21).
"""

import struct

from msgspec import Struct

from auditor.decoders import Clue, gzip
from auditor.decoders.msgpack import finite
from auditor.decoders.tables.telegram import Layout, layouts, newest
from auditor.errors import TooMuch
from auditor.model import Tree
from auditor.text import as_text

CLUE = Clue(kinds=("telegram_tl",))
EXAMPLES: list[tuple[bytes, Tree]] = [
    (
        bytes.fromhex(
            "8703c21c020000004ca5e8ddb315000000000000f9ffffffffffffff"
            "14747261696e206c6561766573206174206e696e650000004800000000000000"
        ),
        {
            "_": "messages.sendMessage",
            "_layout": "1cc20387",
            "flags": 2,
            "peer": {"_": "inputPeerUser", "user_id": 5555, "access_hash": -7},
            "message": "train leaves at nine",
            "random_id": 72,
        },
    ),
    (
        bytes.fromhex("dcf8f17301000000060000000000000003000000080000000102030461626364"),
        {
            "_": "msg_container",
            "messages": [{"msg_id": 6, "seqno": 3, "body": {"_": "unknown", "rest": b"\1\2\3\4abcd"}}],
        },
    ),
    (
        bytes.fromhex(
            "ffffffffffffffff02000000000000000300000000000000010000000c000000ec77be7a0700000000000000"
            "ffffffffffffffffffffffff"
        ),
        {
            "salt": -1,
            "session_id": 2,
            "msg_id": 3,
            "seqno": 1,
            "message_data": {"_": "ping", "ping_id": 7},
            "padding": b"\xff" * 12,
        },
    ),
]
order = 50
reads = "bytes"
needs_clue = True

_DEPTH = 64
_VECTOR, _CONTAINER, _PACKED = 0x1CB5C415, 0x73F1F8DC, 0x3072CFA1
_WIDTHS = {"int": 4, "long": 8}
_ANY = ("Object", "X", "!X")
_HEADER = 32  # salt, session, number and sequence of a message, and its length
_PADDING = 1024
_TRUTH = {"boolTrue": True, "boolFalse": False}


def unwrap(data: bytes, clue: Clue) -> Tree:
    if _known(data[:4]):
        tree = _Reader(data, clue.limit).whole(0)
    elif _known(data[_HEADER : _HEADER + 4]):
        tree = _message(data, clue.limit)
    else:
        raise ValueError("not TL: no constructor that is known")
    if not isinstance(tree, dict) or tree.get("_") == "unknown":
        raise ValueError("not TL: something follows")
    return tree


def wrap(tree: Tree) -> bytes:
    if "message_data" not in tree:
        return _Writer().boxed(tree)
    body = _Writer().boxed(tree["message_data"])
    header = struct.pack(
        "<qqqii", *(tree[name] for name in ("salt", "session_id", "msg_id", "seqno")), len(body)
    )
    return header + body + bytes(tree["padding"])


def _known(number: bytes) -> bool:
    start = int.from_bytes(number, "little")
    return len(number) == 4 and (start in layouts() or start in (_CONTAINER, _PACKED))


def _message(data: bytes, limit: int) -> Tree:
    """What the key of the layer opens into, before anything is taken off."""
    salt, session, number, sequence, size = struct.unpack("<qqqii", data[:_HEADER])
    padding = data[_HEADER + size :]
    if size < 4 or size % 4 or len(data) < _HEADER + size or len(padding) > _PADDING:
        raise ValueError("not TL: lengths that cannot be")
    body = _Reader(data[_HEADER : _HEADER + size], limit - len(padding)).whole(0)
    if isinstance(body, dict) and body.get("_") == "unknown":
        return body
    told = {"salt": salt, "session_id": session, "msg_id": number, "seqno": sequence}
    return told | {"message_data": body, "padding": padding}


class _Reader(Struct):
    data: bytes
    left: int  # bytes that may come out
    at: int = 0
    lost: bool = False  # behind something unknown

    def whole(self, depth: int) -> Tree:
        """One object that takes all bytes; else they stay shut."""
        tree = self.boxed("Object", depth)
        if self.lost or self.at == len(self.data):
            return tree
        self.at = 0
        return self.rest()

    def rest(self) -> Tree:
        self.lost = True
        self.out(b"unknown")
        return {"_": "unknown", "rest": self.out(self.take(len(self.data) - self.at))}

    def take(self, size: int) -> bytes:
        piece = self.data[self.at : self.at + size]
        if len(piece) < size:
            raise ValueError("not TL: cut short")
        self.at += size
        return piece

    def number(self, size: int = 4, signed: bool = False) -> int:
        return int.from_bytes(self.take(size), "little", signed=signed)

    def out(self, data: bytes) -> bytes:
        self.left -= len(data)
        if self.left < 0:
            raise TooMuch("TL: more than the limit would come out")
        return data

    def boxed(self, kind: str, depth: int) -> Tree:
        """An object with its number before it, of the type that its place has."""
        if depth > _DEPTH:
            raise TooMuch(f"TL is nested more than {_DEPTH} deep")
        start, number = self.at, self.number()
        if number == _CONTAINER and kind in _ANY:
            return self.container(depth)
        if number == _PACKED:
            return self.packed(depth)
        layout = layouts().get(number)
        if layout is None or (layout.kind != kind and kind not in _ANY):
            self.at = start
            return self.rest()
        return _TRUTH[layout.name] if layout.name in _TRUTH else self.object(layout, depth)

    def object(self, layout: Layout, depth: int) -> Tree:
        tree: dict[Tree, Tree] = {"_": layout.name}
        if newest()[layout.name] is not layout:
            tree["_layout"] = f"{layout.number:08x}"
        self.out("".join(tree.values()).encode())
        words: dict[str, int] = {}
        for field in layout.fields:
            if field.kind == "#":
                words[field.name] = self.number()
            elif not field.word or words[field.word] >> field.bit & 1:
                tree[field.name] = self.value(field.kind, depth + 1)
            if self.lost:
                break
        return tree | {word: bits for word, bits in words.items() if bits != layout.says(tree, word)}

    def value(self, kind: str, depth: int) -> Tree:
        if kind in _WIDTHS:
            return self.number(_WIDTHS[kind], signed=True)
        if kind == "double":
            return finite(struct.unpack("<d", self.take(8))[0])
        if kind in ("string", "bytes"):
            data = self.out(self.blob())
            return as_text(data) if kind == "string" else data
        if kind.startswith("Vector<"):
            return self.vector(kind[7:-1], depth)
        return self.boxed(kind, depth)

    def blob(self) -> bytes:
        size, head = self.number(1), 1
        if size == 254:
            size, head = self.number(3), 4
        elif size == 255:
            raise ValueError("not TL: a length that cannot be")
        data = self.take(size)
        if any(self.take(-(head + size) % 4)):
            raise ValueError("not TL: something stands where nothing should")
        return data

    def vector(self, kind: str, depth: int) -> Tree:
        start, number = self.at, self.number()
        if number != _VECTOR:
            self.at = start
            return self.rest()
        count = self.number()
        if count * 4 > len(self.data) - self.at:
            raise ValueError("not TL: more values than bytes")
        values: list[Tree] = []
        while len(values) < count and not self.lost:
            values.append(self.value(kind, depth + 1))
        return values

    def container(self, depth: int) -> Tree:
        messages: list[Tree] = []
        for _ in range(self.number()):
            told = {"msg_id": self.number(8, signed=True), "seqno": self.number(signed=True)}
            inner = _Reader(self.take(self.number()), self.left)
            messages.append(told | {"body": inner.whole(depth + 1)})
            self.left = inner.left
        self.out(b"msg_container")
        return {"_": "msg_container", "messages": messages}

    def packed(self, depth: int) -> Tree:
        data, inside = self.blob(), b""
        try:
            unpacked = gzip.unwrap(data, Clue(limit=self.left))
            inside = unpacked if isinstance(unpacked, bytes) else b""
        except ValueError:
            return {"_": "gzip_packed", "packed_data": self.out(data)}
        inner = _Reader(inside, self.left)
        tree = inner.whole(depth + 1)
        self.left = inner.left
        self.out(b"gzip_packed")
        return {"_": "gzip_packed", "packed_data": tree}


class _Writer(Struct):
    lost: bool = False

    def boxed(self, tree: Tree) -> bytes:
        if isinstance(tree, bool):
            return _bytes(newest()["boolTrue" if tree else "boolFalse"].number)
        match tree["_"]:
            case "unknown":
                self.lost = True
                return bytes(tree["rest"])
            case "msg_container":
                pieces = [(one, _Writer().boxed(one["body"])) for one in tree["messages"]]
                told = (struct.pack("<qii", m["msg_id"], m["seqno"], len(body)) + body for m, body in pieces)
                return _bytes(_CONTAINER) + _bytes(len(pieces)) + b"".join(told)
            case "gzip_packed":
                inner = tree["packed_data"]
                return _bytes(_PACKED) + _blob(
                    inner if isinstance(inner, bytes) else gzip.wrap(_Writer().boxed(inner))
                )
        return self.object(tree)

    def object(self, tree: Tree) -> bytes:
        older = tree.get("_layout")
        layout = layouts()[int(older, 16)] if older else newest()[tree["_"]]
        written = _bytes(layout.number)
        for field in layout.fields:
            if field.kind == "#":
                written += _bytes(tree.get(field.name, layout.says(tree, field.name)))
            elif not field.word or field.name in tree:
                written += self.value(field.kind, tree[field.name])
            if self.lost:
                break
        return written

    def value(self, kind: str, value: Tree) -> bytes:
        if kind in _WIDTHS:
            return int(value).to_bytes(_WIDTHS[kind], "little", signed=True)
        if kind == "double":
            return struct.pack("<d", float(value))
        if kind in ("string", "bytes"):
            return _blob(value.encode() if isinstance(value, str) else value)
        if not isinstance(value, list):
            return self.boxed(value)
        written = b"".join(self.value(kind[7:-1], one) for one in value)
        return _bytes(_VECTOR) + _bytes(len(value)) + written


def _bytes(number: int) -> bytes:
    return number.to_bytes(4, "little")


def _blob(data: bytes) -> bytes:
    head = bytes([len(data)]) if len(data) < 254 else b"\xfe" + len(data).to_bytes(3, "little")
    return head + data + bytes(-(len(head) + len(data)) % 4)
