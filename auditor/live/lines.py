"""What the proxy and the audit have to say while they run, line by line.

The last lines are kept for the view; where there is none, they are printed as they come.
"""

import logging
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from auditor.text import printable

KEPT = 200


class Lines:
    """A stream for the log: keeps its last lines, and prints them where there is something to print to."""

    def __init__(self) -> None:
        self.stream: TextIO | None = None
        self.last: deque[tuple[float, str]] = deque(maxlen=KEPT)

    def write(self, text: str) -> None:
        for row in text.splitlines():
            line = printable(row.removeprefix("auditor: "))
            self.last.append((time.time(), line))
            self._print(*self.last[-1])

    def begin(self, stream: TextIO | None) -> None:
        """From now on, and what was said before: why a session could not begin is said elsewhere."""
        self.stream = stream
        for when, line in list(self.last):
            self._print(when, line)

    def _print(self, when: float, line: str) -> None:
        if self.stream:
            try:
                print(
                    f"{time.strftime('%H:%M:%S', time.localtime(when))} {line}", file=self.stream, flush=True
                )
            except (OSError, ValueError):
                self.stream = None  # whoever read along has left

    def flush(self) -> None:
        pass


@contextmanager
def heard(lines: Lines) -> Iterator[None]:
    """The log goes to the lines, and nowhere else."""
    handler: logging.StreamHandler[Lines] = logging.StreamHandler(lines)
    root, own = logging.getLogger(), logging.getLogger("auditor")
    before = root.level, own.level
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    own.setLevel(logging.INFO)
    try:
        yield
    finally:
        root.removeHandler(handler)
        root.setLevel(before[0])
        own.setLevel(before[1])
