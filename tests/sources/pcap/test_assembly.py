"""Packets in any order become the bytes that were meant, or say what is missing."""

import random
from collections.abc import Iterable
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from auditor.sources.pcap import assembly
from auditor.sources.pcap.assembly import PATIENCE, Assembly, initiator
from auditor.sources.pcap.wire import ACK, FIN, PUSH, RST, SYN, Chunk, Packet
from tests.sources.pcap.connections import CLIENT, SERVER, TURN, Wire, joined, said

TALK = [(True, b"who is there?"), (False, b"nobody"), (True, b"good"), (False, b"bye"), (True, b"!")]


def assembled(packets: Iterable[Packet]) -> tuple[list[Chunk], Assembly]:
    one = Assembly(CLIENT)
    chunks = [chunk for packet in packets for chunk in one.feed(packet)]
    return chunks + one.finish(), one


def talk(base: tuple[int, int] = (1_000, 2_000)) -> list[Packet]:
    return Wire(base=base).open().tell(TALK).close().packets


def test_what_was_said_comes_out_at_once_and_names_its_packets() -> None:
    one = Assembly(CLIENT)
    chunks = [one.feed(packet) for packet in talk()]
    assert [[(c.from_client, c.data, c.number, c.lost) for c in found] for found in chunks] == [
        [],
        [],
        [],
        *([(way, data, number, 0)] for number, (way, data) in enumerate(TALK, 4)),
        [],
        [],
        [],
    ]
    assert one.finish() == []
    assert one.over
    assert not one.lost
    assert not one.conflicts


@pytest.mark.parametrize("base", [(TURN - 5, TURN - 2), (TURN - 1, 0), (0, TURN - 20), (1 << 31, TURN - 1)])
def test_numbers_that_begin_anew_change_nothing(base: tuple[int, int]) -> None:
    chunks, one = assembled(talk(base))
    assert said(chunks) == TALK
    assert not one.lost


def test_packets_of_both_directions_in_any_order_keep_question_before_answer() -> None:
    packets = talk()
    for seed in range(200):
        mixed = packets[:]
        random.Random(seed).shuffle(mixed)
        chunks, one = assembled(mixed)
        assert said(chunks) == TALK
        assert not one.lost


def without(packets: list[Packet], *numbers: int) -> list[Packet]:
    return [packet for packet in packets if packet.number not in numbers]


@dataclass(frozen=True)
class Case:
    """What happens to the packets of the talk, and what comes out instead of it."""

    name: str
    packets: list[Packet]
    chunks: list[tuple[bool, bytes]]
    lost: int = 0
    conflicts: int = 0


