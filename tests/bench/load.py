"""An app and a server for the bench of a proxy: as much as the proxy can take, for as little work as can be.

    python -m tests.bench.load FOLDER        the server; the certificate is in FOLDER

Both know only what the bench says: HTTP/1 on a connection that stays open, HTTP/2 with a block of headers
that is the same each time, and messages in a WebSocket. What is said is a mix of what apps say: a message
that rules are about, a report of an app to its maker, a small file that is fetched.
"""

import asyncio
import json
import random
import ssl
import statistics
import struct
import sys
import time
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

CANARY = "Harbor-4471 meet me by the old crane"
AT_ONCE = 8  # questions that wait for their answers
_RNG = random.Random("load")
_WORDS = ["the", "old", "crane", "by", "a", "harbor", "where", "we", "meet", "again", "at", "seven"]


def _words(count: int) -> str:
    return " ".join(_RNG.choices(_WORDS, k=count))


SAID = json.dumps({"channel": "C024BE91L", "text": _words(14), "client_msg_id": "8b2c1f5e-11aa"}).encode()
REPORT = json.dumps(
    {"events": [{"name": f"screen_{n}", "at": 1_750_000_000 + n} for n in range(30)]}
).encode()
FILE = _RNG.randbytes(8192)
ASKED = (
    ("POST", "/api/chat.postMessage", "application/json", SAID),
    ("POST", "/v2/report", "application/json", REPORT),
    ("GET", "/image/77", "", b""),
)
ANSWERS = {"GET": ("image/png", FILE), "POST": ("application/json", b'{"ok": true, "ts": "1750000000.0001"}')}
PUSHED = json.dumps({"op": 0, "t": "MESSAGE_CREATE", "d": {"content": _words(14), "id": "17"}}).encode()


def _question(method: str, path: str, kind: str, body: bytes, host: str) -> bytes:
    head = f"{method} http://{host}{path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: app/7.2\r\n"
    head += f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n" if body else ""
    return head.encode() + b"Authorization: Bearer xoxp-11-22\r\n\r\n" + body


def _answer(kind: str, body: bytes) -> bytes:
    return f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


UPGRADE = (
    b"GET http://%s/gateway HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
UPGRADED = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
)


def message(data: bytes, masked: bool) -> bytes:
    """A WebSocket frame; a mask of zeros is a mask."""
    bit = 0x80 if masked else 0
    size = bytes([bit | len(data)]) if len(data) < 126 else struct.pack(">BH", bit | 126, len(data))
    return b"\x81" + size + (bytes(4) if masked else b"") + data


def message_end(data: bytes | bytearray) -> int:
    """Where the first frame ends; nothing while it has not."""
    if len(data) < 4:
        return 0
    size, masked = data[1] & 0x7F, data[1] & 0x80
    end = 2 + size if size < 126 else 4 + int.from_bytes(data[2:4], "big")
    end += 4 if masked else 0
    return end if len(data) >= end else 0


PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, SETTINGS, PING, MORE_ROOM = 0, 1, 4, 6, 8
ENDS, WHOLE = 1, 4
ROOM = 1 << 30


def part(kind: int, flags: int, stream: int, data: bytes) -> bytes:
    return struct.pack(">BHBBI", len(data) >> 16, len(data) & 0xFFFF, kind, flags, stream) + data


def line(name: str, value: str) -> bytes:
    return b"".join((b"\0", bytes([len(name)]), name.encode(), bytes([len(value)]), value.encode()))


HELLO = part(SETTINGS, 0, 0, struct.pack(">HI", 4, ROOM)) + part(MORE_ROOM, 0, 0, struct.pack(">I", ROOM))


