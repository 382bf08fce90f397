"""Hellos out of order, and over many packets."""

import random

from auditor.sources.pcap.quic.handshake import LONGEST, Message, Talk, encrypted_extensions

HELLO = b"\1\0\2\0" + bytes(range(256)) * 2
NEXT = b"\x14\0\0\3end"


def test_messages_are_put_together_from_pieces_in_any_order() -> None:
    said = HELLO + NEXT
    pieces = [(at, said[at : at + 40]) for at in range(0, len(said), 30)]
    for seed in range(20):
        random.Random(seed).shuffle(pieces)
        talk = Talk()
        found = [message for at, data in pieces for message in talk.feed(at, data)]
        assert found == [Message(1, HELLO[4:]), Message(20, b"end")] and not talk.waiting


def test_a_message_that_is_not_whole_waits() -> None:
    talk = Talk()
    assert talk.feed(0, HELLO[:300]) == [] and talk.waiting


def test_a_message_that_is_too_long_is_not_waited_for() -> None:
    talk = Talk()
    assert talk.feed(0, b"\1" + (LONGEST + 1).to_bytes(3)) == []
    assert talk.broken and talk.feed(4, bytes(100)) == []


def test_the_server_says_which_protocol_it_chose() -> None:
    chosen = b"\x00\x10\x00\x05\x00\x03\x02h3"
    assert encrypted_extensions((len(chosen) + 4).to_bytes(2) + b"\0\x39\0\0" + chosen) == "h3"
    assert encrypted_extensions(b"\0\0") == ""
