"""Handshakes in the open: put together however they are cut, and never read where they are sealed."""

import random
import ssl
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.sources.pcap.handshake import LONGEST, MOST, Alert, Handshake
from tests.sources.pcap.hellos import (
    block,
    client,
    extension,
    handshake,
    message,
    name,
    numbers,
    record,
    records,
    server,
    speaks,
)

GREASE = extension(0x0A0A) + extension(0xFAFA, b"\0")
HELLO = message(1, client(GREASE, name("chat.example"), speaks(b"h2"), ciphers=numbers(0x1A1A, 0x1301)))
ANSWER = message(2, server(speaks(b"h2")))
CHAIN = message(11, block(3, block(3, b"first") + block(3, b"second")))
CHANGE = record(20, b"\1")


def seen(*said: tuple[bool, bytes], datagrams: bool = False) -> Handshake:
    made = Handshake(datagrams)
    for from_client, data in said:
        made.feed(from_client, data)
    return made


@pytest.mark.parametrize("size", [1, 3, 50, 16384])
def test_messages_run_across_records_and_records_across_segments(size: int) -> None:
    asked, answered = records(HELLO, size), records(ANSWER + CHAIN + message(14, b""), size)
    pieces = [(True, asked[at : at + 7]) for at in range(0, len(asked), 7)]
    found = seen(*pieces, (False, answered))
    assert found.client and found.server
    assert (found.client.server_name, found.server.protocol) == ("chat.example", b"h2")
    assert (found.certificates, found.over, found.stopped) == ((b"first", b"second"), False, "")


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_what_openssl_says_is_read_up_to_where_it_is_sealed(tmp_path: Path, version: ssl.TLSVersion) -> None:
    found = seen(*handshake(tmp_path, "chat.example", version))
    assert found.client and found.server and found.over
    assert (found.client.server_name, found.server.agreed) == ("chat.example", version.value)
    assert (found.stopped, len(found.certificates)) == ("", version is ssl.TLSVersion.TLSv1_2)


def test_a_client_that_trusts_nobody_says_so_in_the_open(tmp_path: Path) -> None:
    found = seen(*handshake(tmp_path, "chat.example", ssl.TLSVersion.TLSv1_2, trust=True))
    assert found.alerts == (Alert(True, True, 48),)


def test_a_second_hello_after_a_retry_is_waited_for() -> None:
    retry = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")
    again = server(extension(43, b"\3\4"), cipher=0x1301).replace(bytes(range(32)), retry)
    final = message(2, server(extension(43, b"\3\4"), cipher=0x1302))
    found = seen(
        (True, records(HELLO)), (False, records(message(2, again)) + CHANGE), (True, CHANGE + records(HELLO)),
        (False, records(final) + CHANGE + record(23, b"x" * 40)), (True, record(23, b"x" * 40)),
    )  # fmt: skip
    assert found.server
    assert (found.retried, found.server.cipher, found.over) == (True, 0x1302, True)


def test_nothing_is_read_behind_a_change() -> None:
    found = seen((True, records(HELLO)), (False, records(ANSWER) + CHANGE + records(CHAIN)))
    assert (found.sealed, found.certificates) == ({True: False, False: True}, ())


def test_a_hello_in_the_words_of_ssl_2_is_one() -> None:
    body = b"\1\3\1" + numbers(6, 0, 16) + b"\0\0\x2f\1\0\x80" + bytes(16)
    found = seen((True, (0x8000 | len(body)).to_bytes(2) + body))
    assert found.client
    assert (found.client.version, found.client.ciphers) == (0x0301, (0x2F,))


def datagram(kind: int, body: bytes, epoch: int = 0) -> bytes:
    return bytes((kind,)) + b"\xfe\xfd" + epoch.to_bytes(2) + bytes(6) + block(2, body)


def fragment(kind: int, body: bytes, number: int, start: int, end: int) -> bytes:
    head = bytes((kind,)) + len(body).to_bytes(3) + number.to_bytes(2) + start.to_bytes(3)
    return head + block(3, body[start:end])


PLAIN = client(name("call.example"), version=0xFEFD)
ASKS = PLAIN[:35] + block(1, b"cookie") + PLAIN[35:]  # behind version, random and session


@pytest.mark.parametrize("seed", range(5))
def test_fragments_of_datagrams_come_in_any_order_and_twice(seed: int) -> None:
    pieces = [fragment(1, ASKS, 0, at, at + 9) for at in range(0, len(ASKS), 5)]
    random.Random(seed).shuffle(pieces)
    found = seen(*((True, datagram(22, piece)) for piece in [*pieces, *pieces[:3]]), datagrams=True)
    assert found.client
    assert (found.client.server_name, found.client.cookie, found.stopped) == ("call.example", b"cookie", "")


def test_datagrams_of_a_later_epoch_are_sealed() -> None:
    found = seen((True, datagram(22, fragment(1, ASKS, 0, 0, len(ASKS)), epoch=1)), datagrams=True)
    assert (found.client, found.sealed[True]) == (None, True)


TOO_MUCH = {
    "a message": records(b"\1" + (LONGEST + 1).to_bytes(3)),
    "messages": records(message(0, b"") * (MOST + 1)),
}
TOO_MUCH_IN_DATAGRAMS = {
    "a message": b"\1" + (LONGEST + 1).to_bytes(3) + bytes(2) + bytes(3) + bytes(3),
    "messages": b"".join(fragment(0, b"x", number, 0, 1) for number in range(MOST + 1)),
    "a fragment beyond its message": b"\1" + (2).to_bytes(3) + bytes(2) + bytes(3) + block(3, b"xxx"),
    "different messages": fragment(1, b"xx", 0, 0, 1) + fragment(1, b"xxx", 0, 0, 1),
    "fragments": b"".join(fragment(1, bytes(999), 0, at, at + 1) for at in range(0, 2 * MOST + 4, 2)),
}


@pytest.mark.parametrize("what", TOO_MUCH)
def test_more_than_any_handshake_has_ends_it(what: str) -> None:
    found = seen((True, TOO_MUCH[what]), (True, records(HELLO)))
    assert (found.stopped, found.client, found.over) == ("a handshake that is longer than any", None, True)


@pytest.mark.parametrize("what", TOO_MUCH_IN_DATAGRAMS)
def test_more_than_any_handshake_of_datagrams_has_ends_it(what: str) -> None:
    found = seen((True, datagram(22, TOO_MUCH_IN_DATAGRAMS[what])), datagrams=True)
    assert found.stopped and found.over


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 400), st.binary(max_size=20)), max_size=4))
def test_damage_ends_a_handshake_and_never_the_program(faults: list[tuple[bool, int, bytes]]) -> None:
    said = {True: bytearray(records(HELLO, 40)), False: bytearray(records(ANSWER + CHAIN, 40))}
    for from_client, at, junk in faults:
        said[from_client][at : at + len(junk)] = junk
    found = seen((True, bytes(said[True])), (False, bytes(said[False])))
    assert found.stopped or found.client is None or len(found.client.random) == 32
