"""What every decoder promises, asked of every decoder that is found."""

import random
import time
from collections.abc import Iterator
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.decoders import DECODERS, NO_CLUE, Clue, Decoder
from auditor.errors import TooMuch
from auditor.model import Tree

NAMES = sorted(DECODERS)
CASES = [(name, data, tree) for name in NAMES for data, tree in DECODERS[name].EXAMPLES]


def clue_of(decoder: Decoder) -> Clue:
    clue = getattr(decoder, "CLUE", NO_CLUE)
    assert isinstance(clue, Clue)
    return clue


def scalars(tree: Tree) -> Iterator[object]:
    stack = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            assert all(type(key) in (str, int) for key in node)
            stack += node.values()
        elif isinstance(node, list):
            stack += node
        else:
            yield node


def size(tree: Tree) -> int:
    return sum(len(value) for value in scalars(tree) if isinstance(value, str | bytes))


def attempt(name: str, data: bytes, clue: Clue) -> None:
    """It opens to a tree that can be written and read again, or it is refused in the right way."""
    decoder = DECODERS[name]
    try:
        tree = decoder.unwrap(data, clue)
    except (ValueError, TooMuch):
        return
    assert all(value is None or type(value) in (str, bytes, int, float, bool) for value in scalars(tree))
    for value in scalars(tree):
        if isinstance(value, str):
            value.encode()
    if name not in ("hex", "base64"):  # short results are written but not read back
        assert decoder.unwrap(decoder.wrap(tree), clue) == tree


@cache
def named(name: str) -> Clue:
    own = clue_of(DECODERS[name])
    return Clue(kinds=(name,), boundary=own.boundary or "b", charset="latin-1", limit=1_000_000)


@pytest.mark.parametrize(("name", "data", "tree"), CASES)
def test_an_example_opens_to_its_tree(name: str, data: bytes, tree: Tree) -> None:
    assert DECODERS[name].unwrap(data, clue_of(DECODERS[name])) == tree


@pytest.mark.parametrize(("name", "data", "tree"), CASES)
def test_what_is_written_reads_back(name: str, data: bytes, tree: Tree) -> None:
    decoder = DECODERS[name]
    assert decoder.unwrap(decoder.wrap(tree), clue_of(decoder)) == tree


@pytest.mark.parametrize("name", NAMES)
def test_a_decoder_says_what_it_reads_and_when(name: str) -> None:
    decoder = DECODERS[name]
    assert decoder.reads in ("bytes", "text", "both")
    assert 0 < decoder.order < 100
    assert isinstance(decoder.needs_clue, bool)
    assert len(decoder.EXAMPLES) >= 2


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_not_of_any_kind(name: str) -> None:
    for clue in (NO_CLUE, named(name)):
        with pytest.raises(ValueError, match=r"."):
            DECODERS[name].unwrap(b"", clue)


@pytest.mark.parametrize("name", NAMES)
def test_random_bytes_are_refused_or_opened_but_never_break_it(name: str) -> None:
    dice = random.Random(name)
    for _ in range(300):
        data = dice.randbytes(dice.randint(1, 200))
        attempt(name, data, NO_CLUE)
        attempt(name, data, named(name))


@pytest.mark.parametrize(("name", "data", "tree"), CASES)
def test_a_changed_example_is_refused_or_opened_but_never_breaks_it(
    name: str, data: bytes, tree: Tree
) -> None:
    dice = random.Random(name)
    for _ in range(200):
        changed = bytearray(data)
        for _ in range(dice.randint(1, 3)):
            at = dice.randrange(len(changed))
            match dice.randrange(4):
                case 0:
                    changed[at] = dice.randrange(256)
                case 1:
                    del changed[at:]
                    changed += data[dice.randrange(len(data)) :]
                case 2:
                    changed.insert(at, dice.choice(data))
                case _:
                    changed[at] ^= 1 << dice.randrange(8)
            if not changed:
                break
        attempt(name, bytes(changed), clue_of(DECODERS[name]))
        attempt(name, bytes(changed), named(name))


@settings(max_examples=60, deadline=None)
@given(data=st.binary(max_size=300), name=st.sampled_from(NAMES), clued=st.booleans())
def test_any_bytes_at_all(data: bytes, name: str, clued: bool) -> None:
    attempt(name, data, named(name) if clued else NO_CLUE)


