"""What a cipher suite is made of, read off its name: how keys are exchanged, the cipher, the hash."""

from functools import cache

from msgspec import Struct

from auditor.sources.pcap.suites import suite as name_of

_HASHES = ("SHA256", "SHA384", "SHA512", "SHA", "MD5", "SM3")
_DRAFTS = range(0xCC13, 0xCC16)  # ChaCha20 as it was before RFC 7905, under the same names


class Suite(Struct, frozen=True):
    name: str
    exchange: str  # RSA, ECDHE_RSA; nothing in TLS 1.3
    cipher: str  # AES_128_GCM
    digest: str = ""  # SHA256, as it stands in the name

    @property
    def hash(self) -> str:
        """What keys are derived with from TLS 1.2 on, as hashlib names it."""
        return "sha384" if self.digest == "SHA384" else "sha256"


@cache
def suite(number: int) -> Suite:
    name = name_of(number)
    exchange, _, rest = name.rpartition("_WITH_")
    for digest in _HASHES:
        if rest.endswith(f"_{digest}"):
            cipher = rest.removesuffix(f"_{digest}")
            return Suite(name, exchange, cipher if number not in _DRAFTS else f"draft {cipher}", digest)
    return Suite(name, exchange, rest)
