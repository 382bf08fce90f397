"""Far ends: held as texts, told as what they are, in one order whatever came first."""

import random
import tracemalloc

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from auditor.model import Ref
from auditor.peers import Contacts, Peer, Peers

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


@given(tables)
def test_ranks_come_first_and_then_the_far_ends(table: dict[Peer, Contacts]) -> None:
    ranked = Peers.of(table.items()).ranked(lambda peer, sums: (peer.platform, -sums.count))
    rows = list(Peers.of(table.items()))
    assert list(ranked) == sorted(rows, key=lambda item: (item[0].platform, -item[1].count))


def test_what_is_added_later_is_not_in_what_was_taken_before() -> None:
    running = Peers()
    running.add(Peer("a", 1, "tls", "shut"), Contacts(1, 2, 3, ()))
    taken = running.ordered()
    running.add(Peer("a", 1, "tls", "shut"), Contacts(1, 2, 3, ()))
    assert [sums.count for _, sums in taken] == [1]
    assert [sums.count for _, sums in running] == [2]


def test_a_far_end_takes_a_few_hundred_bytes() -> None:
    def room(count: int) -> int:
        running = Peers()
        tracemalloc.start()
        for number in range(count):
            peer = Peer(f"10.{number >> 8}.{number & 255}.1", 443, "tls", "nothing was opened here")
            running.add(peer, Contacts(1, 1000, 2000, (Ref("day.pcap", number),), (("tls", "1.3"),)))
        found = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        return found

    assert (room(2_600) - room(1_300)) / 1_300 < 330
