"""What is told of connections by rows of columns is what is told packet by packet."""

import random
from collections import Counter
from io import BytesIO

import pytest

from auditor.model import Contact
from auditor.sources.heads import Place
from auditor.sources.pcap.glance import Glance
from auditor.sources.pcap.onlooker import Onlooker
from auditor.sources.pcap.reader import Reader
from auditor.sources.pcap.table import Batch, Table
from auditor.sources.pcap.wire import ACK, FIN, RST, SYN
from auditor.sources.tape import Tape
from tests.sources.pcap.building import PHONE, SERVER, ethernet, ipv4, pcap, tcp, udp

ASKED, ANSWERED = b"GET / HTTP/1.1\r\nHost: chat.example\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n" + bytes(3000)
LONG = bytes(range(256)) * 20


def out(sequence: int, data: bytes, flags: int = ACK) -> bytes:
    return ethernet(ipv4(tcp(40_000, 443, sequence, flags, data), 6, PHONE, SERVER))


def into(sequence: int, data: bytes, flags: int = ACK) -> bytes:
    return ethernet(ipv4(tcp(443, 40_000, sequence, flags, data), 6, SERVER, PHONE))


def acked(frame: bytes, number: int) -> bytes:
    return frame[:42] + number.to_bytes(4) + frame[46:]


def orders(frames: list[bytes]) -> bool:
    """Whether all that is said in the one connection follows each other, as columns see it."""
    table = Table(Tape(BytesIO(pcap(frames)), hashed=False), together=False)
    (one,) = [one for item in table if isinstance(item, Batch) for one in Glance(item).ordered]
    return one


def said(count: int) -> bytes:
    return ethernet(ipv4(udp(50_000, 3478, bytes([count]) * 40), 17, PHONE, SERVER))


OPEN = [out(99, b"", SYN), into(499, b"", SYN | ACK)]
TALKS = {
    "in order": [*OPEN, out(100, ASKED), into(500, ANSWERED), out(100 + len(ASKED), b"", FIN | ACK)],
    "out of order": [*OPEN, out(120, ASKED[20:]), out(100, ASKED[:20]), into(500, ANSWERED)],
    "told again": [*OPEN, out(100, ASKED), out(100, ASKED), out(110, ASKED[10:] + b"more"), into(500, b"ok")],
    "without its beginning": [out(100, ASKED), into(500, ANSWERED), out(100 + len(ASKED), b"bye")],
    "the answer's opening was lost": [OPEN[0], out(100, ASKED), into(500, ANSWERED)],
    "with a gap": [*OPEN, out(100, ASKED[:10]), out(130, ASKED[30:]), into(500, ANSWERED)],
    "more than is looked at": [*OPEN, *(out(100 + at, LONG[at : at + 500]) for at in range(0, 5000, 500)),
                               *(into(500 + at, LONG[at : at + 700]) for at in range(0, 4200, 700))],
    "numbers that begin anew": [out(2**32 - 6, b"", SYN), OPEN[1], out(2**32 - 5, ASKED[:9]),
                                out(4, ASKED[9:])],
    "opened twice": [*OPEN, out(100, ASKED), out(9_999, b"", SYN), into(7_999, b"", SYN | ACK),
                     out(10_000, ASKED), into(8_000, b"ok")],
    "datagrams": [said(number) for number in range(140)],
}  # fmt: skip


def contacts(frames: list[bytes], by_packets: bool) -> list[Contact]:
    tape = Tape(BytesIO(pcap(frames)), hashed=False)
    begin = Onlooker if by_packets else None
    events = Reader(tape, Place(capture="x", outside=True), begin).events()
    return sorted((one for one in events if isinstance(one, Contact)), key=lambda one: one.ref.entry)


def told(found: list[Contact]) -> tuple[Counter[str], list[int], int, int]:
    """How many connections showed what, where they began, and how much was said in all."""
    shown: Counter[str] = Counter()
    for one in found:
        shown[f"{one.channel} {one.transport} {one.reason} {one.facts} {one.start}"] += 1 + len(one.also)
    entries = sorted(entry for one in found for entry in (one.ref.entry, *one.also))
    return shown, entries, sum(one.sent for one in found), sum(one.received for one in found)


@pytest.mark.parametrize("name", TALKS)
def test_rows_tell_what_packets_tell(name: str) -> None:
    found = contacts(TALKS[name], by_packets=False)
    assert told(found) == told(contacts(TALKS[name], by_packets=True))
    assert any(one.start or one.transport != "tcp" for one in found)


