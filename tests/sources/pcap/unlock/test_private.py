"""What was sealed to a certificate."""

from functools import cache

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from auditor.sources.pcap.unlock.private import premaster

SECRET = b"\3\3" + bytes(range(46))


@cache
def private(number: int) -> rsa.RSAPrivateKey:
    assert number >= 0
    return rsa.generate_private_key(65537, 1024)


def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def test_the_right_key_opens_it_whatever_else_is_there() -> None:
    sealed = private(1).public_key().encrypt(SECRET, PKCS1v15())
    others = [b"-----BEGIN PRIVATE KEY-----\nno\n-----END PRIVATE KEY-----",
              pem(ec.generate_private_key(ec.SECP256R1())), pem(private(2))]  # fmt: skip
    assert premaster([*others, pem(private(1))], sealed, 0x0303) == SECRET
    assert premaster(others, sealed, 0x0303) is None


def test_it_must_begin_with_the_version_that_was_offered() -> None:
    sealed = private(1).public_key().encrypt(SECRET, PKCS1v15())
    assert premaster([pem(private(1))], sealed, 0x0302) is None


def test_what_has_another_size_is_not_tried() -> None:
    assert premaster([pem(private(1))], b"short", 0x0303) is None
