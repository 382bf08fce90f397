"""What a handshake of TLS shows before anything is sealed: hellos, certificates, alerts.

Laws: messages are put together across records, records across segments; nothing is read
past the first sealed record of a direction; what is longer or more than any honest server
sends ends reading with a reason, as damage does.
"""

from msgspec import Struct

from auditor.sources.pcap.hello import ClientHello, Cut, ServerHello, client_hello, server_hello
from auditor.sources.pcap.records import ALERT, CHANGE, HANDSHAKE, OLD_HELLO, Record, Records, of_datagram
from auditor.stretches import joined

LONGEST = 1 << 18  # bytes of one message: chains of certificates are the longest
MOST = 64  # messages of one direction
MOST_CERTIFICATES = 16

_CLIENT_HELLO, _SERVER_HELLO, _CERTIFICATE = 1, 2, 11
_SPOKEN_13 = (0x0304, 0xFEFC)
_WAYS = (True, False)


class Message(Struct, frozen=True):
    """One message of a handshake, whole."""

    kind: int
    body: bytes


class Alert(Struct, frozen=True):
    from_client: bool
    fatal: bool
    number: int


class Messages:
    """The handshake of one direction of a stream: records are fed, whole messages come out."""

    def __init__(self) -> None:
        self._data = bytearray()  # of a message that is not whole
        self._seen = 0

    def feed(self, data: bytes) -> list[Message]:
        """ValueError where there is more of it than there may be."""
        held: bytes | bytearray = data
        if self._data:
            self._data += data
            held = self._data
        at, found = 0, list[Message]()
        while len(held) - at >= 4:
            size = held[at + 1] << 16 | held[at + 2] << 8 | held[at + 3]
            if size > LONGEST or self._seen >= MOST:
                raise ValueError("a handshake that is longer than any")
            end = at + 4 + size
            if len(held) < end:
                break
            found.append(Message(held[at], bytes(held[at + 4 : end])))
            self._seen += 1
            at = end
        if at or held is data:
            self._data = bytearray(held[at:])
        return found


class Fragments:
    """The handshake of one direction of DTLS: messages come in numbered fragments, in any order."""

    def __init__(self) -> None:
        self._parts: dict[int, _Part] = {}
        self._done: set[int] = set()

    def feed(self, data: bytes) -> list[Message]:
        """The messages that the fragments of one record make whole; ValueError where they do not fit."""
        cut, found = Cut(data), []
        while cut.left:
            kind, size, number, at = cut.number(1), cut.number(3), cut.number(2), cut.number(3)
            piece = cut.block(3)
            if size > LONGEST or at + len(piece) > size:
                raise ValueError("a handshake that is longer than any")
            if number in self._done:
                continue
            part = self._parts.setdefault(number, _Part(kind, size))
            if (part.kind, part.size) != (kind, size):
                raise ValueError("fragments of different messages with one number")
            if (whole := part.add(at, piece)) is not None:
                del self._parts[number]
                self._done.add(number)
                found.append(Message(kind, whole))
            if len(self._parts) + len(self._done) > MOST:
                raise ValueError("a handshake that is longer than any")
        return found


class _Part:
    """A message that is not whole: only what came of it is held."""

    def __init__(self, kind: int, size: int) -> None:
        self.kind = kind
        self.size = size
        self._pieces: dict[int, bytes] = {}

    def add(self, at: int, piece: bytes) -> bytes | None:
        if len(piece) >= len(self._pieces.get(at, b"")):
            self._pieces[at] = piece
        if len(self._pieces) > MOST:
            raise ValueError("a handshake in too many fragments")
        if joined((at, at + len(piece)) for at, piece in self._pieces.items()) != ((0, self.size),):
            return None
        whole = bytearray(self.size)
        for start, one in self._pieces.items():
            whole[start : start + len(one)] = one
        return bytes(whole)


