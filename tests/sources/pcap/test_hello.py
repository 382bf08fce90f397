"""Hellos of TLS: what they say, and that nothing is read past their ends."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.sources.pcap.hello import ALPN, SERVER_NAME, VERSIONS, client_hello, is_grease, server_hello


def block(size: int, data: bytes) -> bytes:
    return len(data).to_bytes(size) + data


def extension(kind: int, data: bytes) -> bytes:
    return kind.to_bytes(2) + block(2, data)


NAME = extension(SERVER_NAME, block(2, b"\0" + block(2, b"Chat.Example.ORG")))
SPEAKS = extension(ALPN, block(2, block(1, b"h2") + block(1, b"http/1.1")))
CLIENT = b"".join(
    (b"\x03\x03", bytes(range(32)), block(1, b""), block(2, b"\x13\x01\x0a\x0a\xc0\x2f"), block(1, b"\0"),
     block(2, NAME + SPEAKS + extension(VERSIONS, block(1, b"\x03\x04\x03\x03"))))
)  # fmt: skip
SERVER = b"".join(
    (b"\x03\x03", bytes(32), block(1, b"id"), b"\x13\x01\0", block(2, extension(VERSIONS, b"\x03\x04")))
)


def test_a_client_says_whom_it_asks_for_and_what_it_speaks() -> None:
    hello = client_hello(CLIENT)
    assert (hello.server_name, hello.protocols) == ("chat.example.org", (b"h2", b"http/1.1"))
    assert (hello.versions, hello.ciphers) == ((0x0304, 0x0303), (0x1301, 0x0A0A, 0xC02F))


def test_a_server_says_what_is_spoken() -> None:
    hello = server_hello(SERVER)
    assert (hello.agreed, hello.cipher, hello.session, hello.retry) == (0x0304, 0x1301, b"id", False)


def test_a_hello_without_extensions_is_one() -> None:
    hello = client_hello(CLIENT[: CLIENT.index(NAME) - 2])
    assert (hello.server_name, hello.protocols, hello.versions) == ("", (), (0x0303,))


@pytest.mark.parametrize("number", [0x0A0A, 0xFAFA])
def test_numbers_that_mean_nothing_are_known(number: int) -> None:
    assert is_grease(number) and not is_grease(number + 1)


@given(st.binary(max_size=200), st.integers(0, len(CLIENT)), st.integers(0, 20))
def test_damage_is_a_value_error_or_another_hello(junk: bytes, at: int, gone: int) -> None:
    for read, whole in ((client_hello, CLIENT), (server_hello, SERVER)):
        try:
            hello = read(whole[:at] + junk + whole[at + gone :])
        except ValueError:
            continue
        assert len(hello.random) == 32
        getattr(hello, "server_name", None)
        getattr(hello, "protocols", None)
