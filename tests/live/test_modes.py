"""The ways into the proxy, each with a client that really takes it."""

import asyncio
import json
import shutil
import socket
import socketserver
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import pytest
from aioquic.asyncio.server import serve
from aioquic.quic.configuration import QuicConfiguration
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from auditor.live.authority import CERTIFICATE, Forger
from tests.live.conftest import PATIENCE, Site, free_port
from tests.live.test_session import TEXT, Live, run
from tests.live.wireguard import MISSING, network

pytestmark = pytest.mark.slow
T = TypeVar("T")
FAR = "192.0.2.80"  # where the servers are, in a network that only the test sees
GROUP = 4242  # of an app whose traffic is sent to the proxy
HERE = Path(__file__).parent


def free() -> int:
    """A port for datagrams."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def apart(work: Callable[[], T]) -> T:
    """In a network of its own, so that nothing of this machine is touched."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(network, f"addr add {FAR}/32 dev lo").result()
        return pool.submit(work).result()


def posted(link: socket.socket, ca: Path, host: str) -> bytes:
    context = ssl.create_default_context(cafile=str(ca))
    with context.wrap_socket(link, server_hostname=host) as tls:
        body = TEXT.encode()
        head = f"POST /say HTTP/1.1\r\nHost: {host}\r\nContent-Type: text/plain\r\n"
        tls.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        return tls.recv(65536)


def socks(port: int, to: int) -> socket.socket:
    """By name, so that the proxy looks it up."""
    link = socket.create_connection(("127.0.0.1", port), PATIENCE)
    link.sendall(b"\5\1\0")
    assert link.recv(2) == b"\5\0"
    link.sendall(b"\5\1\0\3\x09127.0.0.1" + to.to_bytes(2))
    assert link.recv(10)[:2] == b"\5\0"
    return link


def test_several_ways_at_once_lead_into_one_report(tmp_path: Path, site: Site) -> None:
    ports = [free_port(), free_port()]
    live = Live(
        tmp_path, "--mode", "regular", "--mode", f"socks5@{ports[0]}",
        "--mode", f"reverse:https://127.0.0.1:{site.port}@{ports[1]}",
    )  # fmt: skip
    try:
        live.post("regular.example", site.port, TEXT.encode())
        assert posted(socks(ports[0], site.port), live.ca, "socks.example")
        back = socket.create_connection(("127.0.0.1", ports[1]), PATIENCE)
        assert posted(back, live.ca, "reverse.example")
        page = live.stop()
    finally:
        live.close()
    told = json.loads(run("analyze", live.folder, "--format", "json"))["verdicts"]
    there = {
        "regular.example",
        "socks.example",
        "127.0.0.1",
    }  # in reverse the app asks for the proxy's own name
    assert {one["platform"] for one in told} == {f"unknown:{name}" for name in there}
    assert run("analyze", live.folder) == page
    assert f"SOCKS proxy in the app or the system: 127.0.0.1:{ports[0]}" in live.errors.read_text()


def tries_of(said: str) -> dict[str, int]:
    return {app: int(tries) for app, tries in (row.split() for row in said.splitlines())}


class Plain(socketserver.ThreadingTCPServer):
    daemon_threads = True


class Echo(socketserver.BaseRequestHandler):
    """A server that knows no TLS."""

    def handle(self) -> None:
        while data := self.request.recv(65536):
            self.request.sendall(data)


def certified(folder: Path) -> Path:
    """A certificate that nothing is wrong with, for every name below apps.example, and its key."""
    certificate, key = Forger(folder).made("", "*.apps.example")
    file = folder / "leaf.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    file.write_bytes(private + certificate.public_bytes(Encoding.PEM))
    return file


