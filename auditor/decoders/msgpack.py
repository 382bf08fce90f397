"""MessagePack: one value that takes all bytes, as a tree.

Texts that are no text (old writers put bytes there) are bytes; keys become text unless they are numbers;
a key that stands twice yields both values; what a float cannot show ("NaN", "Infinity") is text; an
extension is {"ext": number, "data": bytes}. More than 64 levels are too much.

Without a clue the bytes must not be text and must be a map or a list, all keys text, with a text of four
characters in it, or of twelve where there is no map. Measured: of 1,000,000
random strings of 8 to 16 bytes, and of as many of 17 to 400, none is taken.
"""

import math
import re
import struct
from collections.abc import Iterable

from auditor.decoders import Clue
from auditor.errors import TooMuch
from auditor.model import Tree
from auditor.text import as_text

EXAMPLES: list[tuple[bytes, Tree]] = [
    (bytes.fromhex("82a474657874a26869a27473ce65a0bc00"), {"text": "hi", "ts": 1705032704}),
    (
        bytes.fromhex("95c0c3cb3ff8000000000000c40300ff80ad") + b"meet at seven",
        [None, True, 1.5, b"\x00\xff\x80", "meet at seven"],
    ),
    (
        bytes.fromhex("83a466697665d601000000ffa16ba474686572a16bff"),
        {"five": {"ext": 1, "data": b"\0\0\0\xff"}, "k": ["ther", -1]},
    ),
]
order = 82
reads = "bytes"
needs_clue = False
starts = bytes((*range(0x80, 0xA0), *range(0xDC, 0xE0)))

_DEPTH = 64
_OWN = ({"ext", "data"}, {"tag", "value"})  # how decoders tell what is no map
_NOISE = re.compile(r"(?:[0-9a-f]{2})++|[-+.0-9e]*+")  # how keys that are no text are told
_FLOATS = {0xCA: ">f", 0xCB: ">d"}
_SIZES = {  # after the byte that says what it is: so many bytes of length
    0xC4: 1, 0xC5: 2, 0xC6: 4, 0xC7: 1, 0xC8: 2, 0xC9: 4, 0xD9: 1, 0xDA: 2, 0xDB: 4,
    0xDC: 2, 0xDD: 4, 0xDE: 2, 0xDF: 4,
}  # fmt: skip


def unwrap(data: bytes, clue: Clue) -> Tree:
    named = "msgpack" in clue.kinds
    if not data or not (named or data[0] & 0xE0 == 0x80 or 0xDC <= data[0] <= 0xDF):
        raise ValueError("not MessagePack")
    try:
        tree, end = _value(data, 0, 0)
    except TooMuch as error:
        # Noise nests as well: 64 times 0x91. It must not use up the budget of what it lies in.
        if named:
            raise
        raise ValueError("not MessagePack: noise") from error
    if end != len(data) or not isinstance(tree, dict | list | str | bytes):
        raise ValueError("not MessagePack: something follows, or it is a number alone")
    if not named and not (isinstance(as_text(data), bytes) and proven(tree)):
        raise ValueError("perhaps MessagePack, but nothing proves it or names it")
    if len(data) > clue.limit:
        raise TooMuch(f"MessagePack: more than {clue.limit:,} bytes would come out")
    return tree


def wrap(tree: Tree) -> bytes:
    match tree:
        case None:
            return b"\xc0"
        case bool():
            return b"\xc3" if tree else b"\xc2"
        case int():
            return _number(tree)
        case float():
            return b"\xcb" + struct.pack(">d", tree)
        case str():
            data = tree.encode()
            return _head(len(data), 0xA0, 31, (0xD9, 0xDA, 0xDB)) + data
        case bytes():
            return _head(len(tree), 0, -1, (0xC4, 0xC5, 0xC6)) + bytes(tree)
        case list():
            return _head(len(tree), 0x90, 15, (0, 0xDC, 0xDD)) + b"".join(map(wrap, tree))
    if tree.keys() == {"ext", "data"} and _is_extension(tree["ext"], tree["data"]):
        number: int = tree["ext"]
        content: bytes = tree["data"]
        return _head(len(content), 0, -1, (0xC7, 0xC8, 0xC9)) + struct.pack("b", number) + content
    pairs = b"".join(wrap(key) + wrap(value) for key, value in tree.items())
    return _head(len(tree), 0x80, 15, (0, 0xDE, 0xDF)) + pairs


def gather(pairs: Iterable[tuple[Tree, Tree]]) -> dict[Tree, Tree]:
    """A map whose keys are text or numbers; a key that stands twice yields both values."""
    several: dict[Tree, list[Tree]] = {}
    for key, value in pairs:
        several.setdefault(key, []).append(value)
    return {key: values if len(values) > 1 else values[0] for key, values in several.items()}


