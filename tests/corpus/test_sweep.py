"""Every file of the shared corpus through the whole audit: a clean end, soon, in little memory.

Each is read in a process of its own, with a watchdog that no library can catch.
"""

import contextlib
import os
import resource
import signal
import struct
import time
import traceback
from pathlib import Path

import pytest
from click.testing import CliRunner

from auditor.cli import cli
from tests.corpus.audits import CATALOGUE, CORPUS, audited

FILES = sorted(CATALOGUE)
SECONDS, MEGABYTES = 60, 500
READ, REFUSED = 0, 2
pytestmark = [pytest.mark.corpus, pytest.mark.skipif(not FILES, reason=f"no shared corpus at {CORPUS}")]


def analyzed(*args: str) -> tuple[int, str]:
    """How `auditor analyze` ends, and what it says, in a process that the watchdog ends."""
    reading, writing = os.pipe()
    if not (child := os.fork()):
        signal.setitimer(signal.ITIMER_REAL, SECONDS)  # nobody handles it: the end
        said, status = "", 1
        with contextlib.suppress(BaseException):
            try:
                result = CliRunner().invoke(cli, ["analyze", *args])
                said, status = result.output, result.exit_code
                if result.exception and not isinstance(result.exception, SystemExit):
                    said += "".join(traceback.format_exception(result.exception))
            except BaseException:  # noqa: BLE001
                said = traceback.format_exc()
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        os.write(writing, struct.pack("<iI", status, most) + said.encode(errors="replace")[-60_000:])
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        data = pipe.read()
    _, how = os.waitpid(child, 0)
    assert how == 0, f"ended by signal {os.WTERMSIG(how)}"
    status, most = struct.unpack_from("<iI", data)
    assert most < MEGABYTES
    return status, data[8:].decode(errors="replace")


def problem(path: str, *more: str) -> str:
    """What is wrong with the end of an audit; nothing where all is well."""
    try:
        status, said = analyzed(str(CORPUS / path), *more)
    except AssertionError as error:
        return f"{path}: {error}"
    if status not in (READ, REFUSED) or "Traceback" in said:
        return f"{path}: {status} {said[-300:]}"
    lines = [line for line in said.splitlines() if line.startswith("auditor: ")]
    if status == REFUSED and not lines and "could not be read" not in said:
        return f"{path}: refused without a word: {said[-300:]}"
    captured = CATALOGUE[path]["kind"] != "aux"
    if lines and captured and not CATALOGUE[path].get("parse_error") and "malformed" not in said:
        return f"{path}: {lines}"
    return ""


@pytest.fixture(scope="module", autouse=True)
def begun() -> None:
    """What every process would load again is loaded once: the rules, and the replay of HTTP."""
    audited(next(path for path in FILES if "http" in CATALOGUE[path]["what_it_exercises"]))


@pytest.mark.slow
@pytest.mark.parametrize("folder", sorted({Path(path).parts[0] for path in FILES}))
def test_every_file_comes_to_a_clean_end(folder: str) -> None:
    began = time.monotonic()
    files = [path for path in FILES if Path(path).parts[0] == folder]
    wrong = [why for path in files if (why := problem(path))]
    print(f"\n{folder}: {len(files)} files in {time.monotonic() - began:.0f} s", end="")
    assert wrong == []
