"""Tunnels: known by what both ends say to each other, never by a byte that chance makes."""

import random

import pytest

from auditor.sources.pcap.vpn import Piece, behind_length, esp, ike, openvpn, ssh, wireguard

NOISE = random.Random(4)


def noise(size: int) -> bytes:
    return NOISE.randbytes(size)


def piece(data: bytes) -> Piece:
    return Piece(data[:96], len(data))


ASKED = b"\1\0\0\0" + b"\x11\x22\x33\x44" + noise(140)
ANSWERED = b"\2\0\0\0" + noise(4) + b"\x11\x22\x33\x44" + noise(80)
SEALED = b"\4\0\0\0" + noise(28 + 64)

WIREGUARD = {
    "a handshake": ([ASKED, SEALED], [ANSWERED], True),
    "a handshake that nobody answers": ([ASKED], [], True),
    "a second try": ([ASKED[:4] + noise(144), ASKED], [ANSWERED], True),
    "from the middle": ([SEALED, SEALED], [SEALED, SEALED], True),
    "an answer to somebody else": ([ASKED], [ANSWERED[:8] + noise(84)], False),
    "another size": ([ASKED + b"x"], [], False),
    "one way from the middle": ([SEALED] * 4, [], False),
    "something else between": ([ASKED], [noise(92)], False),
    "nothing": ([], [], False),
}


@pytest.mark.parametrize("what", WIREGUARD)
def test_wireguard_shakes_hands(what: str) -> None:
    sent, received, known = WIREGUARD[what]
    assert wireguard([piece(one) for one in sent], [piece(one) for one in received]) is known


SESSION = noise(8)
RESET = b"\x38" + SESSION + b"\0" + bytes(4)
ANSWER = b"\x40" + noise(8) + b"\1" + bytes(4) + SESSION + bytes(4)
TIME = (1_700_000_000).to_bytes(4)
HIDDEN = (
    b"\x38" + SESSION + b"\0\0\0\1" + TIME + noise(37),
    b"\x40" + noise(8) + b"\0\0\0\1" + TIME + noise(49),
)
OPENVPN = {
    "a reset and its answer": (RESET, ANSWER, True),
    "sealed, at one time": (*HIDDEN, True),
    "sealed, at another time": (HIDDEN[0], HIDDEN[1].replace(TIME, bytes(4)), False),
    "an answer to another session": (RESET, ANSWER.replace(SESSION, noise(8)), False),
    "no answer": (RESET, b"", False),
    "a session of zeroes": (RESET.replace(SESSION, bytes(8)), ANSWER.replace(SESSION, bytes(8)), False),
    "text": (b"8" + b" bottles of beer", b"@ bottles of beer on the wall", False),
}


@pytest.mark.parametrize("what", OPENVPN)
def test_openvpn_answers_a_session(what: str) -> None:
    sent, received, known = OPENVPN[what]
    assert openvpn(sent, received) is known
    framed = (behind_length(len(one).to_bytes(2) + one) for one in (sent, received))
    assert openvpn(*framed) is known


def key_exchange(version: int = 0x20, exchange: int = 34, size: int = 28) -> bytes:
    return noise(7) + b"\1" + bytes(8) + bytes((33, version, exchange, 8)) + bytes(4) + size.to_bytes(4)


KEYS = {
    key_exchange(): (("ike", "2"),),
    bytes(4) + key_exchange(): (("ike", "2"),),
    key_exchange(0x10, 2): (("ike", "1"),),
    key_exchange(0x10, 34): None,
    key_exchange(0x30): None,
    key_exchange(size=29): None,
    b"": None,
}


@pytest.mark.parametrize("data", KEYS)
def test_keys_of_ipsec_are_exchanged_in_the_open(data: bytes) -> None:
    assert ike(data) == KEYS[data]


def numbered(*numbers: int, index: bytes = b"\x9a\xbc\xde\xf0") -> list[Piece]:
    return [piece(index + number.to_bytes(4) + noise(40)) for number in numbers]


def test_sealed_packets_of_ipsec_are_numbered_one_by_one() -> None:
    assert esp(numbered(1, 2, 3), []) and esp([], numbered(7, 8, 9, 10))
    assert not esp(numbered(1, 2, 4), []) and not esp(numbered(1, 2), []) and not esp([], [])
    assert not esp(numbered(1, 2, 3), numbered(5, 5, 5))
    assert not esp([*numbered(1, 2), *numbered(3, index=b"other")], [])


GREETINGS = {
    b"SSH-2.0-OpenSSH_9.7\r\n": "SSH-2.0-OpenSSH_9.7", b"SSH-1.99-x\n\0\0": "SSH-1.99-x", b"SSH-2.0-open": "",
    b"SSH-2.0-" + b"x" * 300 + b"\n": "", b"HTTP/1.1 200\r\n": "",
}  # fmt: skip


@pytest.mark.parametrize("start", GREETINGS)
def test_ssh_greets_with_its_program(start: bytes) -> None:
    assert ssh(start) == GREETINGS[start]
