"""A line on standard error while something takes longer than a second and somebody watches."""

import sys
import time
from collections.abc import Iterator

from auditor.model import Event
from auditor.sources import Source
from auditor.text import printable

PATIENCE = 1.0  # seconds before anything is said


def watched(source: Source) -> Iterator[Event]:
    """The events of a source; how far it is read is shown when it takes long."""
    if not sys.stderr.isatty():
        yield from source
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

    began = time.monotonic()
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn())
    bar = Progress(*columns, console=Console(stderr=True), transient=True, disable=False)
    task = bar.add_task(printable(source.name), total=source.length)
    started = False
    try:
        for number, event in enumerate(source):
            if number % 64 == 0 and time.monotonic() - began > PATIENCE:
                if not started:
                    bar.start()
                    started = True
                bar.update(task, completed=source.position)
            yield event
    finally:
        if started:
            bar.stop()
