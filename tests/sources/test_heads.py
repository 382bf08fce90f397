"""Addresses, names and times, friendly and hostile."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.sources import heads

TARGETS = [
    ("/", (), ()),
    ("", (), ()),
    ("/a/b%20c/", ("a", "b c"), ()),
    ("/a//b", ("a", "", "b"), ()),
    ("/x?a=1&b=&a=%C3%BC+y#f", ("x",), (("a", "1"), ("b", ""), ("a", "ü y"))),
    ("/%ff?%ff=1", ("\ufffd",), (("\ufffd", "1"),)),
]
HOSTS = [
    ("a.example", ("a.example", 0)),
    ("a.example:8443", ("a.example", 8443)),
    ("[::1]:80", ("::1", 80)),
    ("::1", ("::1", 0)),
    ("user:word@a.example:1", ("a.example", 1)),
    ("a.example:99999999", ("a.example", 0)),
]


@pytest.mark.parametrize(("text", "path", "query"), TARGETS)
def test_a_target_is_split(text: str, path: tuple[str, ...], query: tuple[tuple[str, str], ...]) -> None:
    assert heads.target(text) == (path, query)


@pytest.mark.parametrize(("text", "host"), HOSTS)
def test_an_authority_is_split(text: str, host: tuple[str, int]) -> None:
    assert heads.bare_host(text) == host


def test_a_hostile_target_stays_small_and_keeps_everything() -> None:
    path, query = heads.target("/a" * 10_000 + "?" + "x=1&" * 10_000 + "last=one")
    assert len(path) == heads.STEPS
    assert len(query) == heads.PAIRS
    assert query[-1][1].endswith("last=one")


@given(st.text(), st.binary())
def test_all_text_can_be_encoded(text: str, data: bytes) -> None:
    path, query = heads.target(text + "\ud800")
    for piece in (*path, *(word for pair in query for word in pair), heads.clean(text), heads.words(data)):
        piece.encode()


@pytest.mark.parametrize(
    ("status", "text", "told"),
    [
        (200, "OK", False), (203, "Non-Authoritative Information", False),
        (431, "Request Header Fields Too Large", False), (200, "Connection established", False),
        (200, "meet at seven", True),
    ],
)  # fmt: skip
def test_what_a_server_says_of_a_status_is_told_where_it_is_its_own(
    status: int, text: str, told: bool
) -> None:
    assert heads.phrase(status, text) == ((("reason-phrase", text),) if told else ())


def test_a_time_is_one_that_a_clock_could_show() -> None:
    assert heads.seconds(1.5) == 1.5
    for value in (float("nan"), float("inf"), 1e300, "1", None):
        assert heads.seconds(value) is None
