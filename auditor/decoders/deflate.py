"""Raw deflate (RFC 1951): bytes out of one stream without header and checksum.

There is no magic: it is taken where a header or a rule names it, else last, and only if all of what comes
out is text of more than 16 characters. The last block must end in the last byte. Inflating stops at the
limit, and at 1,000:1 once a megabyte came out. Measured: of 2,000,000 random strings of 8 to 400 bytes
none is taken.
"""

import zlib

from auditor.decoders import Clue
from auditor.errors import TooMuch
from auditor.model import Tree
from auditor.text import as_text, begins_as_text

CLUE = Clue(kinds=("deflate",))
_TEXT = 16  # characters; fewer come out of noise
_RATIO = 1_000
_FREE = 1_000_000  # bytes that may come out whatever the ratio

EXAMPLES: list[tuple[bytes, Tree]] = [
    (bytes.fromhex("cb4d4d2d51482c51300700"), b"meet at 7"),
    (bytes.fromhex("010300fcff00ff80"), b"\x00\xff\x80"),
]
order = 95
reads = "bytes"
needs_clue = False
starts = bytes(byte for byte in range(256) if byte >> 1 & 3 != 3)  # there is no fourth kind of block


def unwrap(data: bytes, clue: Clue) -> Tree:
    named = "deflate" in clue.kinds
    cap = min(clue.limit, max(_FREE, _RATIO * len(data)))
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        out = inflate.decompress(data, max(cap, 0) + 1)
    except zlib.error as error:
        raise ValueError("not deflate") from error
    if len(out) > cap:
        if named or begins_as_text(out):
            raise TooMuch(f"deflate: more than {cap:,} bytes would come out")
        raise ValueError("not deflate: noise")
    if not inflate.eof or inflate.unused_data:
        raise ValueError("deflate is cut short, or something follows it")
    text = out if named else as_text(out)
    if not named and (isinstance(text, bytes) or len(text) <= _TEXT):
        raise ValueError("perhaps deflate, but nothing proves it or names it")
    return out


def beginning(data: bytes, limit: int) -> bytes:
    """What comes out of a stream at the beginning of these bytes, whatever follows it.

    Nothing where the stream has no end. Of 400,000 random strings 3 gave text of more than 12 bytes,
    each of one to three characters that repeat.
    """
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        out = inflate.decompress(data, limit)
    except zlib.error:
        return b""
    return out if inflate.eof or len(out) == limit else b""


def wrap(tree: Tree) -> bytes:
    deflate = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return deflate.compress(tree.encode() if isinstance(tree, str) else tree) + deflate.flush()
