"""Keys on a terminal."""

import os
import pty
import termios
import time

from auditor.live.keys import pressed


def test_each_key_is_told_and_the_terminal_is_given_back() -> None:
    ours, theirs = pty.openpty()
    before, keys = termios.tcgetattr(theirs), list[str]()
    with pressed(theirs, keys.append):
        assert termios.tcgetattr(theirs) != before
        os.write(ours, "mn\u00e9q".encode())
        until = time.monotonic() + 60
        while len(keys) < 4 and time.monotonic() < until:
            time.sleep(0.01)
    assert keys == ["m", "n", "\u00e9", "q"]
    assert termios.tcgetattr(theirs) == before
    os.close(ours)
    os.close(theirs)
