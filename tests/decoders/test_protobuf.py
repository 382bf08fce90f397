"""Protocol buffers without a schema."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.decoders import NO_CLUE, Clue, protobuf
from auditor.model import Tree

NAMED = Clue(kinds=("protobuf",))
KEY = bytes(range(128, 160))


@pytest.mark.parametrize(
    "tree",
    [
        {1: 100, 2: "hi"},
        {1: 411, 8: {411: {1: "0:1:7:8"}}},
        {1: 100, 8: {100: {1: "0:1:7:8", 2: 1, 3: 7123456789, 4: '{"text":"meet at 7"}'}}},
        {1: {2: {3: {4: {5: "deep"}}}}},
        {1: KEY, 2: 5, 3: "alice"},
        {3: "grüße 🔐", 1: [1, 2, 3]},
        {1: "📷", 2: KEY, 3: "image/jpeg"},
    ],
)
def test_messages_with_a_text_in_them_open_without_a_clue(tree: Tree) -> None:
    data = protobuf.wrap(tree)
    assert set(protobuf.unwrap(data, NO_CLUE)) == set(tree)
    assert protobuf.unwrap(data, NO_CLUE) == protobuf.unwrap(data, NAMED)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (bytes.fromhex("0801"), "numbers only"),
        (protobuf.wrap({1: KEY, 2: 5}), "a key only"),
        (b"\n\x23" + b"channel post of some thirty-five ch", "text as a whole"),
        (protobuf.wrap({5000: "hello", 1: b"\xff"}), "a number that nobody chooses"),
    ],
)
def test_without_proof_a_clue_is_needed(data: bytes, why: str) -> None:
    assert protobuf.unwrap(data, NAMED)
    with pytest.raises(ValueError, match="nothing proves it"):
        protobuf.unwrap(data, NO_CLUE)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ("08", "a key without a value"),
        ("0a0568656c6c", "cut short"),
        ("0d616263", "a fixed number cut short"),
        ("0b0c", "a group"),
        ("0801 0e", "wire type 6"),
        ("0001", "field number 0"),
        ("808080801001", "field number 2^29"),
        ("088100", "a number with a needless byte"),
        ("880001", "a key with a needless byte"),
        ("08ffffffffffffffffff02", "65 bits"),
        ("08ffffffffffffffffffff01", "eleven bytes"),
        ("0affffffffffffffffff01", "a length beyond all"),
        ("", "nothing"),
    ],
)
def test_what_is_not_protobuf_whatever_the_clue(data: str, why: str) -> None:
    with pytest.raises(ValueError, match="not protobuf"):
        protobuf.unwrap(bytes.fromhex(data), NAMED)


@pytest.mark.parametrize(
    ("tree", "back"),
    [
        ({"1": 5}, {1: 5}),
        ({1: True, 2: False}, {1: 1, 2: 0}),
        ({1: -1}, {1: -1}),
        ({1: (1 << 64) - 1}, {1: -1}),
        ({1: -(1 << 63)}, {1: -(1 << 63)}),
        ({1: {2: {3: "x"}}}, {1: b"\x12\x03\x1a\x01x"}),
        ({1: [b"", "a", b"\xff", 1]}, {1: ["", "a", b"\xff", 1]}),
        ({1: b"abcd", 2: b"abcdefgh", 3: "abcd"}, {1: b"abcd", 2: b"abcdefgh", 3: "abcd"}),
        ({(1 << 29) - 1: 1}, {(1 << 29) - 1: 1}),
    ],
)
def test_what_can_be_written(tree: Tree, back: Tree) -> None:
    assert protobuf.unwrap(protobuf.wrap(tree), NAMED) == back


@pytest.mark.parametrize("tree", [{0: 1}, {1 << 29: 1}, {"x": 1}, {1: 1.5}, {1: None}, {1: 1 << 64}])
def test_what_cannot_be_written(tree: Tree) -> None:
    with pytest.raises(ValueError, match=r"."):
        protobuf.wrap(tree)


def test_fields_are_one_level_and_unsigned() -> None:
    data = protobuf.wrap({3: ["hello", "bye"], 1: -1, 2: {1: 1}})
    assert protobuf.fields(data) == {3: [b"hello", b"bye"], 1: [(1 << 64) - 1], 2: [b"\x08\x01"]}
    assert list(protobuf.fields(data)) == [3, 1, 2]
    assert protobuf.fields(b"") == {}


def test_random_bytes_are_accepted_less_than_once_in_two_thousand() -> None:
    dice = random.Random(1)
    accepted = 0
    for _ in range(20_000):
        try:
            protobuf.unwrap(dice.randbytes(dice.randint(8, 400)), NO_CLUE)
        except ValueError:
            continue
        accepted += 1
    assert accepted <= 2


MESSAGE = st.dictionaries(
    st.integers(1, (1 << 29) - 1),
    st.lists(st.integers(-(1 << 63), (1 << 63) - 1) | st.binary(max_size=9), min_size=1, max_size=3),
    min_size=1,
    max_size=5,
)


@settings(max_examples=100, deadline=None)
@given(tree=MESSAGE)
def test_what_was_read_once_is_read_again(tree: Tree) -> None:
    first = protobuf.unwrap(protobuf.wrap(tree), NAMED)
    assert protobuf.unwrap(protobuf.wrap(first), NAMED) == first
