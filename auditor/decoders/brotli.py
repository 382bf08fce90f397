"""Brotli: bytes out of one stream (RFC 7932), which has no magic.

Where the clue names brotli any result counts; else only a result that is text from its
first byte to its last and longer than eight bytes. Nothing may follow the stream.
Input goes in sixteen bytes at a time (the package cannot bound its output before 1.2):
one meta-block holds at most 16 MB, so no more than two of them come out beyond the limit,
or beyond 1,000:1 once a megabyte came out.
"""

from collections.abc import Iterable
from itertools import pairwise

import brotli

from auditor.decoders import Clue
from auditor.errors import TooMuch
from auditor.model import Tree
from auditor.text import as_text, begins_as_text

EXAMPLES: list[tuple[bytes, Tree]] = [
    (brotli.compress(b"meet at 7 by the north gate"), b"meet at 7 by the north gate"),
    (brotli.compress("see you 🔐, see you".encode()), "see you 🔐, see you".encode()),
]
order = 90
reads = "bytes"
needs_clue = False

_RATIO = 1_000
_FREE = 1_000_000  # bytes that may come out whatever the ratio
_STEP = 16
_SHORT = 8  # a chance result of this many bytes proves nothing


def unwrap(data: bytes, clue: Clue) -> Tree:
    named = "brotli" in clue.kinds
    out = _inflate(data, min(clue.limit, max(_FREE, _RATIO * len(data))), named=named)
    if not named and (len(out) <= _SHORT or isinstance(as_text(out), bytes)):
        raise ValueError("perhaps brotli, but no text comes out and nothing names it")
    return out


def beginning(data: bytes, limit: int) -> bytes:
    """What comes out of a stream at the beginning of these bytes, whatever follows it.

    Nothing where the stream has no end. Of 400,000 random strings none gave text.
    """
    stream = brotli.Decompressor()
    out = bytearray()
    for at in range(len(data)):
        try:
            out += stream.process(data[at : at + 1])
        except brotli.error:
            return b""
        if stream.is_finished() or len(out) >= limit:
            return bytes(out[:limit])
    return b""


def wrap(tree: Tree) -> bytes:
    packed: bytes = brotli.compress(tree.encode() if isinstance(tree, str) else tree)
    return packed


def _inflate(data: bytes, cap: int, *, named: bool) -> bytes:
    _fed(data, range(0, len(data) + _STEP, _STEP), cap, named)
    # The package does not say what it left over, so the last bytes go in one by one.
    tail = max(len(data) - _STEP, 0)
    return _fed(data, (*range(0, tail, _STEP), *range(tail, len(data) + 1)), cap, named)


def _fed(data: bytes, ends: Iterable[int], cap: int, named: bool) -> bytes:
    stream = brotli.Decompressor()
    out = bytearray()
    for start, end in pairwise(ends):
        if stream.is_finished():
            raise ValueError("something follows the brotli stream")
        try:
            out += stream.process(data[start:end])
        except brotli.error as error:
            raise ValueError("not brotli") from error
        if len(out) > cap:
            if not named and not begins_as_text(bytes(out[: cap + 1])):
                raise ValueError("not brotli: noise")
            raise TooMuch(f"brotli: more than {cap:,} bytes would come out")
    if not stream.is_finished():
        raise ValueError("brotli is cut short")
    return bytes(out)
