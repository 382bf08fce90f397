"""True connections of TLS, spoken in memory by the OpenSSL that Python has, with their key logs."""

import datetime
import ssl
import warnings
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dh, dsa, ec, rsa
from cryptography.x509.oid import NameOID

from auditor.sources.pcap.keys import Keys
from auditor.sources.pcap.tls import Tls

ANY = "ALL:COMPLEMENTOFALL:@SECLEVEL=0"
TLS1, TLS11, TLS12, TLS13 = 0x0301, 0x0302, 0x0303, 0x0304
SAYS = (
    (True, b"GET /messages HTTP/1.1\r\nHost: chat.example\r\n\r\n"),
    (False, b"HTTP/1.1 200 OK\r\nContent-Length: 20000\r\n\r\n" + b"meet at seven\n" * 1429),
    (True, b"and a short one"),
    (False, b"yes"),
)


@dataclass(repr=False)
class Spoken:
    wire: list[tuple[bool, bytes]] = field(default_factory=list)
    said: dict[bool, bytes] = field(default_factory=lambda: {True: b"", False: b""})
    session: ssl.SSLSession | None = None
    resumed: bool = False
    log: bytes = b""


def opened(keys: Keys, wire: Iterable[tuple[bool, bytes]]) -> tuple[Tls, dict[bool, bytes]]:
    """What comes out of a connection, each direction for itself."""
    tls, said = Tls(keys), {True: b"", False: b""}
    for way, data in wire:
        for who, words in tls.feed(way, data):
            said[who] += words
    tls.finish()
    return tls, said


_ROOM = TemporaryDirectory(prefix="handshakes-")  # goes away with the program


@cache
def folder() -> Path:
    """Certificates of three kinds, and a group for Diffie-Hellman."""
    made = Path(_ROOM.name)
    kinds: dict[str, rsa.RSAPrivateKey | dsa.DSAPrivateKey | ec.EllipticCurvePrivateKey] = {
        "rsa": rsa.generate_private_key(65537, 2048),
        "dsa": dsa.generate_private_key(1024),
        "ec": ec.generate_private_key(ec.SECP256R1()),
    }
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "chat.example")])
    begin = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    for kind, key in kinds.items():
        certificate = (
            x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
            .serial_number(7).not_valid_before(begin).not_valid_after(begin + datetime.timedelta(9999))
            .sign(key, hashes.SHA256())
        )  # fmt: skip
        private = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
        (made / f"{kind}.pem").write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    group = dh.DHParameterNumbers(_prime(), 2).parameters()
    (made / "dh.pem").write_bytes(
        group.parameter_bytes(serialization.Encoding.PEM, serialization.ParameterFormat.PKCS3)
    )
    return made


def _prime() -> int:
    """The second Oakley group (RFC 2409, 6.2), whose digits are those of pi."""
    places = 1 << 1024

    def arctangent(of: int) -> int:
        power = total = places // of
        for odd in range(3, 10_000, 2):
            power //= -of * of
            total += power // odd
            if not power + (power < 0):
                break
        return total

    pi = 4 * (4 * arctangent(5) - arctangent(239))
    return (1 << 1024) - (1 << 960) - 1 + ((pi * (1 << 894) // places + 129093) << 64)


def contexts(log: Path, version: int = TLS13, ciphers: str = ANY) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A client that logs its keys, and a server."""
    client, server = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    for context in (client, server):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = context.maximum_version = ssl.TLSVersion(version)
        context.set_ciphers(ciphers)
        context.set_alpn_protocols(["h2", "http/1.1"])
    for kind in ("rsa", "dsa", "ec"):
        server.load_cert_chain(folder() / f"{kind}.pem")
    server.load_dh_params(str(folder() / "dh.pem"))
    client.keylog_filename = str(log)
    return client, server


def speak(
    client: ssl.SSLContext,
    server: ssl.SSLContext,
    says: Iterable[tuple[bool, bytes]] = SAYS,
    session: ssl.SSLSession | None = None,
) -> Spoken:
    """One connection from the first byte to the last."""
    spoken = Spoken()
    mouths, ears = ({way: ssl.MemoryBIO() for way in (True, False)} for _ in range(2))
    ends = {
        True: client.wrap_bio(ears[True], mouths[True], server_hostname="chat.example", session=session),
        False: server.wrap_bio(ears[False], mouths[False], server_side=True),
    }
    tapped = {way: _Tap(way, mouths[way], ears[not way], spoken.wire) for way in (True, False)}
    done = {True: False, False: False}
    while not all(done.values()):
        for way, end in ends.items():
            if not done[way]:
                done[way] = _try(end.do_handshake)
            tapped[way].look()
    for way, words in says:
        ends[way].write(words)
        tapped[way].look()
        spoken.said[way] += words
        heard = b""
        while len(heard) < len(words):
            heard += ends[not way].read(len(words))
        tapped[not way].look()
    spoken.session, spoken.resumed = ends[True].session, bool(ends[True].session_reused)
    for way in (True, False):
        _try(ends[way].unwrap)
        tapped[way].look()
    log = ends[True].context.keylog_filename
    spoken.log = Path(log).read_bytes() if log else b""
    return spoken


class _Tap:
    """Copies what one end writes, on its way to the other."""

    def __init__(
        self, way: bool, mouth: ssl.MemoryBIO, ear: ssl.MemoryBIO, wire: list[tuple[bool, bytes]]
    ) -> None:
        self._way, self._mouth, self._ear, self._wire = way, mouth, ear, wire

    def look(self) -> None:
        if self._mouth.pending:
            data = self._mouth.read()
            self._wire.append((self._way, data))
            self._ear.write(data)


def _try(step: object) -> bool:
    try:
        step()  # type: ignore[operator]
    except (ssl.SSLWantReadError, ssl.SSLSyscallError):
        return False
    return True
