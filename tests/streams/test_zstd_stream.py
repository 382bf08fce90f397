"""The zstd-stream of Discord: one frame for all messages of a WebSocket."""

import json
import random
import time
from collections.abc import Callable

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from auditor.decoders import NO_CLUE
from auditor.decoders.zstd import unwrap
from auditor.streams import Sorter, zstd_stream
from auditor.streams.zlib_stream import FREE


def packed(*texts: bytes, level: int = 3, size: int = -1) -> list[bytes]:
    packer = zstandard.ZstdCompressor(level).compressobj(size)
    return [packer.compress(text) + packer.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK) for text in texts]


def whole(text: bytes) -> bytes:
    return zstandard.ZstdCompressor().compress(text)


@pytest.mark.parametrize("level", [1, 3, 6, 15])
def test_messages_come_out_one_by_one(level: int) -> None:
    texts = [json.dumps({"op": i, "d": "hello " * (1 + 40 * i)}).encode() for i in range(9)]
    stream = zstd_stream.Stream()
    found = [message for data in packed(*texts, level=level) for message in stream.feed(False, data)]
    assert [m.body for m in found] == texts
    assert [m.part for m in found] == [f"{i}<" for i in range(9)]
    assert [m.body for m in stream.feed(True, b'{"op":2}')] == [b'{"op":2}']
    assert stream.waiting == 0


def test_a_message_of_many_blocks_is_one_message() -> None:
    long = random.Random(5).randbytes(700_000)
    one, two = packed(long, b"and a short one")
    stream = zstd_stream.Stream()
    assert [m.body for m in stream.feed(False, one)] == [long]
    assert [m.body for m in stream.feed(False, two)] == [b"and a short one"]


@pytest.mark.parametrize("at", range(1, 18))
def test_a_message_in_two_pieces_waits_for_its_end(at: int) -> None:
    one, two = packed(b"hello you", b"hello you and hello them")
    stream = zstd_stream.Stream()
    for data, text in ((one, b"hello you"), (two, b"hello you and hello them")):
        cut = min(at, len(data) - 1)
        assert stream.feed(False, data[:cut]) == []
        assert stream.waiting == cut
        assert [m.body for m in stream.feed(False, data[cut:])] == [text]
    assert stream.feed(False, b"") == []


def test_an_endless_message_is_not_walked_again_for_every_piece() -> None:
    """Blocks of one letter each, none of which ends where a piece does."""
    count, block = 40_000, b"\x0a\0\0a"
    data = b"\x28\xb5\x2f\xfd\0\x58" + block * count
    stream = zstd_stream.Stream()
    started = time.process_time()
    assert stream.feed(False, data[:7]) == []
    pieces = [data[at : at + 4] for at in range(7, len(data), 4)]
    assert [message.body for piece in pieces for message in stream.feed(False, piece)] == [b"a" * count]
    assert time.process_time() - started < 20


def test_no_message_is_opened_without_those_before_it() -> None:
    with pytest.raises(ValueError):
        unwrap(packed(b"hello", b"hello you")[1], NO_CLUE)


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "a block of an unknown kind": lambda data: b"\x06" + data[1:],
    "a block that is too long": lambda data: b"\xfc\xff\xff" + data[3:],
    "the last block": lambda data: bytes([data[0] | 1]) + data[1:],
    "another frame": lambda data: whole(b"hello") + data,
    "what a block cannot hold": lambda data: b"\x44\0\0" + b"\xff" * 8,
}


@pytest.mark.parametrize("what", DAMAGE)
def test_damage_lets_everything_through_as_it_is(what: str) -> None:
    one, two = packed(b"hello", b"you and them")
    stream = zstd_stream.Stream()
    stream.feed(False, one)
    bad = DAMAGE[what](two)
    assert stream.feed(False, bad)[-1].body == bad
    assert [m.body for m in stream.feed(False, b"next")] == [b"next"]


def test_an_explosion_is_not_kept() -> None:
    (bomb,) = packed(bytes(FREE * 9))
    found = zstd_stream.Stream().feed(False, bomb)
    assert found[-1].body == bomb
    assert sum(len(m.body) for m in found) < FREE * 2


def test_a_window_that_is_too_wide_is_not_opened() -> None:
    settings = zstandard.ZstdCompressionParameters.from_level(3, window_log=27)
    packer = zstandard.ZstdCompressor(compression_params=settings).compressobj()
    data = packer.compress(b"hello") + packer.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)
    assert [m.body for m in zstd_stream.Stream().feed(False, data)] == [data]


@given(st.lists(st.tuples(st.booleans(), st.binary(max_size=40) | st.sampled_from(packed(b"a", b"b")))))
def test_no_bytes_make_it_raise(pieces: list[tuple[bool, bytes]]) -> None:
    stream = zstd_stream.Stream()
    for outgoing, data in pieces:
        stream.feed(outgoing, data)


def test_it_lives_in_a_websocket_only_and_its_messages_are_a_websockets() -> None:
    for carrier, name in (("websocket", "websocket"), ("tcp", "")):
        sorter = Sorter(carrier=carrier)
        sorter.feed(True, b"{}")
        sorter.feed(False, packed(b"hello")[0])
        assert sorter.name == name


FIRST = packed(b"hello")[0]
KNOWN = {
    "a flushed message": (False, FIRST, True),
    "one that says how long all will be": (False, packed(b"hello", size=900)[0], True),
    "a part of it": (False, FIRST[:-1], None),
    "its header": (False, FIRST[:6], None),
    "its first bytes": (False, FIRST[:3], None),
    "nothing": (False, b"", None),
    "a frame that ends": (False, whole(b"hello"), False),
    "a frame that ends, and more": (False, whole(b"hello") + whole(b"you"), False),
    "zlib": (False, b"\x78\x9c", False),
    "JSON": (False, b"{", False),
    "what the app says": (True, FIRST, None),
}


@pytest.mark.parametrize("what", KNOWN)
def test_it_is_known_by_the_first_message_that_came(what: str) -> None:
    outgoing, start, answer = KNOWN[what]
    assert zstd_stream.recognises(outgoing, start) is answer
