"""The audit of a running proxy, on a thread of its own: traffic never waits for a verdict.

It reads the journal as it grows, through the reader that a saved journal goes through: so the
report is the one that `auditor analyze` gives of the session, and however far the audit lags
behind, what it has not read yet lies on the disk and not in memory. Without a journal the
records wait in a queue; what finds no room there is counted and named in the report.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from queue import Empty, Full, Queue

from auditor.audit import Audit
from auditor.model import Event, Finding
from auditor.report import Capture, Report
from auditor.sources.heads import Place
from auditor.sources.journal import Reader, entries
from auditor.sources.records import First, Record
from auditor.sources.tape import Tape

log = logging.getLogger(__name__)

MOST = 10_000  # records that wait where there is no journal
WAIT = 0.05  # seconds between looks at a journal that grows
EVERY = 1.0  # seconds between reports to whoever looks on
COSTLY = 10  # times as long as one takes passes before the next
NOWHERE = Capture("", "", "", 0)

Watcher = Callable[[Report, Finding | None], None]


class Tail:
    """A file that grows: its end is where nobody writes any more."""

    def __init__(self, path: Path, over: threading.Event, idle: Callable[[], None]) -> None:
        self._file = path.open("rb")
        self._over, self._idle = over, idle

    def read(self, size: int) -> bytes:
        while True:
            over = self._over.is_set()  # asked first: what is written meanwhile is read
            data = self._file.read(size)
            if data or over:
                return data
            self._idle()
            self._over.wait(WAIT)

    def close(self) -> None:
        self._file.close()


class Listener:
    """Feeds an audit. Nobody else may touch it before `finish`."""

    def __init__(
        self, audit: Audit, place: Place, journal: Path | None = None, watcher: Watcher | None = None
    ) -> None:
        self.audit = audit
        self.unread = 0
        self.passed_over = 0
        self._watcher, self._next, self._new, self._heard = watcher, 0.0, False, 0
        self._last: Finding | None = None
        self._reader = Reader(place)
        self._records: Queue[First | Record] = Queue(MOST)
        self._over = threading.Event()
        self._whole = False
        self._tape = Tape(Tail(journal, self._over, self._tell), hashed=False) if journal else None
        self._thread = threading.Thread(target=self._run, name="auditor", daemon=True)
        self._thread.start()

    def hear(self, record: First | Record) -> None:
        """Once it is in the journal, it is heard from there."""
        if self._tape or not self._thread.is_alive():
            return
        try:
            self._records.put_nowait(record)
        except Full:
            self.passed_over += 1

    def finish(self) -> bool:
        """Waits for what was not heard yet; says whether everything was."""
        self._over.set()
        self._thread.join()
        return self._whole

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def _run(self) -> None:
        if self._tape:
            self._feed(entries(self._tape, self._reader))
            self._tape.close()
            self.unread = self._tape.unread
        else:
            self._hear_all()
        self._feed(self._reader.finish())
        if self.passed_over:
            why = f"{self.passed_over:,} records came faster than they were read, and there is no journal"
            self._feed([self._reader.damaged(why, "too-much")])
        self._whole = True

    def _hear_all(self) -> None:
        while not (self._over.is_set() and self._records.empty()):
            try:
                record = self._records.get(timeout=WAIT)
            except Empty:
                self._tell()
                continue
            self._new = True
            self._feed(self._reader.take(record))

    def _feed(self, events: Iterable[Event]) -> None:
        for event in events:
            for finding in self.audit.feed(event):
                about = (finding.platform, finding.surface, finding.direction, finding.content)
                log.info("auditor: %s %s %s: %s", *about)
                self._last = finding
            self._tell()

    def _tell(self) -> None:
        """What is known by now, to whoever looks on: not more often than can be read, or than is cheap."""
        now, heard = time.monotonic(), self._tape.position if self._tape else 0
        if self._watcher and now > self._next and (self._new or heard != self._heard):
            report, last = so_far(self.audit, self._reader)
            self._last = last or self._last
            self._watcher(report, self._last)
            self._new, self._heard = False, heard
            self._next = now + max(EVERY, COSTLY * (time.monotonic() - now))


def so_far(audit: Audit, reader: Reader) -> tuple[Report, Finding | None]:
    """The report as if all connections ended now, and the last finding in those that did not.

    Most messengers keep theirs open for as long as they run; nobody would wait for that.
    """
    early, ended = Audit(audit.book, audit.needles, audit.excerpts.reveal, audit.app), audit.report(NOWHERE)
    found = [finding for event in reader.so_far() for finding in early.feed(event)]
    return (ended + early.report(NOWHERE), found[-1]) if found else (ended, None)
