"""The zlib-stream of Discord: one compression for all messages of a WebSocket."""

import json
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.streams import Sorter, zlib_stream


def packed(*texts: bytes) -> list[bytes]:
    packer = zlib.compressobj()
    return [packer.compress(text) + packer.flush(zlib.Z_SYNC_FLUSH) for text in texts]


def test_messages_come_out_one_by_one() -> None:
    texts = [json.dumps({"op": i, "d": "hello"}).encode() for i in range(3)]
    stream = zlib_stream.Stream()
    found = [message for data in packed(*texts) for message in stream.feed(False, data)]
    assert [m.body for m in found] == texts
    assert [m.body for m in stream.feed(True, b'{"op":2}')] == [b'{"op":2}']
    assert stream.waiting == 0


def test_a_message_in_two_pieces_waits_for_its_end() -> None:
    (data,) = packed(b"hello")
    stream = zlib_stream.Stream()
    assert stream.feed(False, data[:5]) == []
    assert stream.waiting == 5
    assert stream.feed(False, data[5:])[0].body == b"hello"


def test_damage_lets_everything_through_as_it_is() -> None:
    one, two = packed(b"hello", b"you")
    stream = zlib_stream.Stream()
    stream.feed(False, one)
    bad = b"\xff" + two
    assert [m.body for m in stream.feed(False, bad)] == [bad]
    assert [m.body for m in stream.feed(False, b"next")] == [b"next"]


def test_an_explosion_is_not_kept() -> None:
    (bomb,) = packed(bytes(zlib_stream.FREE * 3))
    found = zlib_stream.Stream().feed(False, bomb)
    assert found[-1].body == bomb
    assert sum(len(m.body) for m in found) < zlib_stream.FREE * 2


@given(st.lists(st.tuples(st.booleans(), st.binary(max_size=40) | st.sampled_from(packed(b"a", b"b")))))
def test_no_bytes_make_it_raise(pieces: list[tuple[bool, bytes]]) -> None:
    stream = zlib_stream.Stream()
    for outgoing, data in pieces:
        stream.feed(outgoing, data)


def test_it_lives_in_a_websocket_only_and_its_messages_are_a_websockets() -> None:
    for carrier, name in (("websocket", "websocket"), ("tcp", "")):
        sorter = Sorter(carrier=carrier)
        sorter.feed(True, b"{}")
        sorter.feed(False, packed(b"hello")[0])
        assert sorter.name == name


KNOWN = [
    (False, packed(b"hello")[0], True),
    (False, packed(b"hello")[0][:-1], None),
    (False, zlib.compress(b"hello"), None),
    (False, b"\x78\x00", False),
    (False, b"{", False),
    (True, b"{", None),
]


@pytest.mark.parametrize(("outgoing", "start", "answer"), KNOWN)
def test_it_is_known_by_the_first_message_that_came(
    outgoing: bool, start: bytes, answer: bool | None
) -> None:
    assert zlib_stream.recognises(outgoing, start) is answer
