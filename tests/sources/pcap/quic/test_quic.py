"""Whole connections of QUIC: true sessions of two ends, read by somebody between them."""

import random
from collections.abc import Iterable
from functools import cache
from typing import Any

import pytest
from aioquic.quic import crypto
from aioquic.quic.connection import QuicConnection
from aioquic.quic.crypto import CryptoPair
from aioquic.tls import hkdf_expand_label
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.sources.pcap.keys import Keys
from auditor.sources.pcap.quic import LATER_WITHOUT, Quic
from auditor.sources.pcap.quic.streams import DATAGRAM, StreamPiece
from tests.sources.pcap.quic.sessions import (
    AES128,
    AES256,
    CHACHA,
    HOST,
    V1,
    V2,
    Datagram,
    Session,
    session,
)

Truth = dict[tuple[int, bool], bytes]


def read(seen: Iterable[Datagram], keys: Keys, end: bool = True) -> tuple[Quic, list[StreamPiece]]:
    quic = Quic(keys)
    found = [
        piece for number, one in enumerate(seen, 1) for piece in quic.feed(one.from_client, one.data, number)
    ]
    return quic, found + (quic.finish() if end else [])


def said(pieces: Iterable[StreamPiece]) -> Truth:
    found: Truth = {}
    for piece in pieces:
        name = (piece.stream, piece.from_client)
        found[name] = found.get(name, b"") + piece.data
    return found


def talk(ends: Session, updates: int = 2) -> Truth:
    """Questions and answers on many streams, with the keys updated between them by either side."""
    truth: Truth = {}
    for count in range(6):
        stream = ends.client.get_next_available_stream_id()
        question, answer = b"question %d " % count * 150, b"answer %d " % count * 500
        ends.client.send_stream_data(stream, question, True)
        ends.carry(2)
        ends.server.send_stream_data(stream, answer, True)
        ends.carry(2)
        truth[stream, True], truth[stream, False] = question, answer
        if count < updates:
            (ends.client, ends.server)[count % 2].request_key_update()
    return truth


@cache
def long_session() -> tuple[Session, Truth]:
    ends = session()
    return ends, talk(ends)


@pytest.mark.parametrize("cipher", [AES128, AES256, CHACHA])
@pytest.mark.parametrize("retry", [False, True])
@pytest.mark.parametrize("hello_again", [False, True])
def test_all_that_was_said_is_opened(cipher: object, retry: bool, hello_again: bool) -> None:
    ends = session(cipher=cipher, retry=retry)  # type: ignore[arg-type]
    truth = talk(ends)
    seen = ends.seen[:1] * hello_again + ends.seen
    quic, pieces = read(seen, ends.keys)
    assert said(pieces) == truth
    assert (quic.shut, quic.remarks, quic.alpn) == ("", [], "h3")
    assert (quic.server_name, dict(quic.facts).get("retry")) == (HOST, "asked for" if retry else None)


def test_the_second_version_has_words_of_its_own_for_its_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    expand = hkdf_expand_label

    def as_the_rfc_says(algorithm: Any, secret: bytes, label: bytes, *rest: Any) -> bytes:
        return expand(algorithm, secret, label.replace(b"quic ku", b"quicv2 ku"), *rest)

    monkeypatch.setattr(crypto, "hkdf_expand_label", as_the_rfc_says)
    ends = session(version=V2)
    truth = talk(ends)
    quic, pieces = read(ends.seen, ends.keys)
    assert (said(pieces), quic.shut, dict(quic.facts)["quic"]) == (truth, "", "v2")


def test_what_is_said_before_the_handshake_is_over_is_opened() -> None:
    kept: list[object] = []
    store: dict[bytes, object] = {}
    session(keep=kept.append, tickets=store)  # type: ignore[arg-type]

    def early(client: QuicConnection) -> None:
        client.send_stream_data(client.get_next_available_stream_id(), b"said early", True)

    ends = session(ticket=kept[0], tickets=store, before=early)  # type: ignore[arg-type]
    quic, pieces = read(ends.seen[:1], ends.keys)
    assert said(pieces) == {(0, True): b"said early"}
    assert quic.server is None


def test_datagrams_are_given_out_beside_streams() -> None:
    ends = session()
    ends.client.send_datagram_frame(b"a voice")
    ends.server.send_datagram_frame(b"another")
    ends.carry()
    _, pieces = read(ends.seen, ends.keys)
    assert said(pieces) == {(DATAGRAM, True): b"a voice", (DATAGRAM, False): b"another"}


