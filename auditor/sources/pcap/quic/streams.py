"""The streams of one connection: frames in any order become pieces in the order they were meant."""

from msgspec import Struct

from auditor.sources.pcap.quic.frames import Datagram, Reset, Stream
from auditor.sources.pcap.quic.ordered import Ordered

MOST = 5_000  # streams that are open at once
REMEMBERED = 20_000  # streams that are over, whose late copies are known as such
WAITING = 32_000_000  # bytes that wait behind gaps, in all streams together

DATAGRAM = -1  # in place of the number of a stream: what RFC 9221 sends beside all streams


class StreamPiece(Struct, frozen=True):
    """The next bytes of one direction of one stream. After `finished` or `reset` no more come."""

    stream: int
    from_client: bool
    data: bytes
    finished: bool = False
    lost: int = 0  # bytes that should stand before them and never came
    reset: bool = False
    number: int = 0  # of the packet of the capture that brought them
    when: float = 0.0


class Streams:
    def __init__(self) -> None:
        self._open: dict[tuple[int, bool], Ordered] = {}
        self._over: dict[tuple[int, bool], None] = {}
        self._waiting = 0
        self.refused = 0  # frames of streams that were too many
        self.lost = 0  # bytes that never came
        self.conflicts = 0  # bytes that were said twice, and not alike

    def said(
        self, from_client: bool, frame: Stream | Reset | Datagram, number: int, when: float
    ) -> list[StreamPiece]:
        if isinstance(frame, Datagram):
            return [StreamPiece(DATAGRAM, from_client, frame.data, number=number, when=when)]
        name = (frame.stream, from_client)
        one_way, by_server = bool(frame.stream & 2), bool(frame.stream & 1)
        if name in self._over or (one_way and by_server == from_client):
            return []
        if name not in self._open and len(self._open) >= MOST:
            self.refused += 1
            return []
        bytes_ = self._open.setdefault(name, Ordered())
        if isinstance(frame, Reset):
            return self._close(name, bytes_, number, when, reset=True)
        before = bytes_.held
        bytes_.add(frame.at, frame.data)
        if frame.finished:
            bytes_.ends(frame.at + len(frame.data))
        self._waiting += bytes_.held - before
        return self._ready(name, bytes_, number, when)

    def finish(self) -> list[StreamPiece]:
        """What still waits behind gaps, in the order the streams were opened."""
        return [
            piece for name, bytes_ in list(self._open.items()) for piece in self._flush(name, bytes_, 0, 0.0)
        ]

    def remarks(self) -> list[str]:
        counted = (
            (self.lost, "bytes of streams are not in the capture"),
            (self.conflicts, "bytes of streams were said twice, and not alike"),
            (self.refused, "frames were of more streams than are followed"),
        )
        return [f"{count} {what}" for count, what in counted if count]

    def _ready(self, name: tuple[int, bool], bytes_: Ordered, number: int, when: float) -> list[StreamPiece]:
        pieces = self._next(name, bytes_, 0, number, when)
        while bytes_.held and (bytes_.full or self._waiting > WAITING):
            pieces += self._next(name, bytes_, bytes_.skip(), number, when)
        return pieces

    def _flush(self, name: tuple[int, bool], bytes_: Ordered, number: int, when: float) -> list[StreamPiece]:
        pieces = self._next(name, bytes_, 0, number, when)
        while bytes_.held or (bytes_.end is not None and not bytes_.finished):
            pieces += self._next(name, bytes_, bytes_.skip(), number, when)
        return pieces

    def _next(
        self, name: tuple[int, bool], bytes_: Ordered, lost: int, number: int, when: float
    ) -> list[StreamPiece]:
        before = bytes_.held
        data, finished = bytes_.take(), bytes_.finished
        self._waiting -= before - bytes_.held
        self.lost += lost
        if finished:
            self._forget(name, bytes_)
        elif not data and not lost:
            return []
        return [StreamPiece(*name, data, finished, lost, number=number, when=when)]

    def _close(
        self, name: tuple[int, bool], bytes_: Ordered, number: int, when: float, reset: bool
    ) -> list[StreamPiece]:
        pieces = self._flush(name, bytes_, number, when)
        if name in self._over:  # all of it had come
            return pieces
        self._forget(name, bytes_)
        return [*pieces, StreamPiece(*name, b"", reset=reset, number=number, when=when)]

    def _forget(self, name: tuple[int, bool], bytes_: Ordered) -> None:
        self.conflicts += bytes_.conflicts
        self._open.pop(name, None)
        self._over[name] = None
        if len(self._over) > REMEMBERED:
            del self._over[next(iter(self._over))]
