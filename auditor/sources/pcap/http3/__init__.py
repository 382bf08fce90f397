"""What the streams of HTTP/3 say: questions and answers, as a proxy would have written them down.

    pieces ─▶ framed: frames of a stream ─┬▶ tables: head lines ─▶ exchange: a Flow
                                          └▶ bodies, tunnels, sessions

Our own, and not aioquic's H3Connection, because that is one of two ends: it needs a connection to
answer on, closes it at the first gap, and lets a stranger make a gigabyte of head lines out of
kilobytes. Its tables (pylsqpack) are used, behind a budget.

A body with a gap ends before the gap, a message cut by the end of the capture where that was; both
are marked. What goes through a CONNECT, streams of WebTransport and datagrams become flows of their own.
"""

from msgspec import structs

from auditor.sources.flows import Side
from auditor.sources.pcap.hello import Cut
from auditor.sources.pcap.http3.exchange import BLOCKS, Dialogue, Exchange, Half
from auditor.sources.pcap.http3.framed import DATA, HEADERS, PROMISE, SETTINGS, Framed, settings
from auditor.sources.pcap.http3.tables import Found, Tables
from auditor.sources.pcap.quic.headers import varint
from auditor.sources.pcap.quic.streams import DATAGRAM, StreamPiece

ROOM = 100_000_000  # bytes that are kept of all open streams together
OPEN = 20_000  # streams and promises that are not over
REASONS = 20  # for not reading something, that are kept apart

_CONTROL, _PUSH, _ENCODER, _OF_SESSION = 0, 1, 2, 0x54  # kinds of streams that go one way
_TABLE_SIZE = 1  # the setting


class _Way:
    """One direction of one stream."""

    def __init__(self, kind: int | None = None, dialogue: Dialogue | None = None) -> None:
        self.kind = kind  # of those that go one way; nothing until it is known
        self.start = b""
        self.framed = Framed()
        self.dialogue = dialogue


