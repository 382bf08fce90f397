"""What a record must be before a cipher looks at it, and what hangs on what. See also test_keying.py."""

import hmac
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from auditor.sources.pcap.unlock.ciphers import Chained, Mac, Sealed, Sealed13, Streamed
from auditor.sources.pcap.unlock.derive import SSL3, TLS1, TLS12
from auditor.sources.pcap.unlock.stage import Opener

KEY = bytes(16)


def update() -> Callable[[bytes], bytes]:
    return Cipher(algorithms.AES(KEY), modes.CBC(bytes(16))).decryptor().update


def all_kinds() -> list[Opener]:
    def chained(version: int, outside: bool) -> Chained:
        mac = Mac(version, "SHA", KEY)
        return Chained(update(), 16, mac, version, outside)

    return [
        Sealed(AESGCM(KEY), bytes(4), 16),
        Sealed(AESGCM(KEY), bytes(12), 16),
        Sealed13(AESGCM(KEY), bytes(12), True),
        Streamed(bytes, Mac(TLS12, "MD5", KEY)),
        *(chained(version, outside) for version in (SSL3, TLS1, TLS12) for outside in (False, True)),
    ]


@given(st.binary(max_size=100))
def test_nothing_that_was_not_sealed_with_the_key_is_opened(body: bytes) -> None:
    for opener in all_kinds():
        with pytest.raises(ValueError, match=r"check|blocks"):
            opener.open(23, 0x0303, (0, 1), body)


def test_where_no_numbers_are_tried_nothing_is_opened() -> None:
    with pytest.raises(ValueError, match="no key at hand fits"):
        Sealed(AESGCM(KEY), bytes(12), 16).open(23, 0x0303, (), AESGCM(KEY).encrypt(bytes(12), b"hello", b""))


def test_what_hangs_on_a_record_that_was_damaged_is_not_given_out() -> None:
    """With encrypt-then-MAC and no start of its own, its first block would come out wrong."""
    mac = Mac(TLS1, "SHA", KEY)
    encrypt = Cipher(algorithms.AES(KEY), modes.CBC(bytes(16))).encryptor().update

    def sealed(number: int, text: bytes) -> bytes:
        left = 16 - len(text) % 16
        body = encrypt(text + bytes([left - 1]) * left)
        head = number.to_bytes(8) + b"\x17\x03\x01" + len(body).to_bytes(2)
        return body + hmac.digest(KEY, head + body, "sha1")

    records = [sealed(number, b"meet at %d, and bring cake" % number) for number in range(4)]
    opener = Chained(update(), 16, mac, TLS1, True)
    assert opener.open(23, TLS1, (0,), records[0])[1] == b"meet at 0, and bring cake"
    with pytest.raises(ValueError, match="no key at hand fits"):
        opener.open(23, TLS1, (1,), records[1][:-30] + b"?" + records[1][-29:])
    with pytest.raises(ValueError, match="no key at hand fits"):
        opener.open(23, TLS1, (2,), records[2])
    assert opener.open(23, TLS1, (3,), records[3])[1] == b"meet at 3, and bring cake"
