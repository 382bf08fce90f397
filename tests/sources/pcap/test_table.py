"""The table hands out the packets of flows that somebody asked for, and no others."""

from io import BytesIO

import numpy as np
import pytest

from auditor.sources.pcap import table as tables
from auditor.sources.pcap import window
from auditor.sources.pcap.flows import SHUT, WANTED
from auditor.sources.pcap.table import Batch, Table
from auditor.sources.pcap.window import Secrets, Trouble
from auditor.sources.pcap.wire import ACK, TCP, UDP, End, Packet
from auditor.sources.tape import Tape
from tests.sources.pcap.building import (
    PHONE6,
    SECOND,
    SERVER6,
    block,
    ethernet,
    interface,
    ipv4,
    ipv6,
    packet,
    pcap,
    said,
    section,
    tcp,
    udp,
)  # fmt: skip


def batches(data: bytes, together: bool = True) -> list[Batch]:
    return [item for item in Table(Tape(BytesIO(data)), together=together) if isinstance(item, Batch)]


def test_a_packet_says_everything_that_was_on_the_wire() -> None:
    header = tcp(443, 40_000, 2**32 - 5, 24, b"hello")
    header = header[:8] + (77).to_bytes(4) + header[12:]
    data = ethernet(ipv6(header, TCP, SERVER6, PHONE6), 0x86DD)
    (batch,) = batches(pcap([data, data], snap=len(data) - 2, tick=250_000))
    assert [found for _, found in batch.packets()][1] == Packet(
        2, SECOND + 1.25, End(SERVER6, 443), End(PHONE6, 40_000), TCP, b"hel", 2, 2**32 - 5, 77, 24
    )


def test_packets_come_in_the_order_of_the_file_and_a_flow_that_is_shut_gives_no_more() -> None:
    packets = [said(bytes([n]), source=1_000 + n % 3) for n in range(30)]
    (batch,) = batches(pcap(packets))
    seen = []
    for slot, found in batch.packets():
        seen.append((found.number, found.source.port))
        if found.source.port == 1_001:
            batch.mark(slot, SHUT)
    assert seen == [(n + 1, 1_000 + n % 3) for n in range(30) if n % 3 != 1 or n == 1]


def test_a_flow_that_was_shut_stays_so_in_later_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(window, "MOST", 4)
    packets = [said(b"x", source=1_000 + n % 2) for n in range(20)]
    seen = []
    for item in Table(Tape(BytesIO(pcap(packets)))):
        if isinstance(item, Batch):
            for slot, found in item.packets():
                seen.append(found.number)
                item.mark(slot, SHUT if found.source.port == 1_000 else WANTED)
    assert seen == [1, *range(2, 21, 2)]


def test_the_first_words_of_each_flow_are_found_once_in_each_direction(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(window, "MOST", 3)
    there = {"source": 40_000, "target": 443}
    packets = [
        said(b"", **there), said(b"GET /", **there), said(b"more", **there),
        said(b"HTTP/", **there, flags=ACK),
        ethernet(ipv4(udp(5, 53, b"who?"), UDP)), said(b"x", source=9),
    ]  # fmt: skip
    packets.append(
        ethernet(
            ipv4(tcp(443, 40_000, 1, 24, b"answer"), TCP, bytes([93, 184, 216, 34]), bytes([192, 168, 1, 20]))
        )
    )
    heads = []
    for item in Table(Tape(BytesIO(pcap(packets)))):
        if isinstance(item, Batch):
            rows = item.firsts()
            heads += [
                bytes(head[: item.rows.size[row]])
                for head, row in zip(item.heads(rows, 8), rows, strict=True)
            ]
            assert [item.payload(row)[:8] for row in rows.tolist()] == heads[len(heads) - len(rows) :]
    assert heads == [b"GET /", b"who?", b"x", b"answer"]


def test_first_words_that_came_in_fragments_are_found_too() -> None:
    whole = udp(5, 53, bytes(range(100)))
    pieces = [ethernet(ipv4(whole[:56], UDP, more=True)), ethernet(ipv4(whole[56:], UDP, at=56))]
    (batch,) = batches(pcap(pieces))
    assert bytes(batch.heads(batch.firsts(), 16)[0]) == bytes(range(16))
    assert [found.payload for _, found in batch.packets()] == [bytes(range(100))]


def test_fragments_may_be_left_alone_and_are_counted_then() -> None:
    whole = udp(5, 53, bytes(100))
    pieces = [ethernet(ipv4(whole[:56], UDP, more=True)), ethernet(ipv4(whole[56:], UDP, at=56)), said(b"x")]
    quick = Table(Tape(BytesIO(pcap(pieces))), together=False)
    found = [packet.number for item in quick if isinstance(item, Batch) for _, packet in item.packets()]
    assert found == [3]
    assert quick.reasons == {"a fragment, which nobody put together": 2}


def test_what_cannot_be_read_is_counted_by_its_reason() -> None:
    table = Table(Tape(BytesIO(pcap([bytes(9), bytes(9), said(b"x")]))))
    assert sum(len(list(item.packets())) for item in table if isinstance(item, Batch)) == 1
    assert table.reasons == {"cut inside a header": 2}
    assert table.others == 2


def test_everything_that_is_no_packet_comes_at_its_place() -> None:
    file = (
        section()
        + interface()
        + packet(said(b"x"))
        + block(10, b"KLST" + (1).to_bytes(4, "little") + b"k" + bytes(3))
    )
    tape = Tape(BytesIO(file + b"rest"))
    found = list(Table(tape))
    assert [type(item) for item in found] == [Secrets, Batch, Trouble]
    assert (tape.entries, tape.unread) == (1, 4)


def test_a_tunnel_too_many_shares_the_last_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "TUNNELS", 3)
    inner = ipv4(tcp(1, 2, 3, ACK, b"x"))
    packets = [ethernet(ipv4(inner, 4, bytes([10, 0, 0, n]))) for n in range(1, 6)]
    (batch,) = batches(pcap(packets))
    assert np.unique(batch.rows.tunnel).tolist() == [1, 2]
