"""Beginnings: the few words in which a rule says how a piece starts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.rulebook.beginning import LONGEST, Beginning

FITS = {
    "00010000": (b"\0\1\0\0", b"\0\1\0\0 and more"),
    "ef ?? ff*3": (b"\xef1\xff\xff\xff",),
    "??*4 end": (b"1234",),
    "[0c 0f] [c0-cf]": (b"\x0c\xc0", b"\x0f\xcf"),
    "more*5": (b"12345", b"123456"),
    "size2le": (b"\4\0..\3\0.", b"\3\0.\xff\0 cut off"),
    "16 size2be 00": (b"\x16\0\5\0.", b"\x16\0\4\0" * 3),
    "size4be [01]": (b"\0\0\0\5\1",),
}
NOT = {
    "00010000": (b"\0\1\0", b"\0\1\0\1", b""),
    "ef ?? ff*3": (b"\xef1\xff\xff\xfe",),
    "??*4 end": (b"123", b"12345"),
    "[0c 0f] [c0-cf]": (b"\x0d\xc0", b"\x0c\xd0"),
    "more*5": (b"1234",),
    "size2le": (b"\4\0.", b"\1\0..", b"\0\4....", b"\3\0.\1\0."),
    "16 size2be 00": (b"\x16\0\3\0",),
    "size4be [01]": (b"\0\0\0\5\2", b"\0\0\0\6\1"),
}
WRONG = [
    "",
    "  ",
    "0",
    "zz",
    "00 end 00",
    "[0]",
    "[]",
    "[0g]",
    "size3le",
    "size2le size2le",
    "??*",
    "end",
    f"??*{LONGEST}??",
]


@pytest.mark.parametrize("text", FITS)
def test_a_beginning_fits_what_it_says_and_nothing_else(text: str) -> None:
    beginning = Beginning.parse(text)
    assert [piece for piece in FITS[text] if not beginning.fits(piece)] == []
    assert [piece for piece in NOT[text] if beginning.fits(piece)] == []


@pytest.mark.parametrize("text", WRONG)
def test_what_is_no_beginning_is_refused_in_words(text: str) -> None:
    with pytest.raises(ValueError, match=r"beginning|choice|length"):
        Beginning.parse(text)


def test_choices_and_lengths_count_for_less_than_bytes() -> None:
    assert Beginning.parse("00 01 02 03").fixed == 4
    assert Beginning.parse("??*9 end").fixed == 0
    assert 1 < Beginning.parse("00 [00-7f]").fixed < 2


@given(st.binary(max_size=40))
def test_any_piece_is_asked_without_a_fault(piece: bytes) -> None:
    for text in FITS:
        assert Beginning.parse(text).fits(piece) in (True, False)
