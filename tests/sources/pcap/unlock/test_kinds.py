"""Names of suites taken apart."""

import pytest

from auditor.sources.pcap.unlock.kinds import Suite, suite


@pytest.mark.parametrize(("number", "found"), [
    (0xC02F, Suite("ECDHE_RSA_WITH_AES_128_GCM_SHA256", "ECDHE_RSA", "AES_128_GCM", "SHA256")),
    (0x1302, Suite("AES_256_GCM_SHA384", "", "AES_256_GCM", "SHA384")),
    (0xC0A8, Suite("PSK_WITH_AES_128_CCM_8", "PSK", "AES_128_CCM_8", "")),
    (0x0001, Suite("RSA_WITH_NULL_MD5", "RSA", "NULL", "MD5")),
    (0x000A, Suite("RSA_WITH_3DES_EDE_CBC_SHA", "RSA", "3DES_EDE_CBC", "SHA")),
    (0xFFFF, Suite("unknown ffff", "", "unknown ffff", "")),
])  # fmt: skip
def test_a_name_says_what_it_is_made_of(number: int, found: Suite) -> None:
    assert suite(number) == found


def test_a_cipher_that_changed_under_its_name_is_another_one() -> None:
    assert suite(0xCC13).cipher == "draft CHACHA20_POLY1305"
    assert suite(0xCCA8).cipher == "CHACHA20_POLY1305"


def test_keys_are_derived_with_sha_256_where_the_name_asks_for_less() -> None:
    assert {suite(number).hash for number in (0x0001, 0x002F, 0xC0A8)} == {"sha256"}
    assert suite(0xC030).hash == "sha384"
