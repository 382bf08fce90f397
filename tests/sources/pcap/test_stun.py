"""STUN: who runs a relay is shown, who uses it is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.sources.pcap.stun import COOKIE, MOST, Stun, read

BINDING, ALLOCATE, REFUSED = 0x0001, 0x0003, 0x0113


def attribute(kind: int, value: bytes) -> bytes:
    return kind.to_bytes(2) + len(value).to_bytes(2) + value + bytes(-len(value) % 4)


def message(kind: int, *attributes: bytes) -> bytes:
    body = b"".join(attributes)
    return kind.to_bytes(2) + len(body).to_bytes(2) + COOKIE + bytes(12) + body


REALM, SOFTWARE = attribute(0x0014, b"relay.example"), attribute(0x8022, b"Coturn-4.6\0")
PERSON = attribute(0x0006, b"1700000000:alice")

MESSAGES = {
    message(BINDING): Stun(False),
    message(BINDING, PERSON): Stun(False, named=True),
    message(REFUSED, REALM, SOFTWARE): Stun(True, "relay.example", "Coturn-4.6"),
    message(ALLOCATE, attribute(0x4001, b"1"), attribute(0x4001, b"2")): Stun(True, special=(0x4001,)),
    message(BINDING, attribute(0x802F, b"https://web.example")): Stun(False, origin="https://web.example"),
}
NONE = {
    "too short": message(BINDING)[:19],
    "no cookie": message(BINDING).replace(COOKIE, b"!B\xa4C"),
    "an attribute beyond the end": message(BINDING, attribute(0x0006, b"abcd")[:-4]),
    "a body that is cut off": message(BINDING, PERSON)[:-4],
    "sound": b"\x80" + message(BINDING)[1:],
}


@pytest.mark.parametrize("data", MESSAGES)
def test_a_message_shows_its_relay_and_hides_its_person(data: bytes) -> None:
    found = read(data)
    assert found == MESSAGES[data]
    assert "alice" not in repr(found)


@pytest.mark.parametrize("what", NONE)
def test_what_is_no_message_is_none(what: str) -> None:
    assert read(NONE[what]) is None


def test_endless_attributes_are_not_read_to_the_end() -> None:
    found = read(message(BINDING, *(attribute(0x4000 + number, b"") for number in range(MOST + 9))))
    assert found
    assert len(found.special) == MOST


@given(st.binary(max_size=60))
def test_any_attributes_are_read_or_refused(data: bytes) -> None:
    found = read(message(BINDING, data[: len(data) // 4 * 4]))
    assert found is None or len(found.special) <= MOST
