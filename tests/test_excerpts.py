"""What is shown of a value: enough to find it again, nothing that is somebody's secret."""

import pytest

from auditor.decoders.unwrap import Layer, Node
from auditor.excerpts import LONGEST, Excerpts, cut, offset_of
from auditor.model import Content
from auditor.rulebook.contents import Seen

SECRET = "Zephyrine hid the ledger"
SHOWN: list[tuple[Content, str | bytes, str]] = [
    (Content.READABLE, SECRET, "Ze… (24 characters, masked)"),
    (Content.UNDECIDED, "TOKEN-repeat-7731", "TO… (17 characters, masked)"),
    (Content.READABLE, "", "… (0 characters, masked)"),
    (Content.SEALED, "AwgAEn" * 300, "1,800 characters"),
    (Content.SEALED, b"\x03\x08\x00\x12" * 100, "03 08 00 12 … (400 bytes)"),
    (Content.OPAQUE, b"\x00\x01", "00 01 … (2 bytes)"),
    (Content.READABLE, "\x1b[31mred", "·[… (8 characters, masked)"),
]


def seen(
    content: Content, value: str | bytes, texts: tuple[str, ...] = (), path: tuple[str, ...] = ("body", "a")
) -> Seen:
    node = Node(path, [Layer(value, ())], value if isinstance(value, str) else None)
    return Seen(content, node, texts=texts)


@pytest.mark.parametrize(("content", "value", "shown"), SHOWN)
def test_a_value_shows_its_kind_and_its_length(content: Content, value: str | bytes, shown: str) -> None:
    assert Excerpts(False).of(seen(content, value)) == shown


def test_a_planted_text_is_the_users_own() -> None:
    assert Excerpts(False).of(seen(Content.READABLE, f"{SECRET} and more", (SECRET,))) == SECRET


def test_on_demand_texts_are_shown_without_what_moves_a_cursor() -> None:
    excerpts = Excerpts(True)
    assert excerpts.of(seen(Content.READABLE, SECRET)) == SECRET
    assert excerpts.of(seen(Content.READABLE, "a\x1b[2Jb\u202ec")) == "a·[2Jb·c"
    assert excerpts.planted(("a\x07",)) == "a·"


def test_long_texts_are_cut() -> None:
    assert len(cut("x" * 1000)) == LONGEST
    assert cut("x" * LONGEST) == "x" * LONGEST
    assert len(Excerpts(True).text("x" * 1000)) == LONGEST


PLACES: list[tuple[str, bytes, Seen, int | None]] = [
    ("it stands there", b'{"a":"four words stand here"}', seen(Content.READABLE, "four words stand here"), 6),
    ("it was decoded", b"Zm91ciB3b3Jkcw==", seen(Content.READABLE, "four words"), None),
    (
        "only the planted part stands there",
        b"..four words..",
        seen(Content.READABLE, "FOUR", ("four words",)),
        2,
    ),
    ("too short to mean a place", b"abcabc", seen(Content.READABLE, "abc"), None),
    ("not in the body", b"four words", seen(Content.READABLE, "four words", path=("query", "q")), None),
]


@pytest.mark.parametrize(("what", "body", "value", "offset"), PLACES, ids=[p[0] for p in PLACES])
def test_an_offset_is_given_only_where_the_value_stands_verbatim(
    what: str, body: bytes, value: Seen, offset: int | None
) -> None:
    assert offset_of(body, value, value.layer) == offset


def test_what_was_not_seen_has_no_offset() -> None:
    assert offset_of(b"abcd", None, None) is None
