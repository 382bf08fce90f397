"""Streams of one connection."""

from auditor.sources.pcap.quic.frames import Reset, Stream
from auditor.sources.pcap.quic.ordered import HELD
from auditor.sources.pcap.quic.streams import REMEMBERED, StreamPiece, Streams


def said(streams: Streams, stream: int, at: int, data: bytes, last: bool = False) -> list[StreamPiece]:
    return streams.said(True, Stream(stream, at, data, last), 7, 1.0)


def test_pieces_come_in_order_and_say_when_it_is_over() -> None:
    streams = Streams()
    assert said(streams, 0, 5, b"world", last=True) == []
    assert said(streams, 0, 0, b"hello") == [StreamPiece(0, True, b"helloworld", True, number=7, when=1.0)]
    assert said(streams, 0, 0, b"hello") == [] == streams.finish()


def test_an_end_without_bytes_is_a_piece() -> None:
    streams = Streams()
    said(streams, 0, 0, b"hello")
    assert said(streams, 0, 5, b"", last=True) == [StreamPiece(0, True, b"", True, number=7, when=1.0)]


def test_gaps_are_marked_at_the_end() -> None:
    streams = Streams()
    said(streams, 0, 2, b"llo")
    said(streams, 0, 9, b"", last=True)
    assert streams.finish() == [StreamPiece(0, True, b"llo", lost=2), StreamPiece(0, True, b"", True, lost=4)]
    assert streams.remarks() == ["6 bytes of streams are not in the capture"]


def test_a_gap_before_too_much_is_given_up() -> None:
    streams = Streams()
    assert said(streams, 0, 1, bytes(HELD)) == []
    (piece,) = said(streams, 0, HELD + 1, b"x")
    assert (len(piece.data), piece.lost, streams._waiting) == (HELD + 1, 1, 0)


def test_what_came_before_a_reset_is_given() -> None:
    streams = Streams()
    said(streams, 0, 2, b"llo")
    found = streams.said(True, Reset(0, 1, 9), 8, 2.0)
    assert found == [
        StreamPiece(0, True, b"llo", lost=2, number=8, when=2.0),
        StreamPiece(0, True, b"", reset=True, number=8, when=2.0),
    ]
    assert said(streams, 0, 5, b"later") == []


def test_a_reset_of_a_stream_that_was_all_said_changes_nothing() -> None:
    streams = Streams()
    said(streams, 0, 0, b"hello", last=True)
    assert streams.said(True, Reset(0, 1, 5), 8, 2.0) == []


def test_nobody_speaks_on_a_stream_that_is_not_his() -> None:
    streams = Streams()
    assert said(streams, 3, 0, b"from the wrong side") == []
    assert streams.said(False, Stream(2, 0, b"as well", False), 1, 1.0) == []


def test_what_was_said_twice_and_not_alike_is_told() -> None:
    streams = Streams()
    said(streams, 0, 2, b"abc")
    said(streams, 0, 2, b"abd")
    said(streams, 0, 0, b"xx", last=False)
    said(streams, 0, 5, b"", last=True)
    assert streams.remarks() == ["3 bytes of streams were said twice, and not alike"]


def test_streams_that_are_over_are_forgotten_after_long() -> None:
    streams = Streams()
    for number in range(REMEMBERED + 5):
        said(streams, number * 4, 0, b"", last=True)
    assert len(streams._over) == REMEMBERED and streams._open == {}
