"""How long an audit takes, beside mitmproxy merely reading the same dumps: python -m tests.bench.analyze

Prints ratios of medians, measured in turns in the same run. Times depend on the machine and are
never asserted.
"""

import statistics
import time
from collections.abc import Callable
from pathlib import Path

from mitmproxy.io import FlowReader

from auditor.audit import Audit
from auditor.needles import Needles
from auditor.shelf import load_rules
from auditor.sources import read

CAPTURES = Path(__file__).parents[2] / "captures"
DUMPS = sorted(CAPTURES.glob("*/*.mitm"))
TURNS = 9
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
        audit = Audit(BOOK, needles)
        findings += sum(len(audit.feed(event)) for event in read(dump))
    return findings


BOOK = load_rules(None)
ONE, MANY = Needles(TEXTS[:1]), Needles(TEXTS)
WORK: dict[str, Callable[[], int]] = {
    "mitmproxy reads": mitmproxy_reads,
    "we read": we_read,
    "we audit": lambda: we_audit(Needles()),
    "with one text": lambda: we_audit(ONE),
    "with 2,000 texts": lambda: we_audit(MANY),
}


def seconds(work: Callable[[], int]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main() -> None:
    runs: dict[str, list[float]] = {name: [] for name in WORK}
    for _ in range(TURNS):
        for name, work in WORK.items():
            runs[name].append(seconds(work))
    peer = statistics.median(runs["mitmproxy reads"])
    size = sum(dump.stat().st_size for dump in DUMPS)
    print(f"{len(DUMPS)} dumps, {size:,} bytes")
    for name, times in runs.items():
        middle = statistics.median(times)
        print(f"{name:<18} {middle * 1000:7.1f} ms   {middle / peer:5.2f} x mitmproxy's reader")


if __name__ == "__main__":
    main()
