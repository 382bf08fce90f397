"""HTTP/2 from both directions of a connection, read by the library that mitmproxy reads it with.

h2 plays one side of a conversation, and here both are played: what the client sends goes to
the one that plays the server, and every stream it opens is opened by the one that plays the
client. Frames about windows, settings, pings and leaving bind only those who talk; nobody
talks here, so only those that carry messages are handed on.
"""

from collections.abc import Iterable

from h2 import events as said
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.exceptions import H2Error
from msgspec import structs

from auditor.sources import heads
from auditor.sources.flows import Fields, Request, Response
from auditor.sources.pcap.line import Line
from auditor.sources.pcap.replay.exchange import Body, Exchange, Mark
from auditor.sources.pcap.replay.websocket import WebSocket
from auditor.sources.pcap.wire import Chunk

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
TABLE = 1_000_000  # bytes of names and values that a side may refer back to
HEADERS = 262_144  # bytes of one list of them
OPEN = 10_000  # requests that wait for their answer

_DATA, _HEADERS, _RESET, _PROMISE, _CONTINUATION = 0, 1, 3, 5, 9
_WINDOW, _LARGEST, _MANY = (1 << 31) - 1, (1 << 24) - 1, (1 << 31) - 1
_WRONG = (ArithmeticError, AssertionError, AttributeError, LookupError, TypeError, ValueError, H2Error)


Headers = Iterable[tuple[bytes, bytes]]


class Side:
    """One direction: its frames, and h2 as the one who receives them."""

    def __init__(self, from_client: bool) -> None:
        self.buffer = bytearray()
        self.mark = Mark(0, 0.0)
        self.begun = not from_client
        self.talk = _talk(from_client)

    def start(self, upgraded: bool) -> None:
        """What both sides say before the first request; an upgrade is a request itself."""
        if upgraded:
            self.talk.initiate_upgrade_connection()
        else:
            self.talk.initiate_connection()
        if not self.talk.config.client_side:
            self.talk.receive_data(PREFACE)
        self.talk.increment_flow_control_window(_WINDOW - self.talk.inbound_flow_control_window)
        self.talk.clear_outbound_data_buffer()


