"""One direction of one level of keys: which key, which phase and which number a packet has.

A number travels without its upper bytes, and a phase as one bit. What is missing follows from
what came before; where that was lost, a few guesses are made, and the tag decides.
"""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from auditor.sources.pcap.quic.protection import Opener

MISSES = 1_000  # packets in a row that did not open, after which no more are tried
REMEMBERED = 4_096  # numbers of packets that were opened, so that a copy is known as one
_AWAY = (0, 1, -1, 2, -2)  # windows of numbers that may have been lost on the way


class Opened(Struct, frozen=True):
    number: int
    payload: bytes
    again: bool = False  # a copy of one that was opened before


class Lock:
    def __init__(self, openers: Sequence[Opener], phased: bool = False) -> None:
        self._openers = list(openers)  # until one fits, which is then the only one
        self._phased = phased
        self._largest = -1
        self._generation = 0
        self._seen: dict[int, None] = {}
        self.acknowledged = -1  # what the other side says it has: there are no smaller numbers to come
        self.opened = self.misses = 0

    @property
    def given_up(self) -> bool:
        return self.misses >= MISSES

    def open(self, packet: bytes, start: int, peer: int = 0) -> Opened | None:
        """The packet whose number begins there. `peer` is the generation of keys on the other way."""
        if self.given_up:
            return None
        for opener in self._openers:
            bare = opener.unmask(packet, start)
            if bare is None:
                continue
            header, truncated, size = bare
            payload = packet[len(header) :]
            for generation in self._generations(header[0], peer):
                for number in self._numbers(truncated, size):
                    plain = opener.open(header, payload, number, generation)
                    if plain is not None:
                        return self._settled(opener, number, generation, plain)
        self.misses += 1
        return None

    @property
    def generation(self) -> int:
        return self._generation

    def _generations(self, first: int, peer: int) -> Iterator[int]:
        if not self._phased:
            yield 0
            return
        parity, now = first >> 2 & 1, self._generation
        if now & 1 == parity:
            yield now
        near = (now + 1, now - 1, now + 2, now - 2, peer, peer + 1)
        yield from dict.fromkeys(one for one in near if one >= 0 and one != now and one & 1 == parity)

    def _numbers(self, truncated: int, size: int) -> Iterator[int]:
        window = 1 << 8 * size
        likely = _nearest(truncated, window, max(self._largest, self.acknowledged) + 1)
        yield likely
        expected = {likely, _nearest(truncated, window, self._largest + 1)}
        away = _AWAY if size < 3 else (0,)
        guesses = dict.fromkeys(one + step * window for one in expected for step in away)
        yield from (one for one in guesses if 0 <= one < 1 << 62 and one != likely)

    def _settled(self, opener: Opener, number: int, generation: int, payload: bytes) -> Opened:
        self._openers = [opener]
        if number > self._largest:
            self._largest, self._generation = number, generation
        self.misses = 0
        self.opened += 1
        again = number in self._seen
        self._seen[number] = None
        if len(self._seen) > REMEMBERED:
            del self._seen[next(iter(self._seen))]
        return Opened(number, payload, again)


def _nearest(truncated: int, window: int, expected: int) -> int:
    """RFC 9000, A.3."""
    number = expected & -window | truncated
    if number <= expected - window // 2:
        return number + window
    if number > expected + window // 2 and number >= window:
        return number - window
    return number
