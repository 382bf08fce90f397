"""Hellos and certificates that the tests make: by hand, and by OpenSSL where they must be true."""

import datetime
import ssl
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Said = tuple[bool, bytes]


def block(size: int, data: bytes) -> bytes:
    return len(data).to_bytes(size) + data


def extension(kind: int, data: bytes = b"") -> bytes:
    return kind.to_bytes(2) + block(2, data)


def numbers(*values: int) -> bytes:
    return b"".join(value.to_bytes(2) for value in values)


def name(host: str) -> bytes:
    return extension(0, block(2, b"\0" + block(2, host.encode())))


def speaks(*protocols: bytes) -> bytes:
    return extension(16, block(2, b"".join(block(1, one) for one in protocols)))


def client(*extensions: bytes, ciphers: bytes = b"\x13\x01\xc0\x2f", version: int = 0x0303) -> bytes:
    """The body of a client's hello."""
    head = version.to_bytes(2) + bytes(range(32)) + block(1, b"") + block(2, ciphers) + block(1, b"\0")
    return head + (block(2, b"".join(extensions)) if extensions else b"")


def server(*extensions: bytes, cipher: int = 0xC02F, version: int = 0x0303) -> bytes:
    """The body of a server's hello."""
    head = version.to_bytes(2) + bytes(range(32)) + block(1, b"") + cipher.to_bytes(2) + b"\0"
    return head + (block(2, b"".join(extensions)) if extensions else b"")


def message(kind: int, body: bytes) -> bytes:
    return bytes((kind,)) + block(3, body)


def record(kind: int, body: bytes, version: int = 0x0303) -> bytes:
    return bytes((kind,)) + version.to_bytes(2) + block(2, body)


def records(body: bytes, size: int = 16384, kind: int = 22) -> bytes:
    """The body in records of at most `size` bytes."""
    return b"".join(record(kind, body[at : at + size]) for at in range(0, len(body), size))


@cache
def certificate(*names: str, subject: str = "") -> tuple[bytes, bytes]:
    """A certificate for these names that signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    named = [x509.NameAttribute(NameOID.COMMON_NAME, subject)] if subject else []
    start = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(x509.Name(named))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test Authority")]))
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(start)
        .not_valid_after(start + datetime.timedelta(days=3650))
    )
    if names:
        made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(one) for one in names]), False)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER), private


def handshake(
    folder: Path,
    host: str,
    version: ssl.TLSVersion,
    protocols: tuple[str, ...] = ("h2",),
    trust: bool = False,
) -> list[Said]:
    """What two ends said that shook hands through OpenSSL, flight by flight."""
    der, private = certificate(host, f"*.{host}", subject=host)
    (folder / "chain.pem").write_bytes(ssl.DER_cert_to_PEM_cert(der).encode() + private)
    there = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    there.load_cert_chain(folder / "chain.pem")
    there.set_alpn_protocols(list(protocols))
    here = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    here.check_hostname, here.verify_mode = False, ssl.CERT_REQUIRED if trust else ssl.CERT_NONE
    here.set_alpn_protocols([*protocols, "http/1.1"])
    here.minimum_version = here.maximum_version = version
    wires = {True: ssl.MemoryBIO(), False: ssl.MemoryBIO()}  # what each way has said
    ends = {
        True: here.wrap_bio(wires[False], wires[True], server_hostname=host),
        False: there.wrap_bio(wires[True], wires[False], server_side=True),
    }
    said: list[Said] = []
    for _ in range(4):
        for way in (True, False):
            mark = wires[way]
            try:
                ends[way].do_handshake()
                if way:
                    ends[way].write(b"GET / HTTP/1.1\r\n\r\n")
            except ssl.SSLWantReadError:
                pass
            except ssl.SSLError:
                pass  # it refuses; its alert is on the wire
            if flight := mark.read():
                said.append((way, flight))
                mark.write(flight)
    return said
