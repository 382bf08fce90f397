"""Reads the tnetstrings that mitmproxy writes its dumps in, strictly.

mitmproxy's own reader takes lengths below zero, with which 200 bytes keep it busy
for years, nests without limit, and needs twice the time. Here a length is plain
digits, a value lies wholly inside the one around it, and nesting ends at 32.
"""

from typing import Any, TypeAlias

State: TypeAlias = Any  # str, bytes, int, float, bool, None, list or dict, nested at will

DEPTH = 32
_DIGITS = 12  # of a length


def loads(data: bytes) -> State:
    """The one value that `data` holds; ValueError if it is anything else."""
    value, end = _value(data, 0, len(data), DEPTH)
    if end != len(data):
        raise ValueError("bytes after the end of the value")
    return value


def _value(data: bytes, at: int, limit: int, depth: int) -> tuple[State, int]:
    colon = data.find(b":", at, at + _DIGITS + 1)
    size = data[at:colon]
    if colon < 0 or not size.isdigit():
        raise ValueError("a length is missing")
    start = colon + 1
    end = start + int(size)
    if end >= limit:
        raise ValueError("a value reaches beyond the one around it")
    match data[end]:
        case 0x2C:  # ,
            return data[start:end], end + 1
        case 0x3B:  # ;
            return data[start:end].decode(), end + 1
        case 0x7D:  # }
            items = _items(data, start, end, depth)
            if len(items) % 2:
                raise ValueError("a key without a value")
            return dict(zip(items[::2], items[1::2], strict=True)), end + 1
        case 0x5D:  # ]
            return _items(data, start, end, depth), end + 1
        case tag:
            return _scalar(tag, data[start:end]), end + 1


def _items(data: bytes, at: int, end: int, depth: int) -> list[State]:
    if not depth:
        raise ValueError("nested too deeply")
    items = []
    while at < end:
        value, at = _value(data, at, end, depth - 1)
        items.append(value)
    return items


def _scalar(tag: int, data: bytes) -> State:
    match tag:
        case 0x23:  # '#'
            return int(data)
        case 0x5E:  # ^
            return float(data)
        case 0x21 if data in (b"true", b"false"):  # !
            return data == b"true"
        case 0x7E if not data:  # ~
            return None
    raise ValueError(f"an unknown kind of value: {tag:#x}")
