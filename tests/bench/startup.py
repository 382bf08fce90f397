"""How long the program takes to begin, beside a bare interpreter: python -m tests.bench.startup

Prints ratios of medians, measured in turns in the same run. Times depend on the machine and are
never asserted.
"""

import statistics
import subprocess
import sys
import time
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]
TURNS = 9
BARE = ("-c", "pass")
PROGRAMS: dict[str, tuple[str, ...]] = {
    "auditor --version": ("-m", "auditor", "--version"),
    "auditor --help": ("-m", "auditor", "--help"),
    "auditor platforms": ("-m", "auditor", "platforms"),
    "auditor check --help": ("-m", "auditor", "check", "--help"),
    "auditor check FILE": ("-m", "auditor", "check", "rules/platforms/irc/message-send.yaml"),
    "auditor analyze FILE": ("-m", "auditor", "analyze", "captures/irc-clear/alice.mitm"),
    "import mitmproxy.io": ("-c", "import mitmproxy.io"),
}


def seconds(arguments: tuple[str, ...]) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, *arguments], cwd=CHECKOUT, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def main() -> None:
    runs: dict[str, list[float]] = {name: [] for name in ("bare interpreter", *PROGRAMS)}
    for _ in range(TURNS):
        for name, arguments in {"bare interpreter": BARE, **PROGRAMS}.items():
            runs[name].append(seconds(arguments))
    bare = statistics.median(runs["bare interpreter"])
    for name, times in runs.items():
        middle = statistics.median(times)
        print(f"{name:<20} {middle * 1000:7.0f} ms   {middle / bare:5.1f} x a bare interpreter")


if __name__ == "__main__":
    main()
