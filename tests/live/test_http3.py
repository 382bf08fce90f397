"""An app that speaks HTTP/3 to a proxy that is in front of a server which does so too."""

import asyncio
import ssl
from collections.abc import Callable
from pathlib import Path

from aioquic.asyncio.client import connect
from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.asyncio.server import serve
from aioquic.h3.connection import H3_ALPN, H3Connection
from aioquic.h3.events import DataReceived, HeadersReceived
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import QuicEvent

from auditor.live.authority import authority
from auditor.model import Parcel, Road
from auditor.sources import read
from tests.live.conftest import PATIENCE, Proxy, Server, free_port, until

TEXT = b"Harbor-4471 meet me by the old crane"
Ended = Callable[["Speaker", int, bytes], None]


class Speaker(QuicConnectionProtocol):
    """One end; says what it was told on a stream once that is over."""

    ended: Ended

    def quic_event_received(self, event: QuicEvent) -> None:
        if not hasattr(self, "http"):
            self.http = H3Connection(self._quic)
            self.heard: dict[int, bytes] = {}
        for one in self.http.handle_event(event):
            if isinstance(one, HeadersReceived | DataReceived):
                body = one.data if isinstance(one, DataReceived) else b""
                self.heard[one.stream_id] = self.heard.get(one.stream_id, b"") + body
                if one.stream_ended:
                    self.ended(self, one.stream_id, self.heard[one.stream_id])

    def say(self, stream: int, head: list[tuple[bytes, bytes]], body: bytes) -> None:
        self.http.send_headers(stream, head)
        self.http.send_data(stream, body, end_stream=True)
        self.transmit()


class Echo(Speaker):
    def ended(self, speaker: Speaker, stream: int, body: bytes) -> None:
        speaker.say(stream, [(b":status", b"200"), (b"content-type", b"text/plain")], body)


class App(Speaker):
    answer: asyncio.Future[bytes]

    def ended(self, speaker: Speaker, stream: int, body: bytes) -> None:
        self.answer.set_result(body)


async def talk(folder: Path, start: Callable[[int, int], Proxy]) -> tuple[Proxy, bytes]:
    authority(folder, "site")
    config = QuicConfiguration(is_client=False, alpn_protocols=H3_ALPN)
    config.load_cert_chain(folder / "mitmproxy-ca.pem", folder / "mitmproxy-ca.pem")
    behind, front = free_port(), free_port()
    server = await serve("127.0.0.1", behind, configuration=config, create_protocol=Echo)
    proxy = await asyncio.to_thread(start, behind, front)
    ours = QuicConfiguration(
        is_client=True, alpn_protocols=H3_ALPN, verify_mode=ssl.CERT_NONE, server_name="chat.example"
    )
    async with connect("127.0.0.1", front, configuration=ours, create_protocol=App) as app:
        assert isinstance(app, App)
        app.answer = asyncio.get_running_loop().create_future()
        lines = {b":method": b"POST", b":scheme": b"https", b":authority": b"chat.example", b":path": b"/say"}
        app.say(app._quic.get_next_available_stream_id(), list(lines.items()), TEXT)
        answer = await asyncio.wait_for(app.answer, PATIENCE)
    server.close()  # type: ignore[no-untyped-call]
    return proxy, answer


def test_what_is_said_in_http3_is_written_down(tmp_path: Path, server: Server) -> None:
    begun: list[Proxy] = []

    def start(behind: int, front: int) -> Proxy:
        mode = f"reverse:http3://127.0.0.1:{behind}@{front}"
        begun.append(Proxy(tmp_path, server, "--mode", mode, "--set", "ssl_insecure=true"))
        return begun[0]

    try:
        proxy, answer = asyncio.run(talk(tmp_path / "site", start))
        assert answer == TEXT
        until(lambda: len(list(read(proxy.journal))) == 2)
        proxy.stop()
        for path in (proxy.journal, proxy.dump):
            out, back = [one for one in read(path) if isinstance(one, Parcel)]
            assert (out.body, back.body) == (TEXT, TEXT)
            assert (out.channel.road, out.channel.alpn) == (Road.PROTECTED, "h3")
    finally:
        for one in begun:
            one.close()
