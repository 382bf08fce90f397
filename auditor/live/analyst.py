"""The process that audits a running proxy: it reads the journal as it grows, and tells what it knows by now.

It reads through the reader that a saved journal goes through: so the report is the one that
`auditor analyze` gives of the session, and however far the audit lags behind, what it has not
read yet lies on the disk and not in memory. Without a journal the same lines come through a pipe.

Laws: as long as there may be traffic it takes only what time the machine has left, and as long as
messages keep coming not much of that; whatever goes wrong here is told and costs the proxy nothing;
when the proxy dies, it is gone as well.
"""

import os
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from io import FileIO
from itertools import chain
from multiprocessing.connection import Connection
from pathlib import Path
from select import select
from traceback import extract_tb
from types import TracebackType

import msgspec
from msgspec import Struct

from auditor.audit import Audit
from auditor.errors import AuditorError
from auditor.judge import Verdict, judge
from auditor.model import Event, Finding
from auditor.needles import Needles
from auditor.probes.canaries import weakness
from auditor.report import Capture, Report
from auditor.shelf import Session, load_rules, session_of
from auditor.sources.heads import Place, clean
from auditor.sources.journal import Reader, entries
from auditor.sources.tape import Tape

NAME = "live"
WAIT = 0.05  # seconds between looks at a journal that grows
EVERY = 1.0  # seconds between reports to whoever looks on
COSTLY = 10  # times as long as one takes passes before the next
NOWHERE = Capture("", "", "", 0)
MEEK = 15  # of 19: thirty times less of a busy processor than the proxy has
STEP = 0.001  # seconds of work after which it waits, as long as messages keep coming,
SPARE = 29  # and so many times as long
BITE = 1 << 16  # bytes that are read in one step
STOP = b"."  # nothing more will be written; a pipe that ends without it has lost its proxy


class Task(Struct, frozen=True):
    """What is to be audited, and how."""

    journal: str = ""
    session: str = ""  # what `auditor analyze` is asked for
    rules: str = ""
    texts: tuple[str, ...] = ()
    renamed: dict[str, str] = {}
    reveal: bool = False


class Seen(Struct, frozen=True):
    """What the audit knew at one moment."""

    report: Report
    verdicts: tuple[Verdict, ...]
    last: Finding | None = None


class Over(Struct, frozen=True):
    """What it knew when all was read."""

    seen: Seen


Told = str | Seen | Over  # the first is what is wrong, empty once it is ready


class Tail:
    """A file that grows: its end is where nobody writes any more."""

    def __init__(self, path: Path, over: threading.Event, idle: Callable[[], None]) -> None:
        self._file = path.open("rb")
        self._over, self._idle = over, idle
        self._size, self._worked = 0, 0.0

    def read(self, size: int) -> bytes:
        self.give_way()
        while True:
            over = self._over.is_set()  # asked first: what is written meanwhile is read
            data = self._file.read(min(size, BITE))
            if data or over:
                return data
            self._idle()
            self._over.wait(WAIT)

    def give_way(self) -> None:
        """As long as messages come, who reads them leaves most of the time to those that they are for."""
        worked = time.thread_time() - self._worked
        if worked < STEP:
            return
        if os.fstat(self._file.fileno()).st_size > self._size:
            self._over.wait(min(EVERY, SPARE * worked))
            self._size = os.fstat(self._file.fileno()).st_size
        self._worked = time.thread_time()

    def close(self) -> None:
        self._file.close()


class Pipe:
    """The same lines, as they come."""

    def __init__(self, file: FileIO, idle: Callable[[], None]) -> None:
        self._file, self._idle = file, idle

    def read(self, size: int) -> bytes:
        while not select([self._file], [], [], WAIT)[0]:
            self._idle()
        return self._file.read(size)

    def give_way(self) -> None:
        """What waits here is not on the disk, and finds no room in the end."""

    def close(self) -> None:
        self._file.close()


