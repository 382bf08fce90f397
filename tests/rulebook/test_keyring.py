"""Keys that travel beside what they open: each cipher, each way to write a key, and what is none."""

import base64
import json
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, aead, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7
from cryptography.hazmat.primitives.poly1305 import Poly1305

from auditor.decoders.unwrap import Opening
from auditor.rulebook import nacl
from auditor.rulebook.keyring import KEYS, NEAR, SHOWN, SLOW, TAG, TRIES, Keyring, Shut

TEXT = b"meet me at seven by the north gate"
RNG = random.Random(5)
KEY, SHORT_KEY, NONCE, IV = RNG.randbytes(32), RNG.randbytes(16), RNG.randbytes(12), RNG.randbytes(16)
Tree = dict[str, Any]


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def aes(mode: modes.CBC | modes.CTR | modes.ECB, data: bytes = TEXT, key: bytes = KEY) -> bytes:
    cipher = Cipher(algorithms.AES(key), mode).encryptor()
    return cipher.update(data) + cipher.finalize()


def padded(data: bytes = TEXT) -> bytes:
    padder = PKCS7(128).padder()
    return padder.update(data) + padder.finalize()


GCM = aead.AESGCM(KEY).encrypt(NONCE, TEXT, None)
BOUND = aead.AESGCM(KEY).encrypt(NONCE, TEXT, b"to: bob")
SODIUM, LONG = RNG.randbytes(32), RNG.randbytes(24)
STRETCHED = aead.ChaCha20Poly1305(nacl.xchacha_key(SODIUM, LONG)).encrypt(bytes(4) + LONG[16:], TEXT, None)


def boxed(data: bytes) -> bytes:
    inner, start = nacl.xsalsa_start(SODIUM, LONG)
    hidden = nacl.xsalsa_text(inner, start, LONG, data)
    return Poly1305.generate_tag(start[:32], hidden) + hidden


BOX = boxed(TEXT)
SEALED: dict[str, Tree] = {
    "aes-gcm": {"ct": b64(GCM), "iv": b64(NONCE), "key": b64(KEY)},
    "aes-gcm, its nonce in front": {"ct": b64(NONCE + GCM), "key": b64(KEY)},
    "aes-gcm, its check beside": {
        "ct": b64(GCM[:-16]), "iv": b64(NONCE), "tag": b64(GCM[-16:]), "key": b64(KEY),
    },
    "aes-gcm, bound to what is not here": {"ct": b64(BOUND), "iv": b64(NONCE), "key": b64(KEY)},
    "aes-gcm, a short key": {
        "ct": b64(aead.AESGCM(SHORT_KEY).encrypt(NONCE, TEXT, None)), "iv": b64(NONCE), "key": b64(SHORT_KEY),
    },
    "chacha20-poly1305": {
        "ct": b64(aead.ChaCha20Poly1305(KEY).encrypt(NONCE, TEXT, None)), "iv": b64(NONCE), "key": b64(KEY),
    },
    "aes-cbc": {"ct": b64(aes(modes.CBC(IV), padded())), "iv": b64(IV), "key": b64(KEY)},
    "aes-cbc, its start in front": {"ct": b64(IV + aes(modes.CBC(IV), padded())), "key": b64(KEY)},
    "aes-cbc, of zeros": {"ct": b64(aes(modes.CBC(bytes(16)), padded())), "key": b64(KEY)},
    "aes-ctr": {"ct": b64(aes(modes.CTR(IV))), "iv": b64(IV), "key": b64(KEY)},
    "xsalsa20-poly1305": {"ct": b64(BOX), "nonce": b64(LONG), "key": b64(SODIUM)},
    "xsalsa20-poly1305, its nonce in front": {"ct": b64(LONG + BOX), "key": b64(SODIUM)},
    "xchacha20-poly1305": {"ct": b64(STRETCHED), "nonce": b64(LONG), "key": b64(SODIUM)},
    "xchacha20-poly1305, its nonce in front": {"ct": b64(LONG + STRETCHED), "key": b64(SODIUM)},
    "aes-ecb": {"ct": b64(aes(modes.ECB(), padded())), "key": b64(KEY)},
}  # fmt: skip
WRITTEN: dict[str, Callable[[bytes], Any]] = {
    "in hex": bytes.hex,
    "in capitals": lambda data: data.hex().upper(),
    "for addresses": lambda data: base64.urlsafe_b64encode(data).decode().rstrip("="),
    "in a list": lambda data: [b64(data)],
    "deeper": lambda data: {"keys": {"mine": b64(data)}},
    "in JSON in text": lambda data: json.dumps({"k": b64(data)}),
}