@settings(max_examples=60, deadline=None)
@given(data=st.text(max_size=300), name=st.sampled_from(NAMES), clued=st.booleans())
def test_any_text_at_all(data: str, name: str, clued: bool) -> None:
    attempt(name, data.encode(), named(name) if clued else NO_CLUE)


@pytest.mark.parametrize(("name", "data", "tree"), CASES)
def test_more_than_the_limit_is_too_much(name: str, data: bytes, tree: Tree) -> None:
    clue = clue_of(DECODERS[name])
    short = Clue(clue.kinds, clue.media, clue.boundary, clue.charset, limit=max(size(tree) - 1, 0))
    if size(tree):
        with pytest.raises(TooMuch):
            DECODERS[name].unwrap(data, short)


@pytest.mark.parametrize("name", ["gzip", "zlib", "zstd", "brotli"])
def test_a_bomb_stops_early(name: str) -> None:
    bomb = DECODERS[name].wrap(bytes(50_000_000))
    with pytest.raises(TooMuch):
        DECODERS[name].unwrap(bomb, Clue(kinds=(name,), limit=10_000))


@pytest.mark.parametrize("name", ["gzip", "zlib", "zstd", "brotli"])
def test_the_first_megabyte_is_free_of_the_ratio(name: str) -> None:
    plain = bytes(1_000_000)
    assert DECODERS[name].unwrap(DECODERS[name].wrap(plain), Clue(kinds=(name,))) == plain


@pytest.mark.parametrize("name", ["zstd", "brotli"])  # deflate cannot do better than 1,032:1
def test_a_thousand_to_one_is_too_much(name: str) -> None:
    with pytest.raises(TooMuch):
        DECODERS[name].unwrap(DECODERS[name].wrap(bytes(30_000_000)), Clue(kinds=(name,)))


@pytest.mark.parametrize("name", ["gzip", "zlib", "zstd", "brotli"])
def test_every_cut_and_every_extra_byte_is_refused(name: str) -> None:
    decoder, clue = DECODERS[name], Clue(kinds=(name,))
    for plain in (b"meet at 7 by the north gate", random.Random(1).randbytes(100)):
        data = decoder.wrap(plain)
        for end in range(len(data)):
            with pytest.raises(ValueError, match=r"."):
                decoder.unwrap(data[:end], clue)
        for extra in (b"x", b"\0", bytes(20)):
            with pytest.raises(ValueError, match=r"."):
                decoder.unwrap(data + extra, clue)


@pytest.mark.parametrize("name", NAMES)
def test_a_hostile_half_megabyte_takes_no_time(name: str) -> None:
    pieces = (
        b"<a>",
        b"[",
        b'["\\',
        b"a=1&",
        b"%41",
        b"%",
        b"\x08\x01",
        b"\x0a\x00",
        b"\x80",
        b"\r\n--b",
        b" ",
        b"A\n",
    )
    begun = time.process_time()
    for piece in pieces:
        data = piece * (500_000 // len(piece))
        for clue in (NO_CLUE, named(name)):
            try:
                DECODERS[name].unwrap(data, clue)
            except (ValueError, TooMuch):
                continue
    assert time.process_time() - begun < 60  # a hang, not a time


@pytest.mark.parametrize("name", [name for name in NAMES if hasattr(DECODERS[name], "starts")])
def test_a_decoder_that_names_its_first_bytes_opens_nothing_that_begins_otherwise(name: str) -> None:
    """Nobody asks it about anything else, so what it opened there would be lost."""
    decoder = DECODERS[name]
    rng = random.Random(name)
    tails = [data[skip:] for data, _ in decoder.EXAMPLES for skip in (0, 1, 2)]
    tails += [rng.randbytes(size) for size in (0, 1, 5, 30)]
    for first in set(range(256)).difference(getattr(decoder, "starts", range(256))):
        for tail in tails:
            with pytest.raises(ValueError):
                decoder.unwrap(bytes((first,)) + tail, NO_CLUE)


@pytest.mark.parametrize("name", NAMES)
def test_examples_that_need_no_clue_have_what_their_decoder_says_they_must(name: str) -> None:
    decoder = DECODERS[name]
    for data, _ in decoder.EXAMPLES:
        if data and not decoder.needs_clue and not hasattr(decoder, "CLUE"):
            assert data[0] in getattr(decoder, "starts", range(256))
            assert getattr(decoder, "mark", b"") in data
