"""The messages of a WebSocket, from what follows its handshake: wsproto unmasks, joins, inflates them."""

from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, TextMessage
from wsproto.extensions import Extension, PerMessageDeflate
from wsproto.utilities import LocalProtocolError, split_comma_header

from auditor.sources.flows import Frame
from auditor.sources.pcap.replay.exchange import LONGEST, Exchange, Mark, header
from auditor.sources.pcap.wire import Chunk
from auditor.streams.zlib_stream import FREE, RATIO
from auditor.text import as_text

_STEP = 4096  # bytes at once, so that what they inflate to is counted in time
AROUND = 200  # bytes of memory that any message takes
_TEXT, _BINARY = 1, 2
_CLOSE = 8
_SIGNS_OF_LIFE = (9, 10)  # ping and pong
_SIGN = 125  # bytes of one; a longer one is none (RFC 6455, 5.5)
_WRONG = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
    LocalProtocolError,
)


class Messages:
    """Hands on the frames that carry messages, and the last one.

    wsproto forgets within a message that it is deflated when a sign of life comes between its
    fragments, so those are taken out (seen in wsproto 1.2 and 1.3).
    """

    def __init__(self) -> None:
        self._head = bytearray()
        self._left = 0
        self._keep = True
        self._last = False
        self._sign = bytearray()
        self.signs: list[tuple[int, bytes]] = []  # words that were said in a sign of life
        self.behind = 0  # bytes that follow the last one

    @property
    def waiting(self) -> int:
        return len(self._head)

    def of(self, data: bytes) -> bytes:
        kept, at = bytearray(), 0
        while at < len(data):
            if self._left:
                piece = data[at : at + self._left]
                at, self._left = at + len(piece), self._left - len(piece)
                if self._keep:
                    kept += piece
                else:
                    self._sign += piece
                    self._signed()
                continue
            if self._last:
                self.behind += len(data) - at
                break
            self._head.append(data[at])
            at += 1
            if len(self._head) >= 2 and len(self._head) == _head_size(self._head[1]):
                self._left = _payload_size(self._head)
                self._keep = self._head[0] & 15 not in _SIGNS_OF_LIFE or self._left > _SIGN
                self._last = self._head[0] & 15 == _CLOSE
                if self._keep:
                    kept += self._head
                else:
                    self._sign = self._head[:]
                self._head.clear()
        return bytes(kept)

    def _signed(self) -> None:
        """A sign of life has come, as a whole; what is no text in it says nothing."""
        if self._left:
            return
        size = _head_size(self._sign[1])
        mask, data = self._sign[size - 4 : size], self._sign[size:]
        if self._sign[1] & 128:
            data = bytearray(byte ^ mask[at % 4] for at, byte in enumerate(data))
        if isinstance(as_text(bytes(data)), str):
            self.signs.append((self._sign[0] & 15, bytes(data)))


