"""The audit in its own process: what it says of itself when it goes wrong, and whose time it takes."""

import os
import threading
import time
from contextlib import suppress
from io import FileIO
from pathlib import Path

import pytest

from auditor.audit import Audit
from auditor.live.analyst import BITE, EVERY, MEEK, SPARE, STEP, Analyst, Tail, Task, failure
from auditor.live.journal import Journal
from auditor.live.listener import Listener
from auditor.model import Event, Finding
from auditor.sources.records import Refused

REFUSED = Refused("client", "a.example", 443, "", "bad certificate")


def rank(process: int, thread: str) -> int:
    return int(Path(f"/proc/{process}/task/{thread}/stat").read_text().rpartition(")")[2].split()[16])


def test_it_takes_only_what_time_the_machine_has_left(tmp_path: Path) -> None:
    path = tmp_path / "s.journal"
    Journal(path, "test", False).close()
    listener = Listener(Task(str(path)))
    process = listener.process.pid
    ranks: dict[str, int] = {}
    meek = min(19, os.nice(0) + MEEK)
    while meek not in ranks.values():
        for one in Path(f"/proc/{process}/task").iterdir():
            with suppress(OSError):  # one that has just ended
                ranks[one.name] = rank(process, one.name)
    assert ranks[str(process)] < meek  # it finishes what is left at the rank it was started with
    listener.finish()


def test_a_bug_of_ours_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "s.journal"
    journal = Journal(path, "test", False)
    journal.write(journal.first)
    journal.write(REFUSED)
    journal.close()

    def fail(self: Audit, event: Event) -> list[Finding]:
        raise RuntimeError("a bug")

    monkeypatch.setattr(Audit, "feed", fail)
    analyst = Analyst(Task(str(path)), FileIO(0, closefd=False), lambda _: None)
    analyst.over.set()
    with pytest.raises(RuntimeError) as caught:
        analyst.finish()
    analyst.tape.close()
    said = failure(caught.value, caught.tb)
    assert said.startswith("the audit failed: RuntimeError: a bug (test_analyst.py, line ")


def test_the_end_of_a_file_is_where_nobody_writes_any_more(tmp_path: Path) -> None:
    path, over, looks = tmp_path / "a", threading.Event(), list[int]()
    path.write_bytes(b"one")

    def idle() -> None:
        looks.append(1)
        path.write_bytes(path.read_bytes() + b" two")
        over.set()

    tail = Tail(path, over, idle)
    assert [tail.read(100), tail.read(100), tail.read(100)] == [b"one", b" two", b""]
    assert len(looks) == 1
    tail.close()


def test_it_waits_most_of_the_time_as_long_as_messages_come(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, over, waits, worked = tmp_path / "a", threading.Event(), list[float](), [0.0]
    monkeypatch.setattr(time, "thread_time", lambda: worked[0])
    monkeypatch.setattr(over, "wait", waits.append)
    path.write_bytes(b"one")
    tail = Tail(path, over, lambda: None)

    def work(seconds: float, more: bytes = b"") -> list[float]:
        """For how long it waits after that."""
        waits.clear()
        worked[0] += seconds
        path.write_bytes(path.read_bytes() + more)
        tail.give_way()
        return list(waits)

    assert work(STEP / 2, b"more") == []
    assert work(STEP, b"more") == [pytest.approx(STEP * 1.5 * SPARE)]
    assert work(7.0, b"more") == [EVERY]  # never so long that who looks on wonders
    assert work(7.0) == []
    path.write_bytes(bytes(3 * BITE))
    worked[0] += STEP * 2
    assert len(tail.read(1 << 20)) == BITE
    assert waits == [pytest.approx(STEP * 2 * SPARE)]
    tail.close()
