"""Reads the tnetstrings that mitmproxy writes its dumps in, strictly.

mitmproxy's own reader takes lengths below zero, with which 200 bytes keep it busy
for years, nests without limit, and needs twice the time. Here a length is plain
digits, a value lies wholly inside the one around it, and nesting ends at 32.
"""

import re
from collections.abc import Iterator
from typing import Any, TypeAlias

State: TypeAlias = Any  # str, bytes, int, float, bool, None, list or dict, nested at will

DEPTH = 32
_DIGITS = 12  # of a length
_LENGTH = re.compile(rb"([0-9]{1,%d}):" % _DIGITS)


def loads(data: bytes, keys: frozenset[str] | None = None) -> State:
    """The one value that `data` holds; ValueError if it is anything else. What lies under other keys
    than these is passed over unread."""
    value, end = _value(data, 0, len(data), DEPTH, keys)
    if end != len(data):
        raise ValueError("bytes after the end of the value")
    return value


def _value(data: bytes, at: int, limit: int, depth: int, keys: frozenset[str] | None) -> tuple[State, int]:
    length = _LENGTH.match(data, at)  # as in _stretch, which would be one more call for each value
    if not length:
        raise ValueError("a length is missing")
    start = length.end()
    end = start + int(length[1])
    if end >= limit:
        raise ValueError("a value reaches beyond the one around it")
    match data[end]:
        case 0x2C:  # ,
            return data[start:end], end + 1
        case 0x3B:  # ;
            return data[start:end].decode(), end + 1
        case 0x7D:  # }
            return dict(_pairs(data, start, end, depth, keys)), end + 1
        case 0x5D:  # ]
            return _items(data, start, end, depth, keys), end + 1
        case tag:
            return _scalar(tag, data[start:end]), end + 1


def _stretch(data: bytes, at: int, limit: int) -> tuple[int, int]:
    """Where the value begins whose length stands here, and where its kind stands."""
    length = _LENGTH.match(data, at)
    if not length:
        raise ValueError("a length is missing")
    end = length.end() + int(length[1])
    if end >= limit:
        raise ValueError("a value reaches beyond the one around it")
    return length.end(), end


def _items(data: bytes, at: int, end: int, depth: int, keys: frozenset[str] | None) -> list[State]:
    if not depth:
        raise ValueError("nested too deeply")
    items = []
    while at < end:
        value, at = _value(data, at, end, depth - 1, keys)
        items.append(value)
    return items


def _pairs(
    data: bytes, at: int, end: int, depth: int, keys: frozenset[str] | None
) -> Iterator[tuple[State, State]]:
    if not depth:
        raise ValueError("nested too deeply")
    while at < end:
        key, at = _value(data, at, end, depth - 1, keys)
        if at >= end:
            raise ValueError("a key without a value")
        if keys is None or key in keys:
            value, at = _value(data, at, end, depth - 1, keys)
            yield key, value
        else:
            at = _stretch(data, at, end)[1] + 1


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