def opened(tree: Tree, slot: str = "ct") -> tuple[bytes, str, str] | None:
    root = Opening().open(tree, ("body",))
    node = root.child(slot)
    assert node is not None
    found = Keyring(root).open(node)
    return (found.plain, found.cipher, ".".join(found.key)) if found else None


@pytest.mark.parametrize("how", SEALED)
def test_what_the_key_beside_it_opens_is_read(how: str) -> None:
    found = opened(SEALED[how])
    assert found is not None
    plain, cipher, key = found
    assert plain == TEXT
    assert (cipher, key) == (how.partition(",")[0], "body.key")


@pytest.mark.parametrize("how", WRITTEN)
def test_a_key_is_found_however_it_is_written(how: str) -> None:
    tree = SEALED["aes-gcm"] | {"key": WRITTEN[how](KEY)}
    found = opened(tree)
    assert found is not None
    assert found[2].startswith("body.key")


def test_a_key_may_be_a_text() -> None:
    key = b"correctHorseBatteryStaple1234567"
    tree = {"ct": b64(aead.AESGCM(key).encrypt(NONCE, TEXT, None)), "iv": NONCE.hex(), "secret": key.decode()}
    assert opened(tree) == (TEXT, "aes-gcm", "body.secret")


@pytest.mark.parametrize("how", SEALED)
def test_another_key_opens_nothing(how: str) -> None:
    wrong = random.Random(how)
    tree = SEALED[how] | {
        "key": b64(wrong.randbytes(32)),
        "public": b64(wrong.randbytes(32)),
        "id": wrong.randbytes(16).hex(),
    }
    assert opened(tree) is None


def test_of_thousands_of_random_values_none_opens_another() -> None:
    rng = random.Random(11)

    def trees() -> Iterator[Tree]:
        for _ in range(300):
            yield {
                "ct": b64(rng.randbytes(rng.choice((16, 32, 48, 61, 160)))), "iv": b64(rng.randbytes(12)),
                "n": b64(rng.randbytes(16)), "a": b64(rng.randbytes(32)), "b": b64(rng.randbytes(16)),
            }  # fmt: skip

    assert [tree for tree in trees() if opened(tree)] == []


def test_the_nearest_keys_are_tried_first() -> None:
    near = {"ct": b64(GCM), "iv": b64(NONCE), "key": b64(KEY)}
    others = [{"key": b64(RNG.randbytes(32)), "iv": b64(RNG.randbytes(12))} for _ in range(50 * NEAR)]
    root = Opening().open({"messages": [*others, near, *others]}, ("body",))
    node = next(n for n in root.walk() if n.step == "ct")
    assert Keyring(root).open(node) is not None


def test_tries_are_counted_for_the_whole_parcel() -> None:
    many = [
        {"ct": b64(RNG.randbytes(64)), "a": b64(RNG.randbytes(32)), "b": b64(RNG.randbytes(16))}
        for _ in range(200)
    ]
    root = Opening().open(many, ("body",))
    ring = Keyring(root)
    for node in root.walk():
        if node.step == "ct":
            ring.open(node)
    assert -len(many) * SLOW <= ring.left < 0 < TRIES


def test_of_a_long_box_the_beginning_is_shown() -> None:
    long = boxed(TEXT * 400)
    found = opened({"ct": b64(long), "nonce": b64(LONG), "key": b64(SODIUM)})
    assert found is not None
    assert found[0] == (TEXT * 400)[:SHOWN]


@pytest.mark.parametrize("size", KEYS)
def test_what_is_too_short_for_a_cipher_is_not_tried_with_it(size: int) -> None:
    chance = random.Random(size)
    key, beside = chance.randbytes(size), tuple(chance.randbytes(length) for length in (12, 16, 24))
    for length in range(TAG, 100):
        data = chance.randbytes(length)
        ways = [way for shut in (Shut(data), Shut(data, beside)) for way in shut.ways(key)]
        assert "aes-gcm" in {name for name, _, _ in ways}
        for _, _, opener in ways:
            opener()  # it raises nothing
