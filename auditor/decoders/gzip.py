"""gzip: bytes out of one or several members (RFC 1952).

RFC 1952, 2.2: "A gzip file consists of a series of members". Each must be whole, its
checksum right, and nothing may follow the last. Inflating stops at the limit, and at
1,000:1 once a megabyte came out. File names and other header fields are not kept.
"""

import gzip
import zlib

from auditor.decoders import Clue
from auditor.errors import TooMuch
from auditor.model import Tree

EXAMPLES: list[tuple[bytes, Tree]] = [
    (gzip.compress(b"hi", mtime=0), b"hi"),
    (gzip.compress(b"", mtime=0), b""),
    (gzip.compress(b"two ", mtime=0) + gzip.compress(b"members", mtime=0), b"two members"),
]
order = 5
reads = "bytes"
needs_clue = False
starts = b"\x1f"

_MAGIC = b"\x1f\x8b\x08"
_RATIO = 1_000
_FREE = 1_000_000  # bytes that may come out whatever the ratio
_WINDOW = 1 << 10  # grows: zlib copies what a member left over, and a megabyte holds 50,000 members


def unwrap(data: bytes, clue: Clue) -> Tree:
    if not data.startswith(_MAGIC):
        raise ValueError("not gzip")
    cap = min(clue.limit, max(_FREE, _RATIO * len(data)))
    out = bytearray()
    at = 0
    while at < len(data):
        if not data.startswith(_MAGIC, at):
            raise ValueError(f"{len(data) - at} bytes after the last gzip member")
        at = _member(data, at, out, cap)
    return bytes(out)


def wrap(tree: Tree) -> bytes:
    return gzip.compress(tree.encode() if isinstance(tree, str) else tree, mtime=0)


def _member(data: bytes, at: int, out: bytearray, cap: int) -> int:
    inflate = zlib.decompressobj(zlib.MAX_WBITS | 16)
    window = _WINDOW
    while not inflate.eof:
        piece = data[at : at + window]
        if not piece:
            raise ValueError("gzip is cut short")
        try:
            out += inflate.decompress(piece, max(cap - len(out), 0) + 1)
        except zlib.error as error:
            raise ValueError(f"gzip: {error}") from error
        if len(out) > cap:
            raise TooMuch(f"gzip: more than {cap:,} bytes would come out")
        at += len(piece) - len(inflate.unused_data)
        window *= 2
    return at
