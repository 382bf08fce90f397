"""Keys that travel beside what they open: whoever carries both can read it.

Laws: a value is a key only when it opens something, never by its name or its size: public keys, nonces
and checks look the same. What opens is proof: a cipher that checks itself (GCM, Poly1305), padding
that fits around a text (CBC, ECB), or a stretch of text that chance does not make (CTR). What stands
nearest is tried first, and tries are counted, for each parcel; slow ciphers count for many.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache, partial

from auditor.decoders import DECODERS, NO_CLUE
from auditor.decoders.unwrap import Node
from auditor.model import Path
from auditor.randomness import habits
from auditor.rulebook import megolm, nacl
from auditor.text import as_text

TRIES = 1_000  # of one parcel
NEAR = 6  # keys, and values that may go with them, which are tried for one message
SLOW = 20  # tries that a cipher costs which Python itself must count out
SHOWN = 4_096  # bytes of what it opened
LARGE = 16_384  # bytes of a value that cost another try
KEYS = (16, 24, 32)
NONCES = (12, 16)
TAG = 16
WHOLE = ("body", "query")  # where an app writes
PROOF = 20  # bytes of text; of random bytes so many are text once in 100 million times
_CODED = (16, 22, 24, 32, 43, 44, 48, 64)  # letters of such values in base64 and in hexadecimal
_NAMED = re.compile(r"(?i)(?:key|secret)$")
_CALLED = re.compile(r"(?i)key|secret|passw|passphrase")
_AGREED = re.compile(r"(?i)one_?time|fallback|curve|25519|x448|bundle|claim|omemo")  # halves of agreements
_KNOWN = re.compile(
    r"(?i)pub|sender|recipient|identity|ephemeral|sign|verif|pre_?key|ratchet|device|api|access|push|client|app"
)
_CODES = (DECODERS["hex"], DECODERS["base64"])


@dataclass(frozen=True, slots=True)
class Value:
    data: bytes
    path: Path


@dataclass(frozen=True, slots=True)
class Opened:
    """What came out, by which cipher, and where its key lies."""

    plain: bytes
    cipher: str
    key: Path


@dataclass(frozen=True, slots=True)
class Shut:
    """A value that nothing in its parcel opened, and what may go with a key to it."""

    data: bytes
    beside: tuple[bytes, ...] = ()

    def ways(self, key: bytes, called: bool = True) -> Iterator[tuple[str, int, "Opener"]]:
        """Each cipher, what a try of it costs, and the try; of what is called a key a few more."""
        beside = [one for one in self.beside if one not in (key, self.data)]
        cost = 1 + len(self.data) // LARGE
        if megolm.is_session(key):
            if megolm.is_message(self.data):
                yield "megolm", cost * SLOW, partial(megolm.opened, key, self.data, _padded)
            return
        for cipher, opener in _ways(key, self.data, beside):
            yield cipher, cost, opener
        if len(key) == KEYS[-1]:
            starts = [(one, self.data) for one in beside if len(one) == nacl.NONCE]
            if called and len(self.data) > nacl.NONCE + TAG:
                starts.append((self.data[: nacl.NONCE], self.data[nacl.NONCE :]))
            for nonce, sealed in starts:
                yield "xchacha20-poly1305", cost * SLOW, partial(_stretched, key, nonce, sealed)
                yield "xsalsa20-poly1305", cost * SLOW, partial(_boxed, key, nonce, sealed)


class Keyring:
    """Everything in one parcel that could be a key, or go with one."""

    def __init__(self, root: Node) -> None:
        self.left = TRIES
        self.keys: dict[Path, list[Value]] = {}
        self.others: dict[Path, list[Value]] = {}
        for node in root.walk():
            for data in short(node):
                for table, sizes in ((self.keys, KEYS), (self.others, (*NONCES, nacl.NONCE))):
                    if len(data) in sizes:
                        _enter(table, Value(data, node.path))

    def open(self, node: Node) -> Opened | None:
        """What a key of this parcel makes of a value in it."""
        if not self.keys:
            return None
        for shut in self.shut(node):
            for key in _near(self.keys, node.path):
                if key.path == node.path:
                    continue  # what is inside one value does not travel beside it
                for cipher, cost, opener in shut.ways(key.data, calls_it_a_key(key.path[-1]) is True):
                    self.left -= cost
                    if self.left < 0:
                        return None
                    if plain := opener():
                        return Opened(plain, cipher, key.path)
        return None

    def shut(self, node: Node) -> Iterator[Shut]:
        """What may be a ciphertext at a node, with what stands near it."""
        beside = tuple(other.data for other in _near(self.others, node.path))
        return (Shut(data, beside) for data in long(node))


def in_a_session(node: Node) -> Iterator[Shut]:
    """A message that the key of a room opens, whatever stands around it."""
    return (Shut(data) for data in _bytes(node) if megolm.is_message(data))


def _bytes(node: Node) -> Iterator[bytes]:
    return (layer.value for layer in node.layers if isinstance(layer.value, bytes))


def called_keys(root: Node) -> Iterator[Value]:
    """What is as long as keys are, below a name that says so, and below none of what others may know."""
    stack = [(child, False) for child in root.children if child.step in WHOLE]
    while stack:
        node, called = stack.pop()
        says = None if node.step.startswith("#") else calls_it_a_key(node.step)
        if says is False:
            continue
        called = called or says is True
        if node.children:
            stack.extend((child, called) for child in reversed(node.children))
        elif called:
            yield from (Value(data, node.path) for data in short(node) if len(data) in KEYS)
            yield from (Value(data, node.path) for data in _bytes(node) if megolm.is_session(data))


@lru_cache(1024)
def calls_it_a_key(name: str) -> bool | None:
    """Whether it calls what it holds a key; false of what others may know."""
    if _KNOWN.search(name) or _AGREED.search(name):
        return False
    return _CALLED.search(name) is not None or None


def short(node: Node) -> Iterator[bytes]:
    """The values at a node that are as long as keys are, each once, however they are written."""
    found = set()
    for layer in node.layers:
        text = isinstance(layer.value, str)
        if not text or layer.data.isalnum():  # addresses and sentences are no keys
            found.add(layer.data)
        if text and len(layer.value) in _CODED:
            for code in _CODES:
                with suppress(ValueError):
                    found.add(bytes(code.unwrap(layer.data, NO_CLUE)))
                    break
    if node.seal is not None:
        found |= {data for _, data in node.seal.parts}
    return (data for data in sorted(found) if len(data) in {*KEYS, *NONCES})


def long(node: Node) -> Iterator[bytes]:
    """What may be a ciphertext, at a node and below it; of what is an envelope by itself its largest part."""
    for one in node.walk():
        whole = one.seal is not None and one.seal.shut and one.seal.alone
        found = [layer.value for layer in one.layers[-1:] if isinstance(layer.value, bytes) and not whole]
        found += [part for _, part in one.seal.parts] if one.seal is not None else []
        largest = max(found, key=len, default=b"")
        if len(largest) >= TAG:
            yield largest


def may_be_key(node: Node) -> bool:
    """Whether noise is called a key, and none that others may know: a name proves nothing, but it warns."""
    name = next((step for step in reversed(node.path) if not step.startswith("#")), "")
    if node.children or not _NAMED.search(name) or _KNOWN.search(name):
        return False
    shut = node.seal is not None and node.seal.shut
    noise = [layer.value for layer in node.layers if isinstance(layer.value, bytes)]
    return not shut and any(len(data) >= TAG and not habits(data) for data in (*noise, *short(node)))


def _enter(table: dict[Path, list[Value]], value: Value) -> None:
    for length in range(len(value.path)):
        room = table.setdefault(value.path[:length], [])
        if len(room) < NEAR:
            room.append(value)


def _near(table: dict[Path, list[Value]], path: Path) -> list[Value]:
    """The nearest first: those that share the most of its path."""
    found: dict[bytes, Value] = {}
    for length in range(len(path), -1, -1):
        for value in table.get(path[:length], ()):
            found.setdefault(value.data, value)
    return list(found.values())[:NEAR]


Opener = Callable[[], bytes]


def _ways(key: bytes, data: bytes, beside: list[bytes]) -> Iterator[tuple[str, Opener]]:
    """Each cipher, with what may be its nonce: a value beside, the first bytes, or zeros for a chain."""
    if len(data) % 16 == 0:
        for start in (*(one for one in beside if len(one) == 16), bytes(16)):
            yield "aes-cbc", partial(_padded, key, "CBC", start, data)
        yield "aes-ecb", partial(_padded, key, "ECB", b"", data)
    tags = [one for one in beside if len(one) == TAG]
    for size in NONCES:
        nonces = [one for one in beside if len(one) == size]
        for nonce, body in (*((one, data) for one in nonces), (data[:size], data[size:])):
            for sealed in (body, *(body + tag for tag in tags if tag != nonce)):
                yield "aes-gcm", partial(_checked, "AESGCM", key, nonce, sealed)
                if size == 12 and len(key) == 32:
                    yield "chacha20-poly1305", partial(_checked, "ChaCha20Poly1305", key, nonce, sealed)
            if size == 12:  # of a check that needs more than is here, the text shows all the same
                yield "aes-gcm", partial(_counted, key, nonce + b"\0\0\0\2", body[:-TAG])
            elif len(body) % 16 == 0 and len(body) < len(data):
                yield "aes-cbc", partial(_padded, key, "CBC", nonce, body)
            yield "aes-ctr", partial(_counted, key, nonce.ljust(16, b"\0"), body)


def _checked(cipher: str, key: bytes, nonce: bytes, sealed: bytes) -> bytes:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers import aead

    try:
        plain: bytes = getattr(aead, cipher)(key).decrypt(nonce, sealed, None)
    except InvalidTag:
        return b""
    return plain


def _stretched(key: bytes, nonce: bytes, sealed: bytes) -> bytes:
    return _checked("ChaCha20Poly1305", nacl.xchacha_key(key, nonce), bytes(4) + nonce[16:], sealed)


def _boxed(key: bytes, nonce: bytes, sealed: bytes) -> bytes:
    """What libsodium calls a secret box: the check stands in front."""
    from cryptography.hazmat.primitives.poly1305 import Poly1305

    inner, start = nacl.xsalsa_start(key, nonce)
    if Poly1305.generate_tag(start[:32], sealed[TAG:]) != sealed[:TAG]:
        return b""
    return nacl.xsalsa_text(inner, start, nonce, sealed[TAG : TAG + SHOWN])


def _counted(key: bytes, counter: bytes, data: bytes) -> bytes:
    plain = _deciphered(key, "CTR", counter, data)
    return plain if len(plain) >= PROOF and isinstance(as_text(plain), str) else b""


def _padded(key: bytes, mode: str, start: bytes, data: bytes) -> bytes:
    """A text in front of the padding of PKCS#7: of random bytes one in a billion is."""
    plain = _deciphered(key, mode, start, data)
    last = plain[-1] if plain else 0
    text = plain[: len(plain) - last]
    fits = 0 < last <= TAG and plain.endswith(bytes([last]) * last)
    return text if fits and isinstance(as_text(text), str) else b""


def _deciphered(key: bytes, mode: str, start: bytes, data: bytes) -> bytes:
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    made = getattr(modes, mode)(*(start,) if start else ())
    decryptor = Cipher(algorithms.AES(key), made).decryptor()
    return decryptor.update(data) + decryptor.finalize()
