"""Law 2: a seal must be shut. A shape alone proves nothing: an English sentence can fill it.

Every part of an envelope that could hold text is searched for it: as it stands, in its
runs, without its padding, after every decoder, and compressed with something after it.
Secret parts must also look random for their length. What fails is not a seal, whatever
it is dressed as. A few words among random bytes cannot be told from noise (fewer than 8
small letters or 16 plain characters in a row): only a planted text shows them.
Raw deflate of less than 12 characters looks like noise too. Text under a key that repeats,
one byte or up to 32, and blocks that come again are no cipher that keeps a secret; a key as
long as the text, or the same for every message, shows in no message alone. Measured
(tests/rulebook/test_shut.py): of 10,000 genuine samples of each of 35 envelopes 17 in
350,000 are refused, 0.5 in 10,000; most for an 8-byte MAC that happens to be words.
"""

import re
import zlib
from collections.abc import Iterator
from functools import lru_cache

from msgspec import Struct

from auditor.decoders import DECODERS, Clue, brotli, deflate
from auditor.decoders.unwrap import Node, Opening
from auditor.errors import TooMuch
from auditor.randomness import TEXT, habits
from auditor.text import as_text, begins_as_text

_BLOCK = 16
_PERIODS = range(1, 33)  # bytes of a key that repeats
_STRETCH = 40  # first bits in a row that only show the key: once in 30 million strings of 1,000 bytes
_LEAST = 26
_LOOKED = 1_024  # bytes in which such keys are looked for
_FIRST_BIT = bytes(byte >> 7 for byte in range(256))
_PLAIN = re.compile(rb"[A-Za-z0-9 .,;:!?'\"(){}\[\]/+=_@#&*<>-]{16,}")
_SHORTEST = 6  # shorter parts are as often text by chance as by intent
_WHOLE = 12  # from here on a part that is text as a whole is no accident
_OPENED = 64_000  # bytes that are looked at of what was compressed
_READ = 1_000_000  # bytes that may come out of one part, or twice its length
_ZSTD = b"\x28\xb5\x2f\xfd"
_MAGIC = (b"\x1f\x8b\x08", _ZSTD, b"\x04\x22\x4d\x18")  # no ciphertext begins like this: 1 in 16 million
_PROOF = (
    (brotli.beginning, 4),
    (deflate.beginning, 12),
)  # they have no mark, and so many characters do not come out of noise
_DIFFERENT = 5  # of these; what noise gives is one to three characters repeated


class Part(Struct, frozen=True):
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
    if wrong and (part.secret or wrong == TEXT):
        return wrong
    if part.secret and (wrong := _weakness(part.data)):
        return wrong
    for bare in _bare(part.data):
        if len(bare) < len(part.data) and isinstance(as_text(bare), str):
            return "it is text with padding"
        if bare.startswith(_MAGIC) or _squeezed(bare):
            return "it is compressed"
        if _opens_into_text(bare):
            return "it opens into text"
    return ""


def _weakness(data: bytes) -> str:
    blocks = [data[at : at + _BLOCK] for at in range(0, len(data) - _BLOCK + 1, _BLOCK)]
    if len(set(blocks)) < len(blocks):
        return "a block of it repeats"
    return "it is text under a key that repeats" if _under_a_key(data[:_LOOKED]) else ""


def _under_a_key(data: bytes) -> bool:
    """The first bit of a letter is nothing: what stands there is that of the key."""
    bits = int.from_bytes(data.translate(_FIRST_BIT))
    for period in _PERIODS:
        left = len(data) - period
        if left < _LEAST:
            break
        changes = ((bits >> 8 * period) ^ bits) & ((1 << 8 * left) - 1)
        if changes.to_bytes(left).find(bytes(min(left, _STRETCH))) >= 0:
            return True
    same = data.translate(_FIRST_BIT) in (bytes(len(data)), b"\1" * len(data))
    return same and any(_PLAIN.fullmatch(data.translate(_turned(key))) for key in range(256))


@lru_cache(256)
def _turned(key: int) -> bytes:
    return bytes(byte ^ key for byte in range(256))


def _bare(data: bytes) -> Iterator[bytes]:
    """These bytes, and what is left without padding: zeros on either side, 80 00.., PKCS#7."""
    yield data
    for bare in (data.strip(b"\0"), data.lstrip(b"\0"), data.rstrip(b"\0").removesuffix(b"\x80")):
        if 3 <= len(bare) < len(data):
            yield bare
    last = data[-1]
    if 0 < last <= len(data) - 3 and data.endswith(bytes([last]) * last):
        yield data[:-last]


def squeezed(data: bytes) -> bytes:
    """What was compressed into the beginning of these bytes, whatever padding is around it."""
    return next((plain for bare in _bare(data) if (plain := _squeezed(bare))), b"") if data else b""


def _squeezed(data: bytes) -> bytes:
    if data.startswith(_ZSTD):
        return _zstd(data)
    if data[:1] != b"\x1f" and (data[0] & 15 != 8 or data[0] > 0x78):
        return _unmarked(data)
    opener = zlib.decompressobj(wbits=47)  # gzip or zlib, told apart by the header
    try:
        plain = opener.decompress(data, _OPENED)
    except zlib.error:
        return _unmarked(data)
    # With its checksum right it is no accident. Cut in the middle it may be as readable:
    # three characters are a word.
    return plain if opener.eof or (len(plain) >= 3 and begins_as_text(plain)) else _unmarked(data)


def _unmarked(data: bytes) -> bytes:
    """Text out of a compression that nothing names, whatever follows it."""
    for beginning, proof in _PROOF:
        plain = beginning(data, _OPENED)
        if len(plain) >= proof and len(set(plain)) >= _DIFFERENT and begins_as_text(plain):
            return plain
    return b""


def _zstd(data: bytes) -> bytes:
    """The first frame, walked block by block to its end (RFC 8878, 3.1.1), and opened."""
    flags = data[4] if len(data) > 4 else 0
    single = flags >> 5 & 1
    at = 6 - single + (0, 1, 2, 4)[flags & 3] + (single, 2, 4, 8)[flags >> 6]
    last = False
    while not last and at + 3 <= len(data):
        block = int.from_bytes(data[at : at + 3], "little")
        last = bool(block & 1)
        at += 3 + (1 if block >> 1 & 3 == 1 else block >> 3)
    try:
        plain = DECODERS["zstd"].unwrap(data[: at + 4 * (flags >> 2 & 1)], Clue(limit=_OPENED))
    except (ValueError, TooMuch):
        return b""
    return plain if isinstance(plain, bytes) else b""


def _opens_into_text(data: bytes) -> bool:
    opening = Opening(output=max(_READ, 2 * len(data)))
    root = opening.open(data, ())
    if opening.stopped:  # noise opens into little
        return True
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
