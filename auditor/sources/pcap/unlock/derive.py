"""Keys from secrets: the pseudo-random functions of TLS (RFC 2246, 5246, 8446; SSL 3.0 as in RFC 6101)."""

import hashlib
import hmac

SSL3, TLS1, TLS11, TLS12, TLS13 = 0x0300, 0x0301, 0x0302, 0x0303, 0x0304


def master(version: int, digest: str, premaster: bytes, randoms: bytes) -> bytes:
    return expand(version, digest, premaster, b"master secret", randoms, 48)


def extended_master(version: int, digest: str, premaster: bytes, said: bytes) -> bytes:
    """Bound to all that was said up to the exchange of keys (RFC 7627)."""
    heard = hashlib.new(digest, said).digest() if version >= TLS12 else _md5(said) + _sha1(said)
    return expand(version, digest, premaster, b"extended master secret", heard, 48)


def expand(version: int, digest: str, secret: bytes, label: bytes, seed: bytes, size: int) -> bytes:
    """As many bytes as are needed out of a secret, up to TLS 1.2."""
    if version >= TLS12:
        return _stretch(digest, secret, label + seed, size)
    if version == SSL3:
        return _oldest(secret, seed, size)
    half = (len(secret) + 1) // 2
    one = _stretch("md5", secret[:half], label + seed, size)
    two = _stretch("sha1", secret[len(secret) - half :], label + seed, size)
    return bytes(a ^ b for a, b in zip(one, two, strict=True))


def expand_label(digest: str, secret: bytes, label: bytes, size: int, prefix: bytes = b"tls13 ") -> bytes:
    """As many bytes as are needed out of a secret of TLS 1.3; nothing is bound to them here."""
    label = prefix + label
    info = size.to_bytes(2) + bytes([len(label)]) + label + b"\0"
    made, block, count = b"", b"", 0
    while len(made) < size:
        count += 1
        block = hmac.digest(secret, block + info + bytes([count]), digest)
        made += block
    return made[:size]


def _stretch(digest: str, secret: bytes, seed: bytes, size: int) -> bytes:
    made, link = b"", seed
    while len(made) < size:
        link = hmac.digest(secret, link, digest)
        made += hmac.digest(secret, link + seed, digest)
    return made[:size]


def _oldest(secret: bytes, seed: bytes, size: int) -> bytes:
    made, count = b"", 0
    while len(made) < size:
        count += 1
        letters = bytes([64 + count]) * count
        made += _md5(secret + _sha1(letters + secret + seed))
    return made[:size]


def _md5(data: bytes) -> bytes:
    return hashlib.md5(data, usedforsecurity=False).digest()


def _sha1(data: bytes) -> bytes:
    return hashlib.sha1(data, usedforsecurity=False).digest()
