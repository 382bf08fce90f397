"""What CRYPTO frames say: messages of TLS without its records, from any number of packets, in any order."""

from msgspec import Struct

from auditor.sources.pcap.hello import ALPN, Cut
from auditor.sources.pcap.quic.headers import Sealed
from auditor.sources.pcap.quic.lock import Lock, Opened
from auditor.sources.pcap.quic.ordered import Ordered
from auditor.sources.pcap.quic.protection import first_opener
from auditor.sources.pcap.quic.versions import candidates

LONGEST = 200_000  # bytes of one message
VERSIONS = 8  # that are spoken in one greeting, counted for either side

CLIENT_HELLO, SERVER_HELLO, ENCRYPTED_EXTENSIONS = 1, 2, 8
_HEADER = 4  # kind and length of a message


class Message(Struct, frozen=True):
    kind: int
    body: bytes


class Talk:
    """One direction of one level."""

    def __init__(self) -> None:
        self._bytes = Ordered()
        self._buffer = bytearray()
        self.broken = ""

    @property
    def waiting(self) -> bool:
        """A message has begun that is not whole."""
        return bool(self._buffer or self._bytes.held)

    def feed(self, at: int, data: bytes) -> list[Message]:
        if self.broken or self._bytes.full:
            return []
        self._bytes.add(at, data)
        self._buffer += self._bytes.take()
        found = []
        while len(self._buffer) >= _HEADER:
            size = _HEADER + int.from_bytes(self._buffer[1:_HEADER])
            if size > LONGEST:
                self.broken, self._buffer = f"a message of {size} bytes in its handshake", bytearray()
                break
            if len(self._buffer) < size:
                break
            found.append(Message(self._buffer[0], bytes(self._buffer[_HEADER:size])))
            del self._buffer[:size]
        return found


class Greeting:
    """One try of a client: the keys made of the id that it thought up, and what is said under them.

    After a retry the keys are made of the id that the server asked for, and all is said again.
    """

    def __init__(self, target: bytes) -> None:
        self._target = target
        self._locks: dict[tuple[int, bool], Lock] = {}
        self.talks = {True: Talk(), False: Talk()}

    def open(self, from_client: bool, packet: Sealed) -> Opened | None:
        lock = self._locks.get((packet.version, from_client))
        if lock is None:
            openers = [first_opener(one, self._target, from_client) for one in candidates(packet.version)]
            lock = Lock(openers)
        opened = lock.open(packet.data, packet.start)
        if opened is not None and len(self._locks) < VERSIONS:
            self._locks[packet.version, from_client] = lock
        return opened


def encrypted_extensions(body: bytes) -> str:
    """The protocol that the server chose."""
    extensions = Cut(Cut(body).block(2))
    while extensions.left:
        kind, data = extensions.number(2), extensions.block(2)
        if kind == ALPN:
            return Cut(Cut(data).block(2)).block(1).decode("latin-1")
    return ""