def test_a_datagram_that_was_seen_twice_is_given_out_once() -> None:
    ends = session()
    ends.client.send_datagram_frame(b"a voice")
    ends.carry()
    _, pieces = read([one for one in ends.seen for _ in range(2)], ends.keys)
    assert said(pieces) == {(DATAGRAM, True): b"a voice"}


def test_a_stream_that_is_taken_back_says_so() -> None:
    ends = session()
    ends.client.send_stream_data(0, b"half a")
    ends.carry()
    ends.client.reset_stream(0, 7)
    ends.server.stop_stream(4, 9) if 4 in ends.server._streams else None
    ends.carry()
    _, pieces = read(ends.seen, ends.keys, end=False)
    assert [(p.data, p.finished, p.reset) for p in pieces] == [(b"half a", False, False), (b"", False, True)]


def test_pieces_say_in_which_packet_they_came() -> None:
    ends = session()
    before = len(ends.seen)
    ends.client.send_stream_data(0, b"hello", True)
    ends.carry(1)
    _, pieces = read(ends.seen, ends.keys)
    assert [piece.number for piece in pieces] == [before + 1]


# Without keys


def test_without_keys_the_hello_shows_and_the_rest_says_why_it_is_shut() -> None:
    ends, _ = long_session()
    quic, pieces = read(ends.seen, Keys())
    assert pieces == [] and quic.client is not None and quic.server is not None
    random = quic.client.random.hex()[:8]
    assert (quic.server_name, quic.shut) == (HOST, f"no secret for client random {random}…")
    assert quic.proven and quic.alpn == "h3"  # the only one that was offered


def test_without_keys_nothing_is_kept() -> None:
    ends, _ = long_session()
    quic, _ = read(ends.seen, Keys(), end=False)
    assert quic._held == 0 and quic._later == []


def test_a_hello_that_comes_late_is_waited_for_with_little() -> None:
    ends, _ = long_session()
    quic, _ = read(ends.seen[1:] * 3, Keys(), end=False)
    assert 0 < quic._held <= LATER_WITHOUT
    assert quic.shut.startswith("starts mid-connection")


def test_keys_of_one_side_open_that_side() -> None:
    ends, truth = long_session()
    lines = [line for line in ends.log.getvalue().splitlines() if "SERVER_TRAFFIC" not in line]
    quic, pieces = read(ends.seen, Keys(["\n".join(lines).encode()]))
    assert said(pieces) == {name: data for name, data in truth.items() if name[1]}
    assert quic.shut.startswith("no secret for what the server says")


def test_a_secret_of_another_leg_is_named_as_one() -> None:
    ends, _ = long_session()
    wrong = "\n".join(
        f"{label} {name} {secret[::-1]}"
        for label, name, secret in map(str.split, ends.log.getvalue().splitlines())
    )
    quic, pieces = read(ends.seen, Keys([wrong.encode()]))
    assert pieces == [] and quic.shut.endswith("opens nothing: it belongs to another leg")


def test_a_connection_without_its_beginning_says_so() -> None:
    ends, _ = long_session()
    quic, pieces = read(ends.seen[6:], ends.keys)
    assert (pieces, quic.client) == ([], None)
    assert quic.shut == "starts mid-connection: the first packet of the client is not in the capture"


def test_a_client_that_begins_anew_after_its_version_was_refused_is_followed() -> None:
    first, second = session(), session()
    first.client.send_stream_data(0, b"never", True)
    second.client.send_stream_data(0, b"said", True)
    second.carry()
    _, pieces = read([first.seen[0], *second.seen], second.keys)
    assert said(pieces) == {(0, True): b"said"}


def test_a_hello_put_between_changes_nothing_once_something_was_opened() -> None:
    ends, truth = long_session()
    forged = session().seen[0]
    half = len(ends.seen) // 2
    quic, pieces = read([*ends.seen[:half], forged, *ends.seen[half:]], ends.keys)
    assert said(pieces) == truth and quic.shut == ""


def test_an_offer_of_versions_shows_when_it_answers_the_client() -> None:
    ends, _ = long_session()
    quic = Quic(Keys())
    quic.feed(True, ends.seen[0].data)
    target, source = ends.seen[0].data[6:14], ends.seen[0].data[15:23]
    offers = b"\x00\x00\x00\x01\xff\x00\x00\x1d"
    quic.feed(False, b"\xc0\0\0\0\0\x08" + bytes(8) + b"\x08" + target + offers)
    assert "versions offered" not in dict(quic.facts)
    quic.feed(False, b"\xc0\0\0\0\0\x08" + source + b"\x08" + target + offers)
    assert dict(quic.facts)["versions offered"] == "v1, draft-29"


