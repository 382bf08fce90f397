"""Writing a session journal: whose it may be, where it lies, what a full disk costs."""

import logging
import os
import stat
import time
from pathlib import Path

import pytest

from auditor.errors import CaptureError
from auditor.live.journal import Journal, place_of
from auditor.model import Problem
from auditor.sources import read
from auditor.sources.records import Closed, Opened

ONE = Closed("c", "client", 1.0)


def test_a_journal_is_its_owners_alone_and_says_what_it_is(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.journal"
    journal = Journal(path, "test", False)
    journal.write(journal.first)
    assert path.read_bytes().startswith(b'{"journal":1,"made_by":"test"')  # nothing waits in a buffer
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o644)
    Journal(path, "test", True).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    journal.close()


def test_a_file_that_is_no_journal_is_never_written_over(tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("dear all")
    for goes_on in (True, False):
        with pytest.raises(CaptureError, match="not a session journal"):
            Journal(path, "test", goes_on)
    assert path.read_text() == "dear all"
    with pytest.raises(CaptureError, match="cannot be written"):
        Journal(tmp_path, "test", False)


def test_a_journal_begins_anew_or_goes_on_as_its_dump_does(tmp_path: Path) -> None:
    path = tmp_path / "a.journal"
    for goes_on, lines in ((False, 2), (True, 4), (False, 2)):
        journal = Journal(path, "test", goes_on)
        journal.write(journal.first)
        journal.write(ONE)
        journal.close()
        assert path.read_bytes().count(b"\n") == lines


def test_what_goes_on_after_a_torn_record_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.journal"
    path.write_bytes(b'{"journal":1}\n{"what":"clo')
    journal = Journal(path, "test", True)
    journal.write(journal.first)
    journal.close()
    assert [event.kind for event in read(path) if isinstance(event, Problem)] == ["damaged entry"]


def test_a_full_disk_costs_records_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path, write = tmp_path / "a.journal", os.write
    journal = Journal(path, "test", False)
    journal.write(journal.first)
    monkeypatch.setattr(os, "write", lambda number, data: write(number, data[:9]))
    journal.write(ONE)

    def full(number: int, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    journal.write(ONE)
    monkeypatch.setattr(os, "write", write)
    journal.write(Opened("d", "server", host="half \udcff"))
    journal.write(ONE)
    journal.close()
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    assert len(path.read_bytes().splitlines()) == 4
    told = {event.kind: event.message for event in read(path) if isinstance(event, Problem)}
    assert sorted(told) == ["damaged entry", "too-much"]
    assert told["too-much"].startswith("3 records are missing: ")


def test_the_journal_lies_beside_the_dump() -> None:
    assert place_of("", None) == (None, None, False)
    assert place_of("", "a/s.mitm") == (Path("a/s.mitm.journal"), Path("a/s.mitm"), False)
    assert place_of("", "+s.mitm") == (Path("s.mitm.journal"), Path("s.mitm"), True)
    assert place_of("x", "s.mitm") == (Path("x"), Path("s.mitm"), True)
    assert place_of("~/x", None) == (Path.home() / "x", None, True)
    assert place_of("", "%Y.mitm")[0] == Path(time.strftime("%Y.mitm.journal"))
