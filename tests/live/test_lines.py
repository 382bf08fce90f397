"""The log of a session: printed or kept, and harmless."""

import io
import logging

from auditor.live.lines import KEPT, Lines, heard


def test_what_is_said_is_kept_and_printed() -> None:
    stream = io.StringIO()
    lines = Lines()
    lines.begin(stream)
    root = logging.getLogger().level
    with heard(lines):
        logging.getLogger("auditor.live.pins").info("auditor: a host was passed\nmore of it \x1b[2J")
        logging.getLogger("mitmproxy.proxy").info("client connect")
        logging.getLogger("mitmproxy.proxy").warning("something is odd")
    said = [text for _, text in lines.last]
    assert said[0] == "a host was passed"
    assert (len(said), "\x1b" in said[1], said[2]) == (3, False, "something is odd")
    assert len(stream.getvalue().splitlines()) == 3
    assert logging.getLogger().level == root


def test_only_the_last_lines_are_kept() -> None:
    lines = Lines()
    for number in range(KEPT + 50):
        lines.write(f"{number}\n")
    assert (len(lines.last), lines.last[0][1]) == (KEPT, "50")


def test_a_terminal_that_is_gone_costs_no_session() -> None:
    stream = io.StringIO()
    lines = Lines()
    lines.begin(stream)
    stream.close()
    lines.write("one\n")
    lines.write("two\n")
    assert [text for _, text in lines.last] == ["one", "two"]
