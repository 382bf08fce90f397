"""Secrets to keys, and packets opened with them: RFC 9001, 5 and 6; RFC 9369 for version 2.

aioquic has all of this for the two ends of a connection: it wants to know the cipher before
the first packet, derives its first keys for a role, throws keys away once they are old, and
closes where a packet surprises it. Who listens in meets packets out of order, of lost phases,
before their hello; so what is here is made of the ciphers alone, and keeps what it has.
"""

import hmac
from collections.abc import Callable
from hashlib import sha256
from typing import Protocol

from msgspec import Struct

from auditor.sources.pcap.quic.versions import Version

_TAG = 16
_SAMPLE = 4  # bytes after the start of the packet number begin the sample
_RESERVED = (0x18, 0x0C)  # bits that are zero in every packet: of short ones, of long ones


class _Cipher(Protocol):
    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes: ...


class Suite(Struct, frozen=True):
    key: int
    hash: str = "sha256"
    cipher: str = "AESGCM"


SUITES = {
    0x1301: Suite(16),
    0x1302: Suite(32, "sha384"),
    0x1303: Suite(32, cipher="ChaCha20Poly1305"),
    0x1304: Suite(16, cipher="AESCCM"),
}
_HASHES = {32: "sha256", 48: "sha384"}


def suites(secret: bytes, cipher: int = 0) -> list[Suite]:
    """The suite of this number, or where nobody knows it, those that have secrets of this size."""
    digest = _HASHES.get(len(secret), "")
    fitting = [suite for suite in SUITES.values() if suite.hash == digest]
    return [SUITES[cipher]] if cipher in SUITES and SUITES[cipher] in fitting else fitting


def expand(secret: bytes, label: str, size: int, digest: str = "sha256") -> bytes:
    """HKDF-Expand-Label of TLS 1.3; nothing here is longer than one hash."""
    name = f"tls13 {label}".encode()
    info = size.to_bytes(2) + bytes((len(name),)) + name + b"\0\1"
    return hmac.digest(secret, info, digest)[:size]


class Opener:
    """What opens the packets of one direction, from one secret on through all its updates."""

    def __init__(self, secret: bytes, suite: Suite, labels: str = "quic") -> None:
        self._suite, self._labels = suite, labels
        self._secrets = [secret]
        self._ciphers: dict[int, tuple[_Cipher, bytes]] = {}
        self._mask = _masks(suite, expand(secret, f"{labels} hp", suite.key, suite.hash))

    def unmask(self, packet: bytes, start: int) -> tuple[bytes, int, int] | None:
        """The header as it was before it was veiled, the number in it and that number's size."""
        sample = packet[start + _SAMPLE : start + _SAMPLE + 16]
        if len(sample) < 16:
            return None
        mask = self._mask(sample)
        long = packet[0] >> 7
        first = packet[0] ^ mask[0] & (0x0F if long else 0x1F)
        if first & _RESERVED[long]:
            return None
        size = (first & 3) + 1
        number = int.from_bytes(packet[start : start + size]) ^ int.from_bytes(mask[1 : 1 + size])
        return bytes((first,)) + packet[1:start] + number.to_bytes(size), number, size

    def open(self, header: bytes, payload: bytes, number: int, generation: int = 0) -> bytes | None:
        """What the packet holds; nothing where the tag says that it is not for this key."""
        from cryptography.exceptions import InvalidTag

        cipher, vector = self._ciphers.get(generation) or self._cipher(generation)
        nonce = (int.from_bytes(vector) ^ number).to_bytes(12)
        try:
            return cipher.decrypt(nonce, payload, header)
        except InvalidTag:
            return None

    def _cipher(self, generation: int) -> tuple[_Cipher, bytes]:
        from cryptography.hazmat.primitives.ciphers import aead

        suite, labels = self._suite, self._labels
        while len(self._secrets) <= generation:
            last = self._secrets[-1]
            self._secrets.append(expand(last, f"{labels} ku", len(last), suite.hash))
        secret = self._secrets[generation]
        key = expand(secret, f"{labels} key", suite.key, suite.hash)
        made = getattr(aead, suite.cipher)(key), expand(secret, f"{labels} iv", 12, suite.hash)
        self._ciphers[generation] = made
        return made


def first_opener(version: Version, target: bytes, from_client: bool) -> Opener:
    """What everybody can make who sees the id that a client thought up for its server."""
    secret = hmac.digest(version.salt, target, sha256)
    label = "client in" if from_client else "server in"
    return Opener(expand(secret, label, 32), SUITES[0x1301], version.labels)


def _masks(suite: Suite, key: bytes) -> Callable[[bytes], bytes]:
    """What makes five bytes of veil of a sample."""
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    if suite.cipher == "ChaCha20Poly1305":
        return lambda sample: Cipher(algorithms.ChaCha20(key, sample), None).encryptor().update(bytes(5))
    encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # noqa: S305  # one block, as the RFC says
    return encryptor.update