@pytest.mark.parametrize("seed", range(20))
def test_rows_tell_what_packets_tell_whatever_is_lost_or_late(seed: int) -> None:
    chance, frames = random.Random(seed), [frame for talk in TALKS.values() for frame in talk]
    kept = [frame for frame in frames if chance.random() < 0.9]
    at = chance.randrange(len(kept) - 1)
    kept[at], kept[at + 1] = kept[at + 1], kept[at]
    assert told(contacts(kept, by_packets=False))[1:] == told(contacts(kept, by_packets=True))[1:]


def test_windows_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is full in one window is not read in the next, and nothing is told twice."""
    frames = [frame for talk in TALKS.values() for frame in talk]
    whole = told(contacts(frames, by_packets=False))
    monkeypatch.setattr("auditor.sources.pcap.window.MOST", 3)
    assert told(contacts(frames, by_packets=False)) == whole


def test_who_only_looks_on_puts_no_fragments_together_and_says_so() -> None:
    piece = ethernet(ipv4(bytes(64), 17, PHONE, SERVER))
    piece = piece[:20] + b"\x20\0" + piece[22:]
    tape = Tape(BytesIO(pcap([piece])), hashed=False)
    events = list(Reader(tape, Place(capture="x", outside=True), None).events())
    assert [str(one) for one in events if isinstance(one, Contact)] == []
    assert [getattr(one, "message", "") for one in events] == [
        "a packet: a fragment, which nobody put together"
    ]


@pytest.mark.parametrize(
    ("packets", "ordered"),
    [
        ([(1, 7, 9, b"ab"), (2, 9, 9, b"c"), (1, 9, 10, b"")], True),
        ([(1, 2**32 - 1, 9, b"ab"), (2, 9, 1, b"c"), (1, 1, 10, b"d")], True),
        ([(1, 7, 9, b"ab"), (1, 9, 9, b"c"), (2, 9, 8, b"an answer to the first")], True),
        ([(1, 7, 9, b"ab"), (1, 10, 9, b"c")], False),
        ([(1, 7, 9, b"ab"), (1, 7, 9, b"ab")], False),
        ([(1, 7, 9, b"ab"), (2, 10, 9, b"c")], False),
        ([(1, 7, 9, b"ab"), (2, 9, 11, b"an answer to what was not seen")], False),
    ],
)
def test_what_follows_each_other_by_its_numbers_is_in_order(
    packets: list[tuple[int, int, int, bytes]], ordered: bool
) -> None:
    frames = [acked((out if way == 1 else into)(at, data), there) for way, at, there, data in packets]
    assert orders(frames) is ordered
    assert not orders([*frames, out(50, b"far", ACK)])
    assert not orders([out(7, b"early", SYN), *frames])
    first = int(packets[0][0] == 1)
    opening = [into(packets[0][1] - 1, b"", SYN), out(packets[0][1] - 1, b"", SYN)][first]
    assert orders([opening, *frames]) is ordered
    assert not orders([*frames, opening])


def test_what_is_answered_says_nothing_where_only_one_end_was_recorded() -> None:
    frames = [acked(out(7, b"ab"), 100), acked(out(9, b"c"), 900)]
    assert orders(frames)
    assert not orders([*frames, acked(into(900, b"late"), 10)])


@pytest.mark.parametrize(
    ("more", "ordered"),
    [
        ([], True),
        ([acked(into(506, b"bye"), 104)], True),
        ([acked(into(506, b"bye"), 105)], False),
        ([acked(into(507, b"bye"), 104)], False),
        ([acked(into(505, b"!bye"), 104)], False),
        ([acked(out(99, b"", SYN), 0)], True),
        ([acked(out(103, b"reset", RST), 506)], False),
    ],
)
def test_where_both_were_seen_to_open_only_a_fin_may_be_acknowledged_that_was_not_seen(
    more: list[bytes], ordered: bool
) -> None:
    """Who said nothing in it is not looked at."""
    begins = [*OPEN, acked(out(100, b"one"), 500), acked(into(500, b"answer"), 103)]
    assert orders([*begins, *more]) is ordered


def test_a_window_without_any_conversation_has_none_to_look_at() -> None:
    table = Table(Tape(BytesIO(pcap([ethernet(b"", 0x0806)])), hashed=False))
    assert [len(Glance(item)) for item in table if isinstance(item, Batch)] == [0]
