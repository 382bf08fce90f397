"""Hexadecimal text."""

import pytest

from auditor.decoders import NO_CLUE, hex  # noqa: A004


def test_either_case_opens() -> None:
    assert hex.unwrap(b"deadbeefdeadbeef", NO_CLUE) == hex.unwrap(b"DEADBEEFDEADBEEF", NO_CLUE)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"deadbeefdeadbe", "too short"),
        (b"deadbeefdeadbeef0", "an odd number of digits"),
        (b"deadBEEFdeadbeef", "both cases"),
        (b"4915112345678901", "decimal: a telephone number"),
        (b"deadbeef deadbeef", "a space"),
        (b"deadbeefdeadbeef\n", "a line end"),
        ("deadbeefdeadbee\u0661".encode(), "digits of another script"),
    ],
)
def test_what_is_not_hex(data: bytes, why: str) -> None:
    with pytest.raises(ValueError, match="not hex"):
        hex.unwrap(data, NO_CLUE)
