"""Connections seen from outside: what they are, to whom, and that little of them is kept."""

import random
import ssl
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.sources.pcap.outside import DATAGRAMS, START, Outside, Seen, quic
from tests.sources.pcap.hellos import (
    block,
    certificate,
    client,
    handshake,
    message,
    name,
    record,
    records,
    server,
)
from tests.sources.pcap.test_dns import ADDRESS, SAME, A, entry
from tests.sources.pcap.test_dns import message as answer
from tests.sources.pcap.test_handshake import ASKS, datagram, fragment
from tests.sources.pcap.test_stun import ALLOCATE, BINDING, PERSON, REALM, REFUSED
from tests.sources.pcap.test_stun import message as stun
from tests.sources.pcap.test_vpn import ANSWER, ANSWERED, ASKED, RESET, SEALED, key_exchange, numbered

Said = tuple[bool, bytes]


def seen(*said: Said, datagrams: bool = False) -> Seen:
    made = Outside(datagrams)
    for from_client, data in said:
        made.feed(from_client, data)
    return made.seen()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tls_shows_its_name_and_its_kind(tmp_path: Path, version: ssl.TLSVersion) -> None:
    found = seen(*handshake(tmp_path, "chat.example", version))
    facts = dict(found.facts)
    assert (found.transport, found.host, found.named_by) == ("TLS", "chat.example", "SNI")
    assert (facts["tls"], found.protects, found.start) == (f"1.{version.value - 0x301}", True, ())
    assert ("certificate" in facts) is (version is ssl.TLSVersion.TLSv1_2)


def certified(*names: str) -> list[Said]:
    chain = message(11, block(3, block(3, certificate(*names)[0])))
    return [(True, records(message(1, client()))), (False, records(message(2, server()) + chain))]


def test_without_a_name_that_is_asked_for_the_certificate_names_the_host() -> None:
    found = seen(*certified("*.chat.example", "chat.example"))
    assert (found.host, found.named_by) == ("chat.example", "certificate")
    many = seen(*certified("chat.example", "mail.example"))
    assert (many.host, dict(many.facts)["certificate"]) == ("", "chat.example, mail.example")


def test_tls_with_a_null_cipher_protects_nothing() -> None:
    found = seen((True, records(message(1, client()))), (False, records(message(2, server(cipher=1)))))
    assert (found.protects, dict(found.facts)["weak"]) == (False, "null cipher: protects nothing")


def test_tls_is_known_when_only_the_server_was_recorded_or_its_middle() -> None:
    assert seen((False, records(message(2, server())))).transport == "TLS"
    middle = seen((True, record(23, b"x" * 50) * 3))
    assert (middle.transport, middle.facts) == ("TLS", (("begun", "before the capture"),))


def test_a_gap_before_the_hello_makes_it_no_hello() -> None:
    made = Outside()
    made.feed(True, b"\x16\x03\x01")
    made.feed(True, records(message(1, client())), lost=9)
    assert made.seen().transport == "TCP"


SESSION = stun(REFUSED, REALM)
DTLS = [(True, datagram(22, fragment(1, ASKS, 0, 0, len(ASKS))))]
SAID_DTLS = server(version=0xFEFD)
AGREED = [*DTLS, (False, datagram(22, fragment(2, SAID_DTLS, 1, 0, len(SAID_DTLS))))]
SOUND = [
    (way, b"\x80\x6f" + number.to_bytes(2) + bytes(4) + bytes((way,)) * 4 + bytes(160))
    for number in range(9)
    for way in (True, False)
]
GREETED = [(False, b"SSH-2.0-a\r\n"), (True, b"SSH-2.0-b\r\n")]
FRAMED = [(True, len(RESET).to_bytes(2) + RESET), (False, len(ANSWER).to_bytes(2) + ANSWER)]
LOOKUP = answer("chat.example", entry(SAME, A, ADDRESS))
SEALED_NUMBERS = [(True, one.head) for one in numbered(1, 2, 3)]

