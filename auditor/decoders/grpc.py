"""gRPC messages over HTTP/2: frames of a flag, a length in four bytes (big-endian) and that many bytes.

One frame is its message, several are a list. A compressed message is {"compressed": bytes}, for gzip to
open; the coding that `grpc-encoding` names is not undone here. Every byte belongs to a whole frame. There
is no magic: five zeros would do, so this is only asked where a header or a rule names it.
"""

from auditor.decoders import Clue
from auditor.errors import TooMuch
from auditor.model import Tree

CLUE = Clue(kinds=("grpc",))
EXAMPLES: list[tuple[bytes, Tree]] = [
    (bytes.fromhex("000000000a0a08") + b"meet at7", b"\x0a\x08meet at7"),
    (bytes.fromhex("0000000000 0100000003 1f8b08"), [b"", {"compressed": b"\x1f\x8b\x08"}]),
]
order = 50
reads = "bytes"
needs_clue = True

_HEADER = 5


def unwrap(data: bytes, clue: Clue) -> Tree:
    if len(data) > clue.limit:
        raise TooMuch(f"gRPC: more than {clue.limit:,} bytes would come out")
    messages = [_message(flag, message) for flag, message in frames(data)]
    return messages if len(messages) > 1 else messages[0]


def wrap(tree: Tree) -> bytes:
    out = bytearray()
    for one in tree if isinstance(tree, list) else [tree]:
        flag, message = (1, one["compressed"]) if isinstance(one, dict) else (0, one)
        out += frame(flag, message.encode() if isinstance(message, str) else message)
    return bytes(out)


def frames(data: bytes) -> list[tuple[int, bytes]]:
    """Flag and content of each frame; all bytes belong to one."""
    found: list[tuple[int, bytes]] = []
    at = 0
    while at < len(data):
        size = int.from_bytes(data[at + 1 : at + _HEADER])
        end = at + _HEADER + size
        if end > len(data):
            raise ValueError("not gRPC: a frame is cut short")
        found.append((data[at], data[at + _HEADER : end]))
        at = end
    if not found:
        raise ValueError("not gRPC: empty")
    return found


def frame(flag: int, message: bytes) -> bytes:
    return bytes([flag]) + len(message).to_bytes(4) + message


def _message(flag: int, message: bytes) -> Tree:
    # gRPC over HTTP/2: "Compressed-Flag -> 0 / 1 ; encoded as 1 byte unsigned integer".
    if flag > 1:
        raise ValueError("not gRPC: flag")
    return {"compressed": message} if flag else message
