"""TLS of one connection, opened as far as secrets are at hand.

What comes out has passed its check, in the order in which it was said. Where something is missing in
between, because it was lost or did not pass, a saying of no bytes stands in its place.
"""

from auditor.sources.pcap.handshake import MOST, Alert, old_hello
from auditor.sources.pcap.hello import ALPN, EARLY_DATA, ClientHello, Cut, ServerHello, client_hello
from auditor.sources.pcap.keys import Keys
from auditor.sources.pcap.records import ALERT, CHANGE, DATA, HANDSHAKE, OLD_HELLO, Record
from auditor.sources.pcap.shown import of_hellos, told_alert
from auditor.sources.pcap.suites import unprotected
from auditor.sources.pcap.unlock.agreement import (
    CLIENT_HELLO,
    EARLY_ENDS,
    FINISHED,
    HELLO_REQUEST,
    INSIDE,
    MISFIT,
    NEW_KEY,
    SERVER_HELLO,
    Agreement,
    any_server_hello,
    missing,
    whole,
)
from auditor.sources.pcap.unlock.derive import TLS13
from auditor.sources.pcap.unlock.early import Early
from auditor.sources.pcap.unlock.inflate import Inflate
from auditor.sources.pcap.unlock.side import TRIES, Side
from auditor.sources.pcap.unlock.stage import EARLY, SPEECH, Opener, Stage
from auditor.sources.pcap.unlock.stage import HANDSHAKE as HANDSHAKE_STAGE
from auditor.sources.pcap.wire import Facts, Said

HELD = 1 << 20  # bytes that wait for what was agreed
_WHO = {True: "client", False: "server"}


