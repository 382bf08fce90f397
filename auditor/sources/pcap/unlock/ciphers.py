"""One record opened: the ciphers of TLS, each with the check that says whether the key fits.

The check names the number that a record has in its direction, so it also finds the place again
after records were lost. What fails is a ValueError, and nothing of it is given out. Ciphers that
chain records are fed every record, whether its check holds or not: the next one hangs on it.
"""

import hashlib
import hmac
from collections.abc import Callable, Iterable
from typing import TypeAlias

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESCCM, AESGCM, ChaCha20Poly1305

from auditor.sources.pcap.unlock.derive import SSL3, TLS11

Aead: TypeAlias = AESGCM | AESCCM | ChaCha20Poly1305
_MISFIT = "no key at hand fits the check of a record"
SIZES = {"MD5": 16, "SHA": 20, "SHA256": 32, "SHA384": 48}  # of the check


class Sealed:
    """A cipher with a check of its own, in TLS 1.2."""

    resumes = True

    def __init__(self, cipher: Aead, start: bytes, tag: int) -> None:
        self._open = cipher.decrypt
        self._start = start
        self._whole = int.from_bytes(start) if len(start) == 12 else None
        self._skip = 12 - len(start)
        self._around = self._skip + tag

    def open(self, kind: int, version: int, numbers: Iterable[int], body: bytes) -> tuple[int, bytes]:
        size = len(body) - self._around
        if size < 0:
            raise ValueError("a record is too short for its check")
        head = (kind << 32 | version << 16 | size).to_bytes(5)
        nonce, sealed = self._start + body[: self._skip], body[self._skip :]
        for number in numbers:
            if self._whole is not None:
                nonce = (self._whole ^ number).to_bytes(12)
            try:
                return number, self._open(nonce, sealed, number.to_bytes(8) + head)
            except InvalidTag:
                continue
        raise ValueError(_MISFIT)


class Sealed13:
    """TLS 1.3: what kind of record it is lies inside, behind what is said."""

    resumes = True

    def __init__(self, cipher: Aead, start: bytes, heads: bool) -> None:
        self._open = cipher.decrypt
        self._start = int.from_bytes(start)
        self._heads = heads  # before draft 25 the head of a record was not checked

    def open(self, kind: int, version: int, numbers: Iterable[int], body: bytes) -> tuple[int, bytes]:
        head = (kind << 32 | version << 16 | len(body)).to_bytes(5) if self._heads else b""
        for number in numbers:
            try:
                return number, self._open((self._start ^ number).to_bytes(12), body, head)
            except InvalidTag:
                continue
        raise ValueError(_MISFIT)


class Mac:
    """The check that stands behind or around a record, up to TLS 1.2."""

    def __init__(self, version: int, digest: str, key: bytes) -> None:
        self.size = SIZES[digest]
        self._digest, self._key = "sha1" if digest == "SHA" else digest.lower(), key
        self._oldest = version == SSL3

    def holds(self, number: int, kind: int, version: int, said: bytes, tag: bytes) -> bool:
        if not self._key:  # a NULL cipher, whose secret nobody needs
            return True
        if self._oldest:
            return self._first(number.to_bytes(8) + bytes([kind]) + len(said).to_bytes(2) + said) == tag
        head = (number << 40 | kind << 32 | version << 16 | len(said)).to_bytes(13)
        return hmac.digest(self._key, head + said, self._digest) == tag

    def _first(self, said: bytes) -> bytes:
        """Of SSL 3.0, before HMAC."""
        room = 48 if self.size == 16 else 40
        inner = hashlib.new(self._digest, self._key + b"6" * room + said).digest()
        return hashlib.new(self._digest, self._key + b"\\" * room + inner).digest()


class Chained:
    """A block cipher (CBC); from TLS 1.1 on each record begins with a block to chain from.

    Since a block is only mixed with the one before, one decryptor serves all records: what it
    makes of the first block is thrown away.
    """

    def __init__(
        self, update: Callable[[bytes], bytes], block: int, mac: Mac, version: int, outside: bool
    ) -> None:
        self._update, self._block, self._mac = update, block, mac
        self._skip = block if version >= TLS11 else 0
        self.resumes = version >= TLS11
        self._any_padding = version == SSL3
        self._outside = outside  # encrypt-then-MAC (RFC 7366)
        self._sure = True  # that what the next record hangs on is what was sent

    def open(self, kind: int, version: int, numbers: Iterable[int], body: bytes) -> tuple[int, bytes]:
        sure, self._sure = self._sure or self._skip > 0 or not self._outside, False
        tag = b""
        if self._outside:
            body, tag = body[: -self._mac.size], body[-self._mac.size :]
        if not body or len(body) % self._block:
            raise ValueError("a record is no whole number of blocks")
        plain = self._update(body)[self._skip :]
        if not plain or plain[-1] >= len(plain):
            raise ValueError(_MISFIT)
        padding = plain[-1] + 1
        if not self._any_padding and plain[-padding:] != bytes([padding - 1]) * padding:
            raise ValueError(_MISFIT)
        plain = plain[:-padding]
        checked = body if self._outside else plain[: -self._mac.size]
        tag = tag or plain[len(checked) :]
        for number in numbers:
            if len(tag) == self._mac.size and self._mac.holds(number, kind, version, checked, tag):
                self._sure = True
                if sure:
                    return number, plain if self._outside else checked
        raise ValueError(_MISFIT)


class Streamed:
    """RC4, or no cipher at all."""

    resumes = False

    def __init__(self, update: Callable[[bytes], bytes], mac: Mac) -> None:
        self._update, self._mac = update, mac

    def open(self, kind: int, version: int, numbers: Iterable[int], body: bytes) -> tuple[int, bytes]:
        plain = self._update(body)
        said, tag = plain[: -self._mac.size], plain[-self._mac.size :]
        for number in numbers:
            if len(tag) == self._mac.size and self._mac.holds(number, kind, version, said, tag):
                return number, said
        raise ValueError(_MISFIT)
