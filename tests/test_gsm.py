"""The alphabet of short messages: texts to septets, septets to bytes, and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.gsm import BASIC, packed, septets_of, text_of, unpacked

WRITABLE = "".join(sorted(set(BASIC) - {"\x1b"} | set("^{}\\[~]|€\f")))


def test_the_alphabet_has_a_place_for_every_septet() -> None:
    assert len(BASIC) == 128
    assert [BASIC[0], BASIC[0x24], BASIC[0x41], BASIC[0x61], BASIC[0x7F]] == ["@", "¤", "A", "a", "à"]


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("hellohello", "e8329bfd4697d9ec37"),  # the example that textbooks give
        ("", ""),
        ("@", "00"),
        ("€", "9b32"),
    ],
)
def test_a_text_is_packed_as_others_pack_it(text: str, data: str) -> None:
    assert packed(septets_of(text)).hex() == data
    assert text_of(unpacked(bytes.fromhex(data), len(septets_of(text)))) == text


@given(text=st.text(alphabet=WRITABLE, max_size=160), fill=st.integers(0, 6))
def test_what_is_written_reads_back(text: str, fill: int) -> None:
    septets = septets_of(text)
    assert text_of(unpacked(packed(septets, fill), len(septets), fill)) == text


@pytest.mark.parametrize(("septets", "text"), [(b"\x1ba", "a"), (b"a\x1b", "a "), (b"\x1b\x1ba", " a")])
def test_an_escape_that_means_nothing_hides_no_letter(septets: bytes, text: str) -> None:
    assert text_of(septets) == text


def test_what_the_alphabet_lacks_is_a_question_mark() -> None:
    assert septets_of("Ж") == b"?"
