"""zlib: bytes out of one stream with its header and its checksum (RFC 1950).

RFC 1950, 2.2: "CMF and FLG, when viewed as a 16-bit unsigned integer stored in MSB order
(CMF*256 + FLG), is a multiple of 31". The Adler-32 must be right and nothing may follow.
Streams that need a preset dictionary are refused. Inflating stops at the limit, and at
1,000:1 once a megabyte came out.
"""

import zlib

from auditor.decoders import Clue
from auditor.errors import TooMuch
from auditor.model import Tree

EXAMPLES: list[tuple[bytes, Tree]] = [
    (zlib.compress(b"meet at 7 by the north gate"), b"meet at 7 by the north gate"),
    (zlib.compress(b"", 1), b""),
    (zlib.compress(bytes(1000), 9), bytes(1000)),
]
order = 10
reads = "bytes"
needs_clue = False
starts = bytes(range(0x08, 0x80, 0x10))

_RATIO = 1_000
_FREE = 1_000_000  # bytes that may come out whatever the ratio


def unwrap(data: bytes, clue: Clue) -> Tree:
    if not _has_header(data):
        raise ValueError("not zlib")
    cap = min(clue.limit, max(_FREE, _RATIO * len(data)))
    inflate = zlib.decompressobj()
    try:
        out = inflate.decompress(data, max(cap, 0) + 1)
    except zlib.error as error:
        raise ValueError(f"zlib: {error}") from error
    if len(out) > cap:
        raise TooMuch(f"zlib: more than {cap:,} bytes would come out")
    if not inflate.eof or inflate.unused_data:
        raise ValueError("zlib is cut short, or something follows it")
    return out


def wrap(tree: Tree) -> bytes:
    return zlib.compress(tree.encode() if isinstance(tree, str) else tree)


def _has_header(data: bytes) -> bool:
    # "CM = 8 denotes the deflate compression method"; "Values of CINFO above 7 are not allowed".
    return len(data) >= 8 and data[0] & 15 == 8 and data[0] >> 4 <= 7 and (data[0] << 8 | data[1]) % 31 == 0
