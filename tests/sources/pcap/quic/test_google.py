"""Hellos of Google's QUIC, built here by its rules."""

import pytest

from auditor.sources.pcap.quic.google import GoogleHello, _hash, hello, tags


def chlo(**values: bytes) -> bytes:
    listed, body = b"", b""
    for name, value in values.items():
        body += value
        listed += name.encode().ljust(4, b"\0") + len(body).to_bytes(4, "little")
    return b"CHLO" + len(values).to_bytes(2, "little") + b"\0\0" + listed + body


SAID = b"\xa0\1\4\0" + chlo(PAD=b"-" * 40, SNI=b"Chat.example.org", UAID=b"an app")
ASKED = GoogleHello("", "chat.example.org", "an app")


def datagram(version: bytes, said: bytes = SAID) -> bytes:
    if version >= b"Q044":
        header = b"\xc3" + version + b"\x50" + bytes(8) + b"\0\0\0\1"
    else:
        header = b"\x09" + bytes(8) + version + b"\1"
    side = b"Client" if version >= b"Q037" else b""
    return header + _hash(header + said + side) + said


@pytest.mark.parametrize("version", [b"Q024", b"Q035", b"Q037", b"Q043", b"Q044", b"Q046"])
def test_a_hello_shows_whom_it_asks_for(version: bytes) -> None:
    found = hello(datagram(version))
    assert found == GoogleHello(version.decode(), ASKED.server_name, ASKED.user_agent)


@pytest.mark.parametrize("version", [b"Q035", b"Q046"])
def test_a_hello_whose_hash_is_wrong_is_none(version: bytes) -> None:
    data = datagram(version)
    for at in range(len(data)):
        assert hello(data[:at] + bytes((data[at] ^ 4,)) + data[at + 1 :]) is None


def test_the_hash_is_that_of_fnv() -> None:
    assert (
        _hash(b"")[:4] == 0xC295C58D.to_bytes(4, "little")
        or _hash(b"") == (0x6C62272E07BB014262B821756295C58D.to_bytes(16, "little")[:12])
    )
    assert _hash(b"a") == 0xD228CB696F1A8CAF78912B704E4A8964.to_bytes(16, "little")[:12]


@pytest.mark.parametrize(
    "said",
    [b"", b"CHLO", b"CHLO\xff\xff\0\0", chlo(SNI=b"x")[:-1], b"CHLO\2\0\0\0SNI\0\5\0\0\0PAD\0\1\0\0\0hello"],
)
def test_damage_gives_no_name(said: bytes) -> None:
    found = tags(said, "Q050")
    assert found is None or found.server_name == ""
