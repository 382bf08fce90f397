"""Certificates: names are read, nothing else is believed, and nothing they hold is a fault."""

import warnings

from hypothesis import given
from hypothesis import strategies as st

from auditor.sources.pcap.certificates import LARGEST, MOST, names
from tests.sources.pcap.hellos import certificate


def test_the_subject_stands_first_and_no_name_twice() -> None:
    der, _ = certificate("*.chat.example", "chat.example", subject="chat.example")
    assert names(der) == ("chat.example", "*.chat.example")


def test_names_may_be_in_the_subject_only_or_nowhere() -> None:
    assert names(certificate(subject="Somebody")[0]) == ("Somebody",)
    assert names(certificate()[0]) == ()


def test_a_certificate_for_everybody_shows_its_first_names() -> None:
    der, _ = certificate(*(f"n{number}.example" for number in range(MOST + 5)))
    assert names(der) == tuple(f"n{number}.example" for number in range(MOST))


def test_what_is_longer_than_any_is_not_read() -> None:
    assert names(certificate("chat.example")[0] + bytes(LARGEST)) == ()


@given(st.binary(max_size=40), st.integers(0, 500))
def test_damage_gives_fewer_names_and_no_warning(junk: bytes, at: int) -> None:
    der, _ = certificate("*.chat.example", "chat.example", subject="chat.example")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(names(der[:at] + junk + der[at + len(junk) :])) <= MOST
