"""What a session weighs: the proxy holds neither what went through it nor what is large."""

import asyncio
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from auditor.model import Parcel
from auditor.sources import read
from tests.bench.live import AUDIT, DUMP, Proxy, server
from tests.bench.load import drive
from tests.live.conftest import PATIENCE, exactly, head

# REQUESTS=100000 is what the bench of a release takes.
FEW, MANY = 1_000, int(os.environ.get("REQUESTS", "6000"))
LARGE = 200_000_000
MEGABYTES = 40
BLOCK = os.urandom(100_000)


def peak(process: int) -> int:
    """Megabytes that a process held at most."""
    rows = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(row.split()[1]) for row in rows if row.startswith("VmHWM")) // 1024


@pytest.fixture
def ports(tmp_path: Path) -> Iterator[dict[str, int]]:
    with server(tmp_path / "site") as found:
        yield found


@pytest.fixture
def proxy(tmp_path: Path, ports: dict[str, int]) -> Iterator[Proxy]:
    one = Proxy(tmp_path / "session", (*DUMP, *AUDIT, "--set", "stream_large_bodies=5m"))
    try:
        one.until_it_answers("HTTP/1", ports)
        yield one
    finally:
        one.close()


@pytest.mark.slow
@pytest.mark.parametrize("way", ["HTTP/1", "WebSocket"])
def test_many_requests_weigh_what_few_do(proxy: Proxy, ports: dict[str, int], way: str) -> None:
    def talk(count: int) -> tuple[int, int]:
        asyncio.run(drive(way, proxy.port, ports, count * 1.0, count))
        return peak(proxy.process.pid), peak(proxy.audits()[0])

    (few, audit_few), (many, audit_many) = talk(FEW), talk(MANY)
    print(f"{way}: after {FEW:,} the proxy {few} MB, the audit {audit_few} MB;", end=" ")
    print(f"after {MANY:,} more {many} MB and {audit_many} MB")
    assert many - few <= MEGABYTES
    assert audit_many - audit_few <= MEGABYTES


@pytest.mark.slow
def test_a_large_upload_passes_without_being_held(proxy: Proxy, ports: dict[str, int]) -> None:
    before = peak(proxy.process.pid)
    with socket.create_connection(("127.0.0.1", proxy.port), PATIENCE) as link:
        host = f"127.0.0.1:{ports['plain']}"
        asked = f"POST http://{host}/up HTTP/1.1\r\nHost: {host}\r\nContent-Length: {LARGE}\r\n\r\n"
        link.sendall(asked.encode())
        for _ in range(LARGE // len(BLOCK)):
            link.sendall(BLOCK)
        assert b" 200 " in head(link)
        exactly(link, 1)
    after, audit = peak(proxy.process.pid), peak(proxy.audits()[0])
    print(f"{LARGE:,} bytes: the proxy from {before} MB to {after} MB, the audit {audit} MB")
    assert after - before <= MEGABYTES
    journal = proxy.folder / "session.mitm.journal"
    largest = max((one.body for one in read(journal) if isinstance(one, Parcel)), key=len)
    assert largest == BLOCK * (LARGE // len(BLOCK))
