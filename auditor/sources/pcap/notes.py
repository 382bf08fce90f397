"""What stands between the packets of a pcapng file: interfaces, secrets, names, comments.

Source: draft-ietf-opsawg-pcapng, and for secrets draft-ietf-opsawg-pcapng-extras.
"""

import re
import struct
from collections.abc import Iterator
from struct import Struct as Layout

from msgspec import Struct

from auditor.sources.pcap.window import Comment, Item, Name, Secrets
from auditor.text import printable

NAMES, DECRYPTION = 4, 10
OPTIONS = 1_000  # that are looked at in one block
_COMMENT, _RESOLUTION, _OFFSET = 1, 9, 14
_TLS = 0x544C534B
_KEY_LOG = re.compile(rb"[A-Z][A-Z0-9_]{2,63} [0-9A-Fa-f]{64} [0-9A-Fa-f]{64}")
_OFFSETS = 1 << 33  # seconds: no clock is further away


class Interface(Struct, frozen=True):
    link: int
    snap: int = 0
    base: int = 10  # its clock counts parts of a second: 1 / base ** power
    power: int = 6
    offset: int = 0  # seconds


def options(data: bytes, order: str) -> Iterator[tuple[int, bytes]]:
    """What is told besides; nothing more once it makes no sense."""
    read, at = Layout(f"{order}HH").unpack_from, 0
    for _ in range(OPTIONS):
        try:
            code, size = read(data, at)
        except struct.error:
            return
        if code == 0 or at + 4 + size > len(data):
            return
        yield code, data[at + 4 : at + 4 + size]
        at += 4 + (size + 3 & ~3)


def comments(data: bytes, order: str, number: int = 0) -> Iterator[Item]:
    """The comments among options. Some programs put the lines of a key log there."""
    for code, value in options(data, order):
        if code == _COMMENT:
            if _KEY_LOG.search(value):
                yield Secrets("tls", value)
            yield Comment(printable(value.decode("utf-8", "replace")), number)


def interface(body: bytes, order: str) -> Interface:
    """ValueError where the block is too short to describe one."""
    if len(body) < 8:
        raise ValueError("the description of an interface is too short")
    link, snap = Layout(f"{order}HxxI").unpack_from(body)
    told = {code: value for code, value in options(body[8:], order) if value}
    # "If the Most Significant Bit is equal to one, the remaining bits indicate the resolution as a
    # negative power of 2"
    resolution = told.get(_RESOLUTION, b"\6")[0]
    shift = told.get(_OFFSET, b"")
    offset = int.from_bytes(shift, "little" if order == "<" else "big", signed=True) if len(shift) == 8 else 0
    base, power = (2, resolution & 127) if resolution & 128 else (10, resolution)
    return Interface(link, snap, base, power, max(-_OFFSETS, min(offset, _OFFSETS)))


def said(kind: int, body: bytes, order: str) -> Iterator[Item]:
    """What a block says that is neither a packet nor an interface."""
    if kind == DECRYPTION and len(body) >= 8:
        what, size = Layout(f"{order}II").unpack_from(body)
        yield Secrets("tls" if what == _TLS else what.to_bytes(4).decode("latin-1"), body[8 : 8 + size])
    elif kind == NAMES:
        yield from _names(body, order)


def _names(body: bytes, order: str) -> Iterator[Name]:
    read, at = Layout(f"{order}HH").unpack_from, 0
    while at + 4 <= len(body):
        kind, size = read(body, at)
        value = body[at + 4 : at + 4 + size]
        if kind == 0:
            return
        wide = {1: 4, 2: 16}.get(kind, 0)
        if wide and len(value) > wide:
            name = value[wide:].split(b"\0")[0]
            yield Name(value[:wide], printable(name.decode("utf-8", "replace")))
        at += 4 + (size + 3 & ~3)
