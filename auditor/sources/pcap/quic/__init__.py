"""One connection of QUIC, read from its datagrams by somebody who takes no part in it.

    datagram ─▶ headers: packets ─▶ lock (protection): opened ─▶ frames ─┬▶ handshake: hellos, protocol
                                                                         └▶ streams: pieces in order

The first packets open without any secret: their keys are made of an id that stands in them, and
the tag says whether they are what they seem. All others open with the secrets of a key log, found
by the random number of the client's hello. What comes before its keys waits for them.

Our own, and not aioquic's connection, because that is one of two ends: it answers, it has one set
of keys, it closes at the first surprise and wants every packet that was sent.
"""

from msgspec import Struct

from auditor.sources.pcap.hello import ClientHello, ServerHello, client_hello, server_hello
from auditor.sources.pcap.keys import Keys
from auditor.sources.pcap.quic import google, outside
from auditor.sources.pcap.quic.frames import (
    Acknowledged,
    Closed,
    Crypto,
    Datagram,
    Frame,
    NewId,
    Reset,
    Stream,
    frames,
)
from auditor.sources.pcap.quic.handshake import (
    CLIENT_HELLO,
    ENCRYPTED_EXTENSIONS,
    SERVER_HELLO,
    Greeting,
    Message,
    Talk,
    encrypted_extensions,
)
from auditor.sources.pcap.quic.headers import Offer, Sealed, is_long, split
from auditor.sources.pcap.quic.lock import Opened
from auditor.sources.pcap.quic.locks import Locks
from auditor.sources.pcap.quic.streams import StreamPiece, Streams
from auditor.sources.pcap.quic.versions import EARLY, HANDSHAKE, INITIAL, RETRY, SHORT, has_own_frames
from auditor.sources.pcap.wire import Facts

LATER = 200_000  # bytes of packets that wait for the hello, where there are keys
LATER_WITHOUT = 20_000  # and where there are none: enough for a hello out of order
GREETINGS = 8  # tries of one client
NAMES = 200  # ids of one connection


class _Waiting(Struct, frozen=True):
    from_client: bool
    packet: Sealed
    number: int
    when: float