class Tls:
    def __init__(self, keys: Keys) -> None:
        self.client: ClientHello | None = None
        self.server: ServerHello | None = None
        self.alpn = ""
        self.shut = ""  # why nothing more is opened in either direction
        self.protects = True
        self.opened = False  # whether any record was opened
        self.alerts: tuple[Alert, ...] = ()
        self._keys = keys
        self._agreement = Agreement()
        self._sides = {True: Side(), False: Side()}
        self._next: dict[bool, Opener] = {}
        self._inflate: dict[bool, Inflate] = {}
        self._held: list[Record] = []
        self._early: Early | None = None
        self._waiting = 0
        self._retried = False
        self._latest = False  # TLS 1.3
        self._facts: dict[tuple[str, str], None] = {}

    @property
    def facts(self) -> Facts:
        """What shows from outside, and what shows only inside."""
        told = dict.fromkeys(("alert", told_alert(one)) for one in self.alerts)
        return (*of_hellos(self.client, self.server), *self._facts, *told)

    def feed(self, from_client: bool, data: bytes, lost: int = 0) -> list[Said]:
        """What is said in the next bytes of one direction; `lost` are missing before them."""
        side = self._sides[from_client]
        if side.why:
            return []
        said: list[Said] = [(from_client, b"")] if lost and side.sealed else []
        try:
            for record in side.cut(data, lost):
                self._record(from_client, record, said)
                if self._sides[from_client].why:
                    break
        except ValueError as error:
            self._end(str(error))
        if self._sides[from_client].why:
            self._settle()
        return said

    def finish(self) -> None:
        """Nothing more is said: what did not come to a reason is given one."""
        for from_client, side in self._sides.items():
            if side.why or side.opened:
                continue
            self._close(from_client, MISFIT if side.failed else self._lack())
        self._settle()
        for from_client, side in self._sides.items():
            if side.why and not self.shut:
                self.shut = f"what the {_WHO[from_client]} says: {side.why}"

    def _lack(self) -> str:
        if self.client is None:
            return "starts mid-connection" if self.server is None else "the client's hello is missing"
        return "the handshake does not end" if self.server else "the server's hello is missing"

    def _settle(self) -> None:
        if not self.shut and all(side.why for side in self._sides.values()):
            self.shut = self._sides[True].why

    def _close(self, from_client: bool, why: str) -> None:
        """One direction stays shut from here on."""
        if not self._sides[from_client].why:
            self._sides[from_client].shut(why)

    def _end(self, why: str) -> None:
        for from_client in _WHO:
            self._close(from_client, why)
        self._held.clear()

    def _record(self, from_client: bool, record: Record, said: list[Said]) -> None:
        side = self._sides[from_client]
        if side.sealed:
            self._sealed(from_client, record, said)
        elif from_client and self._waits(record):
            self._hold(record)
        elif record.kind == HANDSHAKE:
            if self.client is None and self.server is None and record.body[:1] not in b"\0\1\2":
                self._end("starts mid-connection")
            for kind, body, raw in side.messages(record.body):
                self._message(from_client, kind, body, raw, said)
        elif record.kind == OLD_HELLO:
            self._greeted(old_hello(record.body))
        elif record.kind == ALERT:
            self._alert(from_client, record.body)
        elif record.kind == CHANGE:
            self._change(from_client)
        elif side.broken and self._agreement.server and not self._latest:
            self._change(from_client)
            self._record(from_client, record, said)
        else:
            self._end(self._lack())

    def _waits(self, record: Record) -> bool:
        """A client may speak before its server answered: nobody knows yet under which key."""
        unanswered = self.client is not None and self._agreement.server is None
        return unanswered and (bool(self._held) or record.kind not in (HANDSHAKE, ALERT))

    def _hold(self, record: Record) -> None:
        self._waiting += len(record.body)
        if self._waiting > HELD:
            self._end("the server's hello is missing")
        else:
            self._held.append(record)

    def _message(self, from_client: bool, kind: int, body: bytes, raw: bytes, said: list[Said]) -> None:
        """A message of the handshake in the open, or of one within a connection up to TLS 1.2."""
        if from_client and kind == CLIENT_HELLO:
            self._greeted(whole(client_hello, body))
        elif not from_client and kind == SERVER_HELLO:
            hello = whole(any_server_hello, body)
            if hello.retry:
                self._retried = True
                return
            self.server = self.server or hello
            self._agreement.server = hello
            self._agreed(said)
        if kind != HELLO_REQUEST:
            self._agreement.hear(kind, body, raw)

    def _greeted(self, hello: ClientHello) -> None:
        self.client = self.client or hello
        if self._agreement.server is not None:
            self._agreement, self._next = Agreement(), {}
        self._agreement.begin(hello)

    def _agreed(self, said: list[Said]) -> None:
        agreement, client, server = self._agreement, self._agreement.client, self._agreement.server
        assert server
        self.protects = self.protects and not unprotected(server.cipher)
        self.alpn = self.alpn or server.protocol.decode("latin-1")
        if client is None:
            raise ValueError("the client's hello is missing")
        self._latest = agreement.version == TLS13
        if self._latest:
            for from_client, side in self._sides.items():
                stages = agreement.stages(self._keys, from_client)
                if not stages:
                    self._close(from_client, missing(self._keys, client.random))
                    continue
                side.begin(stages)
            if client.extension(EARLY_DATA) is not None:
                self._early = Early()
                self._sides[True].patience = TRIES
        held, self._held, self._waiting = self._held, [], 0
        for record in held:
            if not self._sides[True].why:
                self._record(True, record, said)

    def _change(self, from_client: bool) -> None:
        """The direction goes over to the keys that were agreed on; in TLS 1.3 this says nothing."""
        if self._latest or (self._retried and self._agreement.server is None):
            return
        if self._agreement.server is None or self._agreement.client is None:
            raise ValueError(self._lack())
        compression = self._agreement.server.compression
        if compression > 1:
            raise ValueError(f"compressed by method {compression}, which is not known")
        if compression:
            self._inflate[from_client] = Inflate()
            self._facts["compression", "deflate"] = None
        if not self._next:
            self._next = self._agreement.openers(self._keys)
            if self._agreement.resumed:
                self._facts["resumed", f"by {self._agreement.resumed}"] = None
        self._agreement.remember(self._keys)
        self._sides[from_client].begin([Stage(SPEECH, self._next[from_client])])

    def _sealed(self, from_client: bool, record: Record, said: list[Said]) -> None:
        side, kind = self._sides[from_client], record.kind
        if self._latest and kind != DATA:
            if kind == ALERT:
                self._alert(from_client, record.body)
            return
        try:
            plain = side.open(record)
            if self._latest:
                plain = plain if plain[-1:] != b"\0" else plain.rstrip(b"\0")
                kind, plain = plain[-1] if plain else 0, plain[:-1]
            elif from_client in self._inflate:
                plain = self._inflate[from_client].open(plain)
        except ValueError as error:
            self._fail(from_client, str(error), said)
            return
        self.opened = True
        if from_client and self._early and side.stages[0].name != EARLY:
            self._early.refuse()
        if kind == DATA:
            if self._early and side.stages[0].name == EARLY:
                plain = self._early.say(plain)
            if plain:
                said.append((from_client, plain))
        elif kind == HANDSHAKE:
            for number, body, raw in side.messages(plain):
                if self._latest:
                    self._inside(from_client, number, body, said)
                else:
                    self._message(from_client, number, body, raw, said)
        elif kind == CHANGE:
            self._change(from_client)
        elif kind == ALERT:
            self._alert(from_client, plain)

    def _inside(self, from_client: bool, kind: int, body: bytes, said: list[Said]) -> None:
        """A message of TLS 1.3 that is sealed."""
        side = self._sides[from_client]
        stage = side.stages[0] if side.stages else None
        if kind == INSIDE and not from_client:
            self._told(body, said)
        elif kind == EARLY_ENDS and self._early and stage and stage.name == EARLY:
            self._take(said)
            side.enter()
        elif kind == FINISHED and stage and stage.name == HANDSHAKE_STAGE:
            side.enter()
        elif kind == NEW_KEY and stage and stage.name == SPEECH:
            side.begin([self._agreement.renewed(stage)])
        if not side.stages and self._agreement.client:
            self._close(from_client, missing(self._keys, self._agreement.client.random))

    def _told(self, body: bytes, said: list[Said]) -> None:
        """What a server of TLS 1.3 says about the connection under the first key."""
        block = Cut(Cut(body).block(2))
        while block.left:
            kind, data = block.number(2), block.block(2)
            if kind == ALPN:
                self.alpn = Cut(Cut(data).block(2)).block(1).decode("latin-1")
            elif kind == EARLY_DATA and self._early:
                self._take(said)

    def _take(self, said: list[Said]) -> None:
        """The server takes what the client said before it was answered."""
        if not self._early or self._early.refused:
            return
        if self._agreement.early:
            said += [(True, early)] if (early := self._early.take()) else []
        elif not self._early.taken:
            self._early.take()
            self._facts["early data", "no secret for it"] = None
            said.append((True, b""))

    def _fail(self, from_client: bool, why: str, said: list[Said]) -> None:
        """A record did not pass its check: later ones may."""
        side = self._sides[from_client]
        if side.opened and said[-1:] != [(from_client, b"")]:
            said.append((from_client, b""))
        if from_client in self._inflate:
            self._close(from_client, f"what hangs on all before it cannot be read on: {why}")
        elif side.hopeless:
            misfit = "records fail their check, one after the other"
            self._close(from_client, misfit if side.opened else MISFIT)

    def _alert(self, from_client: bool, body: bytes) -> None:
        if len(body) == 2 and len(self.alerts) < MOST:
            self.alerts += (Alert(from_client, body[0] == 2, body[1]),)
