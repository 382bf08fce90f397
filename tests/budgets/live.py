"""Budgets of a live session: strangers, hosts and requests that come without end."""

import asyncio
import os
import signal
import socket
from pathlib import Path

from auditor.live import authority, guests, lines, listener, page, pins, probe, watch
from auditor.live.analyst import Task
from auditor.sources import probed
from auditor.sources.flows import Flow, Response, Side
from auditor.sources.records import Ended, Hello, Refused
from tests.budgets.made import Budget

FEW = 5


def strangers(_: Path) -> str:
    door = guests.Guests(("10.0.0.1",))
    for number in range(FEW):
        door.welcome(f"10.0.1.{number}")
    return f"kept {len(door.strangers)}"


def said(_: Path) -> str:
    log = lines.Lines()
    for number in range(300):
        log.write(f"{number}\n")
    return f"kept {len(log.last)}"


def refusals(_: Path) -> str:
    counted = pins.Pins(lambda _: None, 3)
    for number in range(FEW):
        counted.refused(f"h{number}.example")
    return f"kept {len(counted.refusals)}"


def asked_once(folder: Path) -> str:
    authority.authority(folder, "friday")
    one = probe.Probe(lambda _: None, ("*",), folder)
    return f"asked {sum(bool(one.next(f'h{number}.example')) for number in range(FEW))}"


def hellos(_: Path) -> str:
    heard = probed.Probes()
    for number in range(FEW):
        heard.hear(Hello(str(number), "a.example"))
    return f"kept {sum(heard.hello(str(number)) is not None for number in range(FEW))}"


def hosts(_: Path) -> str:
    seen = watch.Watch()
    for number in range(FEW):
        seen.hear(Refused("client", f"h{number}.example"))
    return f"kept {len(seen.hosts)}"


def clocks(_: Path) -> str:
    seen = watch.Watch()
    answer = Response(200, [(b"Date", b"Sun, 09 Sep 2001 01:46:40 GMT")], timestamp_start=1.0)
    for number in range(FEW):
        seen.hear(Ended(f"{number}", Flow("http", Side(sni="a.example"), Side(), response=answer)))
    return f"kept {len(seen.clocks)}"


def asked(folder: Path) -> str:
    one = page.Page("friday", "", (), folder, lambda _: True, lambda: None)

    async def ask() -> bytes:
        server = await page.opened(one, socket.create_server(("127.0.0.1", 0)))
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(b"GET / HTTP/1.1\r\nX: " + b"x" * 20_000 + b"\r\n\r\n")
        try:
            answer = await reader.read()
        except ConnectionError:
            answer = b""
        writer.close()
        server.close()
        return answer

    return f"answered {len(asyncio.run(ask())) > 0}"


LIVE = [
    Budget("live/guests.py MOST", guests, "^kept 2$", strangers, low=2),
    Budget("live/pins.py MOST", pins, "^kept 2$", refusals, low=2),
    Budget("live/probe.py MOST", probe, "^asked 2$", asked_once, low=2),
    Budget("sources/probed.py MOST", probed, "^kept 2$", hellos, low=2),
    Budget("live/watch.py MOST", watch, "^kept 2$", hosts, low=2),
    Budget("live/watch.py CLOCKS", watch, "^kept 2$", clocks, low=2),
    Budget("live/lines.py KEPT", lines, "^kept 200$", said, lifted=1_000),
    Budget("live/page.py LONGEST", page, "answered False", asked, lifted=1 << 20),
]


def waiting(_: Path) -> str:
    """More records than there is room for, while the audit has not asked for the first."""
    one = listener.Listener(Task())
    os.kill(one.process.pid, signal.SIGSTOP)
    for number in range(FEW * 100):
        one.hear(Refused("client", f"h{number}.example", error="x" * 1000))
    os.kill(one.process.pid, signal.SIGCONT)
    ended = one.finish()
    assert ended
    return " ".join(row.message for row, _ in ended.report.whole().troubles)


LIVE.append(Budget("live/listener.py MOST", listener, "came faster than they were read", waiting, low=2))
