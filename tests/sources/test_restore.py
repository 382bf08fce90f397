"""Bodies that a recorder made text of."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.sources.restore import from_base64, from_text


@given(st.binary(min_size=1))
def test_a_binary_body_written_as_latin_1_comes_back(body: bytes) -> None:
    text = body.decode("latin-1")
    assert from_text(text, "application/octet-stream", [len(body)]) == (body, True)


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_text_comes_back_with_or_without_a_size(text: str) -> None:
    body = text.encode()
    assert from_text(text, "text/plain", [len(body)]) == (body, True)
    assert from_text(text, "text/plain; charset=utf-8", []) == (body, True)


@pytest.mark.parametrize("charset", ["latin-1", "gbk", "shift_jis", "koi8-r", "utf-16", "windows-1251"])
def test_a_declared_charset_is_put_back(charset: str) -> None:
    text = {"latin-1": "über", "gbk": "你好", "shift_jis": "こんにちは"}.get(charset, "привет")
    body = text.encode(charset)
    assert from_text(text, f'text/plain; charset="{charset}"', [len(body)]) == (body, True)


@pytest.mark.parametrize("charset", ["idna", "rot13", "unicode_escape", "no-such", "undefined", "aliases"])
def test_a_codec_that_is_no_charset_is_passed_over(charset: str) -> None:
    assert from_text("grün", f"text/plain; charset={charset}", []) == ("grün".encode(), True)


def test_bytes_that_mitmproxy_escaped_come_back() -> None:
    assert from_text("a\udcff", "text/plain", []) == (b"a\xff", True)


def test_single_surrogates_never_raise() -> None:
    assert from_text("a\ud800b", "text/plain", [])[0].decode() == "a\ufffdb"
    assert from_text("\ud83d\ude00", "text/plain", [])[0] == "😀".encode()


def test_a_shorter_body_is_not_whole() -> None:
    assert from_text("abc", "", [1000]) == (b"abc", False)
    assert from_text("abc", "", [1000, 3]) == (b"abc", True)


@given(st.binary())
def test_base64_comes_back(body: bytes) -> None:
    assert from_base64(base64.b64encode(body).decode()) == (body, True)


def test_cut_base64_gives_what_it_has() -> None:
    assert from_base64("aGVsbG8gd29ybGQhI") == (b"hello world!", False)
    assert from_base64("aGVsb-/ü")[1] in (True, False)