class Parts:
    """The frames of an HTTP/2 connection; who listens is told which streams the other side has ended."""

    def __init__(self, write: Callable[[bytes], None], ended: Callable[[int, bool], None]) -> None:
        self.write, self.ended = write, ended
        self.ahead = bytearray()
        self.taken = 0
        self.spoken: set[int] = set()  # streams with a body

    def feed(self, data: bytes) -> None:
        ahead = self.ahead
        ahead += data
        at = 0
        while len(ahead) - at >= 9:
            size = ahead[at] << 16 | ahead[at + 1] << 8 | ahead[at + 2]
            if len(ahead) - at < 9 + size:
                break
            self._part(ahead[at + 3], ahead[at + 4], int.from_bytes(ahead[at + 5 : at + 9], "big"), size)
            at += 9 + size
        del ahead[:at]

    def _part(self, kind: int, flags: int, stream: int, size: int) -> None:
        if kind == SETTINGS and not flags & 1:
            self.write(part(SETTINGS, 1, 0, b""))
        elif kind == PING and not flags & 1:
            self.write(part(PING, 1, 0, bytes(8)))
        elif kind in (DATA, HEADERS):
            self.taken += size if kind == DATA else 0
            if self.taken > 1 << 20:
                self.write(part(MORE_ROOM, 0, 0, struct.pack(">I", self.taken)))
                self.taken = 0
            if flags & ENDS:
                self.ended(stream, kind == DATA)


class Server(asyncio.Protocol):
    """Answers whatever is asked."""

    def __init__(self) -> None:
        self.ahead = bytearray()
        self.parts: Parts | None = None
        self.upgraded = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        if self.parts:
            self.parts.feed(data)
            return
        self.ahead += data
        if self.ahead.startswith(PREFACE):
            self.parts = Parts(self.transport.write, self.ended)
            self.transport.write(HELLO)
            self.parts.feed(bytes(self.ahead[len(PREFACE) :]))
        elif not PREFACE.startswith(bytes(self.ahead[:4])):
            while self.upgraded and (end := message_end(self.ahead)):
                del self.ahead[:end]
                self.transport.write(message(PUSHED, False))
            while not self.upgraded and self._web():
                pass

    def _web(self) -> bool:
        end = self.ahead.find(b"\r\n\r\n") + 4
        if end < 4:
            return False
        head = bytes(self.ahead[:end]).lower()
        if b"upgrade: websocket" in head:
            del self.ahead[:end]
            self.upgraded = True
            self.transport.write(UPGRADED)
            return False
        if b"content-length: " in head:
            end += int(head.split(b"content-length: ")[1].split(b"\r\n")[0])
        if len(self.ahead) < end:
            return False
        del self.ahead[:end]
        self.transport.write(WEB["GET" if head.startswith(b"get") else "POST"])
        return True

    def ended(self, stream: int, with_body: bool) -> None:
        kind, body = ANSWERS["POST" if with_body else "GET"]
        head = part(HEADERS, WHOLE, stream, b"\x88" + line("content-type", kind))
        self.transport.write(head + part(DATA, ENDS, stream, body))


WEB = {method: _answer(*answer) for method, answer in ANSWERS.items()}


class Run(Struct, frozen=True):
    """What an app got through a proxy."""

    count: int  # of answers
    rate: float  # a second
    late: float  # seconds that 95 of 100 answers took at most