class Quic:
    """A server of QUIC that gives back what it gets."""

    def __init__(self, certificate: Path) -> None:
        wanted = QuicConfiguration(is_client=False, alpn_protocols=["echo"])
        wanted.load_cert_chain(certificate, certificate)
        self.port, self.loop = free(), asyncio.new_event_loop()
        self._server = self.loop.run_until_complete(
            serve(FAR, self.port, configuration=wanted, stream_handler=self._hear)
        )
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

    def _hear(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def echo() -> None:
            writer.write(await reader.read())
            writer.write_eof()

        self._echo = self.loop.create_task(echo())

    def close(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self._server.close()  # type: ignore[no-untyped-call]
        self.loop.run_until_complete(asyncio.sleep(0))
        self.loop.close()


@pytest.mark.skipif(bool(MISSING), reason=f"not here: {', '.join(MISSING)}")
def test_every_kind_of_app_behind_the_tunnel_is_named_with_its_reason(tmp_path: Path) -> None:
    told, doctor, contacts = apart(lambda: _behind_the_tunnel(tmp_path))
    assert {app: min(tries, 4) for app, tries in told.items()} == {
        "trusting": 1, "pinning": 4, "distrusting": 4, "raw": 1, "quic": 4, "asking": 1,
    }  # fmt: skip
    refused = "the app refused the proxy's certificate"
    passed = f"passed through unopened: {refused} 3 times"
    left = "the app shook hands and left without a word: it may have refused the proxy's certificate"
    assert contacts == {
        *(("pinning.apps.example", "tls", why) for why in (left, passed)),
        *(("distrusting.apps.example", "tls", why) for why in (refused, passed)),
        *(("quic.apps.example", "quic", why) for why in (refused, passed)),
        (FAR, "tcp", "a protocol this version does not know"),
        ("10.0.0.53", "dns", "a name look-up: no message in it"),
    }
    for said in (
        "+ trust: the proxy's certificate is trusted",
        "unknown CA; others trust the certificate, so this app pins its own, or trusts none",
        "! pinning.apps.example: shook hands and left without a word",
        f"? {FAR}: raw bytes, not HTTP, on 1 connection",
        "! QUIC: spoken by quic.apps.example",
        "? DNS: asking.apps.example: asked for, of 1 name, and never met here",
        "+ coverage: all traffic of the device comes here",
        "! distrusting.apps.example, quic.apps.example: 1 connection passed through",
        "! pinning.apps.example: 1 connection passed through",
    ):
        assert said in doctor


def _behind_the_tunnel(folder: Path) -> tuple[dict[str, int], str, set[tuple[str, str, str]]]:
    site, plain = Site(folder / "site", FAR), Plain((FAR, 0), Echo)
    certificate = certified(folder / "site")
    site.context.load_cert_chain(certificate)
    quic = Quic(certificate)
    threading.Thread(target=plain.serve_forever, daemon=True).start()
    live = Live(folder, "--mode", "regular", "--mode", f"wireguard@{free()}")
    live.log("profile for the WireGuard app")
    ports = dict.fromkeys(("trusting", "pinning", "distrusting"), site.port)
    ports |= {"raw": plain.server_address[1], "quic": quic.port, "asking": 53}
    tunnel = (sys.executable, HERE / "wireguard.py", live.folder / "wireguard.conf")
    apps = (sys.executable, HERE / "apps.py", FAR, live.ca, folder / "site" / CERTIFICATE, TEXT)
    try:
        told = subprocess.run(
            [*map(str, (*tunnel, *apps)), *(f"{app}:{port}" for app, port in ports.items())],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
            timeout=180,
        ).stdout
        live.stop()
    finally:
        live.close()
        site.close()
        quic.close()
        plain.shutdown()
        plain.server_close()
    contacts = json.loads(run("analyze", live.folder, "--format", "json"))["contacts"]
    shut = {(one["host"], one["transport"], one["reason"]) for one in contacts}
    return tries_of(told), run("doctor", live.folder), shut


NO_ROUTER = [*MISSING, *(["iptables"] if shutil.which("iptables") is None else [])]


@pytest.mark.skipif(bool(NO_ROUTER), reason=f"not here: {', '.join(NO_ROUTER)}")
def test_traffic_that_is_sent_here_on_its_way_is_taken(tmp_path: Path) -> None:
    assert apart(lambda: _on_the_way(tmp_path)) == {"trusting": 1}
    told = json.loads(run("analyze", tmp_path / "session", "--format", "json"))["verdicts"]
    assert {one["platform"] for one in told} == {"unknown:trusting.apps.example"}


def _on_the_way(folder: Path) -> dict[str, int]:
    """The app is known by its group, so that the proxy's own connections are not sent back to it."""
    site, live = Site(folder / "site", FAR), Live(folder, "--mode", "transparent")
    whose = f"-p tcp --dport {site.port} -m owner --gid-owner {GROUP}"
    send = f"-t nat -A OUTPUT {whose} -j REDIRECT --to-ports {live.port}"
    app = (sys.executable, HERE / "apps.py", FAR, live.ca, live.ca, TEXT, f"trusting:{site.port}")
    try:
        subprocess.run(["iptables", *send.split()], check=True)
        said = subprocess.run(
            [*map(str, app)], stdout=subprocess.PIPE, text=True, check=True, timeout=60, group=GROUP
        ).stdout
        live.stop()
    finally:
        live.close()
        site.close()
    return tries_of(said)
