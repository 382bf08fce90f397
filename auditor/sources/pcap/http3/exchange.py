"""One stream of HTTP/3 on its way to a Flow: a question, its answer, and how much of them came."""

from collections.abc import Iterator

from msgspec import Struct, structs

from auditor.sources import heads
from auditor.sources.flows import Failure, Fields, Flow, Piece, Request, Response, Side, hinted
from auditor.sources.pcap.wire import Chunk

BODY = 64_000_000  # bytes that are kept of one stream
TURNS = 100_000  # times that one stream changes between its two sides
BLOCKS = 100  # of head lines, on one side of a stream
DATAGRAMS = 100_000  # datagrams that are kept of one stream
AROUND = 200  # bytes of memory that anything small takes, whatever is in it


class Exchange(Struct, frozen=True):
    """What one stream said, as a proxy would have written it, and what only a capture knows of it."""

    flow: Flow
    stream: int
    asked: int = 0  # the packet in which the question begins
    answered: int = 0
    asked_whole: bool = True
    answered_whole: bool = True


class Turn(Struct):
    """What one side said until the other one spoke."""

    from_client: bool
    data: bytearray
    when: float


class Half(Struct):
    """One direction: its blocks of head lines, and how it ended."""

    blocks: list[Fields | None] = []  # nothing where one waits for its table, or cannot be opened
    waiting: int = 0
    cut: bool = False  # no more of the body is kept, for something is missing
    over: bool = False
    reset: bool = False
    begun: bool = False
    number: int = 0
    when: float | None = None

    @property
    def final(self) -> list[Fields | None]:
        """Without what an answer says beforehand: that it will take time."""
        return [block for block in self.blocks if block is None or not _early(block)]

    @property
    def head(self) -> Fields | None:
        return next(iter(self.final), None)

    @property
    def trailers(self) -> Fields | None:
        final = self.final
        return _plain(final[1]) if len(final) > 1 and final[1] else None

    @property
    def whole(self) -> bool:
        return self.over and not self.cut and not self.reset and None not in self.blocks