class App(asyncio.Protocol):
    """Asks as soon as it has an answer, until it is told to stop."""

    def __init__(self, way: str, host: str, waits: list[float]) -> None:
        self.way, self.host, self.waits = way, host, waits
        self.ahead = bytearray()
        self.asked: dict[int, float] = {}
        self.turn = 0
        self.over = False
        self.parts: Parts | None = None
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.questions = [_question(*asked, host) for asked in ASKED]
        self.said = message(PUSHED, True)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def begin(self) -> None:
        if self.way == "HTTP/2":
            self.parts = Parts(self.transport.write, self.answered)
            self.transport.write(PREFACE + HELLO)
            for _ in range(AT_ONCE):
                self.ask()
        elif self.way == "WebSocket":
            host = self.host.encode()
            self.transport.write(UPGRADE % (host, host))
        else:
            self.ask()

    def ask(self) -> None:
        if self.over:
            return
        self.turn += 1
        number = self.turn * 2 - 1
        self.asked[number] = time.perf_counter()
        if self.way == "HTTP/2":
            self.transport.write(self._stream(number, *ASKED[self.turn % len(ASKED)]))
        elif self.way == "WebSocket":
            self.transport.write(self.said)
        else:
            self.transport.write(self.questions[self.turn % len(ASKED)])

    def _stream(self, number: int, method: str, path: str, kind: str, body: bytes) -> bytes:
        lines = {":method": method, ":scheme": "https", ":authority": self.host, ":path": path}
        lines |= {"user-agent": "app/7.2", "authorization": "Bearer xoxp-11-22"}
        lines |= {"content-type": kind} if body else {}
        block = b"".join(line(name, value) for name, value in lines.items())
        head = part(HEADERS, WHOLE | (0 if body else ENDS), number, block)
        return head + (part(DATA, ENDS, number, body) if body else b"")

    def answered(self, number: int, with_body: bool) -> None:
        self.waits.append(time.perf_counter() - self.asked.pop(number))
        self.ask()

    def data_received(self, data: bytes) -> None:
        if self.parts:
            self.parts.feed(data)
            return
        self.ahead += data
        if not self.ready.done():
            if self.ahead.endswith(b"\r\n\r\n"):
                self.ahead.clear()
                self.ready.set_result(None)
            return
        while end := self._end():
            del self.ahead[:end]
            self.answered(self.turn * 2 - 1, True)

    def _end(self) -> int:
        if self.way == "WebSocket":
            return message_end(self.ahead)
        end = self.ahead.find(b"\r\n\r\n") + 4
        if end < 4:
            return 0
        end += int(self.ahead[:end].lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        return end if len(self.ahead) >= end else 0


async def _app(way: str, proxy: int, server: int, waits: list[float]) -> App:
    loop = asyncio.get_running_loop()
    host = f"127.0.0.1:{server}"
    transport, app = await loop.create_connection(lambda: App(way, host, waits), "127.0.0.1", proxy)
    if way == "HTTP/2":
        transport.write(f"CONNECT {host} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        await app.ready
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_alpn_protocols(["h2"])
        secured = await loop.start_tls(transport, app, context, server_hostname="127.0.0.1")
        assert secured is not None
        app.transport = secured
    elif way == "WebSocket":
        app.begin()
        await app.ready
        app.ask()
        return app
    else:
        app.ready.set_result(None)
    app.begin()
    return app


async def drive(way: str, proxy: int, ports: dict[str, int], seconds: float, most: int | None = None) -> Run:
    """An app that asks all the time, or for so many answers."""
    waits: list[float] = []
    apps = [
        await _app(way, proxy, ports["tls" if way == "HTTP/2" else "plain"], waits)
        for _ in range(2 if way == "HTTP/2" else AT_ONCE)
    ]
    began = time.perf_counter()
    while time.perf_counter() - began < seconds and not (most and len(waits) >= most):
        await asyncio.sleep(0.02)
        if any(app.transport.is_closing() for app in apps):
            raise ConnectionError(f"{way}: the proxy closed a connection")
    took, count = time.perf_counter() - began, len(waits)
    for app in apps:
        app.over = True
        app.transport.close()
    await asyncio.sleep(0.05)
    return Run(count, count / took, statistics.quantiles(waits[:count], n=20)[-1])


async def serve(folder: Path) -> None:
    loop = asyncio.get_running_loop()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "mitmproxy-ca.pem")
    context.set_alpn_protocols(["h2"])
    plain = await loop.create_server(Server, "127.0.0.1", 0)
    tls = await loop.create_server(Server, "127.0.0.1", 0, ssl=context)
    ports = {"plain": plain.sockets[0].getsockname()[1], "tls": tls.sockets[0].getsockname()[1]}
    print(json.dumps(ports), flush=True)
    await asyncio.gather(plain.serve_forever(), tls.serve_forever())


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
