"""The two halves of mitmproxy that read HTTP/1: one listens to the client, one to the server."""

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from mitmproxy.connection import Client, ConnectionState, Server
from mitmproxy.http import Headers
from mitmproxy.net.http.http1 import expected_http_body_size
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers.http import _events as said
from mitmproxy.proxy.layers.http._base import ReceiveHttp
from mitmproxy.proxy.layers.http._events import RequestHeaders, ResponseHeaders
from mitmproxy.proxy.layers.http._http1 import Http1Client, Http1Server, TBodyReader

from auditor.sources.flows import Fields, Request, Response
from auditor.sources.pcap.line import Line
from auditor.sources.pcap.replay.exchange import LONGEST, Body, Exchange, Mark

# What the halves raise where a stranger's bytes are none of theirs.
WRONG = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    NotImplementedError,
    TypeError,
    ValueError,
)

REQUEST = re.compile(rb"[A-Z][A-Z-]{2,19} [^ \r\n]{1,65536} HTTP/1\.[01]\r?\n")
BEGINS = re.compile(rb"\r?\n|[A-Z][A-Z-]{0,19}(?:\Z| )")  # what could become one

Half = Http1Server | Http1Client


@dataclass(frozen=True)
class Settings:
    """What the halves ask their options for."""

    validate_inbound_headers: bool = False
    normalize_outbound_headers: bool = False
    http2_ping_keepalive: int = 0
    proxy_debug: bool = False


def half_of(from_client: bool) -> Half:
    """Whoever listens to the client, or to the server."""
    client = Client(peername=("client", 1), sockname=("proxy", 1), state=ConnectionState.OPEN)
    context = Context(client, Settings())  # type: ignore[arg-type]
    context.server = Server(address=("server", 1))
    context.server.state = ConnectionState.OPEN
    half = Http1Server(context) if from_client else Http1Client(context)
    half.read_body = partial(_read_body, half)  # type: ignore[method-assign, assignment]
    return half


class Trailed:
    """A reader of bodies that keeps the fields behind the last chunk, which mitmproxy does not take."""

    def __init__(self, reader: TBodyReader) -> None:
        self.reader = reader
        self.fields: Fields = []
        self.read_eof = reader.read_eof

    def __call__(self, buffer: object) -> object:
        event: object = self.reader(buffer)  # type: ignore[arg-type]
        if fields := getattr(event, "headers", None):
            self.fields = [(bytes(name), bytes(value)) for name, value in fields.raw_items()]
            return type(event)()
        return event


def _read_body(half: Half, event: object) -> Iterator[object]:
    found: object = half.body_reader
    reader = found if isinstance(found, Trailed) else Trailed(half.body_reader)
    half.body_reader = reader  # type: ignore[assignment]
    for command in type(half).read_body(half, event):  # type: ignore[arg-type]
        heard = command.event if isinstance(command, ReceiveHttp) else None
        if reader.fields and isinstance(heard, said.RequestEndOfMessage):
            yield ReceiveHttp(said.RequestTrailers(heard.stream_id, Headers(reader.fields)))
        elif reader.fields and isinstance(heard, said.ResponseEndOfMessage):
            yield ReceiveHttp(said.ResponseTrailers(heard.stream_id, Headers(reader.fields)))
        yield command


class Marks:
    """Which packet brought which byte of a direction."""

    def __init__(self) -> None:
        self.size = 0
        self._begun: deque[tuple[int, Mark]] = deque()

    def add(self, size: int, mark: Mark) -> None:
        self._begun.append((self.size, mark))
        self.size += size

    def at(self, place: int) -> Mark:
        """The packet of this byte; bytes before it are not asked for again."""
        while len(self._begun) > 1 and self._begun[1][0] <= place:
            self._begun.popleft()
        return self._begun[0][1]


def request_of(event: RequestHeaders, line: Line, mark: Mark) -> Request:
    data = event.request.data
    return Request(
        data.method, line.scheme, data.host or line.host or line.address, data.port or line.port,
        data.path, list(data.headers.fields), data.authority, data.http_version,
        timestamp_start=mark.when,
    )  # fmt: skip


def response_of(event: ResponseHeaders, mark: Mark) -> Response:
    data = event.response.data
    return Response(
        data.status_code, list(data.headers.fields), timestamp_start=mark.when, reason=data.reason
    )


def hint(exchange: Exchange | None, event: ResponseHeaders) -> None:
    """What stands in a word before the answer is said with the answer."""
    if exchange is not None:
        exchange.hint(list(event.response.headers.fields))


def left_of(body: Body, asked: RequestHeaders, answered: ResponseHeaders | None) -> int:
    """Bytes that are still to come; as many as may be where the end of the connection ends them."""
    size = expected_http_body_size(asked.request, answered.response if answered else None)
    if body.done or size is None:
        return 0
    return LONGEST if size == -1 else size - body.size


def preliminary(status: int) -> bool:
    """A word before the answer (RFC 9110, 15.2), but for the one that ends HTTP."""
    return 100 <= status < 200 and status != 101