class Dialogue:
    """A stream, or a promised answer. `session` is that of the CONNECT in which it was opened."""

    def __init__(self, stream: int, name: tuple[str, int]) -> None:
        self.stream, self.name = stream, name
        self.session: Dialogue | None = None
        self.sides = {True: Half(), False: Half()}
        self.turns: list[Turn] = []
        self.datagrams: list[Piece] = []
        self.kept = 0
        self.unread = 0

    def begin(self, from_client: bool, number: int, when: float) -> Half:
        side = self.sides[from_client]
        if not side.begun:
            side.begun, side.number, side.when = True, number, when
        return side

    def add(self, from_client: bool, data: bytes, when: float, lost: int, room: int) -> int:
        """More of a body; how much memory it takes. After a gap nothing is kept: its place is false."""
        side = self.sides[from_client]
        side.cut = side.cut or lost > 0
        fresh = not self.turns or self.turns[-1].from_client is not from_client
        if side.cut or (fresh and len(self.turns) >= TURNS):
            side.cut, self.unread = True, self.unread + len(data)
            return 0
        kept = data[: max(min(BODY - self.kept, room), 0)]
        if len(kept) < len(data):
            side.cut, self.unread = True, self.unread + len(data) - len(kept)
        if fresh:
            self.turns.append(Turn(from_client, bytearray(), when))
        self.turns[-1].data += kept
        size = len(kept) + AROUND * fresh
        self.kept += size
        return size

    def lines(self, side: Half, place: int, fields: Fields | None, room: int) -> int:
        """A block was opened, or cannot be; how much memory it takes."""
        size = sum(len(name) + len(value) + AROUND for name, value in fields or ())
        side.waiting -= 1
        if size > room:
            return 0
        side.blocks[place] = fields
        self.kept += size
        return size

    def datagram(self, from_client: bool, data: bytes, when: float, room: int) -> int:
        if len(self.datagrams) >= DATAGRAMS or len(data) + AROUND > room:
            self.unread += len(data)
            return 0
        self.datagrams.append(Piece(from_client, data, when))
        self.kept += len(data) + AROUND
        return len(data) + AROUND

    @property
    def finished(self) -> bool:
        asked, answered = self.sides[True], self.sides[False]
        return asked.over and answered.over and not asked.waiting and not answered.waiting

    @property
    def lost(self) -> int:
        """Bytes that no flow comes of: nobody knows what was asked."""
        known = self.session is not None or self.sides[True].head
        return self.unread + (0 if known else self.kept)

    def exchanges(self, client: Side, server: Side) -> Iterator[Exchange]:
        asked, answered = self.sides[True], self.sides[False]
        if self.session is not None:
            ends = far_end(self.session.request(server), client, server, protected=True)
            yield from self._beside(ends)
            return
        request = self.request(server)
        if request is None:
            return
        flow = Flow("http", client, server, request=request, timestamp_created=asked.when)
        flow.response = self._response()
        if asked.reset or answered.reset:
            flow.error = Failure("the stream was reset")
        tunnelled = request.method == b"CONNECT" and flow.response is not None
        inner = dict(asked.head or ()).get(b":protocol", b"")
        if tunnelled and inner == b"websocket":
            self._upgrade(flow, request)
            tunnelled = False
        yield Exchange(flow, self.stream, asked.number, answered.number, asked.whole, answered.whole)
        if not tunnelled:
            self.turns = []
        yield from self._beside(far_end(request, client, server, protected=bool(inner)))

    def _talk(self) -> list[Piece]:
        return [Piece(turn.from_client, bytes(turn.data), turn.when) for turn in self.turns]

    def _beside(self, ends: tuple[Side, Side]) -> Iterator[Exchange]:
        """What is no question and no answer: streams and datagrams of another protocol."""
        asked, answered = self.sides[True], self.sides[False]
        for kind, talk in (("tcp", self._talk()), ("udp", self.datagrams)):
            if talk:
                flow = Flow(kind, *ends, timestamp_created=asked.when or answered.when, messages=talk)
                yield Exchange(flow, self.stream, asked.number, answered.number, asked.whole, answered.whole)

    def _upgrade(self, flow: Flow, request: Request) -> None:
        """As mitmproxy writes a WebSocket down: a question, an answer without a body, and messages."""
        from auditor.sources.pcap.replay.exchange import Exchange as Opened
        from auditor.sources.pcap.replay.exchange import Mark
        from auditor.sources.pcap.replay.websocket import WebSocket

        request.method, request.content = b"GET", b""
        if flow.response is None:
            return
        flow.response.content = b""
        socket = WebSocket(Opened(request, Mark(0, 0.0), response=flow.response))
        for said in self._talk():
            socket.feed(Chunk(said.from_client, said.content, 0, said.timestamp or 0.0))
        flow.websocket = socket.exchange.socket
        self.unread += socket.passed_over + socket.waiting or bool(socket.wrong)
        if socket.wrong:
            flow.error = Failure(f"the WebSocket: {socket.wrong}")

    def _body(self, from_client: bool) -> bytes:
        return b"".join(turn.data for turn in self.turns if turn.from_client is from_client)

    def request(self, server: Side) -> Request | None:
        side = self.sides[True]
        named = dict(side.head or ())
        if not named.get(b":method"):
            return None
        authority = named.get(b":authority", b"")
        host, port = heads.bare_host(heads.words(authority))
        return Request(
            method=named[b":method"], scheme=named.get(b":scheme", b"https"), host=host or server.sni or "",
            port=port or _port(server), path=named.get(b":path", b""), headers=_plain(side.head or []),
            authority=authority, http_version=b"HTTP/3", content=self._content(True),
            trailers=side.trailers, timestamp_start=side.when,
        )  # fmt: skip

    def _response(self) -> Response | None:
        side = self.sides[False]
        status = dict(side.head or ()).get(b":status", b"")
        if len(status) != 3 or not status.isdigit():
            return None
        early = [line for block in side.blocks if block and _early(block) for line in hinted(block)]
        return Response(
            int(status),
            [*_plain(side.head or []), *early],
            self._content(False),
            side.trailers,
            timestamp_start=side.when,
        )

    def _content(self, from_client: bool) -> bytes:
        """Of a tunnel, what went through it is no body."""
        tunnel = dict(self.sides[True].head or ()).get(b":method") == b"CONNECT"
        return b"" if tunnel else self._body(from_client)


def far_end(request: Request | None, client: Side, server: Side, protected: bool) -> tuple[Side, Side]:
    """Both ends of what goes through a tunnel. Behind a plain CONNECT the road is not that of QUIC."""
    if request is None:
        return client, server
    if protected:
        host = request.host  # several may share a connection
        return structs.replace(client, sni=host, alpn=None), structs.replace(server, sni=host, alpn=None)
    return Side(), Side(address=[request.host, request.port])


def _early(block: Fields) -> bool:
    return dict(block).get(b":status", b"").startswith(b"1")


def _plain(fields: Fields) -> Fields:
    """Lines without those that stand for the first line of older versions."""
    return [(name, value) for name, value in fields if not name.startswith(b":")]


def _port(server: Side) -> int:
    port = server.address[1] if server.address and len(server.address) > 1 else 443
    return port if isinstance(port, int) else 443
