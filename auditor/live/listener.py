"""The audit of a running proxy, on a thread of its own: traffic never waits for a verdict.

It takes the records that the journal holds, in their order, through the reader that a saved
journal goes through: so the report is the one that `auditor analyze` gives of the session.
"""

import logging
import threading
from collections.abc import Iterable
from pathlib import Path
from queue import SimpleQueue

from auditor.audit import Audit
from auditor.model import Event
from auditor.sources.heads import Place
from auditor.sources.journal import Reader, entries
from auditor.sources.records import First, Record
from auditor.sources.tape import Tape

log = logging.getLogger(__name__)


class Past:
    """A file as far as it went when it was opened."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        self._left = path.stat().st_size

    def read(self, size: int) -> bytes:
        data = self._file.read(min(size, self._left))
        self._left -= len(data)
        return data

    def close(self) -> None:
        self._file.close()


class Listener:
    """Feeds an audit. Nobody else may touch it before `finish`."""

    def __init__(self, audit: Audit, place: Place, past: Path | None = None) -> None:
        self.audit = audit
        self.unread = 0
        self._reader = Reader(place)
        self._records: SimpleQueue[First | Record | None] = SimpleQueue()
        self._whole = False
        self._thread = threading.Thread(target=self._run, name="auditor", daemon=True)
        # A journal that goes on: the report is about all of it, but what comes now is heard once.
        self._tape = Tape(Past(past)) if past else None
        self._thread.start()

    def hear(self, record: First | Record) -> None:
        if self._thread.is_alive():
            self._records.put(record)

    def finish(self) -> bool:
        """Waits for what was not heard yet; says whether everything was."""
        self._records.put(None)
        self._thread.join()
        return self._whole

    def _run(self) -> None:
        if self._tape:
            self._feed(entries(self._tape, self._reader))
            self._tape.close()
            self.unread = self._tape.unread
        while (record := self._records.get()) is not None:
            self._feed(self._reader.take(record))
        self._feed(self._reader.finish())
        self._whole = True

    def _feed(self, events: Iterable[Event]) -> None:
        for event in events:
            for finding in self.audit.feed(event):
                about = (finding.platform, finding.surface, finding.direction, finding.content)
                log.info("auditor: %s %s %s: %s", *about)
