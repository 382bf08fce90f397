"""What two ends agreed on in one handshake, and the secrets that belong to it."""

from collections.abc import Callable
from typing import TypeVar

from auditor.sources.pcap.hello import (
    ENCRYPT_THEN_MAC,
    EXTENDED_MASTER_SECRET,
    SESSION_TICKET,
    ClientHello,
    Cut,
    ServerHello,
    server_hello,
)
from auditor.sources.pcap.keys import Keys
from auditor.sources.pcap.unlock.derive import (
    SSL3,
    TLS11,
    TLS12,
    TLS13,
    expand_label,
    extended_master,
    master,
)
from auditor.sources.pcap.unlock.kinds import Suite, suite
from auditor.sources.pcap.unlock.stage import EARLY, HANDSHAKE, SPEECH, Opener, Stage

_Hello = TypeVar("_Hello", ClientHello, ServerHello)
MISFIT = "the secret does not fit this connection"
HEARD = 1 << 18  # bytes of a handshake that are kept until its secret is known
HELLO_REQUEST, CLIENT_HELLO, SERVER_HELLO, VERIFY, NEW_TICKET, EARLY_ENDS = range(6)
INSIDE, KEY_EXCHANGE, FINISHED, NEW_KEY = 8, 16, 20, 24
_DATAGRAMS = {0xFEFF: TLS11, 0xFEFD: TLS12}
_LABELS = (
    (EARLY, "{}_EARLY_TRAFFIC_SECRET"),
    (HANDSHAKE, "{}_HANDSHAKE_TRAFFIC_SECRET"),
    (SPEECH, "{}_TRAFFIC_SECRET_0"),
)