class Analyst:
    """One audit, first in the shadow of the traffic and then, when that is over, as fast as can be."""

    def __init__(self, task: Task, given: FileIO, tell: Callable[[Seen], None]) -> None:
        """`given` has the lines where there is no journal."""
        self.task, self.tell = task, tell
        self.over = threading.Event()
        self.book = load_rules(Path(task.rules) if task.rules else None)
        session = session_of(Path(task.session)) if task.session else Session()
        needles = Needles((*task.texts, *session.texts))
        renamed = {host.lower(): name for host, name in {**session.renamed, **task.renamed}.items()}
        self.place = Place(clean(Path(task.session).name) if task.session else NAME, renamed)
        self.audit = Audit(self.book, needles, task.reveal, session.app)
        for weak in filter(None, map(weakness, needles.texts)):
            self.audit.feed(self.place.problem(0, "weak text", weak))
        journal = Path(task.journal) if task.journal else None
        self._raw = Tail(journal, self.over, self._idle) if journal else Pipe(given, self._idle)
        self.tape = Tape(self._raw)
        self._reader = Reader(self.place)
        self._events = chain(entries(self.tape, self._reader), self._reader.finish())
        self._last: Finding | None = None
        self._heard, self._next = 0, 0.0

    def follow(self) -> None:
        """Until the traffic is over; on a thread of its own, for it never gets its rank back."""
        os.nice(MEEK)
        _grouped(MEEK)
        for event in self._events:
            self._feed(event)
            self._idle()
            self._raw.give_way()
            if self.over.is_set():
                return

    def finish(self) -> Seen:
        _grouped(0)
        for event in self._events:
            self._feed(event)
        self.tape.drain()
        task, renamed = self.task, tuple(sorted(self.audit.renamed))
        if task.journal:
            name, size, unread = clean(Path(task.session).name), self.tape.position, self.tape.unread
            return self._seen(Capture(self.tape.sha256, name, "session journal", size, unread, renamed))
        # Nothing was saved to compare a hash with; it tells this session from others.
        return self._seen(Capture(self.tape.sha256, NAME, "live proxy", 0, 0, renamed))

    def _feed(self, event: Event) -> None:
        for finding in self.audit.feed(event):
            self._last = finding

    def _idle(self) -> None:
        """What is known by now, to whoever looks on: not more often than can be read, or than is cheap."""
        now, before = time.monotonic(), time.thread_time()
        if now > self._next and self._reader.heard != self._heard:
            self._heard = self._reader.heard
            self.tell(self._so_far())
            self._next = now + max(EVERY, COSTLY * (time.thread_time() - before))

    def _so_far(self) -> Seen:
        """As if all connections ended now: most messengers keep theirs open for as long as they run."""
        early = Audit(self.book, self.audit.needles, self.task.reveal, self.audit.app)
        for event in self._reader.so_far():
            for finding in early.feed(event):
                self._last = finding
            self._raw.give_way()
            if self.over.is_set():
                break
        report = self.audit.report(NOWHERE)
        return self._judged(report + early.report(NOWHERE) if early.tally else report)

    def _seen(self, capture: Capture) -> Seen:
        return self._judged(self.audit.report(capture))

    def _judged(self, report: Report) -> Seen:
        return Seen(report, tuple(judge(report, self.book)), self._last)


def main(number: int) -> None:
    """Asked on the standard input, answers where the number says."""
    given, answers = FileIO(0), Connection(number, readable=False)

    def failed(_: object, exc: BaseException, trace: TracebackType | None) -> None:
        with suppress(OSError):
            answers.send(failure(exc, trace))

    sys.excepthook = failed
    try:
        analyst = Analyst(_task(given), given, answers.send)
    except AuditorError as exc:
        answers.send(str(exc))
        return
    answers.send("")
    with ThreadPoolExecutor(1) as threads, suppress(BrokenPipeError):
        following = threads.submit(analyst.follow)
        if analyst.task.journal:
            if given.read(1) != STOP:
                os._exit(1)  # the proxy died
            analyst.over.set()
        following.result()
        answers.send(Over(analyst.finish()))


def _grouped(rank: int) -> None:
    """Linux shares its time among sessions first; this process is one of its own."""
    with suppress(OSError):
        Path("/proc/self/autogroup").write_text(f"{rank}")


def failure(exc: BaseException, trace: TracebackType | None) -> str:
    """A bug of ours in one line, for the log of the proxy."""
    frame = extract_tb(trace)[-1]
    return f"the audit failed: {type(exc).__name__}: {exc} ({Path(frame.filename).name}, line {frame.lineno})"


def _task(given: FileIO) -> Task:
    size = int.from_bytes(_exactly(given, 8))
    return msgspec.json.decode(_exactly(given, size), type=Task)


def _exactly(given: FileIO, size: int) -> bytes:
    data = b""
    while len(data) < size and (more := given.read(size - len(data))):
        data += more
    return data
