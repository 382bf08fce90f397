"""One TCP connection: packets in any order to the bytes that were meant, in the order they were said.

Laws: every byte that comes out is one that was sent at that place, or the place is marked
`lost`; where packets tell the same place twice the first one wins, and a second one that
says something else is counted; nobody answers before the question: what a packet had
acknowledged comes out before its payload; what waits is bounded, and what is clear never
to come is not waited for.
"""

from bisect import bisect_right

from auditor.sources.pcap.wire import ACK, FIN, RST, SYN, TCP, Chunk, End, Packet

PATIENCE = 64  # packets of the connection that may come before what is late counts as lost
WAITING = 4_000_000  # bytes of one direction that wait for what should stand before them
PIECES = 4096  # the same in pieces
_TAIL = 4096  # bytes already said that a second telling is still compared with
_TURN = 1 << 32  # sequence numbers begin anew


class Segment:
    """A piece of a direction, by its place from the direction's first byte on."""

    __slots__ = ("acknowledged", "arrived", "data", "end", "missing", "number", "start", "when")

    def __init__(self, start: int, data: bytes, missing: int, packet: Packet, arrived: int) -> None:
        self.start, self.data, self.missing = start, data, missing
        self.end = start + len(data) + missing
        self.number, self.when, self.arrived = packet.number, packet.when, arrived
        self.acknowledged: int | None = None  # the place that the other direction had reached


