"""What every reporter must be."""

import io
import subprocess
import sys

import pytest

from auditor.errors import AuditorError
from auditor.judge import judge
from auditor.report import Report
from auditor.reporters import Options, names, reporter
from auditor.rulebook.book import Rulebook


def test_a_reporter_is_found_by_its_file() -> None:
    assert {"json", "terminal"} <= set(names())


@pytest.mark.parametrize("name", names())
def test_a_reporter_is_called_what_its_file_is_called(name: str) -> None:
    assert reporter(name).name == name


@pytest.mark.parametrize("name", names())
@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "cp1252"])
def test_a_reporter_writes_to_any_stream_and_ends_its_last_line(
    name: str, encoding: str, sample: Report, book: Rulebook
) -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding, newline="\n")
    reporter(name).render(sample, judge(sample, book), stream, Options())
    stream.flush()
    assert raw.getvalue().endswith(b"\n")
    assert not raw.getvalue().endswith(b"\n\n")


def test_a_first_look_shows_connections_that_protect_nothing(sample: Report) -> None:
    stream = io.StringIO()
    reporter("summary").render(sample, [], stream, Options())
    assert stream.getvalue().splitlines()[0] == "  ! null cipher (2 connections)"


@pytest.mark.parametrize("name", names())
def test_a_reporter_shows_the_empty_report(name: str) -> None:
    stream = io.StringIO()
    reporter(name).render(Report(), [], stream, Options())
    assert stream.getvalue()


@pytest.mark.parametrize("name", ["nosuch", "fields", "phrases", "../json", "\x1b"])
def test_a_format_that_is_none_is_refused_in_words(name: str) -> None:
    with pytest.raises(AuditorError, match=", ".join(names())) as caught:
        reporter(name)
    assert str(caught.value).isprintable()


def test_nothing_heavy_is_imported_before_it_is_asked_for() -> None:
    code = """
import sys, auditor.reporters as room
room.names()
print("rich" in sys.modules, room.reporter("json").name, "rich" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "json", "False"]
