"""CBOR (RFC 8949): one value that takes all bytes, as a tree.

Tags that only say what a text, a number or bytes are for give their value; others are {"tag": number,
"value": value}. Texts that are no text are bytes; keys become text unless they are numbers; a key that
stands twice yields both values; `undefined` is null; "NaN" and "Infinity" are text. Simple values that
nobody registered are refused. More than 64 levels are too much.

Without a clue the bytes must not be text and be a map or a list, all keys text, with a text of four
characters in it, or of twelve where there is no map; or begin with the tag that RFC 8949, 3.4.6,
has for that. Measured: of 1,000,000 random strings of 8 to 16 bytes one is taken, of as
many of 17 to 400 none.
"""

import struct

from auditor.decoders import Clue
from auditor.decoders.msgpack import as_key, finite, gather, proven
from auditor.errors import TooMuch
from auditor.model import Tree
from auditor.text import as_text

EXAMPLES: list[tuple[bytes, Tree]] = [
    (bytes.fromhex("a2647465787462686961741a65a0bc00"), {"text": "hi", "t": 1705032704}),
    (
        bytes.fromhex("bf616b9f01f5f620ff7f626d65626574ff43ff0080ff"),
        {"k": [1, True, None, -1], "meet": b"\xff\x00\x80"},
    ),
    (bytes.fromhex("d9d9f782c11a65a0bc00d8614300ff80"), [1705032704, {"tag": 97, "value": b"\x00\xff\x80"}]),
]
order = 83
reads = "bytes"
needs_clue = False
starts = bytes((*range(0x80, 0xC0), 0xD9))

_DEPTH = 64
_SELF = b"\xd9\xd9\xf7"
# Dates, encodings of text and bytes, URIs, regular expressions, mail, embedded CBOR, "this is CBOR".
_PLAIN = frozenset((0, 1, 21, 22, 23, 24, 32, 33, 34, 35, 36, 63, 100, 1004, 55799))
_FLOATS = {25: (">e", 2), 26: (">f", 4), 27: (">d", 8)}
_SIMPLE: dict[int, bool | None] = {20: False, 21: True, 22: None, 23: None}


def unwrap(data: bytes, clue: Clue) -> Tree:
    named = "cbor" in clue.kinds
    tagged = data.startswith(_SELF)
    if not data or not (named or tagged or data[0] >> 5 in (4, 5)):
        raise ValueError("not CBOR")
    try:
        tree, end = _value(data, 0, 0)
    except TooMuch as error:
        # Noise nests as well: 64 times 0xAA. It must not use up the budget of what it lies in.
        if named or tagged:
            raise
        raise ValueError("not CBOR: noise") from error
    if end != len(data) or not isinstance(tree, dict | list | str | bytes):
        raise ValueError("not CBOR: something follows, or it is a number alone")
    if not named and not (isinstance(tree, dict | list) and (tagged or _is_proven(data, tree))):
        raise ValueError("perhaps CBOR, but nothing proves it or names it")
    if len(data) > clue.limit:
        raise TooMuch(f"CBOR: more than {clue.limit:,} bytes would come out")
    return tree


def wrap(tree: Tree) -> bytes:
    # Without a text of some length only this tag says what it is.
    data = _write(tree)
    return data if _is_proven(data, tree) else _SELF + data


def _is_proven(data: bytes, tree: Tree) -> bool:
    return data[0] >> 5 in (4, 5) and isinstance(as_text(data), bytes) and proven(tree)


def _write(tree: Tree) -> bytes:
    match tree:
        case None:
            return b"\xf6"
        case bool():
            return b"\xf5" if tree else b"\xf4"
        case int():
            return _head(0, tree) if tree >= 0 else _head(1, -1 - tree)
        case float():
            return b"\xfb" + struct.pack(">d", tree)
        case str():
            return _head(3, len(tree.encode())) + tree.encode()
        case bytes():
            return _head(2, len(tree)) + tree
        case list():
            return _head(4, len(tree)) + b"".join(map(_write, tree))
    if tree.keys() == {"tag", "value"} and _is_tag(tree["tag"]):
        return _head(6, tree["tag"]) + _write(tree["value"])
    return _head(5, len(tree)) + b"".join(_write(key) + _write(value) for key, value in tree.items())


