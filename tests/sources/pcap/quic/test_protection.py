"""Keys and ciphers, against the examples of the RFCs."""

import pytest
from aioquic.quic.crypto import CryptoPair

from auditor.sources.pcap.quic.protection import SUITES, Opener, expand, first_opener, suites
from auditor.sources.pcap.quic.versions import V1, V2

TARGET = bytes.fromhex("8394c8f03e515708")  # RFC 9001, A, and RFC 9369, A
CHACHA_SECRET = bytes.fromhex("9ac312a7f877468ebe69422748ad00a15443f18203a07d6060f688f30f21632b")


def test_the_first_keys_are_those_of_the_rfc() -> None:
    secret = bytes.fromhex("c00cf151ca5be075ed0ebfb5c80323c42d6b7db67881289af4008f1f6c357aea")
    assert expand(secret, "quic key", 16).hex() == "1f369613dd76d5467730efcbe3b1a22d"
    assert expand(secret, "quic iv", 12).hex() == "fa044b2f42a3fd3b46fb255c"
    assert expand(secret, "quic hp", 16).hex() == "9f50449e04a0e810283a1e9933adedd2"


def test_a_packet_of_the_rfc_opens() -> None:
    opener = Opener(CHACHA_SECRET, SUITES[0x1303])
    packet = bytes.fromhex("4cfe4189655e5cd55c41f69080575d7999c25a5bfb")
    bare = opener.unmask(packet, 1)
    assert bare == (bytes.fromhex("4200bff4"), 0x00BFF4, 3)
    assert opener.open(bare[0], packet[4:], 654_360_564) == b"\1"
    assert opener.open(bare[0], packet[4:], 654_360_563) is None
    assert opener.open(bare[0], packet[4:-1] + b"\0", 654_360_564) is None


def test_keys_of_the_next_phase_are_those_of_the_rfc() -> None:
    expected = "1223504755036d556342ee9361d253421a826c9ecdf3c7148684b36b714881f9"
    assert expand(CHACHA_SECRET, "quic ku", 32).hex() == expected


@pytest.mark.parametrize("version", [V1, V2])
@pytest.mark.parametrize("from_client", [True, False])
def test_first_packets_of_another_program_open(version: object, from_client: bool) -> None:
    pair = CryptoPair()
    number = 1 if version is V1 else 0x6B3343CF
    pair.setup_initial(cid=TARGET, is_client=from_client, version=number)
    header = b"\xc1" + number.to_bytes(4) + b"\x08" + TARGET + b"\0\0\x40\x74" + b"\0\2"
    packet = pair.encrypt_packet(header, b"\1" + bytes(97), 2)
    chosen = V1 if version is V1 else V2
    openers = {way: first_opener(chosen, TARGET, way) for way in (True, False)}
    bare = openers[from_client].unmask(packet, len(header) - 2)
    assert bare == (header, 2, 2)
    assert openers[from_client].open(header, packet[len(header) :], 2) == b"\1" + bytes(97)
    other = openers[not from_client].unmask(packet, len(header) - 2)
    assert other is None or openers[not from_client].open(other[0], packet[len(other[0]) :], other[1]) is None


def test_a_packet_without_room_for_a_sample_is_none() -> None:
    assert Opener(CHACHA_SECRET, SUITES[0x1303]).unmask(bytes(20), 1) is None


def test_a_secret_says_by_its_size_what_it_may_be_for() -> None:
    assert suites(bytes(48)) == [SUITES[0x1302]]
    assert suites(bytes(32)) == [SUITES[0x1301], SUITES[0x1303], SUITES[0x1304]]
    assert suites(bytes(32), 0x1303) == [SUITES[0x1303]]
    assert suites(bytes(20)) == [] and suites(bytes(48), 0x1301) == [SUITES[0x1302]]
