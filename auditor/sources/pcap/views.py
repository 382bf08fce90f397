"""What was seen of connections, once for all of a lane that began alike.

Laws: a view that a connection rests on stays; what is too much is let go, the oldest first: how others
begin, what may come of those that go on, at last how those began that are told by it.
"""

from collections import Counter

from msgspec import structs

from auditor.sources.pcap.flows import BOTH
from auditor.sources.pcap.glance import Script
from auditor.sources.pcap.onlooker import Onlooker
from auditor.sources.pcap.outside import Seen
from auditor.sources.pcap.window import Integers

ALIKE = 1400  # beginnings that are known again
HELD = 2_700_000  # bytes of those that may go on
LOOKERS = 1_000  # connections that are looked at
STARTS = 8_000_000  # bytes with which those began that are known by nothing else


class View:
    """What was seen of connections that began alike."""

    __slots__ = ("digest", "full", "looker", "script", "seen", "sure", "torn", "uses")

    def __init__(self, looker: Onlooker, digest: bytes = b"") -> None:
        self.looker: Onlooker | None = looker  # while it may see more
        self.digest = digest  # while others are known by it
        self.script: Script | None = None  # what it was shown, for others that go on by themselves
        self.sure = False  # its packets were not put in order, for all were: whoever goes on begins again
        self.full, self.torn, self.uses = 0, False, 1
        self.seen: Seen | None = None

    @property
    def over(self) -> bool:
        """Nothing that comes is looked at, by nobody."""
        return self.full == BOTH or (self.looker is None and self.script is None)

    @property
    def weight(self) -> int:
        return self.script.weight if self.script else 0


class Views:
    """All of one lane that are of use, by their numbers and by how they begin."""

    def __init__(self, lane: int = 0, of: int = 1) -> None:
        self._step = of  # numbers are those of one lane
        self._views: dict[int, View] = {}
        self._alike: dict[bytes, int] = {}
        self._open: dict[int, None] = {}
        self._starts: dict[int, int] = {}  # and how many bytes
        self._total, self._held, self._begun = lane, 0, 0

    def __getitem__(self, number: int) -> View:
        return self._views[number]

    def __len__(self) -> int:
        return len(self._views)

    def known(self, digest: bytes) -> int:
        """The number of the one that began so; 0 where none did."""
        return self._alike.get(digest, 0)

    def add(self, view: View) -> int:
        self._total += self._step
        self._views[self._total] = view
        if view.digest:
            self._alike[view.digest] = self._total
            self._held += view.weight
            while len(self._alike) > ALIKE or self._held > HELD:
                self.forget(next(iter(self._alike.values())))
        if view.looker:
            self._open[self._total] = None
            if len(self._open) > LOOKERS:
                self.settle(next(iter(self._open)))
        return self._total

    def settle(self, number: int) -> Seen:
        """What was seen; nothing more is looked at."""
        view = self._views[number]
        self._open.pop(number, None)
        if view.seen is None:
            assert view.looker is not None
            view.seen, view.looker = view.looker.settle(), None
            if size := sum(len(piece) for _, piece in view.seen.start):
                self._starts[number] = size
                self._begun += size
        while self._begun > STARTS:
            oldest = self._views[next(iter(self._starts))]
            self._drop(next(iter(self._starts)))
            oldest.seen = structs.replace(oldest.seen, start=()) if oldest.seen else None
        return view.seen

    def alone(self, number: int) -> None:
        """The one that began so goes on: of those that are looked at it is the last one to speak."""
        self.forget(number)
        self._open[number] = self._open.pop(number)

    def forget(self, number: int) -> None:
        """No other is known by it any more."""
        view = self._views[number]
        if view.digest:
            del self._alike[view.digest]
            self._held -= view.weight
            view.digest = b""
        if view.uses < 2 and view.looker and not view.sure:
            view.script = None
        self._release(number, 0)

    def release(self, numbers: Integers) -> None:
        """Connections are over that rested on these."""
        for number, count in Counter(numbers[numbers > 0].tolist()).items():
            self._release(number, count)

    def _release(self, number: int, count: int) -> None:
        view = self._views[number]
        view.uses -= count
        if not view.uses and not view.digest:
            del self._views[number]
            self._open.pop(number, None)
            self._drop(number)

    def _drop(self, number: int) -> None:
        self._begun -= self._starts.pop(number, 0)
