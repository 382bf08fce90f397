"""QR codes in the terminal: the modules that are drawn are those of the code."""

import segno

from auditor.live.codes import code

HALVES = {" ": (1, 1), "\u2580": (0, 1), "\u2584": (1, 0), "\u2588": (0, 0)}  # light modules are drawn


def test_what_is_drawn_is_the_code() -> None:
    text = "http://192.168.1.20:41234/"
    rows = [HALVES[char] for row in code(text) for char in row]
    width = len(code(text)[0])
    assert {len(row) for row in code(text)} == {width}
    halves = [rows[at : at + width] for at in range(0, len(rows), width)]
    modules = [[pair[half] for pair in row] for row in halves for half in (0, 1)]
    wanted = [list(row) for row in segno.make(text, error="l", micro=False).matrix_iter(border=2)]
    assert modules[: len(wanted)] == wanted


def test_a_code_for_the_page_fits_a_small_terminal() -> None:
    rows = code("http://[2001:db8:1234:5678:9abc:def0:1234:5678]:41234/")
    assert (len(rows) <= 21, len(rows[0]) <= 80) == (True, True)