# Lost, shuffled, damaged


def test_the_order_of_datagrams_does_not_matter() -> None:
    ends, truth = long_session()
    for seed in range(20):
        seen = list(ends.seen)
        random.Random(seed).shuffle(seen)
        quic, pieces = read(seen, ends.keys)
        assert said(pieces) == truth and quic.shut == ""


def test_a_lost_packet_costs_what_was_in_it_and_is_marked() -> None:
    ends, truth = long_session()
    for gone in range(8, len(ends.seen)):
        quic, pieces = read(ends.seen[:gone] + ends.seen[gone + 1 :], ends.keys)
        assert_true(pieces, truth)
        missing = sum(map(len, truth.values())) - sum(map(len, said(pieces).values()))
        assert missing >= sum(piece.lost for piece in pieces)
        assert quic.shut == ""


def test_phases_of_keys_that_were_lost_as_a_whole_do_no_harm() -> None:
    ends = session()
    truth = talk(ends, updates=4)
    long = [at for at, one in enumerate(ends.seen) if one.data[0] & 0x80][-1] + 1
    for gone in range(long, len(ends.seen) - 8):
        quic, pieces = read(ends.seen[:gone] + ends.seen[gone + 8 :], ends.keys)
        assert_true(pieces, truth)
        assert quic.shut == "" and not any("did not open" in remark for remark in quic.remarks)


def assert_true(pieces: Iterable[StreamPiece], truth: Truth) -> None:
    """Every byte that came out was said, at that place of that stream."""
    at: dict[tuple[int, bool], int] = {}
    for piece in pieces:
        name = (piece.stream, piece.from_client)
        start = at.get(name, 0) + piece.lost
        assert truth[name][start : start + len(piece.data)] == piece.data
        at[name] = start + len(piece.data)


def damaged(seen: list[Datagram], chance: random.Random) -> list[Datagram]:
    """As the worst of networks would deliver them."""
    found: list[Datagram] = []
    for one in seen:
        data, way = one.data, one.from_client
        match chance.randrange(12):
            case 0:
                continue
            case 1:
                found.append(one)
            case 2:
                data = data[: chance.randrange(len(data) + 1)]
            case 3:
                place = chance.randrange(len(data))
                data = data[:place] + bytes((data[place] ^ 1 << chance.randrange(8),)) + data[place + 1 :]
            case 4:
                data += chance.randbytes(chance.randrange(200))
            case 5:
                data = bytes(chance.randrange(60)) + data
            case 6:
                way = not way
            case 7:
                found.append(Datagram(way, bytes((data[0],)) + chance.randbytes(1200), one.address))
        found.append(Datagram(way, data, one.address))
    for _ in range(chance.randrange(10) if found else 0):
        left, right = chance.randrange(len(found)), chance.randrange(len(found))
        found[left], found[right] = found[right], found[left]
    return found


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 1 << 32))
def test_damage_never_makes_a_byte_that_was_not_said(seed: int) -> None:
    ends, truth = long_session()
    quic, pieces = read(damaged(ends.seen, random.Random(seed)), ends.keys)
    assert_true(pieces, truth)
    assert quic.shut is not None and quic.facts is not None and quic.remarks is not None


@settings(deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.binary(max_size=80)), max_size=20))
def test_noise_is_no_quic(noise: list[tuple[bool, bytes]]) -> None:
    quic = Quic(Keys())
    for way, data in noise:
        assert quic.feed(way, data) == []
    assert not quic.proven and quic.client is None and quic.shut


def test_content_in_packets_that_anybody_can_make_is_not_believed() -> None:
    """First packets open without a secret, so anybody on the road can write one."""
    ends, _ = long_session()
    target = ends.seen[0].data[6:14]
    pair = CryptoPair()
    pair.setup_initial(cid=target, is_client=True, version=V1)
    content = b"\x0a\x00\x05wrong" + bytes(40)
    header = b"\xc0\0\0\0\1\x08" + target + b"\0\0" + (0x4000 | len(content) + 18).to_bytes(2) + b"\0\x63"
    forged = pair.encrypt_packet(header[:1] and bytes((header[0] | 1,)) + header[1:], content, 0x63)
    quic, pieces = read([ends.seen[0], Datagram(True, forged, ("", 0))], ends.keys)
    assert pieces == [] and quic._greetings[0]._locks[1, True].opened == 2
