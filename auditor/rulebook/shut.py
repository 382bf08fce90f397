"""Law 2: a seal must be shut. A shape alone proves nothing: an English sentence can fill it.

Every part of an envelope that could hold text is searched for it: as it stands, in its
runs, after every decoder, and compressed with something after it. Secret parts must
also look random for their length. What fails is not a seal, whatever it is dressed as.
"""

import zlib
from dataclasses import dataclass

from auditor.decoders.unwrap import Node, Opening
from auditor.randomness import habits
from auditor.text import as_text

# Shorter parts are as often text by chance as by intent (8 random bytes: 1 in 8,000).
_SHORTEST = 8
_WHOLE = 12  # from here on a part that is text as a whole is no accident
_OPENED = 64_000


@dataclass(frozen=True, slots=True)
class Part:
    """One stretch of an envelope."""

    label: str
    data: bytes
    secret: bool = False


def flaw(parts: list[Part]) -> str:
    """What is wrong with these parts, in words; nothing when they may be shut."""
    for part in parts:
        if wrong := _flaw(part):
            return f"part {part.label}: {wrong}"
    return ""


def _flaw(part: Part) -> str:
    if len(part.data) < _SHORTEST:
        return ""
    if len(part.data) >= _WHOLE and isinstance(as_text(part.data), str):
        return "it is text"
    wrong = habits(part.data)
    if wrong and (part.secret or wrong == "text stands in it"):
        return wrong
    if squeezed(part.data):
        return "it is compressed text"
    return "it opens into text" if _opens_into_text(part.data) else ""


def squeezed(data: bytes) -> bytes:
    """Text that was compressed into the beginning of these bytes, whatever follows it."""
    if data[:1] not in (b"\x1f", b"x", b"X", b"H", b"8", b"h", b"("):
        return b""
    opener = zlib.decompressobj(wbits=47)  # gzip or zlib, told apart by the header
    try:
        plain = opener.decompress(data, _OPENED)
    except zlib.error:
        return b""
    # Cut in the middle it may be as readable: three characters are a word.
    return plain if len(plain) >= 3 and isinstance(as_text(plain), str) else b""


def _opens_into_text(data: bytes) -> bool:
    root = Opening(output=_OPENED).open(data, ())
    guessed = all(name == "protobuf" for name in root.trail)
    # Random bytes parse as protobuf now and then and show a short text; half of the bytes is no chance.
    needed = len(data) // 2 if guessed else 3
    return bool(root.trail) and sum(_text_size(node) for node in root.walk()) >= max(needed, 3)


def _text_size(node: Node) -> int:
    return len(node.value) if isinstance(node.value, str) and not node.children else 0


def inside(parts: list[Part]) -> tuple[tuple[str, bytes], ...]:
    """The parts of something that only looks sealed, compressed ones opened."""
    opened = [(part.label, plain) for part in parts if (plain := squeezed(part.data))]
    return tuple((part.label, part.data) for part in parts) + tuple(opened)
