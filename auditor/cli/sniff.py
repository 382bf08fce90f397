"""auditor sniff: listen on an interface, write it down, and audit what comes."""

import multiprocessing
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import click

from auditor.audit import Audit
from auditor.cli.asking import Wish, asking
from auditor.cli.auditing import Findings, audited, show
from auditor.errors import CaptureError
from auditor.needles import Needles
from auditor.sources import follow
from auditor.sources.sniff import WAIT, Flag, listen, record
from auditor.text import printable


@click.command(epilog="Example:  auditor sniff wlan0 --canary 'meet me at the blue door'")
@click.argument("interface")
@asking
@click.option(
    "--write",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Where the packets are written. [default: INTERFACE-DATE-TIME.pcapng here]",
)
@click.option("--filter", "wanted", default="", metavar="BPF", help="Only these packets, as for tcpdump.")
@click.option("--seconds", type=click.FloatRange(min=0.1), help="Stop by itself after so long.")
def command(interface: str, wish: Wish, write: Path | None, wanted: str, seconds: float | None) -> None:
    """Listen on INTERFACE until Ctrl-C and say who can read the messages that passed.

    Every packet is on disk before it is looked at; the report comes at the end, and
    `auditor analyze` of that file gives it again. Listening takes the right to open raw
    sockets. Connections that are sealed stay shut unless --keylog opens them; what a phone
    sends passes here only where this machine is its hotspot or its router.
    """
    path = write or Path(time.strftime(f"{printable(interface).replace('/', '_')}-%Y%m%d-%H%M%S.pcapng"))
    fresh = partial(Audit, wish.book, Needles(wish.texts), wish.reveal, wish.app)
    said = wish.said()
    with recorded(interface, path, wanted, seconds) as growing, Findings(wish.evidence) as findings:
        end = "" if seconds else " Ctrl-C ends it and gives the report."
        click.echo(f"Listening on {printable(interface)}, writing {printable(str(path))}.{end}", err=True)
        report = audited(follow(path, growing, said), fresh, findings)
    show(report, wish.book, wish.style)


@contextmanager
def recorded(interface: str, path: Path, wanted: str, seconds: float | None) -> Iterator[Callable[[], bool]]:
    """A process that records until Ctrl-C is pressed, time is up, or this ends; whether it still does."""
    context = multiprocessing.get_context("fork")
    ready, over = context.Event(), context.Event()
    listener = listen(interface, wanted)
    recording = partial(record, listener, interface, path, ready, over, seconds)
    process = context.Process(target=_undisturbed, args=(recording, over))
    before = signal.signal(signal.SIGINT, lambda *_: over.set())
    try:
        process.start()
        listener.close()
        while not ready.wait(WAIT) and process.is_alive():
            pass
        if not ready.is_set():
            raise CaptureError("nothing was recorded")
        yield process.is_alive
    finally:
        over.set()
        process.join()
        signal.signal(signal.SIGINT, before)
    if process.exitcode:
        click.echo("auditor: recording ended early; the report is about what was written", err=True)


def _undisturbed(work: Callable[[], None], over: Flag) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the process that was asked decides
    threading.Thread(target=_over_with_the_first, args=(over,), daemon=True).start()
    try:
        work()
    except FileExistsError as error:
        click.echo(
            f"auditor: {printable(str(error.filename))}: exists already, and is not written over", err=True
        )
        raise SystemExit(1) from None
    except OSError as error:
        click.echo(f"auditor: recording ended: {printable(error.strerror or str(error))}", err=True)
        raise SystemExit(1) from None


def _over_with_the_first(over: Flag) -> None:
    """Nobody could end a recording any more once the process that was asked is gone, however it went."""
    if first := multiprocessing.parent_process():
        first.join()
        over.set()
