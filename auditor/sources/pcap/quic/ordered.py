"""Bytes that have places, put in order: of overlapping pieces the first one wins, gaps are marked."""

from bisect import bisect_right

HELD = 1_000_000  # bytes of one stream that wait behind a gap
PIECES = 4_000  # and in how many pieces


class Ordered:
    """The bytes of one direction of one stream."""

    def __init__(self) -> None:
        self.at = 0  # all before this was handed out, or given up
        self.end: int | None = None
        self.held = 0
        self.conflicts = 0  # bytes that were said twice, and not alike
        self._starts: list[int] = []
        self._pieces: list[bytes] = []

    @property
    def full(self) -> bool:
        """More waits behind a gap than is kept: the gap has to be given up."""
        return self.held > HELD or len(self._pieces) > PIECES

    @property
    def finished(self) -> bool:
        return self.end is not None and self.at >= self.end

    def ends(self, at: int) -> None:
        """The stream is that long. A second end, or one before what was said, is not believed."""
        last = self._starts[-1] + len(self._pieces[-1]) if self._starts else self.at
        if self.end is None and at >= last:
            self.end = at

    def add(self, at: int, data: bytes) -> None:
        if self.end is not None:
            data = data[: max(self.end - at, 0)]
        if at < self.at:
            data, at = data[self.at - at :], self.at
        place = bisect_right(self._starts, at) - 1
        if place >= 0:
            known = self._starts[place] + len(self._pieces[place]) - at
            if known > 0:
                self._compare(self._pieces[place][-known:], data)
                data, at = data[known:], at + known
        place += 1
        while data:
            if place == len(self._starts) or self._starts[place] >= at + len(data):
                self._insert(place, at, data)
                return
            room = self._starts[place] - at
            if room:
                self._insert(place, at, data[:room])
                data, at, place = data[room:], at + room, place + 1
            known_piece = self._pieces[place]
            self._compare(known_piece, data)
            data, at, place = data[len(known_piece) :], at + len(known_piece), place + 1

    def take(self) -> bytes:
        """What follows on what was handed out, without a gap."""
        count, at = 0, self.at
        while count < len(self._starts) and self._starts[count] == at:
            at += len(self._pieces[count])
            count += 1
        ready = b"".join(self._pieces[:count])
        del self._starts[:count], self._pieces[:count]
        self.at, self.held = at, self.held - len(ready)
        return ready

    def skip(self) -> int:
        """Gives up the gap before what waits; how many bytes are lost by that."""
        goal = self._starts[0] if self._starts else self.end if self.end is not None else self.at
        lost, self.at = max(goal - self.at, 0), max(goal, self.at)
        return lost

    def _insert(self, place: int, at: int, data: bytes) -> None:
        self._starts.insert(place, at)
        self._pieces.insert(place, data)
        self.held += len(data)

    def _compare(self, known: bytes, said: bytes) -> None:
        size = min(len(known), len(said))
        if known[:size] != said[:size]:
            self.conflicts += size
