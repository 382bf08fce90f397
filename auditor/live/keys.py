"""Keys as they are pressed, one by one, while the terminal stays as it was afterwards."""

import os
import select
import termios
import threading
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

WAIT = 0.1  # seconds between looks at whether to go on


@contextmanager
def pressed(number: int, press: Callable[[str], None]) -> Iterator[None]:
    """Tells of every key on this terminal until it ends. Ctrl-C is still a signal."""
    before, over = termios.tcgetattr(number), threading.Event()
    tty.setcbreak(number)
    thread = threading.Thread(target=_listen, args=(number, press, over), name="keys", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        with suppress(termios.error):  # the terminal is gone
            termios.tcsetattr(number, termios.TCSADRAIN, before)


def _listen(number: int, press: Callable[[str], None], over: threading.Event) -> None:
    while not over.is_set():
        ready, _, _ = select.select([number], [], [], WAIT)
        try:
            data = os.read(number, 64) if ready else b""
        except OSError:
            return
        if ready and not data:
            return  # the terminal is gone
        for char in data.decode(errors="ignore"):
            press(char)
