"""Events that a server sends as long as somebody listens, through a proxy that really runs."""

import shutil
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from mitmproxy import http
from mitmproxy.test import tflow

from auditor.live.lasting import KINDS, MOST, Pieces, lasts
from auditor.model import Event, Parcel
from auditor.sources import read
from auditor.sources.records import Said
from tests.live.conftest import PATIENCE, Start, exactly, head

TEXT = b"data: Harbor-4471 meet me by the old crane\n\n"


class Events:
    """A server that says something at once, and never ends by itself."""

    def __init__(self) -> None:
        class Talk(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream; charset=utf-8")
                self.end_headers()
                self.wfile.write(TEXT)
                with suppress(OSError):
                    self.connection.recv(1)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Talk)
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def server() -> Iterator[Events]:
    one = Events()
    yield one
    one.close()


def heard(link: socket.socket) -> bytes:
    """What was answered until the event was there."""
    link.settimeout(PATIENCE)
    link.sendall(b"GET /events HTTP/1.1\r\nHost: chat.example\r\n\r\n")
    start = head(link)
    assert b"text/event-stream" in start
    data = b""
    while TEXT not in data:
        data += exactly(link, 1)
    return data


def answers(events: Iterable[Event]) -> list[tuple[bytes, bool]]:
    return [(one.body, one.whole) for one in events if isinstance(one, Parcel) and not one.outgoing]


def test_an_event_is_passed_on_while_the_answer_goes_on_and_is_kept(start: Start) -> None:
    proxy = start()
    heard(proxy.connect("http"))
    proxy.stop()
    assert answers(read(proxy.journal)) == [(TEXT, True)]
    alone = shutil.copy(proxy.dump, proxy.dump.with_name("alone.mitm"))
    assert answers(read(Path(alone))) == [(TEXT, True)]


def test_after_a_kill_the_journal_has_the_events_so_far(start: Start) -> None:
    proxy = start()
    heard(proxy.connect("http"))
    proxy.kill()
    assert answers(read(proxy.journal)) == [(TEXT, True)]


def answer(kind: str, stream: bool | Callable[[bytes], bytes] = False) -> http.Response:
    response = http.Response.make(200, b"", {"Content-Type": kind})
    response.stream = stream
    return response


@pytest.mark.parametrize("kind", [*KINDS, "Text/Event-Stream;charset=utf-8", "application/grpc+proto"])
def test_what_lasts_is_known_by_its_kind(kind: str) -> None:
    assert lasts(answer(kind))
    assert lasts(answer(kind, stream=True))
    assert not lasts(answer(kind, stream=lambda data: data))


@pytest.mark.parametrize("kind", ["", "text/html", "application/json", "video/mp4"])
def test_everything_else_ends(kind: str) -> None:
    assert not lasts(answer(kind))


def test_an_answer_that_grows_too_long_for_the_dump_is_whole_in_the_journal() -> None:
    response, said = answer(KINDS[0]), list[Said]()
    flow = tflow.tflow(resp=response)
    response.raw_content = None
    take, half = Pieces(flow, response, said.append), bytes(MOST // 2)
    passed = [(take(data), response.raw_content) for data in (half, half, b"x", b"")]
    assert passed == [(half, half), (half, half + half), (b"x", None), (b"", None)]
    assert b"".join(one.data for one in said) == half + half + b"x"
    assert {(one.id, one.out, one.kind) for one in said} == {(flow.id, False, 0)}
