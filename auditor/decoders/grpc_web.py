"""gRPC-Web: the frames of gRPC, and the trailers as one more frame; in binary or in base64.

A message is itself, or {"compressed": bytes}; a frame of trailers is {"trailers": {name: value}}. One frame
stands alone, several are a list. PROTOCOL-WEB: "the 8th (MSB) bit of the 1st gRPC frame byte [...] 1: this
is a trailers frame". grpc-web-text may be several pieces of base64, each with its padding.
"""

import binascii
import re

from auditor.decoders import Clue
from auditor.decoders.grpc import frame, frames
from auditor.errors import TooMuch
from auditor.model import Tree

CLUE = Clue(kinds=("grpc_web",))
EXAMPLES: list[tuple[bytes, Tree]] = [
    (
        bytes.fromhex("00000000040a026869 800000000f") + b"grpc-status:0\r\n",
        [b"\x0a\x02hi", {"trailers": {"grpc-status": "0"}}],
    ),
    (b"AAAAAAQKAmhp", b"\x0a\x02hi"),
    (b"AQAAAAE=eA==", {"compressed": b"x"}),
]
order = 50
reads = "both"
needs_clue = True

_TEXT = re.compile(rb"(?:[A-Za-z0-9+/]{4}|[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)++")
_PIECE = re.compile(rb"[A-Za-z0-9+/]++={0,2}")
_LINE = re.compile(r"([!#-'*+.0-9A-Z^_`a-z|~-]++):[ \t]*+([^\r\n]*+)(?:\r?\n|\Z)")


def unwrap(data: bytes, clue: Clue) -> Tree:
    if _TEXT.fullmatch(data):
        data = b"".join(binascii.a2b_base64(piece, strict_mode=True) for piece in _PIECE.findall(data))
    if len(data) > clue.limit:
        raise TooMuch(f"gRPC-Web: more than {clue.limit:,} bytes would come out")
    parts = [_part(flag, content) for flag, content in frames(data)]
    return parts if len(parts) > 1 else parts[0]


def wrap(tree: Tree) -> bytes:
    return b"".join(_write(one) for one in (tree if isinstance(tree, list) else [tree]))


def _part(flag: int, content: bytes) -> Tree:
    match flag:
        case 0:
            return content
        case 1:
            return {"compressed": content}
        case 0x80:
            return {"trailers": _trailers(content.decode())}
        case _:
            raise ValueError("not gRPC-Web: flag")


def _trailers(text: str) -> dict[str, Tree]:
    trailers: dict[str, list[str]] = {}
    at = 0
    while at < len(text):
        line = _LINE.match(text, at)
        if not line:
            raise ValueError("not gRPC-Web: trailers")
        trailers.setdefault(line[1].lower(), []).append(line[2].rstrip(" \t"))
        at = line.end()
    return {name: values if len(values) > 1 else values[0] for name, values in trailers.items()}


def _write(one: Tree) -> bytes:
    if isinstance(one, dict) and "trailers" in one:
        lines = (
            f"{name}:{value}\r\n"
            for name, several in one["trailers"].items()
            for value in (several if isinstance(several, list) else [several])
        )
        return frame(0x80, "".join(lines).encode())
    flag, message = (1, one["compressed"]) if isinstance(one, dict) else (0, one)
    return frame(flag, message.encode() if isinstance(message, str) else message)
