"""Datagrams find their connection."""

import random

import pytest

from auditor.sources.pcap.keys import Keys
from auditor.sources.pcap.quic import Quic
from auditor.sources.pcap.quic import connections as module
from auditor.sources.pcap.quic.connections import PATHS, Connections, recognises
from auditor.sources.pcap.quic.headers import Sealed, split
from auditor.sources.pcap.quic.streams import StreamPiece
from auditor.sources.pcap.wire import End
from tests.sources.pcap.quic.sessions import CLIENT, MOVED, SERVER, V2, Datagram, Session, session
from tests.sources.pcap.quic.test_google import datagram as google_datagram

FAR = End(SERVER[0].encode(), SERVER[1])


def ends(one: Datagram) -> tuple[End, End]:
    near = End(one.address[0].encode(), one.address[1])
    return (near, FAR) if one.from_client else (FAR, near)


def read(seen: list[Datagram], keys: Keys) -> tuple[dict[Quic, list[StreamPiece]], list[Datagram]]:
    """What each connection said, and what belonged to none."""
    known, found, left = Connections(keys), dict[Quic, list[StreamPiece]](), []
    for one in seen:
        place = known.find(*ends(one), one.data)
        if place is None:
            left.append(one)
            continue
        quic, from_client = place
        assert from_client == one.from_client
        found.setdefault(quic, []).extend(quic.feed(from_client, one.data))
        known.learn(quic)
    return found, left


def moved() -> Session:
    """A phone that goes from one network to another, and takes a new id with it."""
    made = session()
    made.client.send_stream_data(0, b"at home ")
    made.carry()
    made.client.change_connection_id()
    made.address = MOVED
    made.client.send_stream_data(0, b"on the road", True)
    made.carry()
    made.server.send_stream_data(0, b"heard", True)
    made.carry()
    return made


def test_a_connection_is_followed_to_another_address() -> None:
    made = moved()
    found, left = read(made.seen, made.keys)
    ((quic, pieces),) = found.items()
    assert left == [] and {one.address for one in made.seen} == {CLIENT, MOVED}
    assert b"".join(p.data for p in pieces if p.from_client) == b"at home on the road"
    assert b"".join(p.data for p in pieces if not p.from_client) == b"heard"
    assert quic.shut == ""


def test_without_keys_only_an_id_that_stays_is_followed() -> None:
    made = session()
    made.address = MOVED
    made.client.send_stream_data(0, b"same id, other port", True)
    made.carry(1)
    assert read(made.seen, Keys())[1] == []
    taken = moved()
    assert {one.address for one in read(taken.seen, Keys())[1]} == {MOVED}


def test_connections_beside_each_other_are_kept_apart() -> None:
    several = [session(), session(version=V2), session(retry=True)]
    keys, mixed = Keys(), []
    for number, made in enumerate(several):
        made.client.send_stream_data(0, b"connection %d" % number, True)
        made.carry()
        keys.add(made.log.getvalue().encode())
        for one in made.seen:
            one.address = (CLIENT[0], 4_000 + number)
        mixed.append(list(made.seen))
    chance, seen = random.Random(1), []
    while any(mixed):
        seen.append(chance.choice([one for one in mixed if one]).pop(0))
    found, left = read(seen, keys)
    assert left == []
    said = {b"".join(piece.data for piece in pieces) for pieces in found.values()}
    assert said == {b"connection 0", b"connection 1", b"connection 2"}


def test_another_connection_from_the_same_port_is_another_one() -> None:
    first, second = session(), session()
    keys = Keys([first.log.getvalue().encode(), second.log.getvalue().encode()])
    first.client.send_stream_data(0, b"first", True)
    second.client.send_stream_data(0, b"second", True)
    first.carry()
    second.carry()
    found, left = read(first.seen + second.seen, keys)
    assert left == []
    assert [b"".join(p.data for p in pieces) for pieces in found.values()] == [b"first", b"second"]


def test_a_beginning_that_somebody_put_between_hides_nothing_of_what_follows() -> None:
    made, forged = session(), session().seen[0]
    before = len(made.seen)
    made.client.send_stream_data(0, b"still read", True)
    made.carry()
    found, _ = read([*made.seen[:before], forged, *made.seen[before:]], made.keys)
    assert len(found) == 2
    assert [b"".join(p.data for p in pieces) for pieces in found.values()] == [b"still read", b""]


def test_a_beginning_is_recognised_by_its_tag() -> None:
    made = session()
    first = made.seen[0].data
    assert recognises(first) and recognises(google_datagram(b"Q043"))
    assert not any(recognises(one.data) for one in made.seen if not one.from_client)
    packet = next(iter(split(first)))
    assert isinstance(packet, Sealed)
    for at in range(0, len(packet.data), 7):
        assert not recognises(first[:at] + bytes((first[at] ^ 1,)) + first[at + 1 :])
        assert not recognises(first[:at])


def test_noise_belongs_to_no_connection() -> None:
    chance = random.Random(1)
    known = Connections(Keys())
    for _ in range(500):
        data = bytes((chance.randrange(256),)) + b"\0\0\0\1" * chance.randrange(2) + chance.randbytes(60)
        assert known.find(FAR, End(b"other", 1), data) is None


def test_those_that_spoke_long_ago_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 5)
    known = Connections(Keys())
    for port in range(8):
        first = session().seen[0].data
        place = known.find(End(b"near", port), FAR, first)
        assert place is not None
        place[0].feed(True, first)
        known.learn(place[0])
    assert (len(known._known), len(known._ends), len(known._ids)) == (5, 10, 10)


def test_a_connection_that_hops_from_port_to_port_does_not_fill_the_memory() -> None:
    first, known = session().seen[0].data, Connections(Keys())
    for port in range(2 * PATHS):
        place = known.find(End(b"near", port), FAR, first)
        assert place is not None
        place[0].feed(True, first)
        known.learn(place[0])
    assert (len(known._known), len(known._ends)) == (1, PATHS)
