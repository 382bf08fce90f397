"""Work on many small things, shared by the processors there are; in order, whoever did it."""

import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.context import ForkProcess

from auditor.cli.progress import counted

T = TypeVar("T")
R = TypeVar("R")
WORTH = 40  # things for which more processes are worth their start
MOST = 8


def spread(work: Callable[[T], R], things: Sequence[T], what: str = "") -> list[R]:
    """What `work` makes of each; a process that dies loses nothing, its share is done here.

    `what` it is stands beside the progress of the share that is done here.
    """
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else 1
    of = min(cores, MOST) if len(things) >= WORTH else 1
    if of == 1:
        return [work(thing) for thing in counted(things, what)]
    import multiprocessing

    context = multiprocessing.get_context("fork")
    started: list[tuple[ForkProcess, Connection]] = []
    for number in range(1, of):
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(target=_share, args=(work, things[number::of], theirs), daemon=True)
        process.start()
        theirs.close()
        started.append((process, ours))
    done: list[list[R]] = [[work(thing) for thing in counted(things[::of], what)]]
    for number, (process, ours) in enumerate(started, 1):
        try:
            done.append(ours.recv())
        except (EOFError, OSError):
            done.append([work(thing) for thing in things[number::of]])
        process.join()
    return [done[number % of][number // of] for number in range(len(things))]


def _share(work: Callable[[T], R], things: Sequence[T], pipe: "Connection") -> None:
    try:
        pipe.send([work(thing) for thing in things])
    except KeyboardInterrupt:
        os._exit(130)  # the first process tells