class Http2:
    """`feed` gives the exchanges that are complete."""

    def __init__(self, line: Line, upgraded: Exchange | None = None) -> None:
        self.line = line
        self.broken = ""
        self.damaged = ""  # what is wrong with a WebSocket in it
        self.passed_over = 0
        self._sides = {way: Side(way) for way in (True, False)}
        self._open: dict[int, Exchange] = {}
        self._sockets: dict[int, WebSocket] = {}
        self._finished: list[Exchange] = []
        for side in self._sides.values():
            side.start(upgraded is not None)
        if upgraded:  # what was asked in HTTP/1 is answered as stream 1 (RFC 7540, 3.2)
            upgraded.response = upgraded.answered = None
            upgraded.received = Body()
            self._open[1] = upgraded

    def feed(self, chunk: Chunk) -> list[Exchange]:
        if self.broken:
            self.passed_over += len(chunk.data)
            return []
        side = self._sides[chunk.from_client]
        mark = Mark(chunk.number, chunk.when)
        data = chunk.data
        if chunk.lost:
            data = self._filled(chunk) + data
        if not side.buffer:
            side.mark = mark
        side.buffer += data
        try:
            self._frames(chunk.from_client, side, mark)
        except _WRONG as error:
            self._break(f"{type(error).__name__}: {error}")
        return self._taken()

    def finish(self, ended: bool = False) -> list[Exchange]:
        for stream in list(self._open):
            self._close(stream)
        self.passed_over += sum(len(side.buffer) for side in self._sides.values())
        return self._taken()

    def _taken(self) -> list[Exchange]:
        finished, self._finished = self._finished, []
        return finished

    def _break(self, why: str) -> None:
        self.broken = why
        for stream in list(self._open):
            self._open[stream].failure = why
            self._close(stream)

    def _filled(self, chunk: Chunk) -> bytes:
        """Zeros for what was lost, where all of it was in one frame of data."""
        buffer = self._sides[chunk.from_client].buffer
        length = int.from_bytes(buffer[:3]) + 9 if len(buffer) >= 9 else 0
        if length - len(buffer) < chunk.lost or buffer[3] != _DATA:
            self._break("bytes are missing, and what follows them cannot be read")
            return b""
        stream = int.from_bytes(buffer[5:9]) & _MANY
        if socket := self._sockets.get(stream):
            socket.feed(structs.replace(chunk, data=b""))
        if exchange := self._open.get(stream):
            (exchange.sent if chunk.from_client else exchange.received).whole = False
        return bytes(chunk.lost)

    def _frames(self, way: bool, side: Side, mark: Mark) -> None:
        if not side.begun:
            if len(side.buffer) < len(PREFACE):
                return
            if not side.buffer.startswith(PREFACE):
                raise ValueError("it does not begin as HTTP/2 does")
            del side.buffer[: len(PREFACE)]
            side.begun, side.mark = True, mark
        at, buffer = 0, side.buffer
        while not self.broken and len(buffer) - at >= 9:
            end = at + 9 + int.from_bytes(buffer[at : at + 3])
            if end > len(buffer):
                break
            if buffer[at + 3] in (_DATA, _HEADERS, _RESET, _PROMISE, _CONTINUATION):
                self._frame(way, side, bytes(memoryview(buffer)[at:end]))
            at, side.mark = end, mark
        del side.buffer[:at]

    def _frame(self, way: bool, side: Side, frame: bytes) -> None:
        for event in side.talk.receive_data(frame):
            self._hear(way, event, side)
        side.talk.clear_outbound_data_buffer()

    def _hear(self, way: bool, event: said.Event, side: Side) -> None:
        match event:
            case said.RequestReceived():
                self._ask(event, side.mark)
            case said.InformationalResponseReceived(stream_id=stream) if stream in self._open:
                self._open[stream].hint(_fields(event.headers)[1])
            case said.ResponseReceived():
                self._answer(event, side.mark)
            case said.DataReceived():
                self._data(way, event, side)
            case said.TrailersReceived(stream_id=stream) if stream in self._open:
                exchange = self._open[stream]
                message = exchange.request if way else exchange.response
                if message is not None:
                    message.trailers = _fields(event.headers)[1]
            case said.PushedStreamReceived():
                exchange = self._exchange(event.headers, side.mark)
                exchange.sent.done = True
                self._open[event.pushed_stream_id] = exchange
            case said.StreamEnded(stream_id=stream) if stream in self._open:
                self._ended(way, stream)
            case said.StreamReset(stream_id=stream) if stream in self._open:
                self._open[stream].failure = "given up before it was complete"
                other = self._sides[not way].talk
                if other.streams.get(stream) and not other.streams[stream].closed:
                    other.reset_stream(stream)
                    other.clear_outbound_data_buffer()
                self._close(stream)

    def _data(self, way: bool, event: said.DataReceived, side: Side) -> None:
        stream, exchange = event.stream_id, self._open.get(event.stream_id)
        side.talk.acknowledge_received_data(event.flow_controlled_length, stream)
        if exchange is None:
            return
        if socket := self._sockets.get(stream):
            socket.feed(Chunk(way, bytes(event.data), side.mark.number, side.mark.when))
        else:
            (exchange.sent if way else exchange.received).add(event.data)

    def _ask(self, event: said.RequestReceived, mark: Mark) -> None:
        stream = event.stream_id
        if len(self._open) >= OPEN:
            raise ValueError(f"more than {OPEN} requests wait for an answer")
        self._open[stream] = exchange = self._exchange(event.headers, mark)
        other = self._sides[False].talk
        pseudo = [(b":method", exchange.request.method), (b":scheme", b"https"), (b":path", b"/")]
        other.send_headers(stream, [*pseudo, (b":authority", b"a")])
        other.clear_outbound_data_buffer()

    def _exchange(self, headers: Headers, mark: Mark) -> Exchange:
        pseudo, fields = _fields(headers)
        method, authority = pseudo.get(b":method", b""), pseudo.get(b":authority", b"")
        if method == b"CONNECT" and (protocol := pseudo.get(b":protocol")):
            method = b"GET"  # RFC 8441: in HTTP/1 it would be an upgrade
            fields.append((b"upgrade", protocol))
        host, port = heads.bare_host(heads.words(authority))
        request = Request(
            method, self.line.scheme, host or self.line.host or self.line.address, port or self.line.port,
            pseudo.get(b":path", b""), fields, authority, b"HTTP/2.0", timestamp_start=mark.when,
        )  # fmt: skip
        return Exchange(request, mark)

    def _answer(self, event: said.ResponseReceived, mark: Mark) -> None:
        exchange = self._open.get(event.stream_id)
        if exchange is None:
            return
        pseudo, fields = _fields(event.headers)
        exchange.response = Response(int(pseudo.get(b":status", b"0")), fields, timestamp_start=mark.when)
        exchange.answered = mark
        asked = exchange.request
        if asked.method == b"GET" and (b"upgrade", b"websocket") in asked.headers:
            self._sockets[event.stream_id] = WebSocket(exchange)

    def _ended(self, way: bool, stream: int) -> None:
        exchange = self._open[stream]
        body = exchange.sent if way else exchange.received
        body.done = True
        if way:
            self._sides[False].talk.end_stream(stream)
            self._sides[False].talk.clear_outbound_data_buffer()
        elif stream % 2:  # not for what was pushed: nobody asked
            self._sides[True].talk.send_headers(stream, [(b":status", b"200")], end_stream=True)
            self._sides[True].talk.clear_outbound_data_buffer()
        if exchange.sent.done and exchange.received.done:
            self._close(stream)

    def _close(self, stream: int) -> None:
        exchange = self._open.pop(stream)
        if socket := self._sockets.pop(stream, None):
            exchange.sent.done = exchange.received.done = True
            self.passed_over += socket.passed_over + socket.waiting
            self.damaged = self.damaged or socket.wrong
            exchange.failure = exchange.failure or socket.wrong
        self._finished.append(exchange)


def _talk(from_client: bool) -> H2Connection:
    config = H2Configuration(
        client_side=not from_client,
        header_encoding=None,
        validate_inbound_headers=False,
        validate_outbound_headers=False,
        normalize_inbound_headers=False,
        normalize_outbound_headers=False,
    )
    talk = H2Connection(config)
    talk.local_settings.initial_window_size = _WINDOW
    talk.local_settings.max_frame_size = _LARGEST
    talk.local_settings.max_concurrent_streams = _MANY
    talk.local_settings.max_header_list_size = HEADERS
    talk.local_settings.acknowledge()
    talk.max_inbound_frame_size = _LARGEST
    talk.decoder.max_header_list_size = HEADERS
    talk.decoder.max_allowed_table_size = TABLE
    return talk


def _fields(headers: Headers) -> tuple[dict[bytes, bytes], Fields]:
    """The names with a colon, which are the line of HTTP/1, and the others."""
    pairs = [(bytes(name), bytes(value)) for name, value in headers]
    return dict(pair for pair in pairs if pair[0][:1] == b":"), [p for p in pairs if p[0][:1] != b":"]
