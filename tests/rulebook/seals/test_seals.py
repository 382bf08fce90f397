"""Every file of this room: examples are cut, parts cover them, nothing else is taken, nothing raises."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.rulebook.seals import SEALS, Function
from auditor.rulebook.shut import flaw

NAMES = sorted(SEALS)


@pytest.mark.parametrize("number", [300, pytest.param(5_000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", NAMES)
def test_genuine_examples_are_cut_and_hardly_ever_refused(name: str, number: int) -> None:
    alarms = 0
    for seed in range(number):
        parts = SEALS[name].cut(SEALS[name].sample(random.Random(seed)))
        assert parts, seed
        assert any(part.secret for part in parts) or name in ("mtproto", "whatsapp-noise", "mmtls")
        alarms += bool(flaw(parts))
    assert alarms <= 2 + number // 500


@pytest.mark.parametrize("name", NAMES)
def test_a_byte_less_or_more_is_not_the_same(name: str) -> None:
    """What has a length in it must have all of it; what has none still names every byte as a part."""
    for seed in range(20):
        whole = SEALS[name].sample(random.Random(seed))
        parts = SEALS[name].cut(whole)
        assert parts
        for changed in (whole[:-1], whole + b"\0", whole[: len(whole) // 2], b"\0" + whole):
            assert SEALS[name].cut(changed) != parts


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=200, deadline=None)
@given(data=st.binary(max_size=200), cut=st.integers(0, 400), seed=st.integers(0, 50))
def test_any_bytes_raise_nothing(name: str, data: bytes, cut: int, seed: int) -> None:
    whole = SEALS[name].sample(random.Random(seed))
    for broken in (data, whole[:cut] + data, whole[:cut] + data + whole[cut + len(data) :]):
        SEALS[name].cut(broken)


def test_a_function_that_is_not_there_is_refused_in_words() -> None:
    with pytest.raises(ValueError, match="no such function: 'opengpg'"):
        Function.parse("opengpg")


def test_text_before_or_after_armor_is_text() -> None:
    for name in ("openpgp-armored", "saltpack", "otr", "nip44", "age"):
        whole = SEALS[name].sample(random.Random(1))
        for written in (b"look: " + whole, whole + b"\nsee you at seven"):
            parts = SEALS[name].cut(written)
            assert parts is None or flaw(parts) or name in ("age", "saltpack"), name


KNOWN = "X25519 " + "A1b+" * 10 + "x/Q"


def age(*recipients: str) -> bytes:
    stanzas = "".join(f"-> {line}\n{'q8Zw' * 10}c3T\n" for line in recipients)
    return f"age-encryption.org/v1\n{stanzas}--- {'u7Kp' * 10}d4E\n".encode() + random.Random(1).randbytes(90)


@pytest.mark.parametrize(
    ("line", "shut"),
    [
        ("&-grease c IKF0y= e-;3=", True),
        ("AsRsqP*-grease", True),
        ("meet-grease me at seven pm", False),
        ("MEET-grease ME AT SEVEN", False),
        ("Pier9-grease Boat7714 Key0029 Gate1288", False),
        ("ninechars-grease a", False),
        ("ab-grease a b c d e", False),
        ("secret words-grease a", False),
    ],
)
def test_age_lets_a_recipient_of_random_characters_stand_but_no_words(line: str, shut: bool) -> None:
    parts = SEALS["age"].cut(age(KNOWN, line))
    assert parts
    assert (not flaw(parts)) is shut


def test_age_lets_only_one_such_recipient_stand() -> None:
    parts = SEALS["age"].cut(age(KNOWN, "Zk!-grease", "&%$#!?;)-grease {}|<>~^`"))
    assert parts
    assert flaw(parts)


def test_deep_nesting_is_refused() -> None:
    assert SEALS["smime"].cut(b"\x30\x80" * 5_000) is None
    assert SEALS["jwe"].cut(b"eyJ" + b"W1tb" * 2_000 + b".a.a.a.a") is None
