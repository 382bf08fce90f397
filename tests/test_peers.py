"""Far ends: packed as texts, told as what they are, in one order whatever came first."""

import random
import tracemalloc

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.model import Ref
from auditor.peers import Contacts, Met, Peer, Peers

names = st.sampled_from(["a", "a.b", 'a"', "a!", "a b", "\\", "\x01", "é", "🍜", ""]) | st.text(
    "ab", max_size=2
)
peers = st.builds(Peer, names, st.integers(0, 120), names, names, names)
refs = st.builds(Ref, names, st.integers(0, 1 << 70), st.sampled_from(["", ">", ".3>"]))
sums = st.builds(
    Contacts,
    st.integers(1, 9),
    st.integers(0, 1 << 70),
    st.integers(0, 9),
    st.lists(refs, max_size=1).map(tuple),
    st.lists(st.tuples(st.just("tls"), names), max_size=1).map(tuple),
)
tables = st.dictionaries(peers, sums, max_size=9)


@given(tables)
def test_far_ends_are_told_as_they_were_given_in_the_order_of_their_json(table: dict[Peer, Contacts]) -> None:
    told = list(Peers.of(table.items()))
    assert told == sorted(table.items(), key=lambda item: msgspec.json.encode(item[0]))
    assert len(Peers.of(table.items())) == len(table)


@given(tables, st.randoms(use_true_random=False))
def test_a_far_end_that_is_met_again_is_added_up_in_any_order(
    table: dict[Peer, Contacts], chance: random.Random
) -> None:
    met = [*table.items(), *table.items()]
    chance.shuffle(met)
    assert Peers.of(met) == Peers.of(table.items()) + Peers.of(table.items())
    assert all(sums == table[peer] + table[peer] for peer, sums in Peers.of(met))


def test_what_is_added_later_is_not_in_what_was_taken_before() -> None:
    met = Met()
    met.add(Peer("a", 1, "tls", "shut"), Contacts(1, 2, 3, ()))
    taken = met.peers()
    met.add(Peer("a", 1, "tls", "shut"), Contacts(1, 2, 3, ()))
    assert [sums.count for _, sums in taken] == [1]
    assert [sums.count for _, sums in met.peers()] == [2]


@given(tables, tables)
def test_however_many_there_are_a_table_has_one_form(
    table: dict[Peer, Contacts], other: dict[Peer, Contacts]
) -> None:
    pairs = [*table.items(), *other.items()]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("auditor.peers.HELD", 2)
        patch.setattr("auditor.piles.HELD", 3)
        patch.setattr("auditor.piles.RUNS", 2)
        few = Peers.of(pairs)
    assert few == Peers.of(pairs) == Peers.of(table.items()) + Peers.of(other.items())
    assert (list(few), bool(few)) == (list(Peers.of(reversed(pairs))), bool(pairs))


def test_a_far_end_takes_a_few_dozen_bytes() -> None:
    def room(count: int) -> int:
        tracemalloc.start()
        met = Met()
        for number in range(count):
            peer = Peer(f"10.{number >> 8}.{number & 255}.1", 443, "tls", "nothing was opened here")
            met.add(peer, Contacts(1, 1000, 2000, (Ref("day.pcap", number),), (("tls", "1.3"),)))
        peers = met.peers()
        del met
        found = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        assert len(peers) == count
        return found

    room(1_300)  # what is made once, at the first use, is nobody's
    assert (room(2_600) - room(1_300)) / 1_300 < 60
