"""The secure layer of LOCO, between KakaoTalk and its server.

The app begins with a key that it locked for the server (HANDSHAKE: size, how the key is
locked, which cipher, the key); then both sides send FRAMEs behind a length of four bytes.
Only the server opens what is inside.
"""

from auditor.model import Head
from auditor.streams.talk import MOST, Talk

name = "loco"
opened_by = "server"

_STARTS = tuple(
    b"\0\1\0\0" + bytes((lock, 0, 0, 0, cipher, 0, 0, 0)) for lock in (5, 12, 15, 16) for cipher in (1, 2, 3)
)


def recognises(outgoing: bool, start: bytes) -> bool | None:
    """By the first twelve bytes."""
    if not outgoing:
        return None  # its frames begin with a length
    if len(start) >= 12:
        return start.startswith(_STARTS)
    return None if any(known.startswith(start) for known in _STARTS) else False


def Stream() -> Talk:  # noqa: N802
    return Talk(_Loco().step)


class _Loco:
    def __init__(self) -> None:
        self._begun = False
        self._want: dict[bool, int] = {}

    def step(self, talk: Talk, outgoing: bool) -> bool:
        buffer = talk.sides[outgoing]
        if outgoing and not self._begun:
            found = buffer.block(12 + 256)
            if found:
                self._begun = True
                talk.say(True, Head("HANDSHAKE"), found[0])
            return bool(found)
        if outgoing not in self._want:
            found = buffer.block(4)
            if found is None:
                return False
            self._want[outgoing] = int.from_bytes(found[0], "little")
        found = buffer.block(self._want[outgoing])
        if found is None:
            return False
        del self._want[outgoing]
        if found[1] > MOST:
            talk.too_long(outgoing, *found)
        else:
            talk.say(outgoing, Head("FRAME"), found[0])
        return True
