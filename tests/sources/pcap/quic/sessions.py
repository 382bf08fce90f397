"""True sessions of QUIC, held in memory by aioquic's two ends, with the secrets of both."""

import datetime
import io
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection
from aioquic.quic.events import QuicEvent
from aioquic.quic.packet import QuicProtocolVersion, encode_quic_retry
from aioquic.tls import CipherSuite, SessionTicket
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from auditor.sources.pcap.keys import Keys

V1, V2 = QuicProtocolVersion.VERSION_1, QuicProtocolVersion.VERSION_2
AES128, AES256 = CipherSuite.AES_128_GCM_SHA256, CipherSuite.AES_256_GCM_SHA384
CHACHA = CipherSuite.CHACHA20_POLY1305_SHA256
HOST = "chat.example.org"
CLIENT, SERVER, MOVED = ("192.0.2.1", 4000), ("192.0.2.2", 443), ("198.51.100.7", 5000)


@cache
def certificate() -> tuple[Any, Any]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, HOST)])
    start = datetime.datetime(2026, 1, 1)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + datetime.timedelta(days=3650))
        .sign(key, hashes.SHA256())
    )
    return made, key


@dataclass
class Datagram:
    from_client: bool
    data: bytes
    address: tuple[str, int]  # of the client


@dataclass
class Session:
    """Both ends, and what somebody between them saw."""

    client: QuicConnection
    server: QuicConnection
    log: io.StringIO
    seen: list[Datagram] = field(default_factory=list)
    heard: dict[bool, list[QuicEvent]] = field(default_factory=lambda: {True: [], False: []})
    now: float = 0.0
    address: tuple[str, int] = CLIENT
    lose: Callable[[Datagram], bool] = lambda _: False  # lost on the road, and seen before

    @property
    def keys(self) -> Keys:
        return Keys([self.log.getvalue().encode()])

    def carry(self, rounds: int = 6) -> None:
        """Datagrams go to and fro until nobody has any."""
        for _ in range(rounds):
            self.now += 0.05
            for from_client in (True, False):
                speaker, listener = (self.client, self.server)[:: 1 if from_client else -1]
                timer = speaker.get_timer()
                if timer is not None and timer <= self.now:
                    speaker.handle_timer(self.now)
                for data, _ in speaker.datagrams_to_send(self.now):
                    one = Datagram(from_client, data, self.address)
                    self.seen.append(one)
                    if not self.lose(one):
                        listener.receive_datagram(data, self.address if from_client else SERVER, self.now)
                for side, end in ((True, self.client), (False, self.server)):
                    while (event := end.next_event()) is not None:
                        self.heard[side].append(event)

    def close(self) -> None:
        self.client.close()
        self.carry(2)


def session(
    cipher: CipherSuite | None = AES128,
    version: int = V1,
    alpn: tuple[str, ...] = ("h3",),
    retry: bool = False,
    ticket: SessionTicket | None = None,
    tickets: dict[bytes, SessionTicket] | None = None,
    keep: Callable[[SessionTicket], None] | None = None,
    before: Callable[[QuicConnection], None] = lambda _: None,
    datagrams: int | None = 65_536,
) -> Session:
    """A connection after its handshake. `before` is said by the client as early as it can."""
    log = io.StringIO()
    suites = [cipher] if cipher else None
    first = QuicConfiguration(
        is_client=True, alpn_protocols=list(alpn), server_name=HOST, secrets_log_file=log, verify_mode=0,
        cipher_suites=suites, session_ticket=ticket, max_datagram_frame_size=datagrams,
        original_version=version, supported_versions=[version], quantum_readiness_test=False,
    )  # fmt: skip
    second = QuicConfiguration(
        is_client=False, alpn_protocols=list(alpn), secrets_log_file=io.StringIO(), cipher_suites=suites,
        max_datagram_frame_size=datagrams, supported_versions=[version],
    )  # fmt: skip
    second.certificate, second.private_key = certificate()
    client = QuicConnection(configuration=first, session_ticket_handler=keep)
    store = {} if tickets is None else tickets

    def put(given: SessionTicket) -> None:
        store[given.ticket] = given

    original = client.original_destination_connection_id
    extra: dict[str, Any] = {}
    early: list[Datagram] = []
    client.connect(SERVER, now=0.0)
    before(client)
    if retry:
        early += [Datagram(True, data, CLIENT) for data, _ in client.datagrams_to_send(0.0)]
        source = bytes(range(8))
        answer = encode_quic_retry(version, source, client.host_cid, original, b"token of the server")
        early.append(Datagram(False, answer, CLIENT))
        client.receive_datagram(answer, SERVER, 0.0)
        extra = {"retry_source_connection_id": source}
    server = QuicConnection(
        configuration=second, original_destination_connection_id=original,
        session_ticket_fetcher=store.get, session_ticket_handler=put, **extra,
    )  # fmt: skip
    made = Session(client, server, log, early)
    made.carry()
    return made
