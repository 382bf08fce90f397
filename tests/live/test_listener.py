"""The audit beside the traffic: it may be slow, it may fail, it may die, and nobody waits for it."""

import os
import signal
from pathlib import Path

import pytest

from auditor.errors import AuditorError
from auditor.live.analyst import Seen, Task
from auditor.live.journal import Journal
from auditor.live.listener import Listener
from auditor.sources.flows import Flow, Side
from auditor.sources.records import Begun, Ended, Refused, Said
from tests.live.conftest import until

REFUSED = Refused("client", "a.example", 443, "", "bad certificate")


def count(seen: Seen | None) -> int:
    assert seen
    return sum(sums.count for _, sums in seen.report.whole().contacts)


def test_who_speaks_never_waits_for_who_listens() -> None:
    listener = Listener(Task())
    os.kill(listener.process.pid, signal.SIGSTOP)
    for _ in range(5000):  # more than a pipe holds
        listener.hear(REFUSED)
    os.kill(listener.process.pid, signal.SIGCONT)
    assert count(listener.finish()) == 5000


def test_a_journal_is_read_as_it_grows(tmp_path: Path) -> None:
    journal, seen = Journal(tmp_path / "s.journal", "test", False), list[Seen]()
    journal.write(journal.first)
    task = Task(str(journal.path), str(journal.path), texts=("ok",))
    listener = Listener(task, seen.append)
    journal.write(REFUSED)
    until(lambda: seen and seen[-1].report.whole().contacts)
    assert count(seen[-1]) == 1
    journal.write(REFUSED)
    journal.close()
    ended = listener.finish()
    assert count(ended) == 2
    assert ended
    assert [trouble.kind for trouble, _ in ended.report.whole().troubles] == ["weak text"]
    (capture,) = [one.capture for one in ended.report.slices]
    assert (capture.name, capture.size) == ("s.journal", journal.path.stat().st_size)


def test_rules_that_are_wrong_are_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(AuditorError, match="no rule files"):
        Listener(Task(rules=str(tmp_path))).begin()


def test_signals_for_the_proxy_do_not_end_the_audit() -> None:
    listener = Listener(Task())
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        os.kill(listener.process.pid, number)
    listener.hear(REFUSED)
    assert count(listener.finish()) == 1


def test_what_is_said_on_an_open_connection_is_judged_before_it_ends(tmp_path: Path) -> None:
    journal, seen, text = (
        Journal(tmp_path / "s.journal", "test", False),
        list[Seen](),
        "by the old crane 4471",
    )
    journal.write(journal.first)
    listener = Listener(Task(str(journal.path), str(journal.path), texts=(text,)), seen.append)
    flow = Flow("tcp", Side(sni="a.example"), Side(address=["a.example", 443]))
    journal.write(Begun("f", flow))
    journal.write(Said("f", True, text.encode()))
    until(lambda: seen and seen[-1].verdicts)
    journal.write(Said("f", True, b"and more"))
    journal.write(Ended("f", flow))
    journal.close()
    ended = listener.finish()
    assert ended
    assert [one.counts for one in ended.verdicts] == [one.counts for one in seen[-1].verdicts]


def test_what_was_written_at_once_is_told_to_its_end(tmp_path: Path) -> None:
    """One look at the file may bring many records, and nothing may come after them."""
    journal, seen = Journal(tmp_path / "s.journal", "test", False), list[Seen]()
    journal.write(journal.first)
    for number in range(200):
        journal.write(Refused("client", f"h{number}.example", 443, "", "bad certificate"))
    listener = Listener(Task(str(journal.path), str(journal.path)), seen.append)
    until(lambda: seen and len(seen[-1].report.whole().contacts) == 200)
    journal.close()
    listener.finish()


@pytest.mark.parametrize("journal", ["", "s.journal"])
def test_an_audit_that_died_is_known_at_the_end(tmp_path: Path, journal: str) -> None:
    if journal:
        journal = str(tmp_path / journal)
        Journal(Path(journal), "test", False).close()
    listener = Listener(Task(journal))
    listener.process.kill()
    for _ in range(20_000):
        listener.hear(REFUSED)
    assert listener.finish() is None


@pytest.mark.parametrize(
    ("journal", "passes"),
    [("", "traffic passes on"), ("s.journal", "traffic passes and is recorded: analyze it afterwards")],
)
def test_an_audit_that_dies_is_named_at_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, journal: str, passes: str
) -> None:
    if journal:
        journal = str(tmp_path / journal)
        Journal(Path(journal), "test", False).close()
    listener = Listener(Task(journal))
    listener.begin()
    listener.process.kill()
    until(lambda: not listener.alive)
    assert caplog.messages == [f"auditor: the audit broke off; {passes}"]
    assert listener.finish() is None


def test_when_the_proxy_dies_its_audit_goes_as_well(tmp_path: Path) -> None:
    path = tmp_path / "s.journal"
    Journal(path, "test", False).close()
    listener = Listener(Task(str(path)))
    assert listener.process.stdin
    listener.process.stdin.close()
    assert listener.process.wait(60) == 1
    listener.close()
