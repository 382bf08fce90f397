"""Numbers and phases that a packet does not say in full."""

import pytest
from aioquic.quic.crypto import CryptoPair
from aioquic.tls import CipherSuite

from auditor.sources.pcap.quic.lock import MISSES, REMEMBERED, Lock, _nearest
from auditor.sources.pcap.quic.protection import SUITES, Opener

SECRET = bytes(range(32))


class Speaker:
    """One end, as aioquic seals it."""

    def __init__(self) -> None:
        self.pair = CryptoPair()
        self.pair.send.setup(cipher_suite=CipherSuite.AES_128_GCM_SHA256, secret=SECRET, version=1)
        self.pair.recv.setup(cipher_suite=CipherSuite.AES_128_GCM_SHA256, secret=SECRET, version=1)

    def packet(self, number: int, size: int = 2) -> bytes:
        first = 0x40 | size - 1 | self.pair.key_phase << 2
        header = bytes((first,)) + b"identity" + number.to_bytes(8)[-size:]
        return self.pair.encrypt_packet(header, b"\1said in %d" % number + bytes(20), number)

    def update(self) -> None:
        self.pair._update_key("local")


def lock() -> Lock:
    return Lock([Opener(bytes(32), SUITES[0x1303]), Opener(SECRET, SUITES[0x1301])], phased=True)


def numbers(one: Lock, packets: list[bytes]) -> list[int | None]:
    return [opened.number if (opened := one.open(packet, 9)) else None for packet in packets]


def test_the_example_of_the_rfc() -> None:
    assert _nearest(0x9B32, 1 << 16, 0xA82F30EA + 1) == 0xA82F9B32


@pytest.mark.parametrize("size", [1, 2, 4])
def test_numbers_follow_from_what_was_opened(size: int) -> None:
    speaker, one = Speaker(), lock()
    said = [0, 1, 5, 3, 100, 90, 200, 255, 256, 257, 300]
    assert numbers(one, [speaker.packet(number, size) for number in said]) == said


def test_some_windows_of_numbers_may_be_lost() -> None:
    speaker, one = Speaker(), lock()
    assert numbers(one, [speaker.packet(number, 1) for number in (3, 600, 90)]) == [3, 600, 90]


def test_what_the_other_side_has_heard_of_tells_the_number() -> None:
    speaker, one = Speaker(), lock()
    far = speaker.packet(1_000_000, 1)
    assert numbers(one, [speaker.packet(0, 1), far]) == [0, None]
    one.acknowledged = 999_990
    assert numbers(one, [far]) == [1_000_000]


def test_phases_follow_each_other_and_old_ones_are_kept() -> None:
    speaker, one, packets = Speaker(), lock(), []
    for number in range(8):
        packets.append(speaker.packet(number))
        speaker.update()
    assert numbers(one, packets) == list(range(8))
    late = [speaker.packet(9)]
    assert numbers(one, [packets[6], packets[7], *late]) == [6, 7, 9]
    assert one.generation == 8


def test_a_copy_is_known_as_one() -> None:
    speaker, one = Speaker(), lock()
    packet = speaker.packet(7)
    found = [one.open(packet, 9) for _ in range(2)]
    assert [opened and opened.again for opened in found] == [False, True]


def test_copies_are_remembered_for_a_while() -> None:
    speaker, one = Speaker(), lock()
    packets = [speaker.packet(number) for number in range(REMEMBERED + 2)]
    numbers(one, packets)
    again = one.open(packets[0], 9)
    assert again is not None and not again.again and len(one._seen) <= REMEMBERED


def test_after_many_misses_nothing_more_is_tried() -> None:
    speaker, one = Speaker(), lock()
    for _ in range(MISSES):
        assert one.open(bytes(60), 9) is None
    assert one.given_up and one.open(speaker.packet(0), 9) is None
