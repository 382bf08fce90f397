"""The transports of MTProto, between Telegram and its server: abridged, intermediate, padded and full.

Each frame is a message FRAME, its path the transport; a QUICK-ACK is the server's receipt of
four bytes. Only the server opens what is inside: chats and secret chats look the same here.
The obfuscated transport is another stream (mtproto_obfuscated).
https://core.telegram.org/mtproto/mtproto-transports
"""

import zlib

from auditor.model import Head
from auditor.streams.talk import MOST, Talk

name = "mtproto"
opened_by = "server"

_WORDS = {b"\xee\xee\xee\xee": "intermediate", b"\xdd\xdd\xdd\xdd": "padded"}
_LARGEST = 1 << 24  # of a frame that the app may begin with
_FIRST = 4096  # of the frame that begins the full transport, which has no mark of its own


def recognises(outgoing: bool, start: bytes) -> bool | None:
    """By the mark of the transport, and a first frame such as MTProto has."""
    if not outgoing or not start:
        return None
    if start[0] == 0xEF:
        return _abridged(start)
    for mark in _WORDS:
        if mark.startswith(start[:4]):
            size = int.from_bytes(start[4:8], "little")
            return None if len(start) < 8 else 24 <= size < _LARGEST
    size = int.from_bytes(start[:4], "little")
    if (
        any(start[2:4])
        or start[4:8].strip(b"\0")
        or (len(start) >= 4 and not 32 <= size <= _FIRST)
        or size % 4
    ):
        return False
    if len(start) < max(size, 8):
        return None
    return zlib.crc32(start[: size - 4]) == int.from_bytes(start[size - 4 : size], "little")


def _abridged(start: bytes) -> bool | None:
    """One byte is no proof: the first frame is a key exchange, or the second has the same key."""
    header, size = _short(start[1:5])
    if not header:
        return None
    at = 1 + header
    key = start[at : at + 8]
    if not 16 < size < _LARGEST:
        return False
    if len(key) < 8:
        return None
    if key == bytes(8):
        return (
            None if len(start) < at + 20 else int.from_bytes(start[at + 16 : at + 20], "little") == size - 20
        )
    header, _ = _short(start[at + size : at + size + 4])
    again = start[at + size + header :][:8] if header else b""
    return None if len(again) < 8 else again == key


def _short(data: bytes | bytearray) -> tuple[int, int]:
    """Bytes of a length, and the length: in words, in one byte, or behind 127 in three more."""
    if not data or (data[0] == 127 and len(data) < 4):
        return 0, 0
    return (4, 4 * int.from_bytes(data[1:4], "little")) if data[0] == 127 else (1, 4 * data[0])


def Stream() -> Talk:  # noqa: N802
    return Talk(Transport().step)


class Transport:
    """The frames of one transport; without its name it is read off the first bytes of the app."""

    def __init__(self, kind: str = "") -> None:
        self._kind = kind
        self._want: dict[bool, int] = {}

    def step(self, talk: Talk, outgoing: bool) -> bool:
        buffer = talk.sides[outgoing]
        if not self._kind:
            self._begin(talk)
        if not self._kind:
            return False
        if outgoing not in self._want and not self._header(talk, outgoing):
            return False
        if outgoing not in self._want:
            return True
        found = buffer.block(self._want[outgoing])
        if found is None:
            return False
        del self._want[outgoing]
        if found[1] > MOST:
            talk.too_long(outgoing, *found)
        else:
            talk.say(outgoing, Head("FRAME", (self._kind,)), found[0])
        return True

    def _begin(self, talk: Talk) -> None:
        start = bytes(talk.sides[True].data[:4])
        if start[:1] == b"\xef":
            self._kind = "abridged"
            talk.sides[True].take(1)
        elif len(start) == 4:
            self._kind = _WORDS.get(start, "full")
            talk.sides[True].take(4 if start in _WORDS else 0)

    def _header(self, talk: Talk, outgoing: bool) -> bool:
        """Takes the length off. Its highest bit asks for a receipt, or makes four bytes one."""
        buffer = talk.sides[outgoing]
        data, abridged = buffer.data, self._kind == "abridged"
        if len(data) < (1 if abridged else 4):
            return False
        high = data[0 if abridged else 3] & 128 and self._kind != "full"
        if high and not outgoing:
            if len(data) < 4:
                return False
            talk.say(outgoing, Head("QUICK-ACK", (self._kind,)), buffer.take(4))
            return True
        if abridged:
            header, size = _short(bytes((data[0] & 127,)) + data[1:4])
        else:
            header, size = 4, int.from_bytes(data[:4], "little")
        if not header:
            return False
        if self._kind == "full":
            if size < 12:
                raise ValueError("a frame that is shorter than what stands around it")
            header = 0  # the length counts itself, and stays in the frame
        if not size:
            raise ValueError("an empty frame")
        buffer.take(header)
        self._want[outgoing] = size if self._kind == "full" else size & 0x7FFFFFFF
        return True
