"""Keys from secrets: published examples, and what else they must hold."""

import hmac

import pytest

from auditor.sources.pcap.unlock.derive import (
    SSL3,
    TLS1,
    TLS12,
    expand,
    expand_label,
    extended_master,
    master,
)


def test_tls_1_2_as_published() -> None:
    """https://mailarchive.ietf.org/arch/msg/tls/fzVCzk-z3FShgGJ6DOXqM1ydxms/ (with SHA-256)"""
    secret, seed = (
        bytes.fromhex("9bbe436ba940f017b17652849a71db35"),
        bytes.fromhex("a0ba9f936cda311827a6f796ffd5198c"),
    )
    made = expand(TLS12, "sha256", secret, b"test label", seed, 100)
    assert made.hex().startswith("e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a")
    assert len(made) == 100


def test_tls_1_3_as_published() -> None:
    """RFC 8448, 3: the server's key and start for its handshake."""
    secret = bytes.fromhex("b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38")
    assert expand_label("sha256", secret, b"key", 16).hex() == "3fce516009c21727d0f2e4e86ee403bc"
    assert expand_label("sha256", secret, b"iv", 12).hex() == "5d313eb2671276ee13000b30"


def test_more_than_one_block_is_made_where_it_takes_more() -> None:
    long = expand_label("sha256", bytes(32), b"key", 70)
    assert len(long) == 70
    assert long[:32] != long[32:64]


def test_before_tls_1_2_two_hashes_are_mixed() -> None:
    """So that either may be broken: each has one half of the secret."""
    made = expand(TLS1, "sha256", b"ab", b"label", b"seed", 16)
    halves = []
    for digest, half in (("md5", b"a"), ("sha1", b"b")):
        link = hmac.digest(half, b"labelseed", digest)
        halves.append(hmac.digest(half, link + b"labelseed", digest)[:16])
    assert made == bytes(a ^ b for a, b in zip(*halves, strict=True))


@pytest.mark.parametrize("version", [SSL3, TLS1, TLS12])
def test_a_master_secret_has_48_bytes(version: int) -> None:
    assert len(master(version, "sha384", bytes(48), bytes(64))) == 48


def test_an_extended_one_hangs_on_what_was_said() -> None:
    made = {
        extended_master(version, "sha256", bytes(48), said)
        for version in (TLS1, TLS12)
        for said in (b"a", b"b")
    }
    assert len(made) == 4
