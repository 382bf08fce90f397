"""The private key of a certificate opens what was sealed to it: the exchange of keys by RSA alone."""

from functools import lru_cache

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key


def premaster(pems: list[bytes], sealed: bytes, version: int) -> bytes | None:
    """What a client sealed to one of these keys; it begins with the version that it offered."""
    for pem in pems:
        key = _load(pem)
        if key is None or len(sealed) * 8 != key.key_size:
            continue
        try:
            opened = key.decrypt(sealed, PKCS1v15())
        except ValueError:
            continue
        if len(opened) == 48 and opened.startswith(version.to_bytes(2)):
            return opened
    return None


@lru_cache(maxsize=64)
def _load(pem: bytes) -> RSAPrivateKey | None:
    try:
        key = load_pem_private_key(pem, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None
    return key if isinstance(key, RSAPrivateKey) else None
