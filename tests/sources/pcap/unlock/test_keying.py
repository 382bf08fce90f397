"""Every cipher that is known, against records that are sealed here the other way round."""

import hashlib
import hmac
import random
import secrets
from itertools import accumulate, pairwise

import pytest
from cryptography.hazmat.decrepit.ciphers import algorithms as old
from cryptography.hazmat.primitives.ciphers import Cipher, modes

from auditor.sources.pcap.unlock import keying
from auditor.sources.pcap.unlock.ciphers import SIZES
from auditor.sources.pcap.unlock.derive import SSL3, TLS1, TLS11, TLS12, expand, expand_label
from auditor.sources.pcap.unlock.keying import opener13, openers
from auditor.sources.pcap.unlock.kinds import Suite, suite
from auditor.sources.pcap.unlock.stage import Opener

MASTER, RANDOMS = bytes(range(48)), bytes(range(64))
CHAINED = [name for name in keying._BLOCKS if "40" not in name]
STREAMED = ["RC4_128", "NULL"]
SEALED = list(keying._SEALS)
TEXTS = [b"meet at seven", b"", b"x" * 1000]


def pieces(version: int, kind: Suite, sizes: tuple[int, ...]) -> list[bytes]:
    cuts = list(accumulate([size for size in sizes for _ in range(2)], initial=0))
    block = expand(version, kind.hash, MASTER, b"key expansion", RANDOMS, cuts[-1])
    return [block[a:b] for a, b in pairwise(cuts)]


def check(version: int, digest: str, key: bytes, number: int, said: bytes) -> bytes:
    """As the standards write it (RFC 5246, 6.2.3.1; RFC 6101, 5.2.3.1)."""
    name = "sha1" if digest == "SHA" else digest.lower()
    if version == SSL3:
        pad = 48 if digest == "MD5" else 40
        inner = number.to_bytes(8) + b"\x17" + len(said).to_bytes(2) + said
        inner = hashlib.new(name, key + b"\x36" * pad + inner).digest()
        return hashlib.new(name, key + b"\x5c" * pad + inner).digest()
    head = number.to_bytes(8) + b"\x17" + version.to_bytes(2) + len(said).to_bytes(2)
    return hmac.new(key, head + said, name).digest()


def chained(version: int, kind: Suite, outside: bool) -> list[bytes]:
    """Records of a client under a block cipher."""
    make, size, block = keying._BLOCKS[kind.cipher]
    mac, _, key, _, start, _ = pieces(version, kind, (SIZES[kind.digest], size, block))
    made = []
    for number, text in enumerate(TEXTS):
        first = start if version < TLS11 else secrets.token_bytes(block)
        plain = text if outside else text + check(version, kind.digest, mac, number, text)
        left = block - len(plain) % block
        encryptor = Cipher(make(key), modes.CBC(first)).encryptor()
        sealed = encryptor.update(plain + bytes([left - 1]) * left)
        start = sealed[-block:]
        sealed = sealed if version < TLS11 else first + sealed
        made.append(sealed + (check(version, kind.digest, mac, number, sealed) if outside else b""))
    return made


def streamed(version: int, kind: Suite) -> list[bytes]:
    size = keying._STREAMS[kind.cipher]
    mac, _, key, _, *_ = pieces(version, kind, (SIZES[kind.digest], size, 0))
    update = Cipher(old.ARC4(key), None).encryptor().update if key else bytes
    return [update(text + check(version, kind.digest, mac, n, text)) for n, text in enumerate(TEXTS)]


def read(opener: Opener, version: int, records: list[bytes]) -> list[bytes]:
    return [opener.open(23, version, (number,), body)[1] for number, body in enumerate(records)]


@pytest.mark.parametrize("outside", [False, True])
@pytest.mark.parametrize("version", [SSL3, TLS1, TLS11, TLS12])
@pytest.mark.parametrize("digest", ["MD5", "SHA", "SHA256", "SHA384"])
@pytest.mark.parametrize("cipher", CHAINED)
def test_block_ciphers_open_what_they_sealed(cipher: str, digest: str, version: int, outside: bool) -> None:
    if version == SSL3 and (outside or digest not in ("MD5", "SHA")):
        return
    kind = Suite("made", "RSA", cipher, digest)
    records = chained(version, kind, outside)
    assert read(openers(kind, version, MASTER, RANDOMS, outside)[True], version, records) == TEXTS
    with pytest.raises(ValueError, match="no key at hand fits"):
        read(openers(kind, version, MASTER, RANDOMS, outside)[False], version, records)