class Quic:
    """`feed` takes datagrams in the order of the capture and gives what the streams said."""

    def __init__(self, keys: Keys) -> None:
        self.client: ClientHello | None = None
        self.server: ServerHello | None = None
        self.alpn = ""
        self.google: google.GoogleHello | None = None  # a hello that is not one of TLS
        self.ids: dict[
            bytes, bool
        ] = {}  # the ids that packets bear, and whether it is the client who sends them
        self.seen = outside.Seen()
        self._keys = keys
        self._greetings: list[Greeting] = []
        self._talks = {(way, kind): Talk() for way in (True, False) for kind in (HANDSHAKE, SHORT)}
        self._locks = Locks(keys)
        self._sizes: dict[bool, dict[int, None]] = {True: {}, False: {}}  # of ids, by who sends them
        self._later: list[_Waiting] = []
        self._held = 0
        self._hellos = 0
        self._hopeless = False  # the hello is known, and no secret for it
        self._news = False  # something was learned that may open what waits
        self._streams = Streams()

    @property
    def proven(self) -> bool:
        """A tag said that this is QUIC."""
        return bool(self._greetings) or self.google is not None

    @property
    def server_name(self) -> str:
        """Whom the client asks for, as far as it says so in the open."""
        return self.client.server_name if self.client else self.google.server_name if self.google else ""

    @property
    def opened(self) -> int:
        """Packets with content that were opened by secrets."""
        return self._locks.opened

    def feed(
        self, from_client: bool, datagram: bytes, number: int = 0, when: float = 0.0
    ) -> list[StreamPiece]:
        found: list[StreamPiece] = []
        if self._hopeless and not is_long(datagram):
            return found
        if from_client and not self._greetings and self.google is None:
            self.google = google.hello(datagram)
        if self.google is not None:
            return found
        for packet in split(datagram):
            if isinstance(packet, Offer):
                if self.ids.get(packet.target) is from_client:
                    self.seen.offered = packet.versions
                continue
            self.seen.packet(packet)
            one = _Waiting(from_client, packet, number, when)
            if not self._try(one, found):
                self._wait(one)
        while self._news:
            self._news = False
            waiting, self._later, self._held = self._later, [], 0
            for one in waiting:
                if not self._try(one, found):
                    self._wait(one)
        return found

    def finish(self) -> list[StreamPiece]:
        """What waits behind gaps: nothing comes any more that could fill them."""
        self.seen.never_opened += len(self._later)
        self._later, self._held = [], 0
        return self._streams.finish()

    @property
    def shut(self) -> str:
        """Why no more is opened; nothing while all goes well."""
        if self.google is not None:
            return f"Google's QUIC before TLS ({self.google.version}): no key log has its keys"
        if not self._greetings:
            return self.seen.why_unknown()
        if any(map(has_own_frames, self.seen.spoken)):
            return "a version of Google's whose frames are not read here"
        if self.client is None:
            return "part of the client's hello is missing"
        return self._locks.shut(f"client random {self.client.random.hex()[:8]}…", self.seen.encrypted)

    @property
    def facts(self) -> Facts:
        return self.seen.facts(self.client, self.google)

    @property
    def remarks(self) -> list[str]:
        """What was not read although the connection is open, in plain words."""
        return [*self.seen.remarks(), *self._streams.remarks()]

    def _wait(self, one: _Waiting) -> None:
        if self.client is not None and one.packet.kind != INITIAL:
            return  # there is no secret for it, and none will come
        budget = LATER if self._keys else LATER_WITHOUT
        if self._held + len(one.packet.data) > budget:
            self.seen.never_opened += 1
            return
        self._later.append(one)
        self._held += len(one.packet.data)

    def _try(self, one: _Waiting, found: list[StreamPiece]) -> bool:
        """Whether the packet needs no more trying."""
        packet = one.packet
        if packet.kind == RETRY:
            if self.ids.get(packet.target) is one.from_client:
                self._name(packet.source, not one.from_client)
                self.seen.retried = True
            return True
        if packet.kind == INITIAL:
            return self._initial(one, found)
        lock = self._locks.make(packet.kind, one.from_client, self.server.cipher if self.server else 0)
        if lock is None:
            return False
        for start in self._starts(one):
            opened = lock.open(packet.data, start, self._locks.generation(not one.from_client))
            if opened is not None:
                self._read(one, opened, self._talks.get((one.from_client, packet.kind)), found)
                return True
        self.seen.did_not_open += 1
        return True

    def _initial(self, one: _Waiting, found: list[StreamPiece]) -> bool:
        packet = one.packet
        greetings = [*reversed(self._greetings)]
        if one.from_client and len(greetings) < GREETINGS:
            greetings.append(Greeting(packet.target))
        for greeting in greetings:
            opened = greeting.open(one.from_client, packet)
            if opened is None:
                continue
            if greeting not in self._greetings:
                self._greetings.append(greeting)
                self._news = True
            self.seen.speaks(packet.version)
            self._name(packet.target, one.from_client)
            self._name(packet.source, not one.from_client)
            self._read(one, opened, greeting.talks[one.from_client], found)
            return True
        return False

    def _starts(self, one: _Waiting) -> list[int]:
        """Where the packet number begins: in a short header after an id whose length is known from before."""
        if one.packet.kind != SHORT:
            return [one.packet.start]
        return [1 + size for size in self._sizes[one.from_client]]

    def _read(self, one: _Waiting, opened: Opened, talk: Talk | None, found: list[StreamPiece]) -> None:
        if opened.again:
            return
        content = one.packet.kind in (EARLY, SHORT)  # all others are for hellos alone
        own = any(map(has_own_frames, self.seen.spoken))
        if own and content:
            return
        try:
            for frame in frames(opened.payload, own):
                if isinstance(frame, Crypto) and own and frame.data.startswith(b"CHLO"):
                    self.google = google.tags(frame.data, "Q050")
                elif isinstance(frame, Crypto) and talk is not None:
                    for message in talk.feed(frame.at, frame.data):
                        self._message(one, message)
                elif isinstance(frame, Stream | Reset | Datagram):
                    if content:
                        found += self._streams.said(one.from_client, frame, one.number, one.when)
                elif content:
                    self._control(one.from_client, frame)
        except ValueError as error:
            self.seen.not_read(str(error))

    def _control(self, from_client: bool, frame: Frame) -> None:
        match frame:
            case Acknowledged(largest):
                other = self._locks.get(SHORT, not from_client)
                if other is not None:
                    other.acknowledged = max(other.acknowledged, largest)
            case NewId(name):
                self._name(name, not from_client)
            case Closed():
                self.seen.closed = True

    def _name(self, name: bytes, from_client: bool) -> None:
        if len(self.ids) < NAMES:
            self._sizes[self.ids.setdefault(name, from_client)][len(name)] = None

    def _message(self, one: _Waiting, message: Message) -> None:
        level = one.packet.kind
        if level == INITIAL and message.kind == CLIENT_HELLO and one.from_client:
            self._hello(client_hello(message.body))
        elif level == INITIAL and message.kind == SERVER_HELLO and not one.from_client:
            hello = server_hello(message.body)
            if not hello.retry and self.server is None:
                self.server, self._news = hello, True
        elif level == HANDSHAKE and message.kind == ENCRYPTED_EXTENSIONS and not one.from_client:
            self.alpn = encrypted_extensions(message.body)

    def _hello(self, hello: ClientHello) -> None:
        """A second hello with another random begins anew, unless something was opened already."""
        known = self.client is not None and self.client.random == hello.random
        if known or self._hellos >= GREETINGS or self._locks.opened:
            return
        self._hellos += 1
        self.client, self.server, self._news = hello, None, True
        self._locks.greet(hello.random)
        self._hopeless = not self._keys.knows(hello.random)
        if len(hello.protocols) == 1:  # a server can only agree, or close
            self.alpn = hello.protocols[0].decode("latin-1")
        self.seen.encrypted = outside.has_inner(hello)
