"""Conversations are told apart exactly, however their keys fall, and none is lost."""

import random
import shutil
import subprocess
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.sources.pcap import flows, window
from auditor.sources.pcap.ends import Ends, Mixer, ends
from auditor.sources.pcap.flows import GUESS, ONE, SHUT, TWO, WANTED
from auditor.sources.pcap.sums import Flows, joined, none
from auditor.sources.pcap.table import Batch, Table
from auditor.sources.pcap.wire import ACK, FIN, RST, SYN, TCP, UDP
from auditor.sources.tape import Tape
from tests.sources.pcap.building import conversation, ethernet, ipv4, ipv6, pcap, said, tcp, udp
from tests.sources.pcap.corpus import CAPTURES, CORPUS


def summed(data: bytes) -> Flows:
    """All flows of a capture, in the order in which they began."""
    found, table = none(), Table(Tape(BytesIO(data)))
    for item in table:
        if isinstance(item, Batch):
            found = joined(found, item.over)
    found = joined(found, table.finish())
    return found.take(np.argsort(found.number))


def sent(
    source: tuple[int, int], target: tuple[int, int], sequence: int = 1, flags: int = ACK, data: bytes = b"x",
    acknowledged: int = 0,
) -> bytes:  # fmt: skip
    header = tcp(source[1], target[1], sequence, flags, data)
    header = header[:8] + acknowledged.to_bytes(4) + header[12:]
    return ethernet(ipv4(header, TCP, bytes([10, 0, 0, source[0]]), bytes([10, 0, 0, target[0]])))


A, B = (1, 40_000), (2, 443)


def numbers(*packets: bytes) -> list[int]:
    return [number for number, _ in conversation(pcap(packets))]


def test_both_directions_are_one_flow_and_its_sums_are_kept_apart() -> None:
    big = b"x" * 100
    found = summed(pcap([sent(A, B, 5, SYN, b""), sent(B, A, 9, SYN | ACK, b""), sent(A, B, 6, ACK, big)]))
    assert len(found) == 1
    assert (found.one_packets.tolist(), found.two_packets.tolist()) == ([2], [1])
    assert (found.one_bytes.tolist(), found.two_bytes.tolist()) == ([54 + 154], [54])
    assert (found.first.tolist(), found.number.tolist()) == ([1], [1])
    assert found.ended[0] - found.began[0] == 2_000_000_000
    assert (found.one_base[0], found.two_base[0]) == (5, 9)
    assert found.flags[0] == SYN | ACK
    assert found.spoke[0] == ONE


def test_whoever_sent_the_syn_is_the_client_and_else_it_is_a_guess() -> None:
    server = (1, 50_000)
    client = (2, 51_000)
    assert summed(pcap([sent(client, server, flags=SYN)])).client.tolist() == [TWO]
    assert summed(pcap([sent(server, client, flags=SYN | ACK)])).client.tolist() == [TWO]
    assert summed(pcap([sent(B, A), sent(A, B)])).client.tolist() == [ONE | GUESS]  # who has the higher port
    assert summed(pcap([sent(A, B), sent(B, A)])).client.tolist() == [ONE | GUESS]
    asked = [
        ethernet(ipv4(udp(9_000, 9_000, b"?"), UDP, bytes([9, 0, 0, n]), bytes([9, 0, 0, 3 - n])))
        for n in (2, 1)
    ]
    assert summed(pcap(asked)).client.tolist() == [TWO | GUESS]  # who spoke first
    late = [sent(B, A), sent(A, B), sent(A, B, 0, SYN)]
    assert summed(pcap(late)).client.tolist() == [ONE]


