"""Frames in opened packets."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.sources.pcap.quic.frames import (
    Acknowledged,
    Closed,
    Crypto,
    Datagram,
    Frame,
    NewId,
    Reset,
    Stream,
    frames,
)

READ: list[tuple[bytes, list[Frame]]] = [
    (bytes(50), []),
    (b"\1\x1e\1", []),
    (b"\2\x40\x80\0\1\5\0\3" + b"\1", [Acknowledged(128)]),
    (b"\3\7\0\0\7\1\2\3", [Acknowledged(7)]),
    (b"\6\5\3abc\0\0\1", [Crypto(5, b"abc")]),
    (b"\x08\4rest of it", [Stream(4, 0, b"rest of it", False)]),
    (b"\x0f\4\x40\x10\2hi\1", [Stream(4, 16, b"hi", True)]),
    (b"\4\4\1\7", [Reset(4, 1, 7)]),
    (b"\x24\4\1\7\5", [Reset(4, 1, 7)]),
    (b"\x18\1\0\4name" + bytes(16), [NewId(b"name")]),
    (b"\x1c\1\6\3bad" + b"\x1d\2\0", [Closed(1, b"bad"), Closed(2, b"")]),
    (b"\x31\2hi\x30there", [Datagram(b"hi"), Datagram(b"there")]),
    (b"\7\5token\x05\1\2\x10\1\x11\1\2\x12\1\x13\1\x14\1\x15\1\2\x16\1\x17\1\x19\1", []),
    (b"\x1a" + bytes(8) + b"\x1b" + bytes(8) + b"\x40\xaf\1\2\3\4\x42\xf5\1\x1f", []),
]


@pytest.mark.parametrize(("payload", "found"), READ)
def test_frames_are_read_to_the_end(payload: bytes, found: list[Frame]) -> None:
    assert list(frames(payload)) == found


@pytest.mark.parametrize(
    "payload", [b"\x40\x99", b"\6\0\5abc", b"\2\1\0\x7f\xff\0", b"\x18\1\0\x20abc", b"\x40", b"\x31\3ab"]
)
def test_what_does_not_fit_is_a_value_error(payload: bytes) -> None:
    with pytest.raises(ValueError):
        list(frames(payload))


def test_what_stands_before_damage_is_given() -> None:
    found = []
    with pytest.raises(ValueError, match="unknown kind 0x99"):
        for frame in frames(b"\x31\2hi\x40\x99"):
            found.append(frame)
    assert found == [Datagram(b"hi")]


def test_google_had_another_number_for_hellos() -> None:
    assert list(frames(b"\x08\0\2hi\0\0", own=True)) == [Crypto(0, b"hi")]


@given(st.binary(max_size=120))
def test_noise_is_frames_or_a_value_error(noise: bytes) -> None:
    with suppress(ValueError):
        assert len(list(frames(noise))) <= len(noise)
