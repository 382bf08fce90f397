"""DGW, the frames in which Meta's web sockets carry several streams: a list of {"frame": kind, ...}.

A kind in one byte; where it is about a stream its number in two, a length in three, all little-endian. A
frame of data begins with the number of its acknowledgement, whose highest bit asks for one, and holds
what was said ("content"). Kinds that are out of use have no layout here. Every byte belongs to a whole
frame. There is no magic: only where a rule names it.
"""

from auditor.decoders import Clue
from auditor.errors import TooMuch
from auditor.model import Tree

CLUE = Clue(kinds=("dgw",))
EXAMPLES: list[tuple[bytes, Tree]] = [
    (
        bytes.fromhex("0f0100 020000 7b7d 0d0100 040000 0280 6869 09"),
        [
            {"frame": "begin", "stream": 1, "content": b"{}"},
            {"frame": "data", "stream": 1, "ack": 2, "wanted": True, "content": b"hi"},
            {"frame": "ping"},
        ],
    ),
    (
        bytes.fromhex("110200 050000 0300 07 6869 0c0200 020000 0500 0e0200 03 010000 02"),
        [
            {"frame": "typed data", "stream": 2, "ack": 3, "wanted": False, "type": 7, "content": b"hi"},
            {"frame": "ack", "stream": 2, "ack": 5},
            {"frame": "end", "stream": 2},
            {"frame": "drain", "reason": 2},
        ],
    ),
]
order = 50
reads = "bytes"
needs_clue = True

_BARE = {4: "deauth", 9: "ping", 10: "pong"}
_DRAIN, _ACK, _DATA, _END, _BEGIN, _TYPED = 3, 12, 13, 14, 15, 17
_SIZED = {_ACK: "ack", _DATA: "data", _BEGIN: "begin", _TYPED: "typed data"}
_WANTED = 0x8000
_LEAST = {_ACK: 2, _DATA: 2, _BEGIN: 0, _TYPED: 3}  # bytes that come before what was said


def unwrap(data: bytes, clue: Clue) -> Tree:
    if len(data) > clue.limit:
        raise TooMuch(f"DGW: more than {clue.limit:,} bytes would come out")
    frames: list[Tree] = []
    at = 0
    while at < len(data):
        frame, at = _frame(data, at)
        frames.append(frame)
    if not frames:
        raise ValueError("not DGW: empty")
    return frames


def wrap(tree: Tree) -> bytes:
    return b"".join(_write(frame) for frame in (tree if isinstance(tree, list) else [tree]))


def _frame(data: bytes, at: int) -> tuple[dict[str, Tree], int]:
    kind = data[at]
    if kind in _BARE:
        return {"frame": _BARE[kind]}, at + 1
    if kind == _DRAIN:
        if data[at + 1 : at + 4] != b"\1\0\0" or len(data) < at + 5:
            raise ValueError("not DGW: a drain of another length")
        return {"frame": "drain", "reason": data[at + 4]}, at + 5
    stream = data[at + 1 : at + 3]
    if kind == _END and len(stream) == 2:
        return {"frame": "end", "stream": int.from_bytes(stream, "little")}, at + 3
    if kind not in _SIZED:
        raise ValueError("not DGW: kind of frame")
    start, size = at + 6, int.from_bytes(data[at + 3 : at + 6], "little")
    if start + size > len(data) or size < _LEAST[kind] or (kind == _ACK and size != 2):
        raise ValueError("not DGW: a frame of another length")
    said = _said(kind, data[start : start + size])
    return {"frame": _SIZED[kind], "stream": int.from_bytes(stream, "little")} | said, start + size


def _said(kind: int, inner: bytes) -> dict[str, Tree]:
    if kind == _BEGIN:
        return {"content": inner}
    number = int.from_bytes(inner[:2], "little")
    if kind == _ACK:
        return {"ack": number}
    head: dict[str, Tree] = {"ack": number & ~_WANTED, "wanted": number >= _WANTED}
    if kind == _TYPED:
        head["type"] = inner[2]
    return head | {"content": inner[_LEAST[kind] :]}


def _write(frame: dict[str, Tree]) -> bytes:
    name = frame["frame"]
    for kind, bare in _BARE.items():
        if bare == name:
            return bytes([kind])
    if name == "drain":
        return bytes([_DRAIN, 1, 0, 0, frame["reason"]])
    stream = int(frame.get("stream", 1)).to_bytes(2, "little")
    if name == "end":
        return bytes([_END]) + stream
    kind = next(number for number, sized in _SIZED.items() if sized == name)
    inner = b""
    if kind == _ACK or kind in (_DATA, _TYPED):
        inner = (frame.get("ack", 0) | (_WANTED if frame.get("wanted") else 0)).to_bytes(2, "little")
    if kind == _TYPED:
        inner += bytes([frame["type"]])
    content = frame.get("content", b"")
    inner += content.encode() if isinstance(content, str) else content
    return bytes([kind]) + stream + len(inner).to_bytes(3, "little") + inner
