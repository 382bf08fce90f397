"""What a connection is shows in how it begins: one table, read whole and byte by byte."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.sources.pcap import recognise
from auditor.sources.pcap.recognise import Asked

HELLO = b"\x16\x03\x01\0\x2a\1\0\0\x26\x03\x03"
SOCKS5 = b"\5\1\0" + b"\5\1\0\3\x09x.example\x01\xbb"
GRANTED = b"\5\0" + b"\5\0\0\1\0\0\0\0\0\0"
NAMED = b"\5\1\2" + b"\1\2ab\3abc" + b"\5\1\0\1\xc0\0\2\1\0\x50"
ANSWERS: list[tuple[Callable[[bytes, bytes], object], bytes, bytes, object]] = [
    (recognise.tls, HELLO, b"", True),
    (recognise.tls, b"", b"\x16\x03\x03\0\x2a\2", True),
    (recognise.tls, b"GET / HTTP/1.1\r\n", b"", False),
    (recognise.http2, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"", True),
    (recognise.http2, b"PRIVMSG bob :hello\r\n", b"", False),
    (recognise.http1, b"GET /a?b=c HTTP/1.1\r\nHost: x\r\n", b"", True),
    (recognise.http1, b"CONNECT x.example:443 HTTP/1.1\r\n", b"", True),
    (recognise.http1, b"MESSAGE sip:bob@x.example SIP/2.0\r\n", b"", False),
    (recognise.http1, b"NICK alice\r\nUSER alice 0 * :x\r\n", b"", False),
    (recognise.http1, b"GET is what he said\r\n", b"", False),
    (recognise.http1, b"", b"220 mail.example ESMTP\r\n", None),
    (recognise.socks, SOCKS5, GRANTED, Asked(19, 12, "x.example", 443)),
    (recognise.socks, NAMED, b"\5\2\1\0" + GRANTED[2:], Asked(21, 14, "192.0.2.1", 80)),
    (
        recognise.socks,
        b"\5\1\0" + b"\5\1\0\4" + bytes(15) + b"\1\0\x50",
        GRANTED,
        Asked(25, 12, "0000:0000:0000:0000:0000:0000:0000:0001", 80),
    ),
    (recognise.socks, b"\4\1\0\x50\xc0\0\2\1me\0", b"\0\x5a" + bytes(6), Asked(11, 8, "192.0.2.1", 80)),
    (
        recognise.socks,
        b"\4\1\0\x50\0\0\0\1me\0x.example\0",
        b"\0\x5a" + bytes(6),
        Asked(21, 8, "x.example", 80),
    ),
    (recognise.socks, SOCKS5, b"\5\xff", False),
    (recognise.socks, SOCKS5, b"\5\0\5\5\0\1" + bytes(6), False),
    (recognise.socks, b"\4\1\0\x50\xc0\0\2\1me\0", b"\0\x5b" + bytes(6), False),
    (recognise.socks, b"\5\0", b"", False),
    (recognise.socks, b"hello", b"", False),
]


@pytest.mark.parametrize(("knows", "client", "server", "answer"), ANSWERS)
def test_a_beginning_is_known_and_never_too_early(
    knows: Callable[[bytes, bytes], object], client: bytes, server: bytes, answer: object
) -> None:
    assert knows(client, server) == answer
    shorter = [(client[:n], b"") for n in range(len(client))] + [
        (client, server[:n]) for n in range(len(server))
    ]
    assert {repr(knows(*one)) for one in shorter} <= {"None", repr(answer)}


PROXIED = [
    (b"PROXY TCP4 192.0.2.1 192.0.2.2 50000 443\r\n", Asked(42, 0)),
    (b"PROXY UNKNOWN\r\n", Asked(15, 0)),
    (b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c" + bytes(12), Asked(28, 0)),
    (b"PROPFIND / HTTP/1.1\r\n", False),
    (b"\r\nhello", False),
    (b"PROXY " + b"x" * 200, False),
]


@pytest.mark.parametrize(("start", "answer"), PROXIED)
def test_what_a_load_balancer_says_before_it_all_is_known(start: bytes, answer: object) -> None:
    assert recognise.proxied(start) == answer
    assert {repr(recognise.proxied(start[:n])) for n in range(len(start))} <= {"None", repr(answer)}
    if answer:
        assert recognise.proxied(start + b"GET / HTTP/1.1\r\n") == answer


@given(st.binary(max_size=60), st.binary(max_size=60))
def test_no_beginning_makes_it_raise(client: bytes, server: bytes) -> None:
    for start in (client, b"\4\1" + client, b"\5\1\0" + client, b"\5\1\2\1" + client):
        for knows in (recognise.tls, recognise.http1, recognise.http2, recognise.socks):
            knows(start, server)
            knows(start, b"\5\0" + server)
        recognise.proxied(start)
