"""A proxy that runs with the addon, a server behind it, and an app in front of it; all on loopback."""

import atexit
import base64
import hashlib
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest

from auditor.errors import CaptureError
from auditor.live.authority import authority
from auditor.model import Contact
from auditor.sources import read

ROOT = Path(__file__).parents[2]
ADDON = ROOT / "auditor" / "live" / "addon.py"
RUN = "from mitmproxy.tools.main import {0}; {0}()"
# No file of the process may grow longer: a disk that is full.
FULL = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({0}, {0})); "
PATIENCE = 90.0


def free_port() -> int:
    """A port that nobody else is given until the server that it is for has come up.

    On Linux a server may listen where another socket is only bound, if both may share the address.
    """
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(("127.0.0.1", 0))
    port = int(held.getsockname()[1])
    if sys.platform == "linux":
        atexit.register(held.close)
    else:
        held.close()
    return port


def until(found: Callable[[], object]) -> None:
    """Waits for what a proxy is about to do, and fails where it never does."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        with suppress(CaptureError):  # a journal that has yet to begin
            if found():
                return
        time.sleep(0.05)
    assert found()


def shut(journal: Path) -> list[str]:
    """The hosts of the connections that stayed shut, as far as the journal knows by now."""
    return [one.channel.host for one in read(journal) if isinstance(one, Contact)]


def exactly(link: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = link.recv(size - len(data))
        if not more:
            raise ConnectionError("closed")
        data += more
    return data


def head(link: socket.socket) -> bytes:
    data = b""
    while not data.endswith(b"\r\n\r\n"):
        data += exactly(link, 1)
    return data


def frame(text: bytes, masked: bool) -> bytes:
    return bytes([0x81, (masked << 7) | len(text)]) + (b"\0\0\0\0" if masked else b"") + text


def unframed(link: socket.socket) -> bytes:
    _, size = exactly(link, 2)
    mask = exactly(link, 4) if size & 0x80 else bytes(4)
    return bytes(byte ^ mask[at % 4] for at, byte in enumerate(exactly(link, size & 0x7F)))


def upgraded(link: socket.socket) -> Callable[[str], None]:
    """A WebSocket on a connection to the server."""
    link.sendall(
        b"GET /chat HTTP/1.1\r\nHost: chat.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    assert b" 101 " in head(link)

    def say(text: str) -> None:
        link.sendall(frame(text.encode(), True))
        assert unframed(link) == text.encode()

    return say


EVENTS = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"14\r\ndata: by the crane\n\n\r\n"
)


class Server:
    """Gives back what it gets: HTTP bodies, WebSocket messages, and the lines of any other connection."""

    def __init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._server.getsockname()[1])
        self._links: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        for link in (self._server, *self._links):
            link.close()

    def _accept(self) -> None:
        while True:
            try:
                link, _ = self._server.accept()
            except OSError:
                return
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._links.append(link)
            threading.Thread(target=self._talk, args=(link,), daemon=True).start()

    def _talk(self, link: socket.socket) -> None:
        try:
            start = exactly(link, 4)
            if start not in (b"GET ", b"POST"):
                link.sendall(start)
                while data := link.recv(65536):
                    link.sendall(data)
                return
            asked = start + head(link)
            if start == b"POST":
                self._http(link, asked)
            if b"/events" in asked:
                link.sendall(EVENTS)
            key = next(
                row[19:] for row in asked.split(b"\r\n") if row.lower().startswith(b"sec-websocket-key:")
            )
            accept = base64.b64encode(
                hashlib.sha1(key.strip() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()
            )
            link.sendall(
                b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
            )
            while True:
                link.sendall(frame(unframed(link), False))
        except (OSError, StopIteration):
            link.close()

    def _http(self, link: socket.socket, asked: bytes) -> None:
        while asked:
            if b"content-length: " not in asked.lower():
                while not asked.endswith(b"0\r\n\r\n"):
                    asked += exactly(link, 1)
                link.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                return
            size = int(asked.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            link.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + exactly(link, size))
            asked = head(link)


class Site:
    """A server of TLS: answers POST with what it got, upgrades to WebSocket, echoes everything else."""

    def __init__(self, folder: Path, address: str = "127.0.0.1") -> None:
        authority(folder, "site")
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(folder / "mitmproxy-ca.pem")
        self._door = socket.create_server((address, 0))
        self.port = int(self._door.getsockname()[1])
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._door.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                link, _ = self._door.accept()
                threading.Thread(target=self._talk, args=(link,), daemon=True).start()

    def _talk(self, bare: socket.socket) -> None:
        with suppress(OSError, ValueError), self.context.wrap_socket(bare, server_side=True) as link:
            data = link.recv(65536)
            if data.startswith(b"POST"):
                head, _, body = data.partition(b"\r\n\r\n")
                size = int(re.findall(rb"(?i)content-length: (\d+)", head)[0])
                while len(body) < size:
                    body += link.recv(65536)
                link.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
                link.recv(1)
            while data and not data.startswith(b"POST"):
                link.sendall(data)
                data = link.recv(65536)


class Proxy:
    """mitmdump with the addon, and ways through it to the server."""

    def __init__(
        self,
        folder: Path,
        server: Server,
        *options: str,
        dump: str = "session.mitm",
        tool: str = "mitmdump",
        fullest: int = 0,
        before: bool = False,
    ) -> None:
        self.dump = folder / "session.mitm"
        self.journal = folder / "session.mitm.journal"
        self.ports = {name: free_port() for name in ("regular", "http", "tcp")}
        modes = (
            f"regular@{self.ports['regular']}",
            f"reverse:http://127.0.0.1:{server.port}@{self.ports['http']}",
            f"reverse:tcp://127.0.0.1:{server.port}@{self.ports['tcp']}",
        )
        saved = ("-w", dump.replace("session.mitm", str(self.dump))) if dump else ()
        fixed = ("-q", *saved, "-s", str(ADDON))
        lazy = ("--set", "connection_strategy=lazy", "--set", "listen_host=127.0.0.1")
        named = [word for mode in modes for word in ("--mode", mode)]
        run = (FULL.format(fullest) if fullest else "") + RUN.format(tool)
        given = (*options, *fixed) if before else (*fixed, *options)
        command = [sys.executable, "-c", run, *lazy, *named, *given]
        earlier = self._begun()
        home = str(folder.parent)  # for the certificates, which are where a user has them
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore", "HOME": home}
        self.links: list[socket.socket] = []
        self.complaints = folder / "stderr"
        with self.complaints.open("w") as stderr:
            self.process = subprocess.Popen(
                command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=stderr, text=True
            )
        try:
            for name in self.ports:
                self.connect(name).close()
            if dump:  # it listens a little before its addons begin
                until(lambda: self._begun() not in (0, earlier))
        except (AssertionError, TimeoutError):
            self.process.kill()
            raise

    def _begun(self) -> int:
        """When the journal was last written to; nothing before it says anything."""
        there = self.journal.exists() and self.journal.stat()
        return there.st_mtime_ns if there and there.st_size else 0

    def connect(self, name: str) -> socket.socket:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until and self.process.poll() is None:
            try:
                link = socket.create_connection(("127.0.0.1", self.ports[name]), PATIENCE)
            except OSError:
                time.sleep(0.05)
                continue
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.links.append(link)
            return link
        self.process.kill()
        raise TimeoutError(self.process.communicate()[0] + self.complaints.read_text())

    def irc(self) -> Callable[[str], None]:
        """Says a line and waits until it came back."""
        link = self.connect("tcp")

        def say(text: str) -> None:
            data = f"PRIVMSG bob :{text}\r\n".encode()
            link.sendall(data)
            assert exactly(link, len(data)) == data

        return say

    def websocket(self) -> Callable[[str], None]:
        return upgraded(self.connect("http"))

    def http(self) -> Callable[[str], None]:
        link = self.connect("http")

        def say(text: str) -> None:
            body = text.encode()
            start = b"POST /say HTTP/1.1\r\nHost: chat.example\r\nContent-Length: %d\r\n\r\n" % len(body)
            link.sendall(start + body)
            head(link)
            assert exactly(link, len(body)) == body

        return say

    def handshake(self, host: str, trusting: bool) -> None:
        """An app that accepts the proxy's certificate and leaves, or refuses it."""
        context = ssl.create_default_context()
        if trusting:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with self.connect("regular") as link:
            link.sendall(f"CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\n\r\n".encode())
            assert b" 200 " in head(link)
            context.wrap_socket(link, server_hostname=host).close()

    def stop(self, number: int = signal.SIGTERM) -> str:
        """What was printed until the proxy ended on its own."""
        self.process.send_signal(number)
        return self.process.communicate(timeout=PATIENCE)[0]

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate(timeout=PATIENCE)

    def close(self) -> None:
        self.kill()
        for link in self.links:
            link.close()


@pytest.fixture
def server() -> Iterator[Server]:
    one = Server()
    yield one
    one.close()


@pytest.fixture
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    one = Site(tmp_path_factory.mktemp("site"))
    yield one
    one.close()


Start = Callable[..., Proxy]


@pytest.fixture
def start(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path, server: Server) -> Iterator[Start]:
    with ExitStack() as stack:

        def begin(*options: str, **others: Any) -> Proxy:
            proxy = Proxy(tmp_path, server, *options, **others)
            stack.callback(proxy.close)
            return proxy

        yield begin
