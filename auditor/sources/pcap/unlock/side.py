"""What one end of a stream says: its records, what opens them, and the place in both after a loss.

Where bytes were lost, the length of the record that was begun says where the next one begins; where
that is not known, a beginning is believed only if the record behind it passes its check. How many
records were lost is found out the same way, by trying the numbers that come next.
"""

from collections.abc import Iterator

from auditor.sources.pcap.handshake import LONGEST as LONGEST_MESSAGE
from auditor.sources.pcap.records import ALERT, CHANGE, DATA, HANDSHAKE, Record, Records
from auditor.sources.pcap.unlock.search import HEAD, Search
from auditor.sources.pcap.unlock.stage import Stage

FURTHER = 4096  # records that may be missing in one place
TRIES = 20_000  # numbers that are tried in vain, in one direction of a connection
FAILED = 8  # records in a row that fail their check, until it is believed that nothing will open
_SMALLEST = 22  # bytes of a record that says anything under a check


class Side:
    def __init__(self) -> None:
        self.stages: list[Stage] = []  # the one that is spoken, and those that come next
        self.sealed = False  # whether what is said now should be under a key
        self.why = ""  # it stays shut
        self.opened = False  # whether any record passed its check
        self.patience = FAILED
        self._records = Records()
        self._number = 0
        self._doubt = 0  # how many records may be missing before the next one
        self.failed = 0  # records in a row that did not pass
        self._tries = TRIES
        self._skip = 0  # bytes of a record whose beginning was lost
        self._lost: Search | None = None  # in which a record is sought
        self._joined = bytearray()
        self.broken = False  # the message of the handshake that is said was not heard from its beginning

    def shut(self, why: str) -> None:
        self.why = self.why or why
        self.stages = []
        self._records.stop(why)
        self._lost = None
        self._joined.clear()

    def cut(self, data: bytes, lost: int) -> Iterator[Record]:
        """The records that are whole now."""
        if self.why:
            return
        if lost:
            self._miss(lost)
        if self._skip:
            self._skip, data = max(0, self._skip - len(data)), data[self._skip :]
        if self._lost is not None:
            data = self._seek(data)
        if data and not self.why:
            yield from self._records.feed(data)
            if self._records.stopped:
                self.shut(self._records.stopped)

    def open(self, record: Record) -> bytes:
        """What is in it; ValueError where it fails its check."""
        found = self._find(record)
        if found is None:
            self.failed += 1
            self._doubt = min(self._doubt + 1, FURTHER)
            raise ValueError("a record fails its check")
        at, number, said = found
        if at:
            self.enter(at)
        self._number = number + 1
        self._doubt = self.failed = 0
        self.opened = True
        return said

    @property
    def hopeless(self) -> bool:
        return self.failed >= self.patience

    def enter(self, step: int = 1) -> None:
        """The next stage begins."""
        del self.stages[:step]
        self.begin(self.stages)

    def begin(self, stages: list[Stage]) -> None:
        self.stages = stages
        self.sealed = True
        self._number = self._doubt = self.failed = 0
        self.patience = FAILED
        self._joined.clear()

    def messages(self, data: bytes) -> Iterator[tuple[int, bytes, bytes]]:
        """The messages of a handshake that are whole now: kind, body, and all of it."""
        if self.broken and not self.sealed:
            return
        self._joined += data
        while len(self._joined) >= 4:
            size = 4 + int.from_bytes(self._joined[1:4])
            if size > LONGEST_MESSAGE:
                raise ValueError("a message of the handshake is longer than any that is known")
            if len(self._joined) < size:
                return
            raw = bytes(self._joined[:size])
            del self._joined[:size]
            yield raw[0], raw[4:], raw

    def _find(self, record: Record) -> tuple[int, int, bytes] | None:
        """The stage, the number and the content of a record."""
        if len(self.stages) == 1 and not self._doubt:  # nearly always
            opener = self.stages[0].opener
            try:
                return 0, *opener.open(record.kind, record.version, (self._number,), record.body)
            except ValueError:
                self._tries -= 1
                return None
        for at, stage in enumerate(self.stages):
            first = 0 if at else self._number
            doubt = min(self._doubt, max(self._tries, 0))
            numbers = range(first, first + doubt + 1)
            try:
                return at, *stage.opener.open(record.kind, record.version, numbers, record.body)
            except ValueError:
                self._tries -= len(numbers)
        return None

    def _miss(self, lost: int) -> None:
        """Bytes are missing: where the next record begins, and which one it is."""
        expected = self._records.expected
        self._joined.clear()
        self.broken = True
        missing = lost + (len(self._lost) if self._lost is not None else 0)
        self._doubt = min(self._doubt + missing // _SMALLEST + 2, FURTHER)
        if self._skip >= lost:
            self._skip -= lost
        elif expected >= lost and self._lost is None:
            self._skip = expected - lost
        else:
            self._skip, self._lost = 0, Search()
            if self.stages and not self.stages[0].opener.resumes:
                self.shut("bytes are missing, and its cipher cannot be taken up again behind them")
                return
        self._records = Records(begun=True)

    def _seek(self, data: bytes) -> bytes:
        """Everything from the first beginning on that is believed."""
        assert self._lost is not None
        rest = self._lost.feed(data, self._believed)
        if rest is not None:
            self._lost = None
        elif self._tries < 0:
            self.shut("bytes are missing, and no record is found again behind them")
        return rest or b""

    def _believed(self, record: Record, behind: bytes) -> bool:
        if not self.stages:
            known = record.kind in (CHANGE, ALERT, HANDSHAKE, DATA) and len(record.body) > 0
            return known and (not behind or len(behind) < 3 or HEAD.match(behind) is not None)
        found = self._find(record)
        if found is None:
            return False
        at, self._number, _ = found
        self._doubt = 0
        del self.stages[:at]
        return True
