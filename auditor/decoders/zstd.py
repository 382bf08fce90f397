"""Zstandard: bytes out of one or several frames (RFC 8878).

Each frame must be whole and nothing may follow the last; skippable frames are refused.
Output is taken while a few hundred bytes of input go in, so no more than some megabytes
come out beyond the limit, or beyond 1,000:1 once a megabyte came out.
"""

import zstandard

from auditor.decoders import Clue
from auditor.errors import TooMuch
from auditor.model import Tree

EXAMPLES: list[tuple[bytes, Tree]] = [
    (zstandard.ZstdCompressor().compress(b"hi"), b"hi"),
    (zstandard.ZstdCompressor().compress(b""), b""),
    (
        zstandard.ZstdCompressor().compress(b"two ") + zstandard.ZstdCompressor().compress(b"frames"),
        b"two frames",
    ),
]
order = 6
reads = "bytes"
needs_clue = False
starts = b"\x28"

_MAGIC = b"\x28\xb5\x2f\xfd"
_RATIO = 1_000
_FREE = 1_000_000  # bytes that may come out whatever the ratio
_STEP = 256  # 4 bytes of input may stand for a block of 128 kB


def unwrap(data: bytes, clue: Clue) -> Tree:
    if not data.startswith(_MAGIC):
        raise ValueError("not zstd")
    cap = min(clue.limit, max(_FREE, _RATIO * len(data)))
    context = zstandard.ZstdDecompressor()
    out = bytearray()
    at = 0
    while at < len(data):
        if not data.startswith(_MAGIC, at):
            raise ValueError(f"{len(data) - at} bytes after the last zstd frame")
        at = _frame(context, data, at, out, cap)
    return bytes(out)


def wrap(tree: Tree) -> bytes:
    return zstandard.ZstdCompressor().compress(tree.encode() if isinstance(tree, str) else tree)


def _frame(context: zstandard.ZstdDecompressor, data: bytes, at: int, out: bytearray, cap: int) -> int:
    frame = context.decompressobj(write_size=1 << 14)
    while not frame.eof:
        piece = data[at : at + _STEP]
        if not piece:
            raise ValueError("zstd is cut short")
        try:
            out += frame.decompress(piece)
        except zstandard.ZstdError as error:
            raise ValueError(f"zstd: {error}") from error
        if len(out) > cap:
            raise TooMuch(f"zstd: more than {cap:,} bytes would come out")
        at += len(piece) - len(frame.unused_data)
    return at
