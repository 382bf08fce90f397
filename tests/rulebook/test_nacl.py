"""XSalsa20 and XChaCha20 against the published examples."""

import pytest
from cryptography.hazmat.primitives.poly1305 import Poly1305

from auditor.rulebook import nacl

# Cryptography in NaCl (Bernstein 2009), sections 8 to 10: key, nonce, box and message.
KEY = bytes.fromhex("1b27556473e985d462cd51197a9a46c76009549eac6474f206c4ee0844f68389")
NONCE = bytes.fromhex("69696ee955b62b73cd62bda875fc73d68219e0036b7a0b37")
BOX = bytes.fromhex(
    "f3ffc7703f9400e52a7dfb4b3d3305d98e993b9f48681273c29650ba32fc76ce48332ea7164d96a4476fb8c531a1186a"
    "c0dfc17c98dce87b4da7f011ec48c97271d2c20f9b928fe2270d6fb863d51738b48eeee314a7cc8ab932164548e526ae"
    "90224368517acfeabd6bb3732bc0e9da99832b61ca01b6de56244a9e88d5f9b37973f622a43d14a6599b1f654cb45a74"
    "e355a5"
)
MESSAGE = bytes.fromhex(
    "be075fc53c81f2d5cf141316ebeb0c7b5228c52a4c62cbd44b66849b64244ffce5ecbaaf33bd751a1ac728d45e6c6129"
    "6cdc3c01233561f41db66cce314adb310e3be8250c46f06dceea3a7fa1348057e2f6556ad6b1318a024a838f21af1fde"
    "048977eb48f59ffd4924ca1c60902e52f0a089bc76897040e082f937763848645e0705"
)


def test_the_box_of_the_paper_opens() -> None:
    inner, start = nacl.xsalsa_start(KEY, NONCE)
    assert Poly1305.generate_tag(start[:32], BOX[16:]) == BOX[:16]
    assert nacl.xsalsa_text(inner, start, NONCE, BOX[16:]) == MESSAGE


@pytest.mark.parametrize("length", [0, 1, 31, 32, 33, 95, 96, 97, 131])
def test_the_beginning_opens_as_the_whole_does(length: int) -> None:
    inner, start = nacl.xsalsa_start(KEY, NONCE)
    assert nacl.xsalsa_text(inner, start, NONCE, BOX[16 : 16 + length]) == MESSAGE[:length]


def test_the_key_of_xchacha_is_that_of_the_draft() -> None:
    nonce = bytes.fromhex("000000090000004a0000000031415927") + bytes(8)
    expected = "82413b4227b27bfed30e42508a877d73a0f9e4d58a74a853c12ec41326d3ecdc"
    assert nacl.xchacha_key(bytes(range(32)), nonce).hex() == expected
