"""Lines of commands fit the terminal, and nothing is cut for a pipe."""

import io

import pytest

from auditor.cli.fitting import fitted

STEP = "  1. Settings > General > VPN & Device Management > remove the profile."


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("columns", "rows"), [("200", 1), ("40", 2), ("24", 4)])
def test_a_line_breaks_between_words_where_the_terminal_ends(
    columns: str, rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    lines = fitted(STEP, Terminal(), hang=3).split("\n")
    assert (len(lines), " ".join(" ".join(lines).split())) == (rows, STEP.strip())
    assert max(map(len, lines)) <= int(columns)
    assert all(line.startswith("     ") and line[5] != " " for line in lines[1:])


@pytest.mark.parametrize("line", ["", "short", "x" * 100, "    " + "y" * 60])
def test_what_has_no_gap_and_what_is_short_stays_as_it_is(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    assert fitted(line, Terminal()) == line


def test_a_pipe_gets_lines_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "24")
    assert fitted(STEP, io.StringIO()) == STEP