class Handshake:
    """Both directions of one connection, as far as they are in the open."""

    def __init__(self, datagrams: bool = False) -> None:
        self.client: ClientHello | None = None
        self.server: ServerHello | None = None
        self.retried = False
        self.certificates: tuple[bytes, ...] = ()  # the server's, its own one first
        self.client_certificate = False
        self.alerts: tuple[Alert, ...] = ()
        self.stopped = ""
        self.sealed = {True: False, False: False}
        self._datagrams = datagrams
        self._records = {} if datagrams else {way: Records() for way in _WAYS}
        self._messages: dict[bool, Messages | Fragments] = (
            {way: Fragments() for way in _WAYS} if datagrams else {way: Messages() for way in _WAYS}
        )

    @property
    def over(self) -> bool:
        """Nothing more can be seen."""
        return bool(self.stopped) or (self.sealed[True] and self.sealed[False])

    def feed(self, from_client: bool, data: bytes, lost: int = 0) -> None:
        """What was said next; in DTLS, one datagram."""
        if self.over or self.sealed[from_client]:
            return
        try:
            if self._datagrams:
                for record in of_datagram(data):
                    if not self.sealed[from_client]:
                        self._record(from_client, record)
            else:
                self._stream(from_client, data, lost)
        except ValueError as error:
            self.stopped = str(error)

    def _stream(self, from_client: bool, data: bytes, lost: int) -> None:
        records = self._records[from_client]
        records.add(data, lost)
        while not self.sealed[from_client] and (record := records.next()):
            self._record(from_client, record)
        if self.sealed[from_client]:
            records.clear()
        self.stopped = records.stopped

    def _record(self, from_client: bool, record: Record) -> None:
        if record.kind == OLD_HELLO:
            self.client = self.client or old_hello(record.body)
        elif record.kind == HANDSHAKE and not record.epoch:
            for message in self._messages[from_client].feed(record.body):
                self._message(from_client, message)
        elif record.kind == ALERT and len(record.body) == 2 and not record.epoch:
            if len(self.alerts) < MOST:
                self.alerts += (Alert(from_client, record.body[0] == 2, record.body[1]),)
        else:
            # In TLS 1.3 a change means nothing: a second hello may follow it.
            idle = record.kind == CHANGE and self.server is not None and self.server.agreed in _SPOKEN_13
            self.sealed[from_client] = not idle

    def _message(self, from_client: bool, message: Message) -> None:
        if from_client and message.kind == _CLIENT_HELLO:
            self.client = self.client or client_hello(message.body, self._datagrams)
        elif not from_client and message.kind == _SERVER_HELLO:
            hello = server_hello(message.body)
            self.retried = self.retried or hello.retry
            self.server = hello if self.server is None or self.server.retry else self.server
        elif message.kind == _CERTIFICATE and from_client:
            self.client_certificate = True
        elif message.kind == _CERTIFICATE:
            self.certificates = self.certificates or _certificates(message.body)


def _certificates(body: bytes) -> tuple[bytes, ...]:
    """Up to TLS 1.2; later ones are sealed."""
    cut = Cut(Cut(body).block(3))
    found: list[bytes] = []
    while cut.left and len(found) < MOST_CERTIFICATES:
        found.append(cut.block(3))
    return tuple(found)


def old_hello(body: bytes) -> ClientHello:
    """A hello in the words of SSL 2: ciphers of three bytes, of which those of TLS begin with zero."""
    cut = Cut(body)
    _, version = cut.number(1), cut.number(2)
    sizes = [cut.number(2) for _ in range(3)]
    ciphers, session, challenge = (cut.take(size) for size in sizes)
    triples = [ciphers[at : at + 3] for at in range(0, len(ciphers) - 2, 3)]
    kept = tuple(int.from_bytes(one[1:]) for one in triples if not one[0])
    return ClientHello(version, challenge[-32:].rjust(32, b"\0"), session, kept)
