"""Shapes work both ways, and no chance matches them."""

import base64
import gzip
import random
import zlib
from collections.abc import Iterator
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.decoders import protobuf
from auditor.rulebook.book import Rulebook
from auditor.rulebook.build import sealed
from auditor.rulebook.selftest import recognised
from auditor.rulebook.shape import COUNTER, Field, TextShape

packed = partial(gzip.compress, mtime=0)  # always the same bytes


def test_samples_of_every_envelope_are_recognised_as_that_one_alone(real: Rulebook) -> None:
    for name in real.envelopes:
        wrong = [n for n in range(200) if recognised(real, sealed(name, real, f"alone{n}")) != name]
        assert not wrong, name


def test_samples_of_every_envelope_have_its_mark(real: Rulebook) -> None:
    """What has it not is not even looked at."""
    for name, envelope in real.envelopes.items():
        if envelope.shape is not None:
            for number in range(100):
                sample = sealed(name, real, f"mark{number}")
                assert isinstance(sample, bytes)
                assert envelope.shape.mark in sample, name
                for mark in {envelope.shape.mark} - {b""}:
                    assert envelope.shape.cut(sample.replace(mark, b"!" * len(mark)), real.shape) is None, (
                        name
                    )


def test_samples_of_the_small_book_too(small: Rulebook) -> None:
    for name in small.envelopes:
        wrong = [n for n in range(100) if recognised(small, sealed(name, small, f"{n}")) != name]
        assert len(wrong) <= 1, name


def noise(dice: random.Random, number: int) -> Iterator[bytes]:
    for _ in range(number):
        yield dice.randbytes(dice.randint(32, 400))


def chance_seals(book: Rulebook, blobs: Iterator[bytes]) -> list[str]:
    """Blobs that count as a seal by themselves; the shut and sufficient ones are what must not happen."""
    return [s.name for b in blobs if (s := book.recognise(b)) is not None and s.shut and s.alone]


def test_random_bytes_are_never_a_seal(real: Rulebook) -> None:
    assert chance_seals(real, noise(random.Random(1), 20_000)) == []


@pytest.mark.slow
def test_many_random_bytes_are_never_a_seal(real: Rulebook) -> None:
    assert chance_seals(real, noise(random.Random(2), 500_000)) == []


def test_random_bytes_that_begin_like_a_seal_are_never_one(real: Rulebook) -> None:
    dice = random.Random(3)
    firsts = sorted({b for e in real.envelopes.values() if e.shape is not None for b in e.shape.first_bytes})
    assert chance_seals(real, (bytes([dice.choice(firsts)]) + b for b in noise(dice, 20_000))) == []


def random_protobuf(dice: random.Random, levels: int = 2) -> bytes:
    tree = {}
    for _ in range(dice.randint(1, 6)):
        tree[dice.randint(1, 9)] = dice.choice(
            [
                dice.randrange(1 << 30),
                dice.randbytes(dice.randint(1, 60)),
                random_protobuf(dice, levels - 1) if levels else b"words of a person",
            ]
        )
    return protobuf.wrap(tree)


def test_neither_protobuf_nor_compressed_nor_pictures_nor_base64_are_a_seal(real: Rulebook) -> None:
    dice = random.Random(4)
    words = [dice.randbytes(3).hex() for _ in range(400)]
    texts = [" ".join(dice.choices(words, k=40)).encode() for _ in range(1_000)]
    blobs = [random_protobuf(dice) for _ in range(3_000)]
    blobs += [
        bytes([dice.choice((3, 0x11, 0x33, 0x34, 0x44))]) + random_protobuf(dice) + dice.randbytes(8)
        for _ in range(3_000)
    ]
    blobs += [code(text) for text in texts for code in (packed, zlib.compress)]
    blobs += [b"\xff\xd8\xff\xe0\0\x10JFIF\0\1" + dice.randbytes(dice.randint(40, 400)) for _ in range(1_000)]
    blobs += [base64.b64encode(b) for b in noise(dice, 1_000)]
    assert chance_seals(real, iter(blobs)) == []


