"""Known texts are found in every encoding they travel in, and nowhere else."""

import base64
import hashlib
import html
import json
import quopri
import random
import re
import time
import unicodedata
from collections.abc import Callable
from email import quoprimime
from functools import cache
from itertools import product
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.decoders.unwrap import Node, Opening
from auditor.needles import DIGESTS, SHORTEST, Needles, fold, variants

TEXTS = {
    "short": "Harbor-4471 meet me by the old crane",
    "unicode": "Ferry-5520 čekej u mola ⚓🌊 שלום לכולם, привет",
    "token": "TOKEN-repeat-7731",
    "link": "https://example.org/harbor/pier-9?ticket=5583&a=b",
    "json": '{"pier": 9, "boat": "Marigold-3318", "note": "bring two ropes"}',
    "persian": "کتاب‌ها روی اسکلهٔ ۷",
    "family": "👩‍👩‍👧‍👦 am Kai, Straße 7 & <Hof>",
}
ENCODINGS: dict[str, tuple[str, Callable[[str], bytes]]] = {
    "as it is": ("", str.encode),
    "utf-16, little end first": ("utf-16", lambda t: t.encode("utf-16-le")),
    "utf-16, big end first": ("utf-16", lambda t: t.encode("utf-16-be")),
    "JSON escapes": ("json", lambda t: json.dumps(t).encode()),
    "JSON without escapes": ("json", lambda t: json.dumps(t, ensure_ascii=False).encode()),
    "percent": ("percent", lambda t: quote(t, safe="").encode()),
    "percent in lower case": ("percent", lambda t: quote(t, safe="").lower().encode()),
    "a form": ("form", lambda t: quote_plus(t).encode()),
    "JSON escapes in capitals": (
        "json",
        lambda t: re.sub(r"\\u(.{4})", lambda m: "\\u" + m[1].upper(), json.dumps(t)).encode(),
    ),
    "HTML": ("html", lambda t: html.escape(t).encode()),
    "HTML with numbers": ("html", lambda t: html.escape(t).encode("ascii", "xmlcharrefreplace")),
    "quoted-printable": ("quoted-printable", lambda t: one_line(quopri.encodestring(t.encode()))),
    "quoted-printable in small letters": (
        "quoted-printable",
        lambda t: re.sub(rb"=..", lambda m: m[0].lower(), one_line(quopri.encodestring(t.encode()))),
    ),
    "quoted-printable in a header": (
        "quoted-printable",
        lambda t: quoprimime.header_encode(t.encode(), "utf-8").split("?")[3].encode(),
    ),
}


def one_line(quoted: bytes) -> bytes:
    return quoted.replace(b"=\n", b"")


@pytest.mark.parametrize("more", [0, 3, 100], ids=["few texts", "several", "more than the table holds"])
def test_whether_any_text_is_there_is_told_as_the_search_tells_it(more: int) -> None:
    needles = Needles([*TEXTS.values(), *(f"pier {number} at {number * 7}" for number in range(more))])
    for text in TEXTS.values():
        for _, data in variants(text):
            for around in (data, b"\0\xff" + data + b"\0", data[:-1], data[1:], data[:8] + b"?" + data[8:]):
                assert needles.within(around) == bool(needles.search(around))


CHANGES: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "in capitals": str.upper,
    "in small letters": str.lower,
    "with other spaces": lambda t: t.replace(" ", " \t\r\n "),
    "in parts of characters": lambda t: unicodedata.normalize("NFD", t),
    "with a letter less": lambda t: t[:9] + t[10:],
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("more", [0, 3, 100], ids=["few texts", "several", "more than the table holds"])
def test_no_changed_text_is_passed_over(change: str, more: int) -> None:
    extra = [f"pier {number} at {number * 7}" for number in range(more)]
    for text in (*TEXTS.values(), "So I said to the miller"):
        needles = Needles([text, *extra])
        for around in ("", " ", "xyz", "ž", "a \x1f", "Harbor-4471 ", "\ud800"):
            value = around + CHANGES[change](text) + around
            data = value.encode("utf-8", "replace")
            found = bool(needles.search(data) or needles.search_text(value))
            assert needles.anywhere(data, value) == needles.anywhere(b"\xff" + data, value) == found
            assert found == (change != "with a letter less")
            assert not found or len(data) >= needles.shortest


@cache
def only(text: str) -> Needles:
    return Needles([text])