@pytest.mark.parametrize(
    ("packets", "expected"),
    [
        ([sent(A, B, 5, SYN), sent(A, B, 5, SYN)], [1, 1]),  # sent again
        ([sent(A, B, 5, SYN), sent(A, B, 99, SYN)], [1, 2]),  # a new connection
        ([sent(A, B, 5, SYN), sent(B, A, 7, SYN | ACK), sent(A, B, 99, SYN), sent(B, A, 8)], [1, 1, 2, 2]),
        ([sent(A, B, 6), sent(A, B, 5, SYN)], [1, 1]),  # came late
        ([sent(A, B, 6), sent(A, B, 900, SYN)], [1, 2]),
        ([sent(A, B, 5, SYN), sent(B, A, 7, SYN | ACK, b"", 6), sent(B, A, 8, SYN | ACK, b"", 6)], [1, 1, 1]),
        ([sent(B, A, 7), sent(B, A, 99, SYN | ACK, b"", 4)], [1, 1]),  # answers begin nothing
        ([sent(A, B, 5, SYN), sent(A, B, 6, SYN), sent(A, B, 7, SYN), sent(A, B, 8)], [1, 2, 3, 3]),
        ([sent(A, B, 2**32 - 1, SYN), sent(A, B, 0), sent(A, B, 2**32 - 1, SYN)], [1, 1, 1]),
    ],
)
@pytest.mark.parametrize("most", [1, 2, 1 << 16])
def test_a_syn_with_another_number_begins_a_new_connection(
    packets: list[bytes], expected: list[int], most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(window, "MOST", most)  # whether or not they come in one window
    assert numbers(*packets) == expected
    found = summed(pcap(packets))
    assert (found.one_packets + found.two_packets).tolist() == [
        expected.count(n) for n in sorted(set(expected))
    ]


def test_protocols_tunnels_families_and_ports_tell_flows_apart() -> None:
    inner = ipv4(tcp(40_000, 443, 1, ACK, b"x"))
    packets = [
        said(b"x"),
        ethernet(ipv4(udp(40_000, 443, b"x"), UDP)),
        said(b"x", source=40_001),
        ethernet(ipv6(tcp(40_000, 443, 1, ACK, b"x")), 0x86DD),
        ethernet(ipv4(inner, 4)),
        ethernet(ipv4(b"\x08\0", 1)),
        ethernet(bytes(28), 0x0806),
        said(b"y"),
    ]
    assert numbers(*packets) == [1, 2, 3, 4, 5, 6, 1]


class Same:
    """Everybody has the same key."""

    def keys(self, them: Ends) -> Any:
        return np.zeros(len(them.kind), np.uint64)


class Few:
    """Every key is shared by many."""

    def keys(self, them: Ends) -> Any:
        return them.two_low % np.uint64(3)


def talk(seed: int, count: int = 300) -> Iterator[bytes]:
    chance = random.Random(seed)
    for _ in range(count):
        one, two = ((chance.randint(1, 3), chance.randint(1, 3)) for _ in range(2))
        if chance.random() < 0.3:
            data = bytes(chance.randint(0, 3))
            yield ethernet(ipv6(udp(one[1], two[1], data), UDP, bytes(15) + bytes([one[0]]),
                                bytes([two[0]]) + bytes(15)), 0x86DD)  # fmt: skip
        else:
            flags = chance.choice((SYN, SYN | ACK, ACK, ACK, ACK, FIN | ACK, RST))
            yield sent(
                one,
                two,
                chance.choice((1, 1, 2, 2**32 - 1)),
                flags,
                bytes(chance.randint(0, 3)),
                chance.choice((0, 2)),
            )


def plainly(data: bytes) -> list[int]:
    """The number of the flow of every packet, one packet at a time."""
    current: dict[object, int] = {}
    bases: dict[tuple[int | None, object], int] = {}
    found, total = list[int](), 0
    for _, packet in conversation(data):
        key = (*sorted((packet.source, packet.target)), packet.protocol, packet.tunnel)
        number = current.get(key)
        if packet.protocol == TCP and packet.flags & (SYN | ACK) == SYN:
            number = None if bases.get((number, packet.source)) not in (None, packet.sequence) else number
        if number is None:
            total += 1
            number = current[key] = total
        before = packet.sequence if packet.flags & SYN else (packet.sequence - 1) % 2**32
        bases.setdefault((number, packet.source), before)
        found.append(number)
    return found


@pytest.mark.parametrize("mixer", [Mixer, Same, Few])
@pytest.mark.parametrize("most", [7, 64, 1 << 16])
@pytest.mark.parametrize("seed", range(3))
def test_no_two_conversations_are_ever_taken_for_one_whatever_their_keys(
    mixer: type[Mixer], most: int, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = pcap(list(talk(seed)))
    expected = plainly(data)
    monkeypatch.setattr(window, "MOST", most)
    monkeypatch.setattr(flows, "Mixer", mixer)
    assert [number for number, _ in conversation(data)] == expected


@given(st.integers(0, 2**32))
def test_flows_are_those_that_a_plain_walk_finds(seed: int) -> None:
    data = pcap(list(talk(seed, 60)))
    assert [number for number, _ in conversation(data)] == plainly(data)


def test_a_key_depends_on_all_there_is_and_on_no_direction() -> None:
    batch = next(item for item in Table(Tape(BytesIO(pcap(list(talk(1)))))) if isinstance(item, Batch))
    them, mixer = ends(batch.rows), Mixer()
    keys = mixer.keys(them)
    told = {(int(a), int(b), int(c), int(d), int(e)): int(key) for a, b, c, d, e, key in zip(
        them.one_high, them.one_low, them.two_high, them.two_low, them.kind, keys, strict=True)}  # fmt: skip
    assert len(set(told.values())) == len(told) > 50
    assert int(keys.max()) < 1 << 48


def test_flows_that_ended_are_handed_out_when_many_are_live_and_wanted_ones_stay(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(flows, "LIVE", 64)
    monkeypatch.setattr(flows, "IDLE", -1)
    monkeypatch.setattr(window, "MOST", 16)
    packets = [said(b"x", source=1_000)]
    packets += [said(b"x", source=2_000 + n, flags=RST if n % 2 else ACK) for n in range(300)]
    table, handed, wanted = Table(Tape(BytesIO(pcap(packets)))), none(), 0
    for item in table:
        if isinstance(item, Batch):
            for slot, packet in item.packets():
                wanted += packet.source.port == 1_000
                item.mark(slot, WANTED if packet.source.port == 1_000 else SHUT)
            handed = joined(handed, item.over)
            assert (item.part.slot >= 0).all()
    rest = table.finish()
    assert wanted == 1
    assert len(rest) <= 64 + 16
    assert 1 in rest.number.tolist()  # what somebody wants is given up last
    assert sorted([*handed.number.tolist(), *rest.number.tolist()]) == list(range(1, 302))
    assert handed.flags[0] == RST  # what ended goes first


def test_a_flow_that_comes_back_after_it_was_given_up_is_another_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flows, "LIVE", 16)
    monkeypatch.setattr(window, "MOST", 8)
    packets = [
        said(b"x", source=1_000),
        *(said(b"x", source=2_000 + n) for n in range(100)),
        said(b"x", source=1_000),
    ]
    found = summed(pcap(packets))
    assert found.number.tolist() == list(range(1, 103))
    assert int((found.one_packets + found.two_packets).sum()) == 102


# Where tshark counts otherwise, and why.
OTHERWISE = {
    "ndpi/FAX-Call-t38-CA-TDM-SIP-FB-1.pcap": "it begins a stream for every call that SIP announces",
    "ndpi/fuzz-2006-06-26-2594.pcap": "damaged on purpose: headers that cannot be",
    "ndpi/teredo.pcap": "it counts the tunnel, we what is inside: ICMP",
}


def streams(path: str) -> tuple[int, int]:
    """The streams of tshark, but for those that are only around others or quoted by ICMP."""
    fields = ["tcp.stream", "udp.stream", "frame.protocols"]
    asked = [word for field in fields for word in ("-e", field)]
    command = ["tshark", "-n", "-r", path, "-T", "fields", "-E", "occurrence=l", *asked]
    out = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    rows = [(line + "\t\t").split("\t")[:3] for line in out.splitlines()]
    rows = [row for row in rows if "icmp" not in row[2]]
    return len({row[0] for row in rows} - {""}), len({row[1] for row in rows if not row[0]} - {""})


@pytest.mark.corpus
@pytest.mark.slow
def test_there_are_as_many_flows_as_tshark_has_streams() -> None:
    if not CAPTURES or not shutil.which("tshark"):
        pytest.skip("the shared corpus or tshark is absent")
    wrong = {}
    for entry in [
        e for e in CAPTURES if e["path"].startswith(("joy/", "ndpi/", "peafowl/", "suricata-verify/tls"))
    ]:
        path = CORPUS / entry["path"]
        protocol = (summed(path.read_bytes()).kind >> np.uint64(32)) & np.uint64(255)
        ours = (int((protocol == TCP).sum()), int((protocol == UDP).sum()))
        if ours != (theirs := streams(str(path))):
            wrong[entry["path"]] = (ours, theirs)
    assert set(wrong) == set(OTHERWISE), wrong