STREAMS: dict[str, tuple[list[Said], Seen]] = {
    "SSH": (GREETED, Seen("SSH", facts=(("software", "SSH-2.0-b, SSH-2.0-a"),), protects=True)),
    "OpenVPN": (FRAMED, Seen("OpenVPN")),
    "DNS": ([(True, len(LOOKUP).to_bytes(2) + LOOKUP)], Seen("DNS", facts=(("asks for", "chat.example"),))),
    "STUN": ([(True, stun(ALLOCATE)), (False, SESSION)], Seen("STUN", facts=(("realm", "relay.example"),))),
    "something else": ([(True, b"hello"), (True, b" there")], Seen("TCP", start=((True, b"hello there"),))),
}  # fmt: skip
DATAGRAM_STREAMS: dict[str, tuple[list[Said], Seen]] = {
    "DNS": ([(True, LOOKUP)], Seen("DNS", facts=(("asks for", "chat.example"),))),
    "DTLS": (AGREED, Seen("DTLS", "call.example", "SNI")),
    "STUN": ([(True, stun(BINDING, PERSON))], Seen("STUN", facts=(("user name", "shown"),))),
    "TURN": ([(True, stun(ALLOCATE)), (False, SESSION)], Seen("TURN", facts=(("realm", "relay.example"),))),
    "a call through DTLS": ([(True, stun(BINDING)), *AGREED, *SOUND], Seen("SRTP")),
    "a call": (SOUND, Seen("RTP", facts=(("media", "whether it is sealed does not show"),))),
    "WireGuard": ([(True, ASKED), (False, ANSWERED), (True, SEALED)], Seen("WireGuard")),
    "OpenVPN": ([(True, RESET), (False, ANSWER)], Seen("OpenVPN")),
    "IKE": ([(True, key_exchange())], Seen("IPsec")),
    "ESP": (SEALED_NUMBERS, Seen("IPsec")),
    "QUIC": ([(True, b"\xc3\0\0\0\1\x08" + bytes(60))], Seen("QUIC", facts=(("quic", "1"),), protects=True)),
    "RTCP": ([(True, b"\x80\xc8\0\6" + bytes(24))], Seen("RTCP")),
    "something else": ([(True, b"hello")], Seen("UDP", start=((True, b"hello"),))),
}  # fmt: skip


@pytest.mark.parametrize("what", STREAMS)
def test_a_stream_is_known_by_how_it_begins(what: str) -> None:
    said, wanted = STREAMS[what]
    found = seen(*said)
    assert found.transport == wanted.transport
    assert set(wanted.facts) <= set(found.facts) and found.tunnel is (what == "OpenVPN")
    if what != "OpenVPN":
        assert (found.facts, found.protects) == (wanted.facts, wanted.protects)


@pytest.mark.parametrize("what", DATAGRAM_STREAMS)
def test_datagrams_are_known_by_what_they_say(what: str) -> None:
    said, wanted = DATAGRAM_STREAMS[what]
    found = seen(*said, datagrams=True)
    assert (found.transport, found.host, found.named_by) == (wanted.transport, wanted.host, wanted.named_by)
    assert set(wanted.facts) <= set(found.facts)
    assert found.tunnel is (what in ("WireGuard", "OpenVPN", "IKE", "ESP"))


def test_a_vpn_says_that_it_hides_everything() -> None:
    found = seen((True, ASKED), (False, ANSWERED), datagrams=True)
    assert found.facts == (("vpn", "a VPN hides everything that goes through it"),)


QUIC = {
    b"\xc3\0\0\0\1\x08": "1", b"\xc3\x6b\x33\x43\xcf\x08": "2", b"\xc3\xff\0\0\x1d\x08": "draft 29",
    b"\xc3\x1a\x2a\x3a\x4a\x08": "negotiates a version", b"\x80\0\0\0\0\x08": "negotiates a version",
    b"\xc3Q046\x50": "Google Q046", b"\x83\0\0\0\1\x08": "", b"\xc3\0\0\0\1\x15": "", b"\x43\0\0\0\1\x08": "",
    b"\xc3\0\0\0\x09\x08": "", b"\xc3\0": "",
}  # fmt: skip


@pytest.mark.parametrize("start", QUIC)
def test_quic_is_known_by_its_long_header(start: bytes) -> None:
    found = quic(start + bytes(60) if len(start) > 2 else start)
    assert (dict(found.facts)["quic"] if found else "") == QUIC[start]


def test_little_is_kept_of_what_is_not_known() -> None:
    made = Outside()
    for way in (True, False) * 40:
        made.feed(way, random.Random(1).randbytes(900))
    assert made.settled
    assert sum(len(data) for _, data in made.seen().start) <= 2 * START
    calls = Outside(datagrams=True)
    for number in range(2 * DATAGRAMS):
        calls.feed(bool(number % 2), random.Random(number).randbytes(900))
    assert calls.settled and len(calls.seen().start) == 2


def test_the_pieces_of_one_side_are_one_until_the_other_answers() -> None:
    found = seen((True, b"a"), (True, b"b"), (False, b"c"), (True, b"d"))
    assert found.start == ((True, b"ab"), (False, b"c"), (True, b"d"))


@given(st.booleans(), st.lists(st.tuples(st.booleans(), st.binary(max_size=90)), max_size=8))
def test_anything_is_seen_without_a_fault(datagrams: bool, said: list[Said]) -> None:
    found = seen(*said, datagrams=datagrams)
    assert found.transport and len(found.facts) < 64


@given(st.integers(1, 60), st.integers(0, 300), st.binary(max_size=9))
def test_any_cutting_of_a_damaged_hello_is_seen_alike(size: int, at: int, junk: bytes) -> None:
    hello = records(message(1, client(name("chat.example"))), 50)
    hello = hello[:at] + junk + hello[at + len(junk) :]
    cut = [(True, hello[start : start + size]) for start in range(0, len(hello), size)]
    whole, pieces = seen((True, hello)), seen(*cut)
    assert (whole.transport, whole.host, whole.facts) == (pieces.transport, pieces.host, pieces.facts)
