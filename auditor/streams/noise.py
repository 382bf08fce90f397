"""The Noise channel of WhatsApp and Messenger, between app and server: on TCP and in a WebSocket.

The app begins with a prologue (PROLOGUE: "WA", two versions; before it perhaps "ED", by which
the server routes). Then both sides send frames behind a length of three bytes (FRAME). What
is inside only the server opens, so none of it says anything about the far end.
"""

from auditor.model import Head
from auditor.streams.talk import Talk

name = "noise"
opened_by = "server"


def recognises(outgoing: bool, start: bytes) -> bool | None:
    """By the prologue, and the field 2 (clientHello) with which the first frame begins."""
    if not outgoing:
        return None  # its frames begin with a length
    routing = start[:4] == b"ED\0\1"
    at = 7 + int.from_bytes(start[4:7]) if routing else 0
    if (routing and len(start) < at) or b"ED\0\1".startswith(start):
        return None if at < 4096 else False
    hello = start[at : at + 8]
    if not b"WA".startswith(hello[:2]) or any(byte > 31 for byte in hello[2:4]):
        return False
    if len(hello) < 8:
        return None
    return hello[7] == 0x12 and 2 < int.from_bytes(hello[4:7]) < 65536


def Stream() -> Talk:  # noqa: N802
    return Talk(_Noise().step)


carriers = {"tcp": Stream, "websocket": Stream}


class _Noise:
    def __init__(self) -> None:
        self._begun = False
        self._want: dict[bool, int] = {}

    def step(self, talk: Talk, outgoing: bool) -> bool:
        buffer = talk.sides[outgoing]
        if outgoing and not self._begun:
            return self._prologue(talk)
        if outgoing not in self._want:
            length = buffer.block(3)
            if length is None:
                return False
            self._want[outgoing] = int.from_bytes(length[0])
        frame = buffer.block(self._want[outgoing])
        if frame is None:
            return False
        del self._want[outgoing]
        talk.say(outgoing, Head("FRAME"), frame[0])
        return True

    def _prologue(self, talk: Talk) -> bool:
        start = talk.sides[True].data
        at = 7 + int.from_bytes(start[4:7]) if start[:2] == b"ED" else 0
        if len(start) < max(7, at + 4):
            return False
        talk.say(True, Head("PROLOGUE"), talk.sides[True].take(at + 4))
        self._begun = True
        return True
