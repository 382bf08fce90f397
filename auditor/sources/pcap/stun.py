"""STUN and TURN, by which calls find their way: who runs the relay, and with what program.

A realm and a program's name are shown. A user name belongs to a person or a session: only
that there is one is said.
"""

from msgspec import Struct

COOKIE = bytes.fromhex("2112a442")
MOST = 64  # attributes of one message

_USERNAME, _REALM, _ORIGIN, _SOFTWARE = 0x0006, 0x0014, 0x802F, 0x8022
_METHODS = {
    1: "binding", 3: "allocate", 4: "refresh", 6: "send", 7: "data", 8: "permission", 9: "channel",
}  # fmt: skip
_STANDARD = {
    0x0001, 0x0006, 0x0008, 0x0009, 0x000A, 0x000C, 0x000D, 0x0012, 0x0013, 0x0014, 0x0015, 0x0016, 0x0017,
    0x0018, 0x0019, 0x001A, 0x001C, 0x001D, 0x001E, 0x0020, 0x0022, 0x0024, 0x0025, 0x002A, 0x8000, 0x8001,
    0x8002, 0x8003, 0x8004, 0x8022, 0x8023, 0x8027, 0x8028, 0x8029, 0x802A, 0x802B, 0x802C, 0x802F,
}  # fmt: skip


class Stun(Struct, frozen=True):
    """What one message shows."""

    relay: bool  # TURN: what is said goes through a server
    realm: str = ""
    software: str = ""
    origin: str = ""
    named: bool = False  # it carries a user name
    special: tuple[int, ...] = ()  # attributes of no standard: programs are known by them


def read(data: bytes) -> Stun | None:
    """One message with its cookie; None for anything else."""
    if len(data) < 20 or data[0] & 0xC0 or data[4:8] != COOKIE:
        return None
    size = int.from_bytes(data[2:4])
    method = int.from_bytes(data[:2]) & 0x3EEF
    method = method & 0xF | method >> 1 & 0x70 | method >> 2 & 0xF80
    if size % 4 or 20 + size > len(data):
        return None
    texts: dict[int, str] = {}
    special: list[int] = []
    named, at, seen = False, 20, 0
    while at + 4 <= 20 + size and seen < MOST:
        kind, length = int.from_bytes(data[at : at + 2]), int.from_bytes(data[at + 2 : at + 4])
        if at + 4 + length > 20 + size:
            return None
        if kind in (_REALM, _SOFTWARE, _ORIGIN):
            texts.setdefault(kind, data[at + 4 : at + 4 + length].decode("utf-8", "replace").rstrip("\0 "))
        named = named or kind == _USERNAME
        if kind not in _STANDARD and kind not in special:
            special.append(kind)
        at += 4 + length + -length % 4
        seen += 1
    relay = method in _METHODS and method != 1
    realm, software, origin = (texts.get(kind, "") for kind in (_REALM, _SOFTWARE, _ORIGIN))
    return Stun(relay, realm, software, origin, named, tuple(special))
