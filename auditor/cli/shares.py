"""Large captures are audited by several processes: of a dump each takes every so-manieth stretch of flows,
of packets every so-manieth lane of connections.

What they saw is added up, and sums do not ask who counted. A process that dies loses nothing: its
share is audited here, after all others.
"""

import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import reduce
from operator import add
from threading import Thread
from typing import TYPE_CHECKING

import click
from msgspec import Struct, field, structs

from auditor.audit import Audit
from auditor.recall import Kept
from auditor.report import Capture, Report
from auditor.sources import Source
from auditor.sources.phones import told

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.context import ForkProcess

LARGE = 4_000_000  # bytes of a dump for which more processes are worth their start
QUICK = 16  # times as many of packets, which are only looked at
MOST = 4

sharing = click.option(
    "--jobs", type=click.IntRange(1, 64), metavar="N",
    help=f"Processes that share a large dump, or what shows of packets. [default: up to {MOST}]",
)  # fmt: skip


def shares(source: Source, jobs: int | None) -> int:
    """Into how many shares a capture is cut: one where processes cannot be forked."""
    least = LARGE * (QUICK if source.divided else 1)
    if not source.shared or sys.platform != "linux" or (source.length or 0) < least:
        return 1
    return max(1, min(jobs or MOST, len(os.sched_getaffinity(0)) if jobs is None else jobs))


class Done(Struct):
    """What a process has to say of its share."""

    report: Report
    phones: Counter[str]  # how often private ends talked in it
    kept: Kept = field(default_factory=Kept)  # keys, and what stayed shut: what fits may lie in another share


class Others:
    """The processes that audit all shares but the first."""

    def __init__(self, source: Source, audit: Callable[[], Audit], of: int) -> None:
        self.source, self.audit, self.of = source, audit, of
        self.pipes: list[Connection] = []
        self.processes: list[ForkProcess] = []
        if of == 1:
            return
        import multiprocessing  # a small capture does without

        context = multiprocessing.get_context("fork")
        for number in range(1, of):
            ours, theirs = context.Pipe(duplex=False)
            process = context.Process(target=self._work, args=(number, theirs), daemon=True)
            process.start()
            theirs.close()
            self.pipes.append(ours)
            self.processes.append(process)

    def _work(self, number: int, pipe: "Connection") -> None:
        Thread(target=_leave_with_the_first, daemon=True).start()
        try:
            pipe.send(self._audited(number))
        except KeyboardInterrupt:
            os._exit(130)  # the first process tells
        except Exception:  # noqa: BLE001  the first process does it again, and tells
            os._exit(1)

    def _audited(self, number: int) -> Done:
        part, audit = self.source.part(number, self.of), self.audit()
        for event in part:
            audit.feed(event)
        given = tuple(sorted(audit.renamed))
        capture = Capture(part.sha256, part.name, part.kind, part.size, part.unread, given)
        return Done(audit.report(capture), part.phones, audit.recall.kept)

    def results(self) -> Iterator[Done]:
        for number, pipe in enumerate(self.pipes, 1):
            try:
                yield pipe.recv()
            except (EOFError, OSError):
                yield self._audited(number)

    def stop(self) -> None:
        for process in self.processes:
            process.terminate()
            process.join()


def _leave_with_the_first() -> None:
    """Nobody waits for a share once the first process is gone, however it went."""
    from multiprocessing import parent_process

    if first := parent_process():
        first.join()
        os._exit(1)


@contextmanager
def others(source: Source, audit: Callable[[], Audit], of: int) -> Iterator[Others]:
    """They are gone when this ends, whatever ends it."""
    running = Others(source, audit, of)
    try:
        yield running
    finally:
        running.stop()


def together(first: Done, rest: Iterable[Done]) -> Report:
    """One report of all shares, which are of one capture."""
    done = [first, *rest]
    slices = [one for part in done for one in part.report.slices]
    captures = [one.capture for one in slices]
    capture = structs.replace(
        captures[0],
        sha256=captures[-1].sha256,
        unread=sum(one.unread for one in captures),
        renamed=tuple(sorted({pair for one in captures for pair in one.renamed})),
        note=told(sum((part.phones for part in done), Counter())),
    )
    return Report((reduce(add, (structs.replace(one, capture=capture) for one in slices)),))
