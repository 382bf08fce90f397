"""Every file of this room: examples are cut, parts cover them, nothing else is taken, nothing raises."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.rulebook.seals import SEALS, Function
from auditor.rulebook.shut import flaw

NAMES = sorted(SEALS)
GENUINE = 2_000


@pytest.mark.parametrize("name", NAMES)
def test_genuine_examples_are_cut_and_hardly_ever_refused(name: str) -> None:
    alarms = 0
    for seed in range(GENUINE):
        parts = SEALS[name].cut(SEALS[name].sample(random.Random(seed)))
        assert parts, seed
        assert any(part.secret for part in parts) or name in ("mtproto", "whatsapp-noise", "mmtls")
        alarms += bool(flaw(parts))
    assert alarms <= 5


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


def test_deep_nesting_is_refused() -> None:
    assert SEALS["smime"].cut(b"\x30\x80" * 5_000) is None
    assert SEALS["jwe"].cut(b"eyJ" + b"W1tb" * 2_000 + b".a.a.a.a") is None