@pytest.mark.parametrize("version", [SSL3, TLS1, TLS12])
@pytest.mark.parametrize("digest", ["MD5", "SHA"])
@pytest.mark.parametrize("cipher", STREAMED)
def test_stream_ciphers_and_none_open_what_they_sealed(cipher: str, digest: str, version: int) -> None:
    kind = Suite("made", "RSA", cipher, digest)
    records = streamed(version, kind)
    assert read(openers(kind, version, MASTER, RANDOMS, False)[True], version, records) == TEXTS
    with pytest.raises(ValueError, match="no key at hand fits"):
        read(openers(kind, version, MASTER, RANDOMS, False)[False], version, records)


@pytest.mark.parametrize("cipher", SEALED)
def test_ciphers_with_a_check_of_their_own_open_what_they_sealed(cipher: str) -> None:
    kind = Suite("made", "ECDHE_RSA", cipher, "SHA256")
    make, size, start, _ = keying._SEALS[cipher]
    _, _, key, _, salt, _ = pieces(TLS12, kind, (0, size, start))
    records = []
    for number, text in enumerate(TEXTS):
        head = number.to_bytes(8) + b"\x17\x03\x03" + len(text).to_bytes(2)
        shown = random.Random(number).randbytes(12 - start)
        mixed = bytes(a ^ b for a, b in zip(salt, number.to_bytes(12), strict=False))
        nonce = salt + shown if shown else mixed
        records.append(shown + make(key).encrypt(nonce, text, head))
    assert read(openers(kind, TLS12, MASTER, RANDOMS, False)[True], TLS12, records) == TEXTS
    with pytest.raises(ValueError, match="no key at hand fits"):
        read(openers(kind, TLS12, MASTER, RANDOMS, False)[False], TLS12, records)
    with pytest.raises(ValueError, match="cannot be opened here"):
        openers(kind, TLS11, MASTER, RANDOMS, False)


@pytest.mark.parametrize("draft", [0, 18, 23, 28])
@pytest.mark.parametrize("number", range(0x1301, 0x1306))
def test_tls_1_3_and_its_drafts_open_what_they_sealed(number: int, draft: int) -> None:
    kind, secret = suite(number), bytes(range(48 if number == 0x1302 else 32))
    make, size, _, tag = keying._SEALS[kind.cipher]
    prefix = b"TLS 1.3, " if draft == 18 else b"tls13 "
    key = make(expand_label(kind.hash, secret, b"key", size, prefix))
    start = int.from_bytes(expand_label(kind.hash, secret, b"iv", 12, prefix))
    records = []
    for at, text in enumerate(TEXTS):
        head = b"\x17\x03\x03" + (len(text) + tag).to_bytes(2) if draft in (0, 28) else b""
        records.append(key.encrypt((start ^ at).to_bytes(12), text, head))
    assert read(opener13(kind, secret, draft), TLS12, records) == TEXTS


def test_the_number_of_a_record_is_found_among_those_that_are_tried() -> None:
    kind = Suite("made", "RSA", "AES_128_CBC", "SHA")
    records = chained(TLS12, kind, False)
    opener = openers(kind, TLS12, MASTER, RANDOMS, False)[True]
    assert opener.open(23, TLS12, range(10), records[2]) == (2, TEXTS[2])
    with pytest.raises(ValueError, match="no key at hand fits"):
        opener.open(23, TLS12, range(3, 10), records[2])


@pytest.mark.parametrize("name", [0xC03C, 0x0006, 0xC0B4, 0xCC13, 0xFFFF])
def test_what_is_not_known_is_named(name: int) -> None:
    """ARIA, RC2, TLS 1.3 without a cipher, a draft, and no suite at all."""
    kind = suite(name)
    with pytest.raises(ValueError, match="is a cipher that cannot be opened here") as error:
        openers(kind, TLS12, MASTER, RANDOMS, False)
    assert kind.name in str(error.value)
    with pytest.raises(ValueError, match="is a cipher that cannot be opened here"):
        opener13(kind, bytes(32))
