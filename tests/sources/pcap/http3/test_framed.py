"""Frames of HTTP/3 from pieces of any size, and what a gap costs."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from auditor.sources.pcap.http3.framed import DATA, HEADERS, LONGEST, Framed, Part, settings

SAID = b"\1\3abc" + b"\0\5hello" + b"\x21\2zz" + b"\0\1!" + b"\1\2de"


def joined(parts: list[Part]) -> list[tuple[int, bytes]]:
    """Data that came in several pieces as one."""
    found: list[tuple[int, bytes]] = []
    for part in parts:
        if part.kind == DATA and found and found[-1][0] == DATA:
            found[-1] = (DATA, found[-1][1] + part.data)
        else:
            found.append((part.kind, part.data))
    return found


@given(st.lists(st.integers(0, len(SAID)), max_size=8))
def test_where_pieces_are_cut_does_not_matter(cuts: list[int]) -> None:
    framed, ends = Framed(), [0, *sorted(cuts), len(SAID)]
    parts = [part for left, right in pairwise(ends) for part in framed.feed(SAID[left:right])]
    assert joined(parts) == [(HEADERS, b"abc"), (DATA, b"hello!"), (HEADERS, b"de")]
    assert not framed.waiting and not framed.broken


def test_a_gap_within_data_is_marked_and_the_next_frame_is_found() -> None:
    framed = Framed()
    assert framed.feed(b"\0\5he") == [Part(DATA, b"he")]
    assert framed.feed(b"o\1\1x", lost=2) == [Part(DATA, b"", 2), Part(DATA, b"o"), Part(HEADERS, b"x")]


def test_a_gap_within_a_frame_of_no_meaning_costs_nothing() -> None:
    framed = Framed()
    assert framed.feed(b"\x21\5he") == []
    assert framed.feed(b"o\1\1x", lost=2) == [Part(HEADERS, b"x")]


def test_after_any_other_gap_nothing_is_read() -> None:
    for before in (b"", b"\1\5he", b"\0\5hel", b"\0"):
        framed = Framed()
        framed.feed(before)
        assert framed.feed(b"\1\1x", lost=3) == []
        assert framed.broken == "3 bytes are missing between two frames" and framed.unread >= 3
        assert framed.feed(b"\1\1x") == []


def test_a_frame_that_has_to_be_whole_is_not_waited_for_forever() -> None:
    framed = Framed()
    framed.feed(b"\1" + (0x8000_0000 | LONGEST + 1).to_bytes(4) + b"rest")
    assert framed.broken == f"a frame of {LONGEST + 1} bytes" and framed.unread == 9


def test_what_follows_on_the_name_of_a_session_is_not_framed() -> None:
    framed = Framed()
    assert framed.feed(b"\x40\x41\x04hello") == []
    assert (framed.session, framed.rest()) == (4, b"hello")


def test_settings_are_numbers() -> None:
    assert settings(b"\1\x50\0\x06\0") == {1: 0x1000, 6: 0}
