"""JA4: a short name for how a client says hello, the same for all that use the same library.

As published by FoxIO (technical_details/JA4.md, BSD licence): how it is carried, version,
whether a name is asked for, numbers of ciphers and extensions, first ALPN; then a hash of
the ciphers, and one of the extensions with the signature algorithms. Numbers that mean
nothing (GREASE) count nowhere. A fingerprint is no proof: many apps share a library.
"""

from collections.abc import Iterable
from functools import lru_cache
from hashlib import sha256
from typing import TypeAlias

from auditor.sources.pcap.hello import ALPN, GREASE, SERVER_NAME, ClientHello, is_grease

Numbers: TypeAlias = tuple[int, ...]
MOST = 512  # names that are remembered

_VERSIONS = {
    0x0304: "13", 0x0303: "12", 0x0302: "11", 0x0301: "10", 0x0300: "s3", 0x0002: "s2",
    0xFEFF: "d1", 0xFEFD: "d2", 0xFEFC: "d3",
}  # fmt: skip


def ja4(hello: ClientHello, carrier: str = "t") -> str:
    """`carrier` is t for TLS over TCP, q for QUIC, d for DTLS."""
    ciphers = tuple([number for number in hello.ciphers if number not in GREASE])
    extensions = tuple(sorted([number for number, _ in hello.extensions if number not in GREASE]))
    signatures = tuple([number for number in hello.signatures if number not in GREASE])
    return _named(carrier, _version(hello), _speaks(hello), ciphers, extensions, signatures)


@lru_cache(MOST)
def _named(
    carrier: str, version: str, speaks: str, ciphers: Numbers, extensions: Numbers, signatures: Numbers
) -> str:
    """The many connections of one program are hashed once."""
    asked = "d" if SERVER_NAME in extensions else "i"
    counts = f"{min(len(ciphers), 99):02}{min(len(extensions), 99):02}"
    rest = _listed(number for number in extensions if number not in (SERVER_NAME, ALPN))
    rest += f"_{_listed(signatures)}" if signatures else ""
    head = f"{carrier}{version}{asked}{counts}{speaks}"
    return f"{head}_{_hashed(_listed(sorted(ciphers)))}_{_hashed(rest)}"


def _version(hello: ClientHello) -> str:
    """The highest one. Those of DTLS count downwards."""
    known = [number for number in hello.versions if not is_grease(number)] or [hello.version]
    return _VERSIONS.get(min(known) if min(known) >= 0xFE00 else max(known), "00")


def _speaks(hello: ClientHello) -> str:
    """The first and the last character of the first protocol; of its hexadecimal, where one is none."""
    first = next((name for name in hello.protocols if name and not _means_nothing(name)), b"")
    if not first:
        return "00"
    ends = bytes((first[0], first[-1]))
    return ends.decode() if ends.isalnum() else f"{first.hex()[0]}{first.hex()[-1]}"


def _means_nothing(name: bytes) -> bool:
    return len(name) == 2 and is_grease(int.from_bytes(name))


def _listed(numbers: Iterable[int]) -> str:
    return ",".join(f"{number:04x}" for number in numbers)


def _hashed(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:12] if text else "0" * 12
