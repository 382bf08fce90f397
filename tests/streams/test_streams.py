"""The sorter finds the stream that knows a connection."""

import time

from hypothesis import given
from hypothesis import strategies as st

from auditor.streams import START, STREAMS, Message, Sorter

SESSION = [
    (False, b":s NOTICE AUTH :*** hi\r\n"),
    (True, b"PASS x\r\nNICK a\r\n"),
    (False, b":s 001 a :welcome\r\n"),
    (True, b"PRIVMSG b :hello\r\nPRI"),
]


def _all(pieces: list[tuple[bool, bytes]]) -> tuple[list[Message], Sorter]:
    sorter = Sorter()
    found = [message for out, data in pieces for message in sorter.feed(out, data)]
    return found + sorter.finish(), sorter


def test_every_stream_keeps_the_contract() -> None:
    assert "irc" in STREAMS
    for name, module in STREAMS.items():
        assert module.name == name
        assert module.recognises(True, b"") is None
        assert module.Stream().feed(True, b"") == []
        assert module.Stream().waiting == 0


def test_a_connection_is_recognised_and_nothing_of_its_beginning_is_lost() -> None:
    found, sorter = _all(SESSION)
    assert sorter.name == "irc"
    assert [message.part for message in found] == ["0<", "1>", "2>", "3<", "4>"]
    assert sorter.waiting == 3


def test_byte_by_byte_gives_the_same() -> None:
    single = [(out, data[i : i + 1]) for out, data in SESSION for i in range(len(data))]
    assert _all(single)[0] == _all(SESSION)[0]


def test_what_nobody_knows_is_refused_at_once_or_at_the_end_of_the_buffer() -> None:
    for pieces in ([(True, b"\x16\x03\x01")], [(True, b"PING x\n" * START)]):
        found, sorter = _all(pieces)
        assert not found
        assert sorter.refused
        assert not sorter.name
        assert sorter.feed(True, b"NICK a\r\n") == []


def test_a_connection_that_stays_unclear_is_neither() -> None:
    found, sorter = _all([(True, b"PASS secret\r\n")])
    assert not found
    assert not sorter.refused
    assert not sorter.name


@given(st.lists(st.tuples(st.booleans(), st.binary())))
def test_no_bytes_make_it_raise(pieces: list[tuple[bool, bytes]]) -> None:
    _all(pieces)


def test_an_unclear_beginning_in_small_pieces_is_not_read_over_and_over() -> None:
    sorter = Sorter()
    started = time.process_time()
    for byte in b"PING x\n" * 9_000:
        sorter.feed(True, bytes((byte,)))
    assert time.process_time() - started < 60  # a hang, not a time