def _value(data: bytes, at: int, depth: int) -> tuple[Tree, int]:
    if at >= len(data):
        raise ValueError("not CBOR: cut short")
    if depth > _DEPTH:
        raise TooMuch(f"CBOR is nested more than {_DEPTH} deep")
    major, short = data[at] >> 5, data[at] & 31
    if major == 7:
        return _simple(data, at + 1, short)
    if short == 31:
        return _endless(data, at + 1, major, depth)
    number, at = _argument(data, at + 1, short)
    match major:
        case 0:
            return number, at
        case 1:
            return -1 - number, at
        case 2 | 3:
            return _string(data, at, major, number)
        case 4 | 5:
            return _container(data, at, major, number, depth)
    value, at = _value(data, at, depth + 1)
    return (value if number in _PLAIN else {"tag": number, "value": value}), at


def _argument(data: bytes, at: int, short: int) -> tuple[int, int]:
    if short < 24:
        return short, at
    if short > 27:
        raise ValueError("not CBOR: reserved")
    end = at + (1 << short - 24)
    if end > len(data):
        raise ValueError("not CBOR: cut short")
    return int.from_bytes(data[at:end]), end


def _simple(data: bytes, at: int, short: int) -> tuple[Tree, int]:
    if short in _SIMPLE:
        return _SIMPLE[short], at
    if short not in _FLOATS:
        raise ValueError("not CBOR: a simple value that means nothing, or a break")
    form, width = _FLOATS[short]
    piece = data[at : at + width]
    if len(piece) < width:
        raise ValueError("not CBOR: cut short")
    return finite(struct.unpack(form, piece)[0]), at + width


def _string(data: bytes, at: int, major: int, size: int) -> tuple[str | bytes, int]:
    piece = data[at : at + size]
    if len(piece) < size:
        raise ValueError("not CBOR: a length beyond the end")
    return (_text(piece) if major == 3 else piece), at + size


def _text(piece: bytes) -> str | bytes:
    piece.decode()  # RFC 8949, 3.1: anything but UTF-8 is "well-formed but invalid"
    return as_text(piece)


def _container(data: bytes, at: int, major: int, size: int, depth: int) -> tuple[Tree, int]:
    size *= major - 3
    if size > len(data) - at:
        raise ValueError("not CBOR: a length beyond the end")
    items: list[Tree] = []
    for _ in range(size):
        value, at = _value(data, at, depth + 1)
        items.append(value)
    return _finish(items, major), at


def _endless(data: bytes, at: int, major: int, depth: int) -> tuple[Tree, int]:
    """Pieces until the break; those of a string are strings of its kind, with a length."""
    if not 2 <= major <= 5:
        raise ValueError("not CBOR: a number without an end")
    items: list[Tree] = []
    while data[at : at + 1] != b"\xff":
        if major < 4:
            if data[at : at + 1] and (data[at] >> 5 != major or data[at] & 31 == 31):
                raise ValueError("not CBOR: a string in other pieces")
            _, start = _argument(data, at + 1, data[at] & 31) if at < len(data) else (0, at)
            _, end = _value(data, at, depth + 1)
            items.append(data[start:end])
            at = end
        else:
            value, at = _value(data, at, depth + 1)
            items.append(value)
    if major < 4:
        whole = b"".join(items)
        return (_text(whole) if major == 3 else whole), at + 1
    return _finish(items, major), at + 1


def _finish(items: list[Tree], major: int) -> Tree:
    if major == 4:
        return items
    if len(items) % 2:
        raise ValueError("not CBOR: a key without a value")
    return gather(zip(map(as_key, items[::2]), items[1::2], strict=True))


def _is_tag(number: Tree) -> bool:
    return isinstance(number, int) and 0 <= number < 1 << 64 and number not in _PLAIN


def _head(major: int, number: int) -> bytes:
    if number < 24:
        return bytes([major << 5 | number])
    for short, width in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if number < 1 << 8 * width:
            return bytes([major << 5 | short]) + number.to_bytes(width)
    raise ValueError(f"{number} has more than 64 bits")