class Half:
    """One direction."""

    __slots__ = (
        "base", "conflicts", "ended", "excused", "heard", "known", "lost", "next", "reached", "size", "tail",
        "waiting",
    )  # fmt: skip

    def __init__(self) -> None:
        self.base: int | None = None  # the sequence number of place 0
        self.next = 0  # the place up to which all has come out
        self.known = False  # whether the first byte is known to be the first
        self.reached = 0  # the place that the other side has acknowledged
        self.excused = 0  # what the other direction no longer waits for
        self.heard = False
        self.waiting: list[Segment] = []
        self.size = 0
        self.lost = 0  # before the next chunk
        self.tail = b""
        self.conflicts = 0
        self.ended = False

    def place(self, sequence: int) -> int:
        """The place of a sequence number: of all turns the one nearest to what comes next."""
        if self.base is None:
            self.base = sequence
        near = (sequence - self.base - self.next) % _TURN
        return self.next + (near - _TURN if near >= _TURN // 2 else near)

    def settle(self) -> None:
        """The first byte was never seen: the lowest that waits is the first from here on."""
        if not self.known and self.waiting:
            self.next = min(self.next, self.waiting[0].start)
        self.known = True

    def add(self, segment: Segment) -> None:
        """What is new in a segment waits; what is not is compared."""
        if self.known and segment.start < self.next:
            segment = self._unsaid(segment)
        if segment.end > segment.start and (not self.waiting or segment.start >= self.waiting[-1].end):
            self._insert(len(self.waiting), segment)
            return
        index = bisect_right(self.waiting, segment.start, key=lambda one: one.start)
        if index and self.waiting[index - 1].end > segment.start:
            index -= 1
        while segment.end > segment.start:
            if index == len(self.waiting) or self.waiting[index].start >= segment.end:
                self._insert(index, segment)
                return
            held = self.waiting[index]
            if held.start > segment.start:
                self._insert(index, _cut(segment, segment.start, held.start))
                index += 1
            self._compare(held, segment)
            segment = _cut(segment, max(segment.start, held.end), segment.end)
            index += 1

    def _insert(self, index: int, segment: Segment) -> None:
        self.waiting.insert(index, segment)
        self.size += len(segment.data)

    def _unsaid(self, segment: Segment) -> Segment:
        begun = self.next - len(self.tail)
        start, end = max(segment.start, begun), min(segment.start + len(segment.data), self.next)
        alive = len(segment.data) == 1 and segment.end == self.next  # a keep-alive says any byte
        if end > start and not alive:
            told = segment.data[start - segment.start : end - segment.start]
            self.conflicts += told != self.tail[start - begun : end - begun]
        return _cut(segment, min(self.next, segment.end), segment.end)

    def _compare(self, held: Segment, segment: Segment) -> None:
        start = max(held.start, segment.start)
        end = min(held.start + len(held.data), segment.start + len(segment.data))
        if end > start:
            first, second = (one.data[start - one.start : end - one.start] for one in (held, segment))
            self.conflicts += first != second

    def ready(self, other: "Half") -> bool:
        """Whether the lowest that waits is what comes next, and what it answers was said."""
        head = self.waiting[0]
        if not self.known or head.start > self.next:
            return False
        asked = head.acknowledged
        if asked is None:
            return True
        # A FIN counts as a byte.
        return other.known and (asked <= other.next + other.ended or asked <= other.excused)

    def take(self) -> Segment:
        """The lowest that waits, with the gap before it."""
        segment = self.waiting.pop(0)
        self.size -= len(segment.data)
        self.lost += segment.start - self.next
        self.next = segment.end
        self.tail = b"" if segment.missing else (self.tail + segment.data)[-_TAIL:]
        return segment


class Assembly:
    """Both directions of one connection. `client` is the end that opened it."""

    def __init__(self, client: End) -> None:
        self.client = client
        self.halves = {True: Half(), False: Half()}
        self.lost = 0  # bytes that never came, both ways
        self.reset = False
        self._count = 0
        self._last = Packet(0, 0.0, client, client, TCP)
        self._first: int | None = None  # the sequence number of the client's SYN

    @property
    def conflicts(self) -> int:
        """How often a place was told twice and not the same."""
        return sum(half.conflicts for half in self.halves.values())

    @property
    def over(self) -> bool:
        return self.reset or all(half.ended for half in self.halves.values())

    def excuse(self, from_client: bool) -> None:
        """Nobody waits any more for what this end said."""
        self.halves[from_client].excused = 1 << 62

    def renewed(self, packet: Packet) -> bool:
        """Whether this packet opens another connection between the same ends."""
        if packet.flags & (SYN | ACK) != SYN:
            return False
        return self.over or self._first not in (None, packet.sequence)

    def feed(self, packet: Packet) -> list[Chunk]:
        self._count, self._last = self._count + 1, packet
        from_client = packet.source == self.client
        half, other = self.halves[from_client], self.halves[not from_client]
        half.heard = True
        sequence = packet.sequence
        if packet.flags & SYN:
            self._first = sequence if from_client else self._first
            sequence = (sequence + 1) % _TURN
            self._begin(half, other, sequence)
        start = half.place(sequence)
        segment = Segment(start, packet.payload, packet.missing, packet, self._count)
        if packet.flags & ACK and not packet.flags & RST:
            segment.acknowledged = other.place(packet.acknowledged)
            other.reached = max(other.reached, segment.acknowledged)
        self.reset = self.reset or bool(packet.flags & RST)
        half.ended = half.ended or bool(packet.flags & FIN)
        if segment.end > segment.start and not packet.flags & RST:  # a reset may carry words for people
            half.add(segment)
        return self._said()

    def finish(self) -> list[Chunk]:
        """Nothing more comes. Bytes that were acknowledged and never seen are marked at the end."""
        chunks = self._said(all_of_it=True)
        for from_client, half in self.halves.items():
            missed = half.lost + max(0, half.reached - half.ended - half.next)
            if half.heard and missed:
                self.lost += missed
                chunks.append(Chunk(from_client, b"", self._last.number, self._last.when, missed))
        return chunks

    def _begin(self, half: Half, other: Half, sequence: int) -> None:
        """A SYN says which byte is the first, unless bytes have come out already."""
        if half.known:
            return
        first = half.place(sequence)
        half.waiting = [held for held in half.waiting if held.start >= first]
        for held in half.waiting:
            held.start, held.end = held.start - first, held.end - first
        for held in other.waiting:
            held.acknowledged = None if held.acknowledged is None else held.acknowledged - first
        half.reached, half.excused = half.reached - first, 0
        half.size = sum(len(held.data) for held in half.waiting)
        half.base, half.known = sequence, True

    def _said(self, all_of_it: bool = False) -> list[Chunk]:
        chunks: list[Chunk] = []
        while (way := self._following(all_of_it)) is not None:
            chunks.append(self._release(way))
        return chunks

    def _following(self, all_of_it: bool) -> bool | None:
        """The direction that speaks next; None while nobody can."""
        client, server = self.halves[True], self.halves[False]
        asking, answering = client.waiting, server.waiting
        if not asking and not answering:
            return None
        asks = bool(asking) and client.ready(server)
        if answering and server.ready(client):
            return asks and asking[0].arrived <= answering[0].arrived
        if asks:
            return True
        late = [True] if asking and (all_of_it or self._late(client, server)) else []
        if answering and (all_of_it or self._late(server, client)):
            late.append(False)
        if not late:
            return None
        client.settle()
        server.settle()
        ready = [way for way in late if self.halves[way].ready(self.halves[not way])]
        return min(ready or late, key=lambda one: self.halves[one].waiting[0].arrived)

    def _release(self, way: bool) -> Chunk:
        segment = (half := self.halves[way]).take()
        if segment.acknowledged is not None:
            other = self.halves[not way]
            other.excused = max(other.excused, segment.acknowledged)
        lost, half.lost = half.lost, segment.missing
        self.lost += lost
        return Chunk(way, segment.data, segment.number, segment.when, lost)

    def _late(self, half: Half, other: Half) -> bool:
        """Whether to wait no longer for what should come before the head of this direction."""
        head = half.waiting[0]
        if half.size > WAITING or len(half.waiting) > PIECES:
            return True
        if self._count - head.arrived < PATIENCE:
            return False
        gap = half.known and head.start > half.next
        return not gap or half.reached >= head.start or not other.heard


def resumed(client: End, following: dict[bool, int]) -> Assembly:
    """An assembly of what comes after bytes that are known: the sequence number where each end goes on."""
    found = Assembly(client)
    for way, sequence in following.items():
        half = found.halves[way]
        half.base, half.known, half.heard = sequence, True, True
    return found


def initiator(packet: Packet) -> End:
    """Which end opened the connection, as far as its first packet shows it."""
    if packet.flags & SYN:
        return packet.target if packet.flags & ACK else packet.source
    return packet.target if packet.source.port < packet.target.port else packet.source


def _cut(segment: Segment, start: int, end: int) -> Segment:
    """The part of a segment between two places."""
    kept = segment.data[start - segment.start : max(0, end - segment.start)]
    part = Segment.__new__(Segment)
    part.start, part.data, part.missing, part.end = start, kept, end - start - len(kept), end
    part.number, part.when, part.arrived = segment.number, segment.when, segment.arrived
    part.acknowledged = segment.acknowledged
    return part
