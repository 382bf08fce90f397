"""Everything beyond the phone's proxy, on loopback: a few names, and nothing else is ever reached.

The proxy is told to go on to another one (`--mode upstream:...`), which is this: apps speak to
their real host names, each of which is a plain server of this machine behind a TLS of ours.
"""

import asyncio
import ssl
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from auditor.live.authority import authority


class Far:
    """A proxy that knows a few names, and the ports where they are answered."""

    def __init__(self, folder: Path, servers: Mapping[str, int]) -> None:
        authority(folder, "far end")
        self.certificate = folder / "mitmproxy-ca.pem"
        self.servers = servers
        self.missed: set[str] = set()  # names that somebody asked for and nobody answers
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(self.certificate)
        self._ready, self._over = threading.Event(), asyncio.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self._thread.start()
        assert self._ready.wait(60)

    @property
    def mode(self) -> str:
        return f"upstream:http://127.0.0.1:{self.port}"

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(10)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        server = await asyncio.start_server(self._talk, "127.0.0.1", 0)
        self.port = int(server.sockets[0].getsockname()[1])
        self._ready.set()
        async with server:
            await self._over.wait()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, EOFError, asyncio.CancelledError):
            asked = await reader.readuntil(b"\r\n\r\n")
            host = asked.split()[1].decode().rpartition(":")[0]
            if host in self.servers:
                writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
                await writer.start_tls(self._context)
                inner, outer = await asyncio.open_connection("127.0.0.1", self.servers[host])
                await asyncio.gather(_copy(reader, outer), _copy(inner, writer))
            else:
                self.missed.add(host)
                writer.write(b"HTTP/1.1 502 Nothing leaves this machine\r\nContent-Length: 0\r\n\r\n")
        writer.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Until one end has no more to say: then both are done."""
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    finally:
        writer.close()
