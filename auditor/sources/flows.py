"""Flows as mitmproxy writes them down: the parts of a state that we ask for, typed and checked.

Reading a state needs no mitmproxy, which takes half a second to import and more time than
all the rest to make its own objects of it. Unknown keys are passed over; a key of the wrong
type is a ValueError.
"""

from typing import Any

import msgspec
from msgspec import Struct

from auditor.sources import heads

FORMAT = 21  # the newest format of flows that is known here (mitmproxy 11 and 12)

Fields = list[tuple[bytes, bytes]]


class Request(Struct, omit_defaults=True):
    method: bytes
    scheme: bytes
    host: str
    port: int
    path: bytes
    headers: Fields
    authority: bytes = b""
    http_version: bytes = b""
    content: bytes | None = None
    trailers: Fields | None = None
    timestamp_start: float | None = None

    @property
    def asked_host(self) -> str:
        """The host that the app asked for: the authority or the Host line, else where it connected to."""
        line = next((value for name, value in self.headers if name.lower() == b"host"), b"")
        newer = self.http_version[:6] in (b"HTTP/2", b"HTTP/3")
        authority = (self.authority or line) if newer else line
        return heads.bare_host(heads.words(authority))[0] if authority else self.host


class Response(Struct, omit_defaults=True):
    status_code: int
    headers: Fields
    content: bytes | None = None
    trailers: Fields | None = None
    timestamp_start: float | None = None
    reason: bytes = b""


def lines(message: Request | Response) -> tuple[tuple[str, str], ...]:
    """Header lines and trailers, names in lower case, and what a server says of a status."""
    fields = (*message.headers, *(message.trailers or ()))
    found = tuple((heads.words(name).lower(), heads.words(value)) for name, value in fields)
    if isinstance(message, Response) and b" " in message.reason:
        return found + heads.phrase(message.status_code, heads.words(message.reason))
    return found


def hinted(fields: Fields) -> Fields:
    """What a server says before its answer (103 Early Hints), without what is about the body of that."""
    return [pair for pair in fields if not pair[0].lower().startswith((b":", b"content-", b"transfer-"))]


class Piece(Struct, array_like=True):
    """One message of a TCP or UDP connection."""

    from_client: bool
    content: bytes
    timestamp: float | None = None


class Frame(Struct, array_like=True):
    """One message of a WebSocket."""

    kind: int
    from_client: bool
    content: bytes
    timestamp: float | None = None


class Socket(Struct, omit_defaults=True):
    messages: list[Frame] = []
    signs: list[Frame] = []  # of life, and the end: what is said in them is no message
    closed_by_client: bool | None = None
    close_reason: str | None = None


class Side(Struct, omit_defaults=True):
    """One end of the proxy's two connections."""

    sni: str | None = None
    alpn: bytes | None = None
    tls: bool = False
    tls_version: str | None = None
    timestamp_tls_setup: float | None = None
    address: list[Any] | None = None
    peername: list[Any] | None = None

    @property
    def secured(self) -> bool:
        """A hello went through; that TLS was meant to be spoken (`tls`) is not enough."""
        return bool(self.tls_version or self.timestamp_tls_setup)


class Failure(Struct, omit_defaults=True):
    msg: str


class Flow(Struct, omit_defaults=True):
    type: str
    client_conn: Side
    server_conn: Side
    error: Failure | None = None
    timestamp_created: float | None = None
    request: Request | None = None
    response: Response | None = None
    websocket: Socket | None = None
    messages: list[Piece] = []

    @property
    def secured(self) -> bool:
        return self.client_conn.secured or self.server_conn.secured


READ = frozenset(
    field.encode_name
    for part in (Flow, Side, Request, Response, Socket, Failure)
    for field in msgspec.structs.fields(part)
) | {"version"}  # the keys of a state that are asked for


def flow_of(state: dict[str, Any]) -> Flow:
    """The flow in a state of a known format; ValueError where it is none."""
    if state.get("type") == "dns":
        state = {key: value for key, value in state.items() if key not in ("request", "response")}
    # Bytes are bytes here: without saying so, msgspec would take a text for base64.
    return msgspec.convert(state, Flow, builtin_types=(bytes,))


def mended(state: dict[str, Any]) -> dict[str, Any]:
    """A state of an old format as mitmproxy migrates it: hosts are still bytes in it, frames still texts."""
    request, socket = state.get("request"), state.get("websocket")
    if isinstance(request, dict) and isinstance(host := request.get("host"), bytes):
        state = {**state, "request": {**request, "host": heads.words(host)}}
    if isinstance(socket, dict):
        frames = [
            [part.encode() if at == 2 and isinstance(part, str) else part for at, part in enumerate(frame)]
            for frame in socket.get("messages", ())
        ]
        state = {**state, "websocket": {**socket, "messages": frames}}
    return state
