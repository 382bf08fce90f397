"""The certificate authority of one session: its own, short-lived, named after it.

A phone that trusts a certificate authority can be lied to by whoever holds its key. So every
session has another key, in a folder that only its owner may enter, and it ends after a week.
"""

import datetime
import ipaddress
import os
from pathlib import Path
from typing import cast

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from auditor.errors import CaptureError

DAYS = 7
BEFORE = 2  # days: the clock of a phone may be behind
STEM = "mitmproxy"  # what the proxy looks for in its folder
CERTIFICATE = f"{STEM}-ca-cert.pem"


def authority(folder: Path, name: str) -> x509.Certificate:
    """The one that lies in the folder, or a new one."""
    key_file = folder / f"{STEM}-ca.pem"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        if not key_file.exists():
            _make(folder, name)
        found = x509.load_pem_x509_certificate(key_file.read_bytes())
    except OSError as exc:
        raise CaptureError(f"{folder}: cannot be written: {exc.strerror}") from exc
    except ValueError as exc:
        raise CaptureError(f"{key_file}: no certificate authority of the proxy") from exc
    if found.not_valid_after_utc < datetime.datetime.now(datetime.UTC):
        raise CaptureError(f"{folder}: this certificate authority has expired; name another folder")
    return found


def fingerprint(certificate: x509.Certificate) -> str:
    """As phones show it."""
    return certificate.fingerprint(hashes.SHA256()).hex(":").upper()


def called(certificate: x509.Certificate) -> str:
    return str(certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)


class Forger:
    """False certificates, of each kind that the trust probe shows."""

    def __init__(self, folder: Path) -> None:
        data = (folder / f"{STEM}-ca.pem").read_bytes()
        self._ours = x509.load_pem_x509_certificate(data)
        self._own = cast(rsa.RSAPrivateKey, serialization.load_pem_private_key(data, None))
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def made(self, kind: str, host: str) -> tuple[x509.Certificate, rsa.RSAPrivateKey]:
        """Wrong in one way, right in all others; ValueError where no certificate can name the host."""
        ends = datetime.datetime.now(datetime.UTC) + datetime.timedelta(
            days=-30 if kind == "expired" else DAYS
        )
        name = "somebody-else.invalid" if kind == "wrong name" else host
        known = kind != "unknown CA"
        signer = self._own if known else self._key
        unsigned = (
            x509.CertificateBuilder()
            .subject_name(_called(name))
            .issuer_name(self._ours.subject if known else _called("an authority that nobody knows"))
            .public_key(self._key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(ends - datetime.timedelta(days=90))
            .not_valid_after(ends)
            .add_extension(x509.SubjectAlternativeName([_named(name)]), critical=False)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self._key.public_key()), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
            )
        )
        return unsigned.sign(signer, hashes.SHA256()), self._key


def _called(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])


def _named(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _make(folder: Path, name: str) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = _signed(key, name).public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    for ending, data in (("-ca-cert.pem", pem), ("-ca-cert.cer", pem), ("-ca.pem", private + pem)):
        number = os.open(folder / f"{STEM}{ending}", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(number, "wb") as file:
            file.write(data)


def _signed(key: rsa.RSAPrivateKey, name: str) -> x509.Certificate:
    now = datetime.datetime.now(datetime.UTC)
    subject = x509.Name(
        [
            *_called(f"auditor {name}"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "auditor, for one session"),
        ]
    )
    usage = x509.KeyUsage(
        digital_signature=False, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, key_cert_sign=True, crl_sign=True,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=BEFORE))
        .not_valid_after(now + datetime.timedelta(days=DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
