"""A line on standard error while something takes longer than a second and somebody watches."""

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from auditor.model import Event
from auditor.sources import Source
from auditor.text import printable

T = TypeVar("T")
PATIENCE = 1.0  # seconds before anything is said
OFTEN = 64  # events between two looks at the clock


def watched(source: Source) -> Iterator[Event]:
    """The events of a source; how far it is read is shown when it takes long."""
    return _told(source, printable(source.name), source.length, lambda _: source.position, OFTEN)


def counted(things: Sequence[T], what: str) -> Iterator[T]:
    """Things, each of which takes a while; how many are done is shown when it takes long."""
    return _told(things, what, len(things), lambda number: number, 1)


def _told(
    things: Iterable[T], what: str, total: int | None, done: Callable[[int], int], every: int
) -> Iterator[T]:
    if not sys.stderr.isatty():
        yield from things
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, Progress, TextColumn

    began = time.monotonic()
    size = MofNCompleteColumn() if every == 1 else DownloadColumn()
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), size)
    bar = Progress(*columns, console=Console(stderr=True), transient=True, disable=False)
    task = bar.add_task(what, total=total)
    started = False
    try:
        for number, thing in enumerate(things):
            if number % every == 0 and time.monotonic() - began > PATIENCE:
                if not started:
                    bar.start()
                    started = True
                bar.update(task, completed=done(number))
            yield thing
    finally:
        if started:
            bar.stop()
