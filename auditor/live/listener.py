"""The proxy's side of the audit, which is a process of its own: traffic never waits for a verdict.

Where there is a journal, the audit reads that, and nothing is said here but when to begin and that
it is over. Without one the records go through a pipe, and wait for it in a queue; what finds no
room there is counted and named in the report.
"""

import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from queue import Full, Queue

import msgspec

import auditor
from auditor.errors import AuditorError
from auditor.live.analyst import STOP, Over, Seen, Task, Told
from auditor.reporters.phrases import about
from auditor.sources.records import First, Lost, Record, line

log = logging.getLogger(__name__)

MOST = 10_000  # records that wait where there is no journal
PATIENCE = 2.0  # seconds until somebody wonders why it does not end
MEANT_FOR_THE_PROXY = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
RUN = "import sys; from auditor.live.analyst import main; main(int(sys.argv[1]))"

Watcher = Callable[[Seen], None]


class Listener:
    """Starts the audit, hears what it says, and waits for its end."""

    def __init__(self, task: Task, watcher: Watcher | None = None) -> None:
        self.task, self.watcher = task, watcher
        self.ended: Seen | None = None
        self.lost = 0
        self._known: dict[str, str] = {}
        self._records: Queue[bytes | None] = Queue(MOST)
        ours, theirs = os.pipe()
        self._answers = Connection(ours, writable=False)
        self.process = _started(theirs)
        os.close(theirs)
        said = msgspec.json.encode(task)
        self._write(len(said).to_bytes(8) + said)
        self._wrong: Queue[str] = Queue()
        self._threads = [threading.Thread(target=self._hear_back, name="auditor", daemon=True)]
        if not task.journal:
            self._threads.append(threading.Thread(target=self._pass_on, name="auditor pipe", daemon=True))
        for one in self._threads:
            one.start()

    def begin(self) -> None:
        """Waits until the audit has read its rules; AuditorError where they or the session are wrong."""
        if wrong := self._wrong.get():
            self.finish()
            raise AuditorError(wrong)

    def hear(self, record: First | Record) -> None:
        """Once it is in the journal, it is heard from there."""
        if self.task.journal or not self.alive:
            return
        try:
            self._records.put_nowait(line(record))
        except Full:
            self.lost += 1

    def finish(self) -> Seen | None:
        """Waits for what was not read yet; nothing where the audit came to an early end."""
        if self.task.journal:
            self._write(STOP)
        else:
            self._records.put(None)
        self._threads[0].join(PATIENCE)
        if self.alive:
            log.warning("auditor: all is on disk; the audit still has some of it to read")
        for one in reversed(self._threads):
            one.join()
        self.close()
        return self.ended

    @property
    def alive(self) -> bool:
        return self._threads[0].is_alive()

    def close(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        self._answers.close()
        self.process.wait()

    def _write(self, data: bytes) -> bool:
        assert self.process.stdin
        rest = memoryview(data)
        with suppress(OSError, ValueError):  # it may have been closed
            while rest:
                rest = rest[self.process.stdin.write(rest) :]
        return not rest

    def _pass_on(self) -> None:
        assert self.process.stdin
        heard = True
        while data := self._records.get():
            heard = heard and self._write(data)
        if self.lost:
            self._write(
                line(Lost(self.lost, "they came faster than they were read, and there is no journal"))
            )
        self.process.stdin.close()

    def _hear_back(self) -> None:
        wrong = "the audit could not begin"
        with suppress(EOFError, OSError):
            wrong = self._answers.recv()
        self._wrong.put(wrong)
        try:
            while not (wrong or self.ended):
                self._heard(self._answers.recv())
        except (EOFError, OSError):
            kept = " and is recorded: analyze it afterwards" if self.task.journal else " on"
            log.error("auditor: the audit broke off; traffic passes%s", kept)  # noqa: TRY400

    def _heard(self, said: Told) -> None:
        match said:
            case Over():
                self.ended = said.seen
            case Seen():
                self._looked(said)
            case str():
                log.error("auditor: %s", said)

    def _looked(self, seen: Seen) -> None:
        for verdict in seen.verdicts:
            messages = about(verdict)
            if self._known.get(messages) != verdict.verdict:
                self._known[messages] = verdict.verdict
                log.info("auditor: %s: %s by now", messages, verdict.verdict)
        if self.watcher:
            self.watcher(seen)


def _started(answers: int) -> "subprocess.Popen[bytes]":
    """It never hears a signal that is for the proxy, which says itself when it is over."""
    home = str(Path(auditor.__file__).parents[1])
    path = os.pathsep.join(filter(None, (home, os.environ.get("PYTHONPATH"))))
    before = signal.pthread_sigmask(signal.SIG_BLOCK, MEANT_FOR_THE_PROXY)
    try:
        return subprocess.Popen(  # noqa: S603  this Python, and nothing that was said to us
            [sys.executable, "-P", "-c", RUN, str(answers)],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, pass_fds=(answers,), bufsize=0,
            start_new_session=True,
            env={**os.environ, "PYTHONPATH": path},
        )  # fmt: skip
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
