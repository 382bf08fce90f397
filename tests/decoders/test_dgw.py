"""Frames of DGW (mautrix/meta, pkg/messagix/dgw/frames.go, names the kinds and where they end)."""

import pytest

from auditor.decoders import Clue, dgw
from auditor.errors import TooMuch

CLUE = Clue(kinds=("dgw",), limit=100)


def test_a_frame_may_carry_anything() -> None:
    frame = {"frame": "data", "stream": 3, "ack": 7, "wanted": True, "content": bytes(range(40))}
    assert dgw.unwrap(dgw.wrap([frame]), CLUE) == [frame]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b'{"a": 1}',
        bytes.fromhex("0d0100 050000 0200 6869"),  # shorter than it says
        bytes.fromhex("0d0100 010000 02"),  # no room for its number
        bytes.fromhex("0c0100 030000 020000"),  # an acknowledgement says one number
        bytes.fromhex("03 020000 0101"),
        bytes.fromhex("03 010000"),
        bytes.fromhex("0e01"),
        bytes.fromhex("09 06"),  # a kind that is out of use
        bytes.fromhex("0d0100"),
    ],
)
def test_what_is_no_whole_frame_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="not DGW"):
        dgw.unwrap(data, CLUE)


def test_more_than_may_come_out_is_too_much() -> None:
    with pytest.raises(TooMuch):
        dgw.unwrap(bytes([9]) * 101, CLUE)
