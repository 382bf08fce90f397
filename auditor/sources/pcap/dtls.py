"""DTLS 1.0 and 1.2 of one connection, opened as far as secrets are at hand.

Every record says itself which key it is under and which number it has, so nothing that is lost keeps
the rest shut, and what comes twice is given out once.
"""

from functools import partial

from auditor.sources.pcap.handshake import MOST, Alert, Fragments
from auditor.sources.pcap.hello import ClientHello, ServerHello, client_hello, server_hello
from auditor.sources.pcap.keys import Keys
from auditor.sources.pcap.records import ALERT, CONNECTION_ID, DATA, HANDSHAKE, Record, of_datagram
from auditor.sources.pcap.shown import of_hellos, told_alert
from auditor.sources.pcap.suites import unprotected
from auditor.sources.pcap.unlock.agreement import (
    CLIENT_HELLO,
    HELLO_REQUEST,
    MISFIT,
    SERVER_HELLO,
    VERIFY,
    Agreement,
    whole,
)
from auditor.sources.pcap.unlock.side import FAILED
from auditor.sources.pcap.unlock.stage import Opener
from auditor.sources.pcap.wire import Facts, Said

EPOCHS = 8  # how often the keys of one connection may change
WINDOW = 2048  # numbers that are remembered, and how old a record may be
_LATEST = 0xFEFC


class Dtls:
    def __init__(self, keys: Keys) -> None:
        self.client: ClientHello | None = None
        self.server: ServerHello | None = None
        self.alpn = ""
        self.shut = ""  # why nothing more is opened
        self.protects = True
        self.opened = False
        self.alerts: tuple[Alert, ...] = ()
        self._keys = keys
        self._epochs = [Agreement()]  # what was agreed on for the first epoch with a key, and so on
        self._messages: dict[tuple[bool, int], _Messages] = {}
        self._openers: dict[int, dict[bool, Opener]] = {}
        self._seen: dict[tuple[bool, int], _Seen] = {}
        self._failed = 0

    @property
    def facts(self) -> Facts:
        """What shows from outside, and what shows only inside."""
        told = dict.fromkeys(("alert", told_alert(one)) for one in self.alerts)
        resumed = [("resumed", f"by {one.resumed}") for one in self._epochs if one.resumed]
        return (*of_hellos(self.client, self.server, "d"), *resumed, *told)

    def feed(self, from_client: bool, datagram: bytes) -> list[Said]:
        """What is said in one datagram."""
        said: list[Said] = []
        if self.shut:
            return said
        records = of_datagram(datagram)
        if not records and self._agreed == _LATEST:
            self.shut = "DTLS 1.3 cannot be opened here"
        try:
            for record in records:
                if record.epoch:
                    self._sealed(from_client, record, said)
                else:
                    self._content(from_client, record, record.kind, record.body, said)
        except ValueError as error:
            self.shut = str(error)
        return said

    def finish(self) -> None:
        """Nothing more is said: what did not come to a reason is given one."""
        if self.shut or self.opened:
            return
        if self._failed:
            self.shut = MISFIT
        elif self.client is None:
            self.shut = "starts mid-connection" if self.server is None else "the client's hello is missing"
        else:
            self.shut = "the handshake does not end" if self.server else "the server's hello is missing"

    @property
    def _agreed(self) -> int:
        return self.server.agreed if self.server else 0

    def _sealed(self, from_client: bool, record: Record, said: list[Said]) -> None:
        if record.kind == CONNECTION_ID:
            raise ValueError("connection ids in records of DTLS are not read here")
        opener = self._opener(from_client, record.epoch)
        seen = self._seen.setdefault((from_client, record.epoch), _Seen())
        if seen.has(record.sequence):
            return
        number = record.epoch << 48 | record.sequence
        try:
            _, plain = opener.open(record.kind, record.version, (number,), record.body)
        except ValueError:
            self._failed += 1
            if self._failed >= FAILED and not self.opened:
                raise ValueError(MISFIT) from None
            return
        seen.add(record.sequence)
        self.opened = True
        self._content(from_client, record, record.kind, plain, said)

    def _opener(self, from_client: bool, epoch: int) -> Opener:
        if epoch > len(self._epochs):
            raise ValueError(
                "the handshake for this key is missing" if self.client else "starts mid-connection"
            )
        agreement = self._epochs[epoch - 1]
        if agreement.client is None and agreement.server is None:
            raise ValueError("starts mid-connection")
        if epoch not in self._openers:
            if agreement.server and agreement.server.compression:
                raise ValueError("compressed, which is not read in DTLS")
            self._openers[epoch] = agreement.openers(self._keys)
        agreement.remember(self._keys)
        return self._openers[epoch][from_client]

    def _content(self, from_client: bool, record: Record, kind: int, plain: bytes, said: list[Said]) -> None:
        if kind == HANDSHAKE:
            messages = self._messages.setdefault((from_client, record.epoch), _Messages())
            for number, body, raw in messages.feed(plain):
                self._message(from_client, record.epoch, number, body, raw)
        elif kind == ALERT and len(plain) == 2 and len(self.alerts) < MOST:
            self.alerts += (Alert(from_client, plain[0] == 2, plain[1]),)
        elif kind == DATA and plain and record.epoch:
            said.append((from_client, plain))

    def _message(self, from_client: bool, epoch: int, kind: int, body: bytes, raw: bytes) -> None:
        if epoch >= EPOCHS:
            raise ValueError(f"its keys change more than {EPOCHS} times")
        if epoch == len(self._epochs):
            self._epochs.append(Agreement())
        agreement = self._epochs[epoch]
        if from_client and kind == CLIENT_HELLO:
            hello = whole(partial(client_hello, datagrams=True), body)
            self.client = self.client or hello
            agreement.begin(hello)
        elif not from_client and kind == SERVER_HELLO:
            agreement.server = whole(server_hello, body)
            self.server = self.server or agreement.server
            self.protects = self.protects and not unprotected(agreement.server.cipher)
            self.alpn = self.alpn or agreement.server.protocol.decode("latin-1")
        if kind not in (HELLO_REQUEST, VERIFY):
            agreement.hear(kind, body, raw)


class _Messages:
    """The handshake of one direction, as it is hashed: whole, with the numbers of its messages."""

    def __init__(self) -> None:
        self._fragments = Fragments()
        self._count = 0

    def feed(self, data: bytes) -> list[tuple[int, bytes, bytes]]:
        found = []
        for message in self._fragments.feed(data):
            size, number = len(message.body).to_bytes(3), self._count.to_bytes(2)
            head = bytes([message.kind]) + size + number + bytes(3) + size
            found.append((message.kind, message.body, head + message.body))
            self._count += 1
        return found


class _Seen:
    """The numbers of records that came already."""

    def __init__(self) -> None:
        self._last = 0
        self._numbers: set[int] = set()

    def has(self, number: int) -> bool:
        return number in self._numbers or number + WINDOW < self._last

    def add(self, number: int) -> None:
        self._last = max(self._last, number)
        self._numbers.add(number)
        if len(self._numbers) > 2 * WINDOW:
            self._numbers = {one for one in self._numbers if one + WINDOW >= self._last}
