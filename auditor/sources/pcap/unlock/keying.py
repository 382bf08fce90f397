"""What opens the records of a connection, made from its secret."""

from collections.abc import Callable
from itertools import accumulate, pairwise

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.decrepit.ciphers import algorithms as old
from cryptography.hazmat.primitives.ciphers import BlockCipherAlgorithm, Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESCCM, AESGCM, ChaCha20Poly1305

from auditor.sources.pcap.unlock.ciphers import SIZES, Aead, Chained, Mac, Sealed, Sealed13, Streamed
from auditor.sources.pcap.unlock.derive import SSL3, TLS12, expand, expand_label
from auditor.sources.pcap.unlock.kinds import Suite
from auditor.sources.pcap.unlock.stage import Opener

# Newer versions of the library keep it among the old ones.
_CAMELLIA: Callable[[bytes], BlockCipherAlgorithm] = getattr(old, "Camellia", None) or algorithms.Camellia
# For each: how it is made, and how many bytes of key, of start and of check or block it has.
_SEALS: dict[str, tuple[Callable[[bytes], Aead], int, int, int]] = {
    "AES_128_GCM": (AESGCM, 16, 4, 16),
    "AES_256_GCM": (AESGCM, 32, 4, 16),
    "AES_128_CCM": (AESCCM, 16, 4, 16),
    "AES_256_CCM": (AESCCM, 32, 4, 16),
    "AES_128_CCM_8": (lambda key: AESCCM(key, 8), 16, 4, 8),
    "AES_256_CCM_8": (lambda key: AESCCM(key, 8), 32, 4, 8),
    "CHACHA20_POLY1305": (ChaCha20Poly1305, 32, 12, 16),
}
_BLOCKS: dict[str, tuple[Callable[[bytes], BlockCipherAlgorithm], int, int]] = {
    "AES_128_CBC": (algorithms.AES, 16, 16),
    "AES_256_CBC": (algorithms.AES, 32, 16),
    "CAMELLIA_128_CBC": (_CAMELLIA, 16, 16),
    "CAMELLIA_256_CBC": (_CAMELLIA, 32, 16),
    "SEED_CBC": (old.SEED, 16, 16),
    "IDEA_CBC": (old.IDEA, 16, 8),
    "3DES_EDE_CBC": (old.TripleDES, 24, 8),
    "DES_CBC": (lambda key: old.TripleDES(key * 3), 8, 8),
    "DES40_CBC": (lambda key: old.TripleDES(key * 3), 8, 8),
}
_STREAMS = {"RC4_128": 16, "RC4_40": 16, "RC4_56": 16, "NULL": 0}
_SECRET = {"DES40_CBC": 5, "RC4_40": 5, "RC4_56": 7}  # bytes of a key that a law left secret


def openers(suite: Suite, version: int, master: bytes, randoms: bytes, outside: bool) -> dict[bool, Opener]:
    """Up to TLS 1.2: what opens the client's records, and what the server's.

    `randoms` are the server's and then the client's; `outside` is encrypt-then-MAC. A suite that
    cannot be opened is a ValueError.
    """
    try:
        return _openers(suite, version, master, randoms, outside)
    except (KeyError, UnsupportedAlgorithm):
        raise _unknown(suite) from None


def opener13(suite: Suite, secret: bytes, draft: int = 0) -> Opener:
    """TLS 1.3: what opens the records that are sealed under a secret."""
    if suite.cipher not in _SEALS or suite.exchange:
        raise _unknown(suite)
    make, size, _, _ = _SEALS[suite.cipher]
    prefix = b"TLS 1.3, " if 0 < draft < 20 else b"tls13 "
    key = expand_label(suite.hash, secret, b"key", size, prefix)
    start = expand_label(suite.hash, secret, b"iv", 12, prefix)
    return Sealed13(make(key), start, not 0 < draft < 25)


def _unknown(suite: Suite) -> ValueError:
    return ValueError(f"{suite.name} is a cipher that cannot be opened here")


def _openers(suite: Suite, version: int, master: bytes, randoms: bytes, outside: bool) -> dict[bool, Opener]:
    size, start, check = _sizes(suite)
    export = "EXPORT" in suite.exchange and size > 0
    if export and version == SSL3:
        raise KeyError(suite.name)
    secret = _SECRET.get(suite.cipher, size)
    cuts = list(accumulate((check, check, secret, secret, start, start), initial=0))
    block = expand(version, suite.hash, master, b"key expansion", randoms, cuts[-1])
    pieces = [block[a:b] for a, b in pairwise(cuts)]
    if export:
        pieces[2:] = _weakened(version, pieces[2:4], (size, start), randoms[32:] + randoms[:32])
    if not master:  # a NULL cipher, read without any secret
        pieces[:2] = b"", b""
    return {
        client: _opener(suite, version, pieces[at], pieces[at + 2], pieces[at + 4], outside)
        for client, at in ((True, 0), (False, 1))
    }


def _sizes(suite: Suite) -> tuple[int, int, int]:
    """Bytes of key, of start and of check."""
    name = suite.cipher
    if name in _SEALS:
        return _SEALS[name][1], _SEALS[name][2], 0
    if name in _BLOCKS:
        return _BLOCKS[name][1], _BLOCKS[name][2], SIZES[suite.digest]
    return _STREAMS[name], 0, SIZES[suite.digest]


def _opener(suite: Suite, version: int, mac: bytes, key: bytes, start: bytes, outside: bool) -> Opener:
    name = suite.cipher
    if name in _SEALS:
        if version < TLS12:
            raise KeyError(name)
        make, _, _, tag = _SEALS[name]
        return Sealed(make(key), start, tag)
    check = Mac(version, suite.digest, mac)
    if name in _BLOCKS:
        kind, _, size = _BLOCKS[name]
        return Chained(Cipher(kind(key), modes.CBC(start)).decryptor().update, size, check, version, outside)
    if name == "NULL":
        return Streamed(bytes, check)
    return Streamed(Cipher(old.ARC4(key), None).decryptor().update, check)


def _weakened(version: int, keys: list[bytes], sizes: tuple[int, int], randoms: bytes) -> list[bytes]:
    """For export: keys drawn from so little that anybody could try them all (RFC 2246, 6.3.1)."""
    size, start = sizes
    labels = (b"client write key", b"server write key")
    long = [expand(version, "sha256", k, label, randoms, size) for k, label in zip(keys, labels, strict=True)]
    vectors = expand(version, "sha256", b"", b"IV block", randoms, 2 * start)
    return [*long, vectors[:start], vectors[start:]]
