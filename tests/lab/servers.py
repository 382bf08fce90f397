"""What answers the clients of the lab: real servers in a folder of the test's own, and a synthetic one."""

import base64
import hashlib
import json
import re
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue
from urllib.parse import parse_qs

from tests.live.conftest import frame, free_port, unframed

PATIENCE = 120.0

Answer = Callable[[str, bytes], object]  # of a path and a body: something that JSON can say


class Talk(BaseHTTPRequestHandler):
    """One connection of HTTP, kept alive."""

    protocol_version = "HTTP/1.1"

    def say(self, body: bytes, kind: str = "application/json") -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def posted(self) -> bytes:
        return self.rfile.read(int(self.headers["Content-Length"]))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


class Web:
    """A server of HTTP on loopback; TLS is before it."""

    def __init__(self, talk: type[Talk]) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), talk)
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def synthetic(answer: Answer) -> Web:
    """The requests are the clients' own; the answers are made up."""

    class Service(Talk):
        def do_POST(self) -> None:
            self.say(json.dumps(answer(self.path, self.posted())).encode())

    return Web(Service)


def page(html: Path, heard: str, done: Queue[str]) -> Web:
    """A page, and what it talks to; `heard` is said to whoever listens for events."""

    class Site(Talk):
        def do_POST(self) -> None:
            body = self.posted()
            self.say(b"{}")
            if self.path == "/done":
                done.put(body.decode())

        def do_GET(self) -> None:
            match self.path:
                case "/":
                    self.say(html.read_bytes(), "text/html")
                case "/socket":
                    self.socket()
                case "/events":
                    self.events()
                case _:
                    self.send_error(404)

        def socket(self) -> None:
            key = self.headers["Sec-WebSocket-Key"].encode() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
            self.send_response(101)
            self.send_header("Upgrade", "websocket")
            self.send_header("Connection", "Upgrade")
            self.send_header("Sec-WebSocket-Accept", base64.b64encode(hashlib.sha1(key).digest()).decode())
            self.end_headers()
            self.close_connection = True
            with suppress(OSError):
                while unframed(self.connection):
                    self.connection.sendall(frame(b"got it", False))

        def events(self) -> None:
            """One event, and then the connection stays open: who waits for its end waits for ever."""
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            self.wfile.write(f"data: {heard}\n\n".encode())
            self.close_connection = True
            with suppress(OSError):
                self.connection.recv(1)

    return Web(Site)


def slack(path: str, body: bytes) -> object:
    said = {name: values[0] for name, values in parse_qs(body.decode()).items()}
    if body.startswith(b"{"):
        said = json.loads(body)
    message = {"type": "message", "text": said["text"], "ts": "1763719201.000100", "bot_id": "B0TIDEKPR1"}
    return {"ok": True, "channel": said["channel"], "ts": message["ts"], "message": message}


def instagram(path: str, body: bytes) -> object:
    assert re.match("/api/v1/direct_v2/threads/broadcast/text/", path)
    payload = {
        "item_id": "3001",
        "message_id": "3001",
        "client_context": "1",
        "thread_id": "3402823668417103",
    }
    return {"status": "ok", "action": "item_ack", "payload": {**payload, "timestamp": "1795253839861758"}}


class Synapse:
    """A homeserver that anybody may join, and that talks to no other."""

    def __init__(self, folder: Path, python: str, host: str) -> None:
        folder.mkdir()
        self.port = free_port()
        config, more = folder / "homeserver.yaml", folder / "more.yaml"
        command = [python, "-m", "synapse.app.homeserver", "-c", str(config)]
        named = ("--generate-config", "--report-stats=no", "--server-name", host)
        subprocess.run([*command, *named], cwd=folder, check=True, capture_output=True)
        more.write_text(json.dumps({
            "listeners": [{"port": self.port, "bind_addresses": ["127.0.0.1"], "type": "http",
                           "resources": [{"names": ["client"], "compress": False}]}],
            "enable_registration": True, "enable_registration_without_verification": True,
            "federation_domain_whitelist": [], "trusted_key_servers": [], "suppress_key_server_warning": True,
        }))  # fmt: skip
        self._process = started([*command, "-c", str(more)], folder, self.port)

    def close(self) -> None:
        stop(self._process)


PROSODY = """
data_path, pidfile, run_as_root = "{folder}", "{folder}/pid", true
log = {{ warn = "*console" }}
modules_enabled = {{ "saslauth", "roster", "disco", "pep" }}
modules_disabled = {{ "s2s" }}
authentication, insecure_open_authentication = "insecure", "Yes please, I know what I'm doing!"
interfaces, c2s_ports, c2s_direct_tls_ports = {{ "127.0.0.1" }}, {{ }}, {{ {port} }}
c2s_direct_tls_ssl = {{ certificate = "{certificate}", key = "{certificate}" }}
VirtualHost "{host}"
"""


class Prosody:
    """A server of XMPP that takes everybody for who they say they are."""

    def __init__(self, folder: Path, certificate: Path, host: str) -> None:
        folder.mkdir()
        self.port = free_port()
        config = folder / "prosody.cfg.lua"
        config.write_text(PROSODY.format(folder=folder, port=self.port, certificate=certificate, host=host))
        self._process = started(["prosody", "-F", "--config", str(config)], folder, self.port)

    def close(self) -> None:
        stop(self._process)


def started(command: list[str], folder: Path, port: int) -> subprocess.Popen[bytes]:
    """A server, once it answers."""
    log = folder / "log"
    with log.open("wb") as file:
        process = subprocess.Popen(command, cwd=folder, stdout=file, stderr=file, stdin=subprocess.DEVNULL)
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and process.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return process
        time.sleep(0.1)
    stop(process)
    raise TimeoutError(log.read_text())


def stop(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