def as_key(key: Tree) -> str | int:
    match key:
        case None:
            return "null"
        case bool():
            return "true" if key else "false"
        case str() | int():
            return key
        case float():
            return repr(key)
        case bytes():
            text = as_text(key)
            return text if isinstance(text, str) else key.hex()
        case _:
            raise ValueError("a key that is no text")


def finite(number: float) -> float | str:
    """JSON has no such numbers, and nan is not equal to itself."""
    if math.isfinite(number):
        return number
    return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"


def proven(tree: Tree) -> bool:
    """Is this what people write? Keys are text; some text has 4 characters, or 12 where there is no map."""
    stack: list[Tree] = [tree]
    longest, maps = 0, 0
    while stack:
        node = stack.pop()
        if isinstance(node, dict) and set(node) in _OWN:
            stack += node.values()
        elif isinstance(node, dict):
            if not all(
                isinstance(key, str) and key.isprintable() and not _NOISE.fullmatch(key) for key in node
            ):
                return False
            maps += bool(node)
            stack += [*node, *node.values()]
        elif isinstance(node, list):
            stack += node
        elif isinstance(node, str):
            longest = max(longest, len(node))
    return longest >= (4 if maps else 12)


def _value(data: bytes, at: int, depth: int) -> tuple[Tree, int]:
    if at >= len(data):
        raise ValueError("not MessagePack: cut short")
    if depth > _DEPTH:
        raise TooMuch(f"MessagePack is nested more than {_DEPTH} deep")
    kind = data[at]
    at += 1
    if kind < 0x80 or kind >= 0xE0:
        return (kind if kind < 0x80 else kind - 256), at
    if kind < 0xC0:
        size, family = (kind & 31, 0xD9) if kind >= 0xA0 else (kind & 15, 0xDC if kind >= 0x90 else 0xDE)
        return _sized(data, at, family, size, depth)
    if kind in _SIZES:
        width = _SIZES[kind]
        return _sized(data, at + width, kind, int.from_bytes(_take(data, at, width)), depth)
    if kind in _FLOATS:
        width = struct.calcsize(_FLOATS[kind])
        return finite(struct.unpack(_FLOATS[kind], _take(data, at, width))[0]), at + width
    if 0xCC <= kind <= 0xD3:
        width = 1 << (kind & 3)
        return int.from_bytes(_take(data, at, width), signed=kind >= 0xD0), at + width
    if 0xD4 <= kind <= 0xD8:
        return _sized(data, at, 0xC7, 1 << (kind - 0xD4), depth)
    if kind == 0xC1:
        raise ValueError("not MessagePack: 0xC1 is never used")
    return {0xC0: None, 0xC2: False, 0xC3: True}[kind], at


def _sized(data: bytes, at: int, kind: int, size: int, depth: int) -> tuple[Tree, int]:
    if size > len(data) - at:
        raise ValueError("not MessagePack: a length beyond the end")
    if 0xD9 <= kind <= 0xDB:
        return as_text(data[at : at + size]), at + size
    if kind <= 0xC6:
        return data[at : at + size], at + size
    if kind <= 0xC9:
        number = int.from_bytes(_take(data, at, 1), signed=True)
        return {"ext": number, "data": _take(data, at + 1, size)}, at + 1 + size
    items: list[Tree] = []
    for _ in range(size * (2 if kind >= 0xDE else 1)):
        value, at = _value(data, at, depth + 1)
        items.append(value)
    if kind < 0xDE:
        return items, at
    return gather(zip(map(as_key, items[::2]), items[1::2], strict=True)), at


def _take(data: bytes, at: int, size: int) -> bytes:
    piece = data[at : at + size]
    if len(piece) != size:
        raise ValueError("not MessagePack: cut short")
    return piece


def _is_extension(number: Tree, content: Tree) -> bool:
    return isinstance(number, int) and -128 <= number < 128 and isinstance(content, bytes)


def _number(number: int) -> bytes:
    if -32 <= number < 128:
        return struct.pack("b", number) if number < 0 else bytes([number])
    for width, kind in ((1, 0), (2, 1), (4, 2), (8, 3)):
        if -(1 << 8 * width - 1) <= number < 1 << 8 * width:
            return bytes([(0xCC if number >= 0 else 0xD0) + kind]) + number.to_bytes(width, signed=number < 0)
    raise ValueError(f"{number} has more than 64 bits")


def _head(size: int, small: int, most: int, kinds: tuple[int, int, int]) -> bytes:
    if size <= most:
        return bytes([small | size])
    for kind, width in zip(kinds, (1, 2, 4), strict=True):
        if kind and size < 1 << 8 * width:
            return bytes([kind]) + size.to_bytes(width)
    raise ValueError("more than MessagePack can hold")