START = structs.replace
WHOLE = talk()
SNAPPED = [START(p, payload=p.payload[:4], missing=2) if p.number == 5 else p for p in WHOLE]
CASES = [
    Case("everything twice", [packet for packet in WHOLE for _ in "ab"], TALK),
    Case("everything again at the end", WHOLE * 2, TALK),
    Case("begun before the capture", WHOLE[3:], TALK),
    Case("the answers alone", [p for p in WHOLE[3:] if p.source == SERVER], [TALK[1], TALK[3]]),
    Case("the questions alone", [p for p in WHOLE if p.source == CLIENT], [one for one in TALK if one[0]]),
    Case("a SYN that comes late", [*WHOLE[1:6], WHOLE[0], *WHOLE[6:]], TALK),
    Case("a packet that was not caught", without(WHOLE, 5), [*TALK[:1], *TALK[2:]], lost=6),
    Case("the last words not caught", without(WHOLE, 7), [*TALK[:3], TALK[4], (False, b"")], lost=3),
    Case("only a part was kept", SNAPPED, [TALK[0], (False, b"nobo"), *TALK[2:]], lost=2),
    Case(
        "said again, otherwise",
        [*WHOLE[:4], START(WHOLE[3], payload=b"who is THERE?"), *WHOLE[4:]],
        TALK,
        conflicts=1,
    ),
    Case(
        "said again before it was whole, otherwise",
        [*WHOLE[:3], START(WHOLE[3], sequence=1_003, payload=b"xo"), WHOLE[3], *WHOLE[4:]],
        [(True, b"wh"), (True, b"xo"), (True, b"is there?"), *TALK[1:]],
        conflicts=1,
    ),
    Case(
        "said again in other pieces, and more",
        [*WHOLE[:3], START(WHOLE[3], payload=b"who is"), WHOLE[3], *WHOLE[4:]],
        [(True, b"who is"), (True, b" there?"), *TALK[1:]],
    ),
    Case(
        "a sign of life with a byte of its own",
        [*WHOLE[:6], START(WHOLE[5], sequence=WHOLE[5].sequence - 1 + 4, payload=b"\0"), *WHOLE[6:]],
        TALK,
    ),
    Case(
        "a reset that says why",
        [*WHOLE[:6], START(WHOLE[5], flags=RST | ACK, payload=b"no such port")],
        TALK[:3],
    ),
    Case("an acknowledgement of the moon", [START(WHOLE[3], acknowledged=900_000), *WHOLE[4:]], TALK, lost=0),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_happens_to_packets(case: Case) -> None:
    chunks, one = assembled(case.packets)
    assert joined(chunks) == joined(Chunk(way, data, 0, 0.0) for way, data in case.chunks)
    if case.name not in ("everything again at the end", "an acknowledgement of the moon"):
        assert said(chunks) == case.chunks
        assert one.lost == case.lost == sum(chunk.lost for chunk in chunks)
    assert one.conflicts == case.conflicts


def test_data_that_comes_with_the_first_packet_counts() -> None:
    wire = Wire()
    wire.say(True, b"early", SYN)
    wire.say(False, b"", SYN | ACK)
    wire.say(False, b"bird")
    assert said(assembled(wire.packets)[0]) == [(True, b"early"), (False, b"bird")]


def test_one_side_may_go_on_when_the_other_has_ended() -> None:
    wire = Wire().open().tell([(True, b"all of it?")])
    wire.say(True, flags=FIN | ACK)
    one = Assembly(CLIENT)
    for packet in wire.packets:
        one.feed(packet)
    assert not one.over
    assert said(one.feed(wire.say(False, b"yes, all"))) == [(False, b"yes, all")]
    one.feed(wire.say(False, flags=FIN | ACK))
    assert one.over


def test_what_was_acknowledged_and_never_seen_is_not_waited_for_long() -> None:
    wire = Wire().open()
    wire.say(True, b"missed")
    missed = len(wire.packets)
    wire.say(True, b"seen")
    packets = [*wire.packets, *(wire.say(False, b"%d " % n) for n in range(PATIENCE + 1))]
    one = Assembly(CLIENT)
    chunks = [chunk for packet in without(packets, missed) for chunk in one.feed(packet)]
    assert [chunk for chunk in chunks if chunk.from_client] == [
        Chunk(True, b"seen", missed + 1, float(missed + 1), lost=6)
    ]


def test_what_was_not_acknowledged_may_still_come() -> None:
    wire = Wire().open()
    late = wire.say(True, b"late ")
    early = [wire.say(True, b"early") for _ in range(PATIENCE * 2)]
    one = Assembly(CLIENT)
    for packet in wire.packets[:3]:
        one.feed(packet)
    for packet in early:
        one.feed(structs.replace(packet, acknowledged=early[0].acknowledged))
    assert joined(one.feed(late))[True] == b"late " + b"early" * PATIENCE * 2
    assert not one.lost


def test_what_waits_is_bounded() -> None:
    one = Assembly(CLIENT)
    for packet in Wire().open().packets:
        one.feed(packet)
    wire = Wire(base=(2_000, 2_001))
    size = 0
    for _ in range(200):
        one.feed(structs.replace(wire.say(True, bytes(60_000)), acknowledged=2_001))
        size = max(size, one.halves[True].size)
    assert size <= assembly.WAITING + 60_000
    assert one.lost == 999


def test_a_new_connection_between_the_same_ends_is_known() -> None:
    one = Assembly(CLIENT)
    for packet in talk():
        assert not one.renewed(packet)
        one.feed(packet)
    assert one.renewed(talk()[0])
    again = Assembly(CLIENT)
    for packet in WHOLE[:5]:
        again.feed(packet)
    assert not again.renewed(WHOLE[0])  # said twice
    assert again.renewed(structs.replace(WHOLE[0], sequence=77))


@pytest.mark.parametrize(
    ("flags", "source", "opened"),
    [
        (SYN, CLIENT, CLIENT),
        (SYN | ACK, SERVER, CLIENT),
        (ACK, SERVER, CLIENT),
        (ACK | PUSH, CLIENT, CLIENT),
        (SYN, SERVER, SERVER),
    ],
)
def test_who_opened_a_connection_shows_in_its_first_packet(
    flags: int, source: object, opened: object
) -> None:
    packet = Wire().say(source is CLIENT, flags=flags)
    assert initiator(packet) == opened


@given(st.data())
def test_whatever_is_lost_doubled_and_mixed_what_comes_out_is_true(data: st.DataObject) -> None:
    said_in_all = data.draw(
        st.lists(st.tuples(st.booleans(), st.binary(min_size=1, max_size=40)), max_size=25)
    )
    wire = Wire(base=(TURN - 30, 7)).open().tell(said_in_all, size=9).close()
    packets = [packet for packet in wire.packets for _ in range(data.draw(st.sampled_from([1, 1, 1, 0, 2])))]
    packets = data.draw(st.permutations(packets)) if data.draw(st.booleans()) else packets
    chunks, _ = assembled(packets)
    true = joined(Chunk(way, told, 0, 0.0) for way, told in said_in_all)
    for way, whole in true.items():
        mine = [chunk for chunk in chunks if chunk.from_client == way]
        places = _places(mine)
        known = any(p.flags & SYN and (p.source == CLIENT) == way for p in packets)
        if known:
            assert all(whole[at : at + len(c.data)] == c.data for at, c in zip(places, mine, strict=True))
        else:  # where it begins is not known, but nothing stands in a wrong order
            assert b"".join(c.data for c in mine) in whole or any(c.lost for c in mine)


def _places(chunks: list[Chunk]) -> list[int]:
    places, at = [], 0
    for chunk in chunks:
        at += chunk.lost
        places.append(at)
        at += len(chunk.data)
    return places


@given(
    st.lists(
        st.builds(
            Packet,
            st.integers(1, 99),
            st.just(0.0),
            st.sampled_from([CLIENT, SERVER]),
            st.sampled_from([CLIENT, SERVER]),
            st.just(6),
            st.binary(max_size=20),
            st.integers(0, 5),
            st.integers(0, TURN - 1),
            st.integers(0, TURN - 1),
            st.integers(0, 63),
        )
    )
)
def test_no_packets_make_it_raise(packets: list[Packet]) -> None:
    chunks, one = assembled(packets)
    assert sum(len(chunk.data) for chunk in chunks) <= sum(len(packet.payload) for packet in packets)
    assert not any(half.waiting for half in one.halves.values())