def how(needles: Needles, data: bytes) -> set[str]:
    return {hit.how for hit in needles.search(data)}


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_text_is_found_in_every_encoding(name: str, encoding: str, form: str) -> None:
    text = TEXTS[name]
    label, encode = ENCODINGS[encoding]
    inner = encode(unicodedata.normalize(form, text))  # type: ignore[arg-type]
    data = b"\x00\xffbefore " + inner + b" after\xfe\x00"
    (hit,) = only(text).search(data)
    assert hit.text == text
    assert not hit.tolerant
    assert data[hit.start : hit.end] in {form for _, form in variants(text)}
    # Letters and digits look the same in most encodings, so the plainest name is right as well.
    assert hit.how in {h for h, variant in variants(text) if variant == data[hit.start : hit.end]}
    assert label == hit.how or (label, data[hit.start : hit.end]) in set(variants(text)) or inner.isascii()


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_a_text_is_found_inside_longer_base64_at_every_alignment(
    name: str, encode: Callable[[bytes], bytes]
) -> None:
    text = TEXTS[name]
    for shift, tail in product(range(6), range(4)):
        chance = random.Random(f"{name}{shift}{tail}")
        data = encode(chance.randbytes(shift) + text.encode() + chance.randbytes(tail))
        (hit,) = only(text).search(b'{"blob": "' + data + b'"}')
        assert (hit.text, hit.how) == (text, "base64"), (shift, tail)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=12, max_size=40).filter(str.strip),
    st.binary(max_size=5),
)
def test_whatever_was_typed_is_found_in_base64(text: str, before: bytes) -> None:
    shaped = unicodedata.normalize("NFC", text)
    assert {h.text for h in Needles([text]).search(base64.b64encode(before + shaped.encode()))} == {text}
    assert {h.text for h in Needles([text]).search(before + shaped.encode())} == {text}


# Lines: what the decoders open

LONG = "Harbor-4471 meet me by the old crane = čekej u mola, and bring the second rope and both of the lamps"
WRAPPED: dict[str, Callable[[bytes], bytes]] = {
    "quoted-printable with soft line breaks": quopri.encodestring,
    "soft line breaks of mail": lambda data: quopri.encodestring(data).replace(b"\n", b"\r\n"),
    "base64 in lines": base64.encodebytes,
    "base64 in lines, after other bytes": lambda data: base64.encodebytes(b"before: " + data),
}


@pytest.mark.parametrize("wrap", WRAPPED)
def test_a_text_that_is_wrapped_over_lines_is_opened_and_then_found(wrap: str) -> None:
    data = WRAPPED[wrap](LONG.encode())
    assert b"\n" in data.strip()
    needles = Needles([LONG])
    assert needles.search(data) == []
    node: Node = Opening().open(data, ("body",))
    hits = [hit for layer in node.layers for hit in needles.search(layer.data)]
    assert [(hit.text, hit.how, hit.tolerant) for hit in hits] == [(LONG, "", False)]


# Digests

WRITTEN: dict[str, Callable[[bytes], bytes]] = {
    "bytes": lambda digest: digest,
    "hex": lambda digest: digest.hex().encode(),
    "HEX": lambda digest: digest.hex().upper().encode(),
    "base64": base64.b64encode,
    "base64 without its end": lambda digest: base64.b64encode(digest).rstrip(b"="),
    "base64 for addresses": base64.urlsafe_b64encode,
    "base64 for addresses, without its end": lambda digest: base64.urlsafe_b64encode(digest).rstrip(b"="),
}


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("algorithm", DIGESTS)
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_the_hash_of_a_text_is_found_however_it_is_written(name: str, algorithm: str, form: str) -> None:
    text = TEXTS[name]
    shaped = unicodedata.normalize(form, text)  # type: ignore[arg-type]
    digest = hashlib.new(algorithm, shaped.encode()).digest()
    for write in WRITTEN.values():
        (hit,) = only(text).search(b'{"hash": "' + write(digest) + b'"}')
        assert (hit.text, hit.how, hit.digest, hit.tolerant) == (text, algorithm, True, False)


def test_a_digest_beside_the_text_hides_neither() -> None:
    text = TEXTS["short"]
    digest = hashlib.md5(text.encode()).hexdigest().encode()
    for data in (digest + b" " + text.encode(), text.encode() + b" " + digest):
        hits = Needles([text]).search(data)
        assert {(hit.how, hit.digest) for hit in hits} == {("", False), ("md5", True)}


def test_other_digests_are_not_the_texts() -> None:
    text = TEXTS["short"]
    needles = Needles([text])
    for other in (text.upper(), text + "\n", text[:-1], ""):
        assert needles.search(hashlib.sha256(other.encode()).hexdigest().encode()) == []
    digest = hashlib.sha256(text.encode()).digest()
    for near in (digest[:-1], digest[1:], digest[::-1], digest.hex()[:-1].encode()):
        assert needles.search(near) == []
    assert needles.search_text(digest.hex()) == []


def test_of_texts_too_short_to_mean_anything_no_digest_is_looked_for() -> None:
    assert Needles(["no!"]).search(hashlib.sha1(b"no!").digest()) == []


# Tolerance

