"""What the audit costs who talks through the proxy, beside mitmdump without it.

    python -m tests.bench.live [SECONDS [TURNS [ROUNDS]]]

Five proxies in turns, of which four stand still: mitmdump without and with the addon (which writes its
journal, has all rules and one planted text), both once more writing a dump, and `auditor live`, which
always writes both. The app asks as much as the proxy can answer, so the audit of all that, which lags
behind, runs while its own proxy is measured and only then; it has read its rules before.
Turns are short and many, and each round has new processes: two of the same kind differ by some percent.
Prints medians, and the medians of the ratios of each turn; times depend on the machine and are never
asserted. Processor time says the same on a machine that is busy.
"""

import asyncio
import json
import os
import random
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from msgspec import Struct

from auditor.live.authority import authority
from tests.bench.load import CANARY, drive

CHECKOUT = Path(__file__).parents[2]
ADDON = CHECKOUT / "auditor" / "live" / "addon.py"
MITMDUMP = "from mitmproxy.tools.main import mitmdump; mitmdump()"
SECONDS, TURNS, ROUNDS, WARM = 0.3, 31, 3, 200
WAYS = ("HTTP/1", "HTTP/2", "WebSocket")
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(CHECKOUT), "PYTHONWARNINGS": "ignore"}
DUMP = ("-w", "session.mitm")
JOURNAL = ("--set", "auditor_journal=session.journal")
RENAMED = "127.0.0.1=slack.com"
AUDIT = ("-s", str(ADDON), "--set", f"auditor_canary={CANARY}", "--set", f"auditor_as={RENAMED}")
LIVE = ("--plain", "--session", "session", "--canary", CANARY, "--as", RENAMED)
SET_UPS: dict[str, tuple[str, ...]] = {
    "mitmdump": (),
    "with the addon": (*AUDIT, *JOURNAL),
    "with -w": DUMP,
    "-w and the addon": (*DUMP, *AUDIT),
    "auditor live": LIVE,
}
PEERS = (
    ("with the addon", "mitmdump"),
    ("-w and the addon", "with -w"),
    ("auditor live", "mitmdump"),
    ("auditor live", "with -w"),
)
PATIENCE = 60.0


def free_port() -> int:
    """None of those that connections are given: the proxy takes it only seconds later."""
    while True:
        port = random.randrange(20_000, 32_000)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


