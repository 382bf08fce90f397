"""Several processes audit one dump, and the report is the same as that of one."""

import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner
from msgspec import structs

from auditor.audit import Audit
from auditor.cli import cli
from auditor.cli.shares import LARGE, MOST, Done, others, shares, together
from auditor.errors import CaptureError
from auditor.needles import Needles
from auditor.report import Capture, Report
from auditor.shelf import load_rules
from auditor.sources import Source, read
from auditor.sources.heads import STRETCH

CAPTURES = Path(__file__).parents[2] / "captures"
TEXTS = ("Harbor-4471 meet me by the old crane",)


def long_dump(folder: Path, size: int = LARGE) -> Path:
    """The recorded flows again and again."""
    path = folder / "long.mitm"
    flows = b"".join(file.read_bytes() for file in sorted(CAPTURES.glob("*/*.mitm")))
    path.write_bytes(flows * (size // len(flows) + 1))
    return path


def audited(source: Source, audit: Audit) -> Report:
    return together(done(source, audit), ())


def done(source: Source, audit: Audit) -> Done:
    for event in source:
        audit.feed(event)
    capture = Capture(source.sha256, source.name, source.kind, source.size, source.unread)
    given = tuple(sorted(audit.renamed))
    return Done(audit.report(structs.replace(capture, renamed=given)), source.phones)


def in_shares(path: Path, of: int) -> Report:
    fresh = partial(Audit, load_rules(None), Needles(TEXTS))
    source = read(path)
    with others(source, fresh, of) as helpers:
        return together(done(source.part(0, of), fresh()), helpers.results())


def beginning(data: bytes | bytearray, number: int) -> int:
    """Where a flow begins."""
    at = 0
    for _ in range(number):
        colon = data.index(b":", at)
        at = colon + 1 + int(data[at:colon]) + 1
    return at


def alive(number: int) -> bool:
    """Whether a process runs; one that nobody has asked about since it ended does not."""
    try:
        return Path(f"/proc/{number}/stat").read_text(encoding="ascii").rpartition(") ")[2][0] != "Z"
    except FileNotFoundError:
        return False


def damaged(path: Path, how: str) -> None:
    data = bytearray(path.read_bytes())
    at = beginning(data, 2 * STRETCH + 7)
    match how:
        case "cut":
            del data[-100:]
        case "a flow that is none":
            data[at + 10 : at + 40] = bytes(30)
        case "a length that is none":
            data[at:at] = b"nonsense"
    path.write_bytes(bytes(data))


@pytest.mark.parametrize("how", ["whole", "cut", "a flow that is none", "a length that is none"])
def test_shares_add_up_to_what_one_process_sees(tmp_path: Path, how: str) -> None:
    path = long_dump(tmp_path, 600_000)
    damaged(path, how)
    alone = audited(read(path), Audit(load_rules(None), Needles(TEXTS)))
    assert in_shares(path, 3) == alone
    assert alone.slices[0].covers[-1][1] > 2 * STRETCH
    assert (alone.slices[0].capture.unread > 0) == (how != "whole")


def test_the_program_prints_the_same_page_with_one_process_and_with_several(tmp_path: Path) -> None:
    path = long_dump(tmp_path)
    pages = [
        CliRunner().invoke(cli, ["analyze", str(path), "--format", "json", "--jobs", jobs])
        for jobs in ("1", "3")
    ]
    assert [page.exit_code for page in pages] == [0, 0]
    assert pages[0].stdout == pages[1].stdout


def test_the_share_of_a_process_that_dies_is_not_lost(tmp_path: Path) -> None:
    path = long_dump(tmp_path, 300_000)
    alone = audited(read(path), Audit(load_rules(None), Needles(TEXTS)))
    fresh = partial(Audit, load_rules(None), Needles(TEXTS))
    source = read(path)
    with others(source, fresh, 2) as helpers:
        (process,) = helpers.processes
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        assert together(done(source.part(0, 2), fresh()), helpers.results()) == alone


def test_no_process_outlives_an_audit_that_ends_early(tmp_path: Path) -> None:
    source = read(long_dump(tmp_path, 300_000))
    with pytest.raises(KeyboardInterrupt), others(source, partial(Audit, load_rules(None)), 3) as helpers:
        raise KeyboardInterrupt
    assert not any(process.is_alive() for process in helpers.processes)


@pytest.mark.parametrize("way", [signal.SIGKILL, signal.SIGTERM])
def test_no_process_outlives_the_first_one_however_it_ends(tmp_path: Path, way: signal.Signals) -> None:
    code = f"""
import os, sys, time
from functools import partial
from pathlib import Path
from auditor.audit import Audit
from auditor.cli.shares import Others, others
from auditor.shelf import load_rules
from auditor.sources import read
Others._audited = lambda self, number: time.sleep(600)
with others(read(Path({str(long_dump(tmp_path, 1))!r})), partial(Audit, load_rules(None)), 3) as helpers:
    print(*(process.pid for process in helpers.processes), flush=True)
    time.sleep(600)
"""
    first = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert first.stdout is not None
    helpers = [int(number) for number in first.stdout.readline().split()]
    assert len(helpers) == 2
    assert all(map(alive, helpers))
    first.send_signal(way)
    first.communicate()
    until = time.monotonic() + 60
    while any(map(alive, helpers)) and time.monotonic() < until:
        time.sleep(0.02)
    assert not any(map(alive, helpers))


def test_what_goes_wrong_in_another_process_is_told_by_the_first_one_alone(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    def broken() -> Audit:
        raise CaptureError("no audit")

    with (
        others(read(long_dump(tmp_path, 1)), broken, 2) as helpers,
        pytest.raises(CaptureError, match="no audit"),
    ):
        list(helpers.results())
    assert capfd.readouterr() == ("", "")


def test_small_captures_pipes_and_archives_are_left_to_one_process(tmp_path: Path) -> None:
    large = read(long_dump(tmp_path))
    assert shares(large, 3) == 3
    assert 1 <= shares(large, None) <= MOST
    assert shares(large, 1) == 1
    assert shares(read(CAPTURES / "irc-clear/alice.mitm"), 3) == 1
    assert shares(read(CAPTURES / "matrix-e2ee/alice.har"), 3) == 1