CHANGED: dict[str, Callable[[str], str]] = {
    "capitals": str.upper,
    "small letters": str.lower,
    "more white space": lambda t: t.replace(" ", " \n  "),
    "hard spaces": lambda t: t.replace(" ", "\u00a0"),
    "taken apart accents": lambda t: unicodedata.normalize("NFD", t).upper(),
    "text around it": lambda t: f"> {t.title()}\n--\nsent from my boat",
}


@pytest.mark.parametrize("change", CHANGED)
def test_a_text_that_an_app_changed_is_found_and_said_to_be_changed(change: str) -> None:
    text = "Ferry-5520 čekej u mola"
    changed = CHANGED[change](text)
    needles = Needles([text])
    assert needles.search(changed.encode()) == []
    (hit,) = needles.search_text(changed)
    assert hit.text == text
    assert hit.tolerant


def test_other_words_are_not_the_text() -> None:
    needles = Needles(["Ferry-5520 cekej u mola"])
    for other in ("Ferry-5521 cekej u mola", "Ferry-5520 cekej umola", "Ferry-5520", "", "   ", "čekej"):
        assert needles.search(other.encode()) == []
        assert needles.search_text(other) == []


def test_folding_twice_changes_nothing() -> None:
    for text in TEXTS.values():
        assert fold(fold(text)) == fold(text)


# No chance hits


def test_nothing_is_found_in_chance() -> None:
    needles = Needles([*TEXTS.values(), "pier", "a", "9", "hi"])
    chance = random.Random(4471)
    long = Needles(TEXTS.values())
    for _ in range(200):
        data = chance.randbytes(5000)
        assert long.search(data) == []
        assert long.search(base64.b64encode(data)) == []
        assert long.search(data.hex().encode()) == []
    assert {h.text for h in needles.search(chance.randbytes(1000))} <= {"pier"}


@pytest.mark.parametrize("text", ["a", "hi", "no!", "9"])
def test_a_text_too_short_to_mean_anything_is_found_only_as_a_whole_value(text: str) -> None:
    needles = Needles([text])
    assert len(text.encode()) < SHORTEST
    assert needles.search(f"{text} and {text} in a machine, hi 9 no!".encode()) == []
    assert needles.search_text("this machine said: no!, 9 times, hi") == []
    assert [hit.text for hit in needles.search_text(f" {text.upper()} ")] == [text]


def test_empty_texts_are_nothing() -> None:
    for texts in ([], [""], ["", " \t\n", "\u3000"]):
        needles = Needles(texts)
        assert not needles
        assert needles.texts == ()
        assert needles.search(b"any \t\n bytes") == []
        assert needles.search_text("any   text") == []
    assert Needles(["", "Harbor-4471"]).texts == ("Harbor-4471",)


# Several texts


def test_texts_that_overlap_are_all_found() -> None:
    texts = ["meet me", "me at the old crane", "meet me at the old crane", "crane"]
    data = b"..meet me at the old crane.."
    hits = Needles(texts).search(data)
    assert {hit.text for hit in hits} == set(texts)
    assert all(data[hit.start : hit.end].decode() == hit.text for hit in hits)
    assert {hit.text for hit in Needles(texts).search_text("MEET ME at the old  crane")} == set(texts)


def test_the_first_of_many_places_is_given() -> None:
    (hit,) = Needles(["old crane"]).search(b"an old crane, old crane")
    assert (hit.start, hit.end) == (3, 12)


def test_a_text_given_twice_is_one_text() -> None:
    assert Needles(["old crane", "old crane"]).texts == ("old crane",)


def test_two_texts_that_are_written_alike_are_both_found() -> None:
    pairs = [
        ("a b & c", "a%20b%20%26%20c"),
        (unicodedata.normalize("NFC", "čekej"), unicodedata.normalize("NFD", "čekej")),
    ]
    for one, two in pairs:
        assert {hit.text for hit in Needles([one, two]).search(two.encode())} == {one, two}


def test_half_a_character_from_a_command_line_breaks_nothing() -> None:
    needles = Needles(["broken \udcff text", "\ud83d", "whole text"])
    assert [h.text for h in needles.search(b"a whole text")] == ["whole text"]
    assert [h.text for h in needles.search_text("A whole text \udcff")] == ["whole text"]
    assert all(text.encode() for text in needles.texts)


def test_two_thousand_texts_are_looked_for_in_one_pass() -> None:
    """Not a stop watch: one pass for all is a hundred times faster than a pass for each."""
    texts = [f"Harbor-{number:05} meet me by crane {number * 7919}" for number in range(2000)]
    needles = Needles(texts)
    chance = random.Random(1)
    data = chance.randbytes(400_000) + texts[1234].encode() + chance.randbytes(400_000)
    start = time.process_time()
    (hit,) = needles.search(data)
    assert hit.text == texts[1234]
    assert time.process_time() - start < 60  # a hang, not a time
