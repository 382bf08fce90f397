"""Packets of IP that were sent in pieces, put together again.

A budget bounds what waits; what is given up is counted. The first bytes that came for a place stay.
"""

from collections.abc import Hashable

from msgspec import Struct

from auditor.sources.pcap.links import Unread

WAITING = 1_024  # packets of which pieces are missing
HELD = 16 << 20  # bytes of them
PIECES = 512  # of one packet
_LONGEST = 1 << 16


class Waiting(Struct):
    pieces: dict[int, bytes] = {}
    held: int = 0
    total: int = -1  # known once the last piece is there


class Fragments:
    def __init__(self) -> None:
        self.lost = 0  # packets that were given up
        self._waiting: dict[Hashable, Waiting] = {}
        self._held = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, packet: Hashable, at: int, data: bytes, more: bool) -> bytes | None:
        """The whole once all its pieces are there."""
        if at + len(data) > _LONGEST:
            raise Unread("a fragment beyond the end of any packet")
        waiting = self._waiting.setdefault(packet, Waiting())
        if at not in waiting.pieces:
            waiting.pieces[at] = data
            waiting.held += len(data)
            self._held += len(data)
        if not more:
            waiting.total = at + len(data)
        if 0 <= waiting.total <= waiting.held and (whole := _whole(waiting)) is not None:
            self._forget(packet)
            return whole
        if len(waiting.pieces) > PIECES:
            self._forget(packet)
            self.lost += 1
            raise Unread("a packet in too many fragments")
        while len(self._waiting) > WAITING or self._held > HELD:
            self._forget(next(iter(self._waiting)))
            self.lost += 1
        return None

    def _forget(self, packet: Hashable) -> None:
        self._held -= self._waiting.pop(packet).held


def _whole(waiting: Waiting) -> bytes | None:
    out = bytearray()
    for at in sorted(waiting.pieces):
        if at > len(out):
            return None
        out += waiting.pieces[at][len(out) - at :]
    return bytes(out[: waiting.total]) if len(out) >= waiting.total else None
