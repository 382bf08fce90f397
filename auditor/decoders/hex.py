"""Hexadecimal text: sixteen digits or more in one case, and the bytes they stand for.

Decimal digits alone are not hex: telephone numbers, times and identifiers look like that.
Bytes whose digits are all decimal, or fewer than eight of them, are written but not read back.
"""

import re

from auditor.decoders import Clue
from auditor.errors import TooMuch
from auditor.model import Tree

EXAMPLES: list[tuple[bytes, Tree]] = [
    (b"68656c6c6f20776f726c6421212121ff", b"hello world!!!!\xff"),
    (b"DEADBEEF00112233", bytes.fromhex("deadbeef00112233")),
]
order = 75
reads = "text"
needs_clue = False
starts = b"0123456789abcdefABCDEF"
least = 16

_SHAPE = re.compile(rb"[0-9a-f]{16,}+|[0-9A-F]{16,}+")


def unwrap(data: bytes, clue: Clue) -> Tree:
    if len(data) % 2 or not _SHAPE.fullmatch(data) or data.isdigit():
        raise ValueError("not hex")
    if len(data) // 2 > clue.limit:
        raise TooMuch(f"hex: more than {clue.limit:,} bytes would come out")
    return bytes.fromhex(data.decode("ascii"))


def wrap(tree: Tree) -> bytes:
    plain: bytes = tree.encode() if isinstance(tree, str) else tree
    return plain.hex().encode()