@contextmanager
def server(folder: Path) -> Iterator[dict[str, int]]:
    authority(folder, "bench")
    command = [sys.executable, "-m", "tests.bench.load", str(folder)]
    process = subprocess.Popen(command, cwd=CHECKOUT, env=ENVIRONMENT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        yield json.loads(process.stdout.readline())
    finally:
        process.kill()
        process.communicate()


class Proxy:
    """A proxy, with all that it starts; it stands still unless it is measured."""

    def __init__(self, folder: Path, options: tuple[str, ...]) -> None:
        self.folder, self.port = folder, free_port()
        folder.mkdir()
        live = options is LIVE
        program = ("-m", "auditor", "live") if live else ("-c", MITMDUMP, "-q")
        where = ("--listen" if live else "--listen-host", "127.0.0.1")
        port = ("--port" if live else "--listen-port", str(self.port))
        trust = (
            "--set",
            "ssl_insecure=true",
            *(() if live else ("--set", f"confdir={folder.parent / 'ca'}")),
        )
        command = [sys.executable, *program, *where, *port, *trust, *options]
        self.process = subprocess.Popen(
            command, cwd=folder, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def audits(self) -> list[int]:
        """The process that audits what it writes, if there is one."""
        number = self.process.pid
        return [int(one) for one in Path(f"/proc/{number}/task/{number}/children").read_text().split()]

    def _all(self, number: int) -> None:
        for one in (*self.audits(), self.process.pid):
            os.kill(one, number)

    @contextmanager
    def measured(self) -> Iterator[None]:
        self._all(signal.SIGCONT)
        try:
            yield
        finally:
            if self.process.poll() is None:
                self._all(signal.SIGSTOP)

    @property
    def busy(self) -> float:
        """Processor time of the proxy's one thread, which is what all its traffic waits for."""
        return int(Path(f"/proc/{self.process.pid}/schedstat").read_text().split()[0]) / 1e9

    def until_it_answers(self, way: str, ports: dict[str, int]) -> None:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until and self.process.poll() is None:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                break
            time.sleep(0.05)
        if (number := self.process.poll()) is not None:
            raise ChildProcessError(f"{self.folder.name}: the proxy could not begin, and ended with {number}")
        asyncio.run(drive(way, self.port, ports, PATIENCE, WARM))
        while time.monotonic() < until and not all(map(_follows, self.audits())):
            time.sleep(0.05)

    def close(self) -> None:
        if self.process.poll() is None:
            self._all(signal.SIGKILL)
        self.process.wait()


def _follows(audit: int) -> bool:
    """It reads the journal on a thread of its own, once it has read its rules."""
    return len(list(Path(f"/proc/{audit}/task").iterdir())) > 1


class Turn(Struct, frozen=True):
    rate: float  # answers a second
    late: float  # seconds that 95 of 100 answers took at most
    busy: float  # seconds of processor time that the proxy took for one answer


def one(proxy: Proxy, way: str, ports: dict[str, int], seconds: float) -> Turn:
    with proxy.measured():
        before = proxy.busy
        run = asyncio.run(drive(way, proxy.port, ports, seconds))
        return Turn(run.rate, run.late, (proxy.busy - before) / run.count)


def measure(way: str, ports: dict[str, int], seconds: float, turns: int) -> dict[str, list[Turn]]:
    made: dict[str, list[Turn]] = {name: [] for name in SET_UPS}
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        proxies = {name: Proxy(Path(folder) / name, options) for name, options in SET_UPS.items()}
        for proxy in proxies.values():
            stack.callback(proxy.close)
        for proxy in proxies.values():
            with proxy.measured():
                proxy.until_it_answers(way, ports)
        for turn in range(turns):
            for name, proxy in list(proxies.items())[:: 1 if turn % 2 else -1]:
                made[name].append(one(proxy, way, ports, seconds))
    return made


def rounds(way: str, ports: dict[str, int], seconds: float, turns: int, count: int) -> dict[str, list[Turn]]:
    made: dict[str, list[Turn]] = {name: [] for name in SET_UPS}
    for _ in range(count):
        for name, new in measure(way, ports, seconds, turns).items():
            made[name] += new
    return made


def shown(way: str, turns: dict[str, list[Turn]]) -> None:
    for name, mine in turns.items():
        rate, late, cost = (
            statistics.median(getattr(one, what) for one in mine) for what in Turn.__struct_fields__
        )
        print(
            f"{way:<10} {name:<15} {rate:7.0f} a second, 95 of 100 within {late * 1000:6.1f} ms,"
            f" {cost * 1e6:6.0f} us of the proxy each"
        )
    for name, peer in PEERS:
        pairs = list(zip(turns[name], turns[peer], strict=True))
        rate, late, cost = (
            statistics.median(getattr(mine, what) / getattr(other, what) for mine, other in pairs)
            for what in Turn.__struct_fields__
        )
        ratios = f"{rate:.2f} x the rate, {late:.2f} x the wait, {cost:.2f} x the processor time"
        print(f"{way:<10} {name} beside {peer}: {ratios}", flush=True)


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS
    turns = int(sys.argv[2]) if len(sys.argv) > 2 else TURNS
    count = int(sys.argv[3]) if len(sys.argv) > 3 else ROUNDS
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # nothing is left behind
    with tempfile.TemporaryDirectory() as folder, server(Path(folder)) as ports:
        for way in WAYS:
            shown(way, rounds(way, ports, seconds, turns, count))


if __name__ == "__main__":
    main()