class Http3:
    """`feed` takes pieces as they come and gives what is over; `finish` the rest."""

    def __init__(self, client: Side, server: Side) -> None:
        self._client, self._server = client, server
        self._tables = {True: Tables(), False: Tables()}
        self._ways: dict[tuple[int, bool], _Way] = {}
        self._dialogues: dict[tuple[str, int], Dialogue] = {}
        self._owners: dict[int, tuple[Dialogue, Half, int]] = {}
        self._blocks = 0
        self._held = 0
        self._broken: dict[str, int] = {}

    @property
    def remarks(self) -> list[str]:
        """What was not read, in plain words."""
        tables = [table.broken for table in self._tables.values() if table.broken]
        return [*tables, *(f"HTTP/3, not read: {why} ({size})" for why, size in self._broken.items())]

    def feed(self, piece: StreamPiece) -> list[Exchange]:
        found: list[Exchange] = []
        try:
            if piece.stream == DATAGRAM:
                self._datagram(piece)
            elif piece.stream & 2:
                self._one_way(piece, found)
            else:
                self._both_ways(piece, found)
        except ValueError as error:
            self._not_read(str(error), len(piece.data) or 1)
        return found

    def finish(self) -> list[Exchange]:
        found: list[Exchange] = []
        for way in self._ways.values():
            self._left(way)
        self._ways.clear()
        if self._owners:
            self._not_read("head lines that wait for their table", len(self._owners))
        for dialogue in list(self._dialogues.values()):
            self._emit(dialogue, found)
        return found

    def _dialogue(self, stream: int, kind: str = "stream", name: int = -1) -> Dialogue:
        key = (kind, stream if name < 0 else name)
        if key not in self._dialogues:
            if len(self._dialogues) >= OPEN:
                raise ValueError("too many streams are open")
            self._dialogues[key] = Dialogue(stream, key)
        return self._dialogues[key]

    def _datagram(self, piece: StreamPiece) -> None:
        cut = Cut(piece.data)
        dialogue = self._dialogue(varint(cut) * 4)
        room = ROOM - self._held
        self._held += dialogue.datagram(piece.from_client, cut.take(cut.left), piece.when, room)

    def _both_ways(self, piece: StreamPiece, found: list[Exchange]) -> None:
        name = (piece.stream, piece.from_client)
        if name not in self._ways:
            self._ways[name] = _Way(dialogue=self._dialogue(piece.stream))
        self._speak(self._ways[name], piece, found)

    def _one_way(self, piece: StreamPiece, found: list[Exchange]) -> None:
        way = self._ways.setdefault((piece.stream, piece.from_client), _Way())
        if way.kind is None:
            piece = self._known(way, piece)
        if way.dialogue is not None:
            self._speak(way, piece, found)
        elif way.kind == _CONTROL:
            for part in way.framed.feed(piece.data, piece.lost):
                if part.kind == SETTINGS:
                    size = settings(part.data).get(_TABLE_SIZE, 0)
                    self._resolved(self._tables[not piece.from_client].sized(size), found)
        elif way.kind == _ENCODER:
            self._resolved(self._tables[piece.from_client].filled(piece.data, piece.lost), found)
        if piece.finished or piece.reset:
            self._ways.pop((piece.stream, piece.from_client), None)

    def _known(self, way: _Way, piece: StreamPiece) -> StreamPiece:
        """Reads what kind of stream this is, as soon as its first bytes are there; what follows them."""
        if piece.lost:
            way.kind = -1  # nobody knows what it was
            self._not_read("streams without their beginning", len(piece.data))
            return piece
        way.start += piece.data
        cut = Cut(way.start)
        try:
            kind = varint(cut)
            name = varint(cut) if kind in (_PUSH, _OF_SESSION) else 0
        except ValueError:
            return structs.replace(piece, data=b"")
        way.kind, rest = kind, cut.take(cut.left)
        way.start = b""
        if kind == _PUSH and not piece.from_client:
            way.dialogue = self._dialogue(piece.stream, "push", name)
            way.dialogue.stream = piece.stream
        elif kind == _OF_SESSION:
            way.dialogue = self._dialogue(piece.stream)
            way.dialogue.session = self._dialogue(name)
            way.dialogue.sides[not piece.from_client].over = True
        return structs.replace(piece, data=rest)

    def _speak(self, way: _Way, piece: StreamPiece, found: list[Exchange]) -> None:
        """A piece of a question, an answer or a session."""
        dialogue = way.dialogue or self._dialogue(piece.stream)
        side = dialogue.begin(piece.from_client, piece.number, piece.when)
        if dialogue.session is not None:
            self._say(dialogue, piece, piece.data, piece.lost)
        else:
            self._frames(way, dialogue, side, piece, found)
        if piece.finished or piece.reset:
            side.over, side.reset = True, piece.reset
            side.cut = side.cut or way.framed.waiting > 0
            self._ways.pop((piece.stream, piece.from_client), None)
            self._left(way)
        if dialogue.finished:
            self._emit(dialogue, found)

    def _frames(
        self, way: _Way, dialogue: Dialogue, side: Half, piece: StreamPiece, found: list[Exchange]
    ) -> None:
        for part in way.framed.feed(piece.data, piece.lost):
            if part.kind == DATA:
                self._say(dialogue, piece, part.data, part.lost)
            elif part.kind == HEADERS:
                self._head(dialogue, side, piece.from_client, part.data, found)
            elif part.kind == PROMISE and not piece.from_client:
                self._promise(part.data, piece, found)
        side.cut = side.cut or bool(way.framed.broken)
        if way.framed.session is not None:
            dialogue.session = self._dialogue(way.framed.session)
            self._say(dialogue, piece, way.framed.rest(), 0)

    def _say(self, dialogue: Dialogue, piece: StreamPiece, data: bytes, lost: int) -> None:
        self._held += dialogue.add(piece.from_client, data, piece.when, lost, ROOM - self._held)

    def _head(
        self, dialogue: Dialogue, side: Half, from_client: bool, block: bytes, found: list[Exchange]
    ) -> None:
        if len(side.blocks) >= BLOCKS:
            raise ValueError("too many blocks of head lines")
        self._blocks += 1
        side.blocks.append(None)
        side.waiting += 1
        self._owners[self._blocks] = (dialogue, side, len(side.blocks) - 1)
        self._resolved(self._tables[from_client].block(self._blocks, block), found)

    def _promise(self, data: bytes, piece: StreamPiece, found: list[Exchange]) -> None:
        cut = Cut(data)
        dialogue = self._dialogue(piece.stream, "push", varint(cut))
        side = dialogue.begin(True, piece.number, piece.when)
        side.over = True
        self._head(dialogue, side, False, cut.take(cut.left), found)

    def _resolved(self, blocks: list[Found], found: list[Exchange]) -> None:
        for number, fields in blocks:
            dialogue, side, place = self._owners.pop(number)
            self._held += dialogue.lines(side, place, fields, ROOM - self._held)
            if side.blocks[place] is None:
                self._not_read("head lines that cannot be opened", 1)
            if dialogue.finished:
                self._emit(dialogue, found)

    def _emit(self, dialogue: Dialogue, found: list[Exchange]) -> None:
        if self._dialogues.pop(dialogue.name, None) is None:
            return
        self._held -= dialogue.kept
        found += dialogue.exchanges(self._client, self._server)
        self._not_read("bodies with a gap, too long, or of an unknown question", dialogue.lost)

    def _left(self, way: _Way) -> None:
        self._not_read(way.framed.broken or "frames that are cut", way.framed.unread + way.framed.waiting)

    def _not_read(self, why: str, size: int) -> None:
        if size:
            kept = why if why in self._broken or len(self._broken) < REASONS else "other damage"
            self._broken[kept] = self._broken.get(kept, 0) + size
