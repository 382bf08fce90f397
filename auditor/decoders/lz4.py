"""LZ4: bytes out of one or several frames, or of one bare block where a header or a rule names it.

A frame begins with 04 22 4D 18; its header, blocks and content must agree with every checksum, size and
end mark that is there, and nothing but frames may follow (skippable ones are passed over). Frames that
need a dictionary are refused. A block has no magic, and of random bytes many are blocks: it is never
tried without a clue. Four bytes before it may say how long it gets. At most 255:1 can come out, and no
more than the limit. Content of more than 4 MB is not compared with its checksum: Python is slow at that.
"""

from auditor.decoders import Clue
from auditor.errors import TooMuch
from auditor.model import Tree

_MAGIC = b"\x04\x22\x4d\x18"
_CHECKED = 4_000_000
_MASK = 0xFFFFFFFF
_P1, _P2, _P3, _P4, _P5 = 2654435761, 2246822519, 3266489917, 668265263, 374761393

EXAMPLES: list[tuple[bytes, Tree]] = [
    (
        bytes.fromhex("04224d187c401e000000000000007b10000000af6d6565742061742037200a00001021e65a098b00")
        + bytes.fromhex("0000003c4dc996"),
        b"meet at 7 meet at 7 meet at 7!",
    ),
    (bytes.fromhex("04224d186040820300008000ff8000000000"), b"\x00\xff\x80"),
]
order = 6
reads = "bytes"
needs_clue = False
starts = b"\x04"


def unwrap(data: bytes, clue: Clue) -> Tree:
    if data.startswith(_MAGIC):
        return _frames(data, clue.limit)
    if "lz4" not in clue.kinds or not data:
        raise ValueError("not LZ4")
    try:
        return bytes(_block(data, bytearray(), 0, clue.limit))
    except ValueError:
        out = bytes(_block(data[4:], bytearray(), 0, clue.limit))
        if int.from_bytes(data[:4], "little") != len(out):
            raise
        return out


def wrap(tree: Tree) -> bytes:
    plain: bytes = tree.encode() if isinstance(tree, str) else tree
    blocks = [plain[at : at + (1 << 22)] for at in range(0, len(plain), 1 << 22)]
    body = b"".join((len(block) | 1 << 31).to_bytes(4, "little") + block for block in blocks)
    head = b"\x60\x70"  # version 1, independent blocks of at most 4 MB, stored as they are
    return _MAGIC + head + bytes([_hash(head) >> 8 & 255]) + body + bytes(4)


def _frames(data: bytes, limit: int) -> bytes:
    out = bytearray()
    at = 0
    while at < len(data):
        if data[at + 1 : at + 4] == b"\x2a\x4d\x18" and data[at] >> 4 == 5:
            at += 8 + _number(data, at + 4)
        elif data.startswith(_MAGIC, at):
            at = _frame(data, at + 4, out, limit)
        else:
            raise ValueError("something follows the LZ4 frame")
    if at != len(data):
        raise ValueError("LZ4 is cut short")
    return bytes(out)


def _frame(data: bytes, at: int, out: bytearray, limit: int) -> int:
    flags = data[at] if at < len(data) else 0
    begun, end = len(out), at + 2 + (flags & 8) + 4 * (flags & 1)
    # "Version Number: 2 bits, must be set to 01"; a dictionary and reserved bits are refused.
    if flags >> 6 != 1 or flags & 3 or end >= len(data) or data[end] != _hash(data[at:end]) >> 8 & 255:
        raise ValueError("LZ4 with a damaged header")
    size = int.from_bytes(data[at + 2 : at + 10], "little") if flags & 8 else -1
    at = end + 1
    while length := _number(data, at):
        block = data[at + 4 : at + 4 + (length & 0x7FFFFFFF)]
        at += 4 + (length & 0x7FFFFFFF)
        if flags & 16:
            if _number(data, at) != _hash(block):
                raise ValueError("LZ4 with a damaged block")
            at += 4
        if at > len(data):
            raise ValueError("LZ4 is cut short")
        if length >> 31:
            out += block
            _within(len(out), limit)
        else:
            _block(block, out, len(out) if flags & 32 else begun, limit)
    at += 4
    if size >= 0 and len(out) - begun != size:
        raise ValueError("LZ4 of another size than it says")
    if flags & 4:
        if len(out) - begun <= _CHECKED and _number(data, at) != _hash(bytes(out[begun:])):
            raise ValueError("LZ4 with damaged content")
        at += 4
    return at


def _block(data: bytes, out: bytearray, begun: int, limit: int) -> bytearray:
    """Literals and copies in turn; the last sequence is "just literals"."""
    at, end = 0, len(data)
    while at < end:
        token = data[at]
        count, at = _length(data, at + 1, token >> 4)
        if at + count > end:
            raise ValueError("LZ4: literals beyond the end")
        out += data[at : at + count]
        at += count
        _within(len(out), limit)
        if at == end:
            if token & 15:
                break
            return out
        back = int.from_bytes(data[at : at + 2], "little")
        count, at = _length(data, at + 2, token & 15)
        count += 4
        if not 0 < back <= len(out) - begun:
            raise ValueError("LZ4: a copy from before the start")
        _within(len(out) + count, limit)
        piece = out[-back:] if back <= count else out[len(out) - back : len(out) - back + count]
        out += (piece * (count // back + 1))[:count] if back <= count else piece
    raise ValueError("LZ4: a block without an end")


def _length(data: bytes, at: int, count: int) -> tuple[int, int]:
    if count == 15:
        more = 255
        while more == 255:
            if at >= len(data):
                raise ValueError("LZ4 is cut short")
            more = data[at]
            count += more
            at += 1
    return count, at


def _within(size: int, limit: int) -> None:
    if size > limit:
        raise TooMuch(f"LZ4: more than {limit:,} bytes would come out")


def _number(data: bytes, at: int) -> int:
    if at + 4 > len(data):
        raise ValueError("LZ4 is cut short")
    return int.from_bytes(data[at : at + 4], "little")


def _hash(data: bytes) -> int:
    """xxHash-32 with seed 0."""
    lanes = [_P1 + _P2 & _MASK, _P2, 0, -_P1 & _MASK]
    whole = len(data) & ~15
    for at in range(0, whole, 16):
        for lane in range(4):
            word = int.from_bytes(data[at + 4 * lane : at + 4 * lane + 4], "little")
            lanes[lane] = _turn(lanes[lane] + word * _P2, 13) * _P1 & _MASK
    turned = sum(_turn(lane, by) for lane, by in zip(lanes, (1, 7, 12, 18), strict=True))
    value = (turned if whole else _P5) + len(data)
    while whole + 4 <= len(data):
        value = _turn(value + int.from_bytes(data[whole : whole + 4], "little") * _P3, 17) * _P4
        whole += 4
    for byte in data[whole:]:
        value = _turn(value + byte * _P5, 11) * _P1
    value &= _MASK
    value = (value ^ value >> 15) * _P2 & _MASK
    value = (value ^ value >> 13) * _P3 & _MASK
    return value ^ value >> 16


def _turn(value: int, by: int) -> int:
    value &= _MASK
    return (value << by | value >> 32 - by) & _MASK