@pytest.mark.parametrize(
    ("text", "sizes", "how"),
    [
        ("uint", (), ""),
        ("uint?", (), ""),
        ("bytes[33] 05", (33,), ""),
        ("secret[16n]", (16,), "n"),
        ("secret[32..]", (32,), ".."),
        ("bytes[12|16]", (12, 16), ""),
        ("bytes", (), ""),
        ("=signal-message", (), ""),
    ],
)
def test_a_field_is_read(text: str, sizes: tuple[int, ...], how: str) -> None:
    field = Field.parse(text)
    assert (field.sizes, field.how) == (sizes, how)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "byte",
        "bytes[",
        "bytes[]",
        "bytes[0]",
        "bytes[16m]",
        "bytes[12|16n]",
        "bytes[99999]",
        "bytes[|]",
        "bytes[1] 05 06",
        "secret[n]",
        "bytes[33] xx",
        "=",
        "=UPPER",
        "uint??",
        "bytes [3]",
        "bytes[3] 0",
        "text",
    ],
)
def test_a_bad_field_is_refused_in_words(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Field.parse(text)


@pytest.mark.parametrize(
    ("text", "right", "wrong"),
    [
        ("bytes[3]", [3], [0, 2, 4]),
        ("bytes[16n]", [16, 32, 160], [0, 8, 17]),
        ("bytes[5..]", [5, 6, 999], [0, 4]),
        ("bytes[2|4]", [2, 4], [0, 1, 3, 6]),
        ("bytes", [1, 77], [0]),
    ],
)
def test_a_field_measures(text: str, right: list[int], wrong: list[int]) -> None:
    field = Field.parse(text)
    assert all(field.cut(bytes(n), "x", no_shapes) is not None for n in right)
    assert all(field.cut(bytes(n), "x", no_shapes) is None for n in wrong)


def no_shapes(name: str) -> TextShape:
    raise AssertionError(name)


def test_a_number_is_small_and_no_bytes() -> None:
    uint = Field.parse("uint")
    assert uint.cut(0, "x", no_shapes) == []
    assert uint.cut(COUNTER, "x", no_shapes) is None
    assert uint.cut(b"a", "x", no_shapes) is None
    assert Field.parse("bytes").cut(7, "x", no_shapes) is None


@pytest.mark.parametrize("name", ["nip04", "otr", "hexed"])
def test_a_text_shape_makes_what_it_recognises(small: Rulebook, name: str) -> None:
    shape = small.shape(name)
    for number in range(100):
        sample = shape.sample(random.Random(number), small.shape)
        assert isinstance(sample.decode("ascii"), str)
        assert shape.cut(sample, small.shape) is not None
        assert shape.cut(sample + b"!", small.shape) is None
        assert shape.cut(sample[1:], small.shape) is None or name == "nip04"
        assert shape.cut(b"see " + sample, small.shape) is None


@pytest.mark.parametrize(
    "text",
    ["", "?iv=", "a?iv=b", "QUJD?iv=QUJD", "{base64}?iv={base64}", "meet me?iv=at seven", "?OTR:?.", "enc::"],
)
def test_words_are_no_text_shape(small: Rulebook, text: str) -> None:
    assert all(
        small.shape(name).cut(text.encode(), small.shape) is None for name in ("nip04", "otr", "hexed")
    )


def test_a_readable_hole_opens_a_text_shape(small: Rulebook) -> None:
    text = b"meet me at seven by the old gate"
    fake = base64.b64encode(text) + b"?iv=" + base64.b64encode(random.Random(1).randbytes(16))
    seal = small.recognise(fake)
    assert seal is not None
    assert seal.name == "nip04"
    assert not seal.shut
    assert text in [part for _, part in seal.parts]


@pytest.mark.parametrize(
    "text",
    [
        "{base64 secret}{base64 bytes}",
        "no hole",
        "{base32 secret}",
        "{base64 secret} {x}",
        "{base64 secrets}",
    ],
)
def test_a_bad_text_shape_is_refused_in_words(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        TextShape.parse(text)


@settings(max_examples=300, deadline=None)
@given(data=st.binary(max_size=300), first=st.sampled_from([3, 0x11, 0x33, 0x44]))
def test_any_bytes_are_cut_without_raising(real: Rulebook, data: bytes, first: int) -> None:
    for blob in (data, bytes([first]) + data):
        seal = real.recognise(blob)
        assert seal is None or seal.name in real.envelopes


def test_one_changed_length_or_one_more_field_breaks_a_shape(real: Rulebook) -> None:
    whole = sealed("signal-message", real)
    assert isinstance(whole, bytes)
    for broken in (
        whole[:-1],
        whole + b"\0",
        whole[1:],
        whole[:1] + protobuf.wrap({9: 1}) + whole[1:],
        b"\x35" + whole[1:],
    ):
        seal = real.recognise(broken)
        assert seal is None or seal.name != "signal-message"
