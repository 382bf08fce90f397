"""Cipher suites: their numbers, and those that protect nothing."""

import pytest

from auditor.sources.pcap.suites import SUITES, outdated, suite, unprotected

NAMES = {
    0x0000: "NULL_WITH_NULL_NULL", 0x002F: "RSA_WITH_AES_128_CBC_SHA", 0x1301: "AES_128_GCM_SHA256",
    0xC02F: "ECDHE_RSA_WITH_AES_128_GCM_SHA256", 0xCCA8: "ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
    0xE013: "ECC_SM4_CBC_SM3", 0x0A0A: "unknown 0a0a",
}  # fmt: skip
NOTHING = {
    0x0000: "null cipher", 0x0001: "null cipher", 0x003B: "null cipher", 0xC010: "null cipher",
    0xC0B4: "null cipher", 0x0003: "export cipher", 0x0062: "export cipher", 0x0018: "anonymous",
    0xC018: "anonymous", 0x0019: "export cipher", 0xC015: "null cipher",
}  # fmt: skip


@pytest.mark.parametrize("number", NAMES)
def test_a_suite_has_its_registered_name(number: int) -> None:
    assert suite(number) == NAMES[number]


@pytest.mark.parametrize("number", NOTHING)
def test_suites_that_protect_nothing_are_known(number: int) -> None:
    assert unprotected(number).startswith(NOTHING[number])


def test_no_other_suite_is_said_to_protect_nothing() -> None:
    words = ("NULL", "EXPORT", "anon")
    named = {number for number, name in SUITES.items() if any(word in name for word in words)}
    assert {number for number in SUITES if unprotected(number)} == named | {0xC0B4, 0xC0B5}


def test_old_ciphers_are_named() -> None:
    assert [outdated(n) for n in (0x0005, 0x000A, 0x0009, 0xC02F)] == ["RC4", "3DES", "DES_CBC", ""]