class Agreement:
    """One handshake: what was heard of it, in the order in which it was said."""

    def __init__(self) -> None:
        self.client: ClientHello | None = None
        self.server: ServerHello | None = None
        self.resumed = ""  # how an earlier session was taken up again, where its secret came from there
        self.early = False  # whether a secret is at hand for what a client of TLS 1.3 says unanswered
        self._heard = bytearray()
        self._complete = True  # whether all of it was heard
        self._exchange: bytes | None = None
        self._tickets: list[bytes] = []
        self._master: bytes | None = None

    @property
    def suite(self) -> Suite:
        return suite(self.server.cipher if self.server else 0)

    @property
    def version(self) -> int:
        """As TLS counts; what speaks in datagrams counts backwards."""
        agreed = self.server.agreed if self.server else 0
        return _DATAGRAMS.get(agreed, TLS13 if agreed > 0x7EFF and agreed < 0xFE00 else agreed)

    @property
    def draft(self) -> int:
        """Which draft of TLS 1.3 is spoken, where it is one (7f and fb are the marks of two makers)."""
        agreed = self.server.agreed if self.server else 0
        return (
            agreed & 255 if self.version == TLS13 and agreed != TLS13 and agreed >> 8 in (0x7F, 0xFB) else 0
        )

    def begin(self, hello: ClientHello) -> None:
        self.client = hello
        self._heard.clear()
        self._complete = True

    def hear(self, kind: int, body: bytes, raw: bytes) -> None:
        """The next message of a handshake up to TLS 1.2, with its head as `raw`."""
        if self._exchange is None:
            if len(self._heard) + len(raw) <= HEARD:
                self._heard += raw
            else:
                self._complete = False
        if kind == KEY_EXCHANGE:
            self._exchange = body
        elif kind == NEW_TICKET:
            ticket = Cut(body[4:]).block(2)
            self._tickets = [ticket]

    def miss(self) -> None:
        """Something was said that was not heard."""
        self._complete = False

    def openers(self, keys: Keys) -> dict[bool, Opener]:
        """Up to TLS 1.2: what opens either direction. Why nothing does is a ValueError."""
        from auditor.sources.pcap.unlock.keying import openers

        client, server = self.client, self.server
        if client is None or server is None:
            raise ValueError(f"the {'server' if client else 'client'}'s hello is missing")
        if not SSL3 <= self.version <= TLS12:
            raise ValueError(f"version {server.agreed:04x} of TLS cannot be opened here")
        self._master = self._master or self._find(keys, client, server)
        if self._master is None and self.suite.cipher != "NULL":
            raise ValueError(missing(keys, client.random))
        randoms = server.random + client.random
        outside = server.extension(ENCRYPT_THEN_MAC) is not None
        return openers(self.suite, self.version, self._master or b"", randoms, outside)

    def remember(self, keys: Keys) -> None:
        """So that the session can be taken up again by its number or its ticket."""
        names = (self.server.session if self.server else b"", *self._tickets)
        for name in names if self._master else ():
            if name and self._master:
                keys.remember(name, self._master)

    def stages(self, keys: Keys, from_client: bool) -> list[Stage]:
        """TLS 1.3: what opens one direction, stage by stage, as far as secrets are at hand."""
        from auditor.sources.pcap.unlock.keying import opener13

        assert self.client and self.server
        found = []
        for name, label in _LABELS:
            secret = keys.find(label.format("CLIENT" if from_client else "SERVER"), self.client.random)
            if secret and (from_client or name != EARLY):
                self.early = self.early or name == EARLY
                found.append(Stage(name, opener13(self.suite, secret, self.draft), secret))
        return found

    def renewed(self, stage: Stage) -> Stage:
        """The stage after one end said that it takes a new key (RFC 8446, 7.2)."""
        from auditor.sources.pcap.unlock.keying import opener13

        prefix = b"TLS 1.3, " if 0 < self.draft < 20 else b"tls13 "
        secret = expand_label(self.suite.hash, stage.secret, b"traffic upd", len(stage.secret), prefix)
        return Stage(SPEECH, opener13(self.suite, secret, self.draft), secret)

    def _find(self, keys: Keys, client: ClientHello, server: ServerHello) -> bytes | None:
        """The secret of a connection up to TLS 1.2, wherever it is known from."""
        if found := keys.find("CLIENT_RANDOM", client.random):
            return found
        if earlier := self._earlier(keys, client, server):
            return earlier
        before = keys.find("PMS_CLIENT_RANDOM", client.random) or self._exchanged(keys, client)
        if before is None:
            return None
        if server.extension(EXTENDED_MASTER_SECRET) is None:
            return master(self.version, self.suite.hash, before, client.random + server.random)
        if not self._complete or self._exchange is None:
            raise ValueError("the secret at hand needs the whole handshake, and some of it is missing")
        return extended_master(self.version, self.suite.hash, before, bytes(self._heard))

    def _earlier(self, keys: Keys, client: ClientHello, server: ServerHello) -> bytes | None:
        """Of a session that is taken up again: then no keys are exchanged."""
        if self._exchange is not None:
            return None
        names = (("ticket", client.extension(SESSION_TICKET)), ("session", server.session))
        for self.resumed, name in names:
            if name and (found := keys.recall(name)):
                return found
        self.resumed = ""
        return None

    def _exchanged(self, keys: Keys, client: ClientHello) -> bytes | None:
        """What the client sealed to the server's certificate (RSA)."""
        if self._exchange is None or not self.suite.exchange.startswith("RSA"):
            return None
        try:
            sealed = self._exchange if self.version == SSL3 else Cut(self._exchange).block(2)
        except ValueError:
            return None
        if found := keys.find("RSA", sealed[:8]):
            return found
        if not keys.private:
            return None
        from auditor.sources.pcap.unlock.private import premaster

        return premaster(keys.private, sealed, client.version)


def missing(keys: Keys, random: bytes) -> str:
    """Why a connection stays shut that has no secret."""
    others = len(keys)
    aside = (
        f"; the {others:,} at hand are for others, perhaps for the other side of a proxy" if others else ""
    )
    return f"no secret for client random {random[:4].hex()}…{aside}"


def whole(read: Callable[[bytes], _Hello], body: bytes) -> _Hello:
    """A hello; why it cannot be read, in words that say what is meant."""
    try:
        return read(body)
    except ValueError as error:
        raise ValueError(f"a hello that does not hold together: {error}") from None


def any_server_hello(body: bytes) -> ServerHello:
    """The hello of a server; before draft 22 of TLS 1.3 it named no session and no compression."""
    if body[:1] not in (b"\x7f", b"\xfb"):
        return server_hello(body)
    return server_hello(body[:34] + b"\0" + body[34:36] + b"\0" + body[36:])
