"""How long an audit takes, beside mitmproxy merely reading the same dumps.

    python -m tests.bench.analyze [FLOWS]

First inside one process, of the small dumps in captures/; then as programs, start-up included, of a dump
of 50,000 flows that is made for it: of the sessions in the shared lab where it is there, else of our own.
Prints ratios of medians, measured in turns in the same run. Times depend on the machine and are never
asserted.
"""

import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from mitmproxy.io import FlowReader
from msgspec import Struct

from auditor.audit import Audit
from auditor.needles import Needles
from auditor.shelf import load_rules
from auditor.sources import read
from tests.bench.dump import write

CHECKOUT = Path(__file__).parents[2]
DUMPS = sorted((CHECKOUT / "captures").glob("*/*.mitm"))
LAB = sorted((CHECKOUT.parent / "shared/lab/captures").glob("*/*.mitm"))
TURNS = 9
FLOWS, FEW, PROGRAM_TURNS = 50_000, 500, 5
TEXTS = [f"Harbor-{number:04} meet me by the old crane" for number in range(2000)]


def mitmproxy_reads() -> int:
    flows = 0
    for dump in DUMPS:
        with dump.open("rb") as file:
            flows += sum(1 for _ in FlowReader(file).stream())
    return flows


def we_read() -> int:
    return sum(1 for dump in DUMPS for _ in read(dump))


def we_audit(needles: Needles) -> int:
    findings = 0
    for dump in DUMPS:
        audit = Audit(load_rules(None), needles)
        findings += sum(len(audit.feed(event)) for event in read(dump))
    return findings


def work() -> dict[str, Callable[[], int]]:
    load_rules(None)  # once, before anything is timed
    one, many = Needles(TEXTS[:1]), Needles(TEXTS)
    return {
        "mitmproxy reads": mitmproxy_reads,
        "we read": we_read,
        "we audit": lambda: we_audit(Needles()),
        "with one text": lambda: we_audit(one),
        "with 2,000 texts": lambda: we_audit(many),
    }


class Run(Struct, frozen=True):
    """One program, from its start to its end."""

    seconds: float
    busy: float = 0.0  # seconds of all its processes together
    memory: int = 0  # megabytes, of the largest of its processes


def timed(work: Callable[[], object]) -> Run:
    start = time.perf_counter()
    work()
    return Run(time.perf_counter() - start)


# A process starts as large as the one that starts it, so a small one has to.
LAUNCH = """
import json, resource, subprocess, sys, time
start = time.perf_counter()
status = subprocess.call(sys.argv[1:], stdout=subprocess.DEVNULL)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
took = time.perf_counter() - start
print(json.dumps([status, took, used.ru_utime + used.ru_stime, used.ru_maxrss // 1024]))
"""


def program(command: Sequence[str]) -> Run:
    said = subprocess.run(
        [sys.executable, "-c", LAUNCH, *command], cwd=CHECKOUT, capture_output=True, check=False
    )
    status, seconds, busy, memory = json.loads(said.stdout)
    assert status == 0, (command, said.stderr)
    return Run(seconds, busy, memory)


def programs(dump: Path, texts: Path) -> dict[str, list[str]]:
    analyze = [sys.executable, "-m", "auditor", "analyze", str(dump), "--format", "summary"]
    mitmdump = shutil.which("mitmdump", path=str(Path(sys.executable).parent)) or "mitmdump"
    return {
        "mitmdump": [mitmdump, "-nr", str(dump), "-q"],
        "auditor analyze": analyze,
        "with 20 texts": [*analyze, "--canaries", str(texts)],
    }


def whole_programs(flows: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        dump, few, texts = (Path(folder) / name for name in ("day.mitm", "few.mitm", "texts.txt"))
        made = write(dump, flows, LAB or DUMPS)
        texts.write_text("\n".join(made.texts), encoding="utf-8")
        write(few, FEW, LAB or DUMPS)
        commands = programs(dump, texts)
        runs: dict[str, list[Run]] = {name: [] for name in commands}
        for _ in range(PROGRAM_TURNS):
            for name, command in commands.items():
                runs[name].append(program(command))
        size, share = dump.stat().st_size, made.distinct
        print(f"\n{flows:,} flows, {size:,} bytes, {share:.0%} of the bodies distinct")
        shown(runs, "mitmdump -nr FILE -q")
        small = program(programs(few, texts)["with 20 texts"])
        most = max(run.memory for run in runs["with 20 texts"])
        print(f"peak memory: {most} MB, and {small.memory} MB for {FEW} flows")


def shown(runs: dict[str, list[Run]], name: str) -> None:
    """Each beside the first of them."""
    peer = next(iter(runs.values()))
    least, idle = (statistics.median(getattr(run, what) for run in peer) for what in ("seconds", "busy"))
    for what, times in runs.items():
        middle = statistics.median(run.seconds for run in times)
        busy = statistics.median(run.busy for run in times)
        cost = f", {busy / idle:5.2f} x its processor time" if idle else ""
        print(f"{what:<18} {middle * 1000:9.1f} ms   {middle / least:5.2f} x {name}{cost}")


def main() -> None:
    pieces = work()
    runs: dict[str, list[Run]] = {name: [] for name in pieces}
    for _ in range(TURNS):
        for name, piece in pieces.items():
            runs[name].append(timed(piece))
    size = sum(dump.stat().st_size for dump in DUMPS)
    print(f"{len(DUMPS)} dumps, {size:,} bytes")
    shown(runs, "mitmproxy's reader")
    whole_programs(int(sys.argv[1]) if len(sys.argv) > 1 else FLOWS)


if __name__ == "__main__":
    main()
