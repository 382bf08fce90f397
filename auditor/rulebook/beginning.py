"""Beginnings: how what one end says first must look, byte by byte.

00 01 0000       these bytes          ff*12       the same byte twelve times
??  ??*16        any byte; sixteen    [0c 0f 10]  one of these     [c0-cf]  or of a range
size2le size4be  a length of 2 or 4 bytes: of the whole frame; frames follow frames to the end
end              nothing follows      more*191    at least 191 bytes in all
"""

import re

from msgspec import Struct

LONGEST = 4096  # bytes that a beginning may say something about

_TOKEN = re.compile(
    r"\s*(?:(?P<size>size(?P<width>[24])(?P<order>le|be))|(?P<end>end)|more\*(?P<more>[0-9]{1,5})"
    r"|(?P<any>\?\?)(?:\*(?P<anys>[0-9]{1,4}))?|(?P<hex>(?:[0-9a-f]{2})+)(?:\*(?P<times>[0-9]{1,4}))?"
    r"|\[(?P<choice>[0-9a-f \-]+)\])(?=\s|$|\[|\?)"
)
_CHOICE = re.compile(r"([0-9a-f]{2})(?:-([0-9a-f]{2}))?")


class Beginning(Struct, frozen=True):
    """What one piece begins with."""

    text: str
    steps: tuple[frozenset[int] | None, ...]  # None: any byte
    size: tuple[int, int, bool] | None = None  # where the length of a frame stands, its width, low byte first
    ends: bool = False
    least: int = 0

    @classmethod
    def parse(cls, text: str) -> "Beginning":
        """ValueError says what is wrong."""
        steps: list[frozenset[int] | None] = []
        size, ends, least, at = None, False, 0, 0
        text = text.strip().lower()
        while at < len(text):
            found = _TOKEN.match(text, at)
            if found is None or ends:
                raise ValueError(
                    f"not a beginning: {text[at:].strip()!r} (like `00 ?? [0c 0f] ff*12 size2le`)"
                )
            at = found.end()
            if found["size"]:
                if size:
                    raise ValueError("a frame has one length")
                size = len(steps), int(found["width"]), found["order"] == "le"
                steps += [None] * int(found["width"])
            elif found["any"]:
                steps += [None] * int(found["anys"] or 1)
            elif found["hex"]:
                steps += [frozenset((byte,)) for byte in bytes.fromhex(found["hex"])] * int(
                    found["times"] or 1
                )
            elif found["choice"]:
                steps.append(_choice(found["choice"]))
            least = int(found["more"] or least)
            ends = bool(found["end"])
        if not (steps or least) or len(steps) > LONGEST:
            raise ValueError(f"a beginning says something about 1 to {LONGEST:,} bytes")
        return cls(text, tuple(steps), size, ends, least)

    @property
    def fixed(self) -> float:
        """Bytes that chance would have to hit, a choice counting for less."""
        return sum(1 - (len(step) - 1) / 255 for step in self.steps if step) + (1 if self.size else 0)

    def fits(self, piece: bytes) -> bool:
        if len(piece) < max(len(self.steps), self.least) or (self.ends and len(piece) != len(self.steps)):
            return False
        if any(step is not None and byte not in step for step, byte in zip(self.steps, piece, strict=False)):
            return False
        return self.size is None or _framed(piece, len(self.steps), *self.size)


def _framed(piece: bytes, least: int, at: int, width: int, low_first: bool) -> bool:
    """At least one whole frame, and others behind it up to the end."""
    start = whole = 0
    while start < len(piece):
        number = piece[start + at : start + at + width]
        size = int.from_bytes(number, "little" if low_first else "big")
        if len(number) < width or start + size > len(piece):
            break
        if size < (at + width if whole else least):
            return False
        start += size
        whole += 1
    return whole > 0


def _choice(text: str) -> frozenset[int]:
    found: set[int] = set()
    for word in text.split():
        pair = _CHOICE.fullmatch(word)
        if pair is None:
            raise ValueError(f"not a choice of bytes: [{text}] (like [0c 0f] or [c0-cf])")
        found |= set(range(int(pair[1], 16), int(pair[2] or pair[1], 16) + 1))
    if not found:
        raise ValueError("a choice of no bytes")
    return frozenset(found)