class WebSocket:
    """Puts the messages of both sides into the exchange that opened it."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self.broken = ""
        self._unread = 0
        self._over: set[bool] = set()  # who said that nothing more comes
        self._kept = 0
        self._came = self._made = 0
        self._messages = {True: Messages(), False: Messages()}
        self._parts: dict[bool, list[bytes]] = {True: [], False: []}
        self._begun: dict[bool, Mark | None] = {True: None, False: None}
        agreed = header(exchange.response.headers, b"sec-websocket-extensions") if exchange.response else b""
        self._foreign = _foreign(agreed)
        try:
            self._sides = {
                True: Connection(ConnectionType.SERVER, _extensions(agreed)),
                False: Connection(ConnectionType.CLIENT, _extensions(agreed)),
            }
        except _WRONG as error:
            self.broken = f"extensions that make no sense: {error}"

    @property
    def wrong(self) -> str:
        """Why not all of it was read, or perhaps not as it was meant."""
        return self.broken or self._foreign

    @property
    def closed(self) -> bool:
        return len(self._over) == 2

    @property
    def passed_over(self) -> int:
        """Bytes that were not read."""
        return self._unread + sum(one.behind for one in self._messages.values())

    @property
    def waiting(self) -> int:
        parts = sum(len(part) for parts in self._parts.values() for part in parts)
        return parts + sum(one.waiting for one in self._messages.values())

    def feed(self, chunk: Chunk) -> None:
        way = chunk.from_client
        if chunk.lost and not self.broken and way not in self._over:
            self.broken = "bytes are missing, and what follows them cannot be read"
        for at in range(0, len(chunk.data), _STEP):
            if self.broken:
                self._unread += len(chunk.data) - at
                return
            try:
                self._take(chunk, chunk.data[at : at + _STEP])
            except _WRONG as error:
                self.broken = f"{type(error).__name__}: {error}"

    def _take(self, chunk: Chunk, data: bytes) -> None:
        way = chunk.from_client
        self._came += len(data)
        mark = Mark(chunk.number, chunk.when)
        self._sides[way].receive_data(self._messages[way].of(data))
        while self._messages[way].signs:
            self._sign(way, *self._messages[way].signs.pop(0), mark)
        for event in self._sides[way].events():
            if isinstance(event, CloseConnection):
                self._close(way, event, mark)
            elif isinstance(event, TextMessage | BytesMessage):
                self._part(way, event, mark)
            if self._made > FREE + RATIO * self._came or self._made - self._kept > LONGEST:
                self.broken = "it inflates to more than may be"
                return

    def _part(self, way: bool, event: TextMessage | BytesMessage, mark: Mark) -> None:
        text = isinstance(event.data, str)
        data = event.data.encode() if isinstance(event.data, str) else bytes(event.data)
        self._made += len(data)
        self._parts[way].append(data)
        self._begun[way] = begun = self._begun[way] or mark
        if not event.message_finished:
            return
        content = b"".join(self._parts[way])
        self._parts[way], self._begun[way] = [], None
        if self._kept + len(content) > LONGEST:
            self.broken = "more was said in it than is kept"
            return
        self._kept += len(content) + AROUND
        frame = Frame(_TEXT if text else _BINARY, way, content, begun.when)
        self.exchange.frames.append((begun, frame))

    def _sign(self, way: bool, kind: int, data: bytes, mark: Mark) -> None:
        if self._kept + len(data) > LONGEST:
            self.broken = "more was said in it than is kept"
            return
        self._kept += len(data) + AROUND
        self.exchange.signs.append((mark, Frame(kind, way, data, mark.when)))

    def _close(self, way: bool, event: CloseConnection, mark: Mark) -> None:
        """The end of what one side says; a code that a reader makes up says that it understood nothing."""
        if event.code in (1002, 1007) and event.reason:
            self.broken = str(event.reason)
        else:
            self._over.add(way)
            if event.reason:
                self._sign(way, _CLOSE, event.reason.encode(), mark)


def _head_size(second: int) -> int:
    """How long a head is, by its second byte (RFC 6455, 5.2)."""
    return 2 + {126: 2, 127: 8}.get(second & 127, 0) + (4 if second & 128 else 0)


def _payload_size(head: bytes | bytearray) -> int:
    size = head[1] & 127
    return int.from_bytes(head[2 : 4 if size == 126 else 10]) if size > 125 else size


def _foreign(agreed: bytes) -> str:
    """What may have been made of the messages that nobody here can undo."""
    names = {one.split(";", 1)[0].strip() for one in split_comma_header(agreed)} - {PerMessageDeflate.name}
    return f"extensions that nobody here speaks: {', '.join(sorted(names))}" if any(names) else ""


def _extensions(agreed: bytes) -> list[Extension]:
    found: list[Extension] = []
    for extension in split_comma_header(agreed):
        if extension.split(";", 1)[0].strip() == PerMessageDeflate.name:
            deflate = PerMessageDeflate()
            deflate.finalize(extension)
            found.append(deflate)
    return found
