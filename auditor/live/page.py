"""The page that a phone opens before anything is set up: what to do, and the certificate.

It listens where the proxy listens and answers three requests; it reads nothing else.
"""

import asyncio
import socket
from collections.abc import Callable
from html import escape
from pathlib import Path

from msgspec import Struct

from auditor.live.authority import CERTIFICATE
from auditor.live.guide import trust

LONGEST = 8192  # bytes of a request
PATIENCE = 10.0  # seconds for one
_CERTIFICATE = "application/x-x509-ca-cert"


class Page(Struct, frozen=True):
    """What the page says; `welcome` decides who may read it, `taken` hears when the certificate is."""

    name: str
    print_of: str
    steps: tuple[str, ...]
    folder: Path
    welcome: Callable[[str], bool]
    taken: Callable[[], None]

    def html(self) -> str:
        steps = "".join(f"<li>{escape(step)}" for step in self.steps)
        told = "".join(
            f"<h2>{escape(platform)}</h2>" + "".join(f"<p>{escape(line)}" for line in lines)
            for platform, lines in trust()
        )
        return (
            "<!doctype html><meta charset=utf-8><meta name=viewport content='width=device-width'>"
            "<meta name=color-scheme content='light dark'><style>body{max-width:40em}</style>"
            f"<title>{escape(self.name)}</title><h1>{escape(self.name)}</h1>"
            f"<ol>{steps}<li><a href=/ca.cer>Install this certificate</a>, valid for a week"
            f"<p><small style='overflow-wrap:anywhere'>SHA-256 {escape(self.print_of)}</small>"
            f"<li>Open an https page in this browser, then the app, and send your texts</ol>{told}"
            "<p>While it is installed, whoever runs this session can read what this device sends."
            " Remove it afterwards."
        )

    def answer(self, path: str) -> tuple[str, str, bytes]:
        if path == "/":
            return "200 OK", "text/html; charset=utf-8", self.html().encode()
        if path in ("/ca.cer", "/ca.pem"):
            self.taken()
            return "200 OK", _CERTIFICATE, (self.folder / CERTIFICATE).read_bytes()
        return "404 Not Found", "text/plain", b"not here\n"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        who, here = (str(writer.get_extra_info(end)[0]) for end in ("peername", "sockname"))
        try:
            if who == here or self.welcome(who):  # what comes from here is the proxy, for a device it let in
                asked = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE)
                method, path, *_ = asked.split(b"\r\n")[0].decode("latin-1").split(" ")
                status, kind, body = self.answer(path) if method == "GET" else ("405 No", "text/plain", b"")
                head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
                writer.write(f"{head}Connection: close\r\n\r\n".encode() + body)
                await asyncio.wait_for(writer.drain(), PATIENCE)
        except (OSError, ValueError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # not a browser
        finally:
            writer.close()


async def opened(page: Page, door: socket.socket) -> asyncio.Server:
    return await asyncio.start_server(page.serve, sock=door, limit=LONGEST)
