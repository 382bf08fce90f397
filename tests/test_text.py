"""What is text, what could be a key, what a person wrote, what may be shown."""

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.text import (
    as_text,
    begins_as_text,
    is_little,
    is_name,
    is_prose,
    is_remark,
    is_sentence,
    is_text,
    is_token,
    printable,
    xml_escaped,
    xml_quoted,
)

TEXT = [
    "",
    "hello",
    "é",
    "e\u0301",
    "привет",
    "今晚",
    "שלום",
    "مرحبا\u200f",
    "می\u200cخواهم",
    "👨‍👩‍👧",
    "🏳️‍🌈",
    "🫨",
    "🇩🇪",
    "\u2028",
    "tab\t\r\n",
    "\v\f",
    "\ufeffbom",
    "\u00a0",
    "\ue000",
    "a\u202eb",
    "\U0001fae9",
]
NO_TEXT = [
    b"\0",
    b"a\0b",
    b"\x01",
    b"\x7f",
    b"\xff",
    b"\xc3",
    b"\xc3\x28",
    b"\xed\xa0\x80",
    b"\xc0\x80",
    b"\x1b[31m",
    b"\xf4\x90\x80\x80",
    "\x85".encode(),
    "\uffff".encode(),
    "\u0378".encode(),
]


@pytest.mark.parametrize("text", TEXT)
def test_what_people_send_is_text(text: str) -> None:
    assert as_text(text.encode()) == text
    assert is_text(text)


@pytest.mark.parametrize("data", NO_TEXT)
def test_what_nobody_types_is_bytes(data: bytes) -> None:
    assert as_text(data) is data


@given(st.binary(max_size=50))
def test_text_or_the_same_bytes(data: bytes) -> None:
    read = as_text(data)
    assert (read.encode() if isinstance(read, str) else read) == data


@pytest.mark.parametrize(
    "text",
    [
        "CANARY-repeat-00",
        "dGhlIGdhdGU9MQ==",
        "7f9c24e8-3b12-4f5a",
        "RJYKSTBOIE2024",
        "aB3dE5fG7hI9",
        "AbCdEfGhIjKL1",
    ],
)
def test_what_could_be_a_key(text: str) -> None:
    assert is_token(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "short1",
        "internationalisation",
        "well-known-words",
        "two words123456",
        "привет123456789",
        "https://x.org/abc1",
        "+49 170 1234567",
        "100% sure 12345",
    ],
)
def test_what_could_not(text: str) -> None:
    assert not is_token(text)


@pytest.mark.parametrize(
    "text",
    [
        "meet me at seven",
        "meet at7",
        "see you!",
        "100% sure",
        "привет",
        "今晚七点",
        "🔐🔐",
        "مرحبا",
        "a b c",
        "yes, ok",
        "meet at7\0\0",
    ],
)
def test_what_a_person_wrote(text: str) -> None:
    assert is_prose(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "word",
        "m.room.message",
        "7f9c24e8-3b12",
        "text/plain; charset=utf-8",
        "2026-11-21T10:00:00Z",
        "Zoë",
        "1 2 3",
        "@alice:lab.test",
        "content-type: application/json",
        "1763715600000",
        "é",
        "https://x.org/a",
    ],
)
def test_what_a_program_wrote(text: str) -> None:
    assert not is_prose(text)


@given(st.text())
def test_nothing_that_moves_a_cursor_is_shown(text: str) -> None:
    shown = printable(text)
    assert len(shown) == len(text)
    assert not set(shown) & {chr(c) for c in (*range(32), 127, *range(128, 160), 0x202E, 0x2066, 0xFEFF)}
    assert isinstance(shown.encode(), bytes)


@pytest.mark.parametrize("text", ["meet me", "у ворот", "今晚七点", "👨‍👩‍👧 🔐"])
def test_a_text_that_is_cut_anywhere_begins_as_one(text: str) -> None:
    data = text.encode()
    assert all(begins_as_text(data[:end]) for end in range(len(data) + 1))
    assert not any(begins_as_text(data[:end] + b"\xff") for end in range(len(data) + 1))
    assert not begins_as_text(data + b"\0")


@given(text=st.text(st.characters(exclude_categories=("Cs", "Cc", "Cn")), max_size=40))
def test_text_in_xml_comes_back(text: str) -> None:
    """As text and as an attribute, whatever signs of XML are in it."""
    for odd in (text, f"{text}&<>\"'\t\n\r{text}"):
        page = f"<a b={xml_quoted(odd)}>{xml_escaped(odd)}</a>"
        element = ElementTree.fromstring(page)
        assert (element.text or "", element.get("b")) == (odd, odd)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("meet me at seven", True),
        ("встретимся в семь", True),
        ("no-cache, no-store, must-revalidate", True),
        ("max-age=300; includeSubDomains; preload now", False),
        ("Mozilla/5.0 (X11; Linux x86_64) Firefox/130.0", False),
        ("Tomorrow", False),
    ],
)
def test_a_sentence_has_none_of_the_signs_that_programs_write_between_words(text: str, written: bool) -> None:
    assert is_sentence(text) is written


@pytest.mark.parametrize(
    "text",
    ["Tomorrow", "Ok", "yes!", "Später", "Don't", "no...", " Да? ", "好", "и", "👍", "\U0001faee", "café"],
)
def test_one_word_may_be_all_that_somebody_says(text: str) -> None:
    assert is_remark(text)


@pytest.mark.parametrize(
    "text",
    ["", "I", "join", "OMEMO", "SendMessage", "pair-ec", "7", "v1.", "a_b.", "Signal-Android/7", "..."],
)
def test_a_word_of_a_program_is_nothing_that_somebody_says(text: str) -> None:
    assert not is_remark(text)


@pytest.mark.parametrize(
    ("text", "little"),
    [
        ("ok", True),
        ("tomorrow", True),
        ("I", True),
        ("8", True),
        ("20:15", True),
        ("don't!", True),
        ("NO", True),
    ]
    + [(text, False) for text in ("", "a_b", "m.text", "text/plain", "1763715600000", "7f9c24e83b124f5a")],
)
def test_a_little_word_is_what_a_text_may_be(text: str, little: bool) -> None:
    assert is_little(text) is little


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Alice", True),
        ("Anna Maria Lopez", True),
        ("Ärzte Ohne Grenzen", True),
        ("", False),
        ("Meet me", False),
        ("A B C D", False),
        ("Sammy Davis Jr.", True),
        ("Tomorrow At Eight!", False),
        ("Really?", False),
        ("Call Me...", False),
    ],
)
def test_a_name_is_up_to_three_words_with_capitals(text: str, name: bool) -> None:
    assert is_name(text) is name
