"""The page that the phone opens first."""

import asyncio
import socket
from collections.abc import Callable
from pathlib import Path

from auditor.live.authority import authority
from auditor.live.page import LONGEST, Page, opened


def page(
    folder: Path, welcome: Callable[[str], bool] = lambda _: True, taken: Callable[[], None] = lambda: None
) -> Page:
    return Page("auditor <friday>", "AB:CD", ("set <b>the</b> proxy",), folder, welcome, taken)


async def asked(one: Page, data: bytes, device: str = "127.0.0.2") -> bytes:
    server = await opened(one, socket.create_server(("127.0.0.1", 0)))
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname(), local_addr=(device, 0))
    writer.write(data)
    writer.write_eof()
    try:
        answer = await reader.read()
    except ConnectionError:
        answer = b""
    writer.close()
    server.close()
    await server.wait_closed()
    return answer


def ask(one: Page, data: bytes) -> bytes:
    return asyncio.run(asked(one, data))


def test_it_says_what_to_do_and_has_the_certificate(tmp_path: Path) -> None:
    authority(tmp_path, "friday")
    shown = page(tmp_path).html()
    assert "set &lt;b&gt;the&lt;/b&gt; proxy" in shown
    assert "full trust" in shown
    assert shown.index("Install this certificate") < shown.index("send your texts") < shown.index("Android")
    assert "AB:CD" in shown
    _, kind, data = page(tmp_path).answer("/ca.cer")
    assert (kind, data.startswith(b"-----BEGIN CERTIFICATE")) == ("application/x-x509-ca-cert", True)
    assert b"PRIVATE" not in data


def test_it_tells_when_the_certificate_was_taken(tmp_path: Path) -> None:
    authority(tmp_path, "friday")
    heard: list[str] = []
    one = page(tmp_path, taken=lambda: heard.append("taken"))
    one.answer("/")
    assert heard == []
    one.answer("/ca.cer")
    assert heard == ["taken"]


def test_it_answers_nothing_else(tmp_path: Path) -> None:
    for path in ("/../mitmproxy-ca.pem", "/mitmproxy-ca.pem", "//", "/ca.cer/..", ""):
        assert page(tmp_path).answer(path)[0] == "404 Not Found"
    assert ask(page(tmp_path), b"POST / HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 405")
    assert ask(page(tmp_path), b"\x16\x03\x01hello\r\n\r\n") == b""
    assert ask(page(tmp_path), b"GET / HTTP/1.1\r\nX: " + b"x" * 2 * LONGEST) == b""
    assert ask(page(tmp_path), b"GET / HTTP/1.1\r\n") == b""


def test_strangers_are_not_answered(tmp_path: Path) -> None:
    asked_for = b"GET / HTTP/1.1\r\n\r\n"
    assert ask(page(tmp_path), asked_for).startswith(b"HTTP/1.1 200")
    assert ask(page(tmp_path, lambda _: False), asked_for) == b""


def test_who_comes_through_the_proxy_comes_from_here(tmp_path: Path) -> None:
    """The phone's first step is the proxy, its second is this page: through that proxy."""
    answer = asyncio.run(asked(page(tmp_path, lambda _: False), b"GET / HTTP/1.1\r\n\r\n", "127.0.0.1"))
    assert answer.startswith(b"HTTP/1.1 200")
