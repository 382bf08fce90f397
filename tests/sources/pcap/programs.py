"""Connections between the programs of OpenSSL, overheard in between: for what Python cannot speak."""

import contextlib
import re
import select
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO

import pytest

OPENSSL = shutil.which("openssl")
needs_openssl = pytest.mark.skipif(OPENSSL is None, reason="no program `openssl` is installed")
PATIENCE = 60  # seconds


class Relay:
    """Stands between client and server and writes down what passes."""

    def __init__(self, server: int, datagrams: bool) -> None:
        self.wire: list[tuple[bool, bytes]] = []
        self.server: IO[bytes] | None = None  # what is written here, the server says
        self._kind = socket.SOCK_DGRAM if datagrams else socket.SOCK_STREAM
        self._socket = socket.socket(socket.AF_INET, self._kind)
        self._socket.bind(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._target = ("127.0.0.1", server)
        self._over = threading.Event()
        if not datagrams:
            self._socket.listen()
        self._thread = threading.Thread(target=self._datagrams if datagrams else self._streams, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._over.set()
        self._thread.join(PATIENCE)
        self._socket.close()

    def _streams(self) -> None:
        while not self._over.is_set():
            if not select.select([self._socket], [], [], 0.1)[0]:
                continue
            near, _ = self._socket.accept()
            with near, socket.create_connection(self._target, PATIENCE) as far:
                while not self._over.is_set():
                    for one in select.select([near, far], [], [], 0.1)[0]:
                        data = one.recv(1 << 16)
                        if data:
                            self.wire.append((one is near, data))
                            (far if one is near else near).sendall(data)
                        else:
                            break
                    else:
                        continue
                    break

    def _datagrams(self) -> None:
        far, client = socket.socket(socket.AF_INET, self._kind), None
        with far:
            while not self._over.is_set():
                for one in select.select([self._socket, far], [], [], 0.1)[0]:
                    with contextlib.suppress(ConnectionError):
                        data, source = one.recvfrom(1 << 16)
                        client = source if one is self._socket else client
                        self.wire.append((one is self._socket, data))
                        if one is self._socket:
                            far.sendto(data, self._target)
                        elif client:
                            self._socket.sendto(data, client)


@contextlib.contextmanager
def serving(folder: Path, arguments: Sequence[str], datagrams: bool = False) -> Iterator[Relay]:
    """A server of OpenSSL behind a relay."""
    assert OPENSSL
    command = [OPENSSL, "s_server", "-accept", "127.0.0.1:0", *arguments]
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=log, stderr=log)
        try:
            port = re.compile(rb"ACCEPT 127\.0\.0\.1:(\d+)\n")
            _wait(lambda: port.search((folder / "server.log").read_bytes()))
            relay = Relay(int(port.findall((folder / "server.log").read_bytes())[0]), datagrams)
            relay.server = server.stdin
            yield relay
            relay.close()
        finally:
            server.kill()
            server.communicate(timeout=PATIENCE)


def call(folder: Path, relay: Relay, arguments: Sequence[str], lines: Sequence[tuple[bool, str]]) -> bytes:
    """A client, and lines that it or the server says; its key log.

    A line of one letter is a command: K takes a new key, R begins anew.
    """
    assert OPENSSL
    log, out = folder / "client.keys", folder / "client.log"
    command = [
        OPENSSL,
        "s_client",
        "-connect",
        f"127.0.0.1:{relay.port}",
        "-keylogfile",
        str(log),
        *arguments,
    ]
    with out.open("wb") as shown:
        client = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=shown, stderr=subprocess.STDOUT)
        assert client.stdin
        assert relay.server
        try:
            _wait(lambda: b"Verify return code" in out.read_bytes() or client.poll() is not None)
            for from_client, line in lines:
                if from_client:
                    _tell(client.stdin, line, folder / "server.log", relay)
                else:
                    _tell(relay.server, line, out, relay)
            client.stdin.write(b"Q\n")
            client.stdin.close()
            client.wait(PATIENCE)
        finally:
            client.kill()
            client.wait(PATIENCE)
    return log.read_bytes()


def _tell(end: IO[bytes], line: str, heard: Path, relay: Relay) -> None:
    """Until the other end has heard it, or, where it is a command, until that has led to something."""
    passed, told = len(relay.wire), heard.read_bytes().count(line.encode())
    end.write(line.encode() + b"\n")
    end.flush()
    if len(line) > 1:
        _wait(lambda: heard.read_bytes().count(line.encode()) > told)
    else:
        _wait(lambda: len(relay.wire) > passed)
        time.sleep(0.03)


def _wait(ready: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if ready():
            return
        time.sleep(0.02)
    raise TimeoutError("a program of OpenSSL did not get that far")
