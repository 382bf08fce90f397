"""Writes a session journal: one record, one line, one write.

Laws: what was written stays when the proxy dies, for nothing waits in a buffer; only its owner
may read the file; a file that is no journal is never written over; a disk that is full costs
records and says so, in the log and in the journal once there is room, and the proxy goes on.
"""

import logging
import os
import time
from pathlib import Path

from auditor.errors import CaptureError
from auditor.sources.records import START, SUFFIX, VERSION, First, Lost, Record, line

log = logging.getLogger(__name__)


def place_of(option: str, dump: str | None) -> tuple[Path | None, Path | None, bool]:
    """Where the journal is, where the dump is, and whether the journal goes on where it ended.

    `dump` is what was said to -w: a pattern for a time, with a plus to append.
    """
    named = time.strftime(dump.removeprefix("+")) if dump else ""
    saved = Path(named).expanduser() if named else None
    if option:
        return Path(option).expanduser(), saved, True
    return saved and saved.with_name(saved.name + SUFFIX), saved, bool(dump and dump.startswith("+"))


class Journal:
    """A journal that is open for writing."""

    def __init__(self, path: Path, made_by: str, goes_on: bool) -> None:
        self.path = path
        self.first = First(VERSION, made_by, time.time())
        self._torn, self._lost, self._why = False, 0, ""
        self._number = _open(path, goes_on)

    def write(self, record: First | Record) -> None:
        try:
            data = line(record)
            if self._lost:
                data = (b"\n" if self._torn else b"") + line(Lost(self._lost, self._why)) + data
            if os.write(self._number, data) < len(data):
                self._torn = True
                self._missed("it was cut: no space?")
            else:
                self._torn, self._lost = False, 0
        except OSError as exc:
            self._missed(exc.strerror or str(exc))
        except (ValueError, TypeError) as exc:  # what another addon made of a flow
            self._missed(str(exc))

    def _missed(self, why: str) -> None:
        self._lost, self._why = self._lost + 1, why
        if self._lost == 1:  # the others are counted
            log.error("auditor: %s: a record was not written: %s", self.path, why)

    def close(self) -> None:
        os.close(self._number)


def _open(path: Path, goes_on: bool) -> int:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        number = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        start, size = os.pread(number, len(START), 0), os.fstat(number).st_size
        if start and start != START:
            os.close(number)
            raise CaptureError(f"{path}: not a session journal, so nothing is written to it")
        os.fchmod(number, 0o600)
        if not goes_on:
            os.ftruncate(number, 0)
        elif size and os.pread(number, 1, size - 1) != b"\n":  # the proxy died, or the disk was full
            os.write(number, b"\n")
    except OSError as exc:
        raise CaptureError(f"{path}: cannot be written: {exc.strerror}") from exc
    return number
