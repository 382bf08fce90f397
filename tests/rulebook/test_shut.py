"""A seal must be shut: what the checks find, and how seldom they find what is not there."""

import gzip
import random
import zlib
from functools import partial
from itertools import cycle

import pytest
import zstandard

from auditor.decoders import DECODERS
from auditor.decoders.unwrap import Node, Opening
from auditor.model import Content
from auditor.rulebook.book import Rulebook
from auditor.rulebook.build import sealed
from auditor.rulebook.contents import Judge
from auditor.rulebook.shut import Part, flaw, inside, squeezed

packed = partial(gzip.compress, mtime=0)  # always the same bytes

DICE = random.Random(11)
TEXT = b"meet me at seven by the north gate"
NOISE = DICE.randbytes(64)


@pytest.mark.parametrize(
    "data",
    [
        TEXT,
        b"meet at7",
        b"100% sure",
        b"meet 7",
        b"bWVldCA3",
        "встретимся у ворот".encode(),
        "👨‍👩‍👧 🔐🔐".encode(),
        "نلتقي عند".encode(),
        TEXT + NOISE,
        NOISE + TEXT,
        NOISE[:16] + TEXT + NOISE[16:],
        TEXT + bytes(30),
        bytes(30) + TEXT,
        b"meet" + bytes(28),
        b"meet at 7" + b"\x07" * 7,
        b"meet at 7\x80" + bytes(6),
        TEXT.ljust(64),
        TEXT.hex().encode(),
        TEXT.decode().encode("utf-16-le"),
        TEXT.decode().encode("utf-16-be"),
        "привет гате".encode("utf-16-le"),
        b"m\0e\0e\0t\0 \0a\0t\0" + NOISE,
        packed(TEXT),
        zlib.compress(TEXT),
        zstandard.compress(TEXT),
        packed(TEXT) + NOISE,
        zlib.compress(TEXT) + NOISE,
        zstandard.compress(TEXT) + NOISE,
        packed(b"hi there") + bytes(9),
        zlib.compress(b"hi there") + bytes(9),
        zstandard.compress(b"hi there") + bytes(9),
        bytes(9) + zlib.compress(TEXT),
        zlib.compress(TEXT, 1) + NOISE,
        zlib.compress(TEXT, 9),
        zstandard.ZstdCompressor(write_checksum=True).compress(TEXT) + NOISE,
        packed(b""),
        packed(TEXT)[:-6],
        *(DECODERS[kind].wrap(TEXT) + NOISE for kind in ("brotli", "deflate", "lz4")),
        *(bytes(9) + DECODERS[kind].wrap(TEXT) + bytes(5) for kind in ("brotli", "deflate", "lz4")),
    ],
)
@pytest.mark.parametrize("secret", [True, False])
def test_text_in_a_part_is_found(data: bytes, secret: bool) -> None:
    assert flaw([Part("1", NOISE, True), Part("4", data, secret)]).startswith("part 4: ")


def under(key: bytes, data: bytes = TEXT) -> bytes:
    return bytes(one ^ two for one, two in zip(data, cycle(key), strict=False))


@pytest.mark.parametrize(
    "data",
    [
        *(under(bytes([key])) for key in (1, 90, 255)),
        *(under(bytes([key]), b"meet me at seven") for key in (1, 0x5A, 255)),
        under(b"\x81\x17\xf0\x03"),
        under(b"\x81\x17\xf0\x03", b'{"text": "meet me at seven by the gate", "to": 7}'),
        under(NOISE[:16], TEXT * 3),
        under(NOISE[:32], TEXT * 3),
        NOISE + under(NOISE[:13], TEXT * 3) + NOISE,
        NOISE[:16] + NOISE[16:32] * 2,
    ],
)
def test_what_hides_a_text_badly_is_no_secret(data: bytes) -> None:
    """Under a key that is shorter than the text, or in blocks of which equal ones look alike."""
    assert flaw([Part("1", NOISE, True), Part("4", data, True)]).startswith("part 4: ")


WORDS = ("meet", "me", "at", "seven", "by", "the", "north", "gate", "у", "северных", "ворот")
LONG = " ".join(random.Random(2).choices(WORDS, k=200_000))


@pytest.mark.parametrize("size", [100_000, 1_000_000])
@pytest.mark.parametrize("kind", ["brotli", "deflate", "lz4", "gzip", "zlib", "zstd"])
def test_compressed_text_is_found_however_much_comes_out(kind: str, size: int) -> None:
    for cut in range(2):  # one of the two goes through a letter
        data = DECODERS[kind].wrap(LONG.encode()[: size + cut])
        assert flaw([Part("4", data, secret=True)])


def test_text_far_behind_the_beginning_of_a_part_is_found() -> None:
    noise = random.Random(3).randbytes(100_000)
    for text in (TEXT, "встретимся у ворот".encode(), TEXT.decode().encode("utf-16-be")):
        assert flaw([Part("4", noise + text, secret=True)])
        assert flaw([Part("4", noise + text + noise, secret=True)])
        assert flaw([Part("4", noise + text + noise)])


def test_large_noise_is_no_text() -> None:
    dice = random.Random(4)
    assert [w for _ in range(40) if (w := flaw([Part("4", dice.randbytes(100_000), secret=True)]))] == []
    assert flaw([Part("4", dice.randbytes(3_000_000), secret=True)]) == ""


@pytest.mark.parametrize(
    "data",
    [b"", b"a", b"abcde", NOISE, NOISE[:8], NOISE[:33], b"\x78\x9c" + NOISE, bytes(8), b"\x01\x02" * 20],
)
def test_what_is_no_text_is_none_in_a_part_that_need_not_be_random(data: bytes) -> None:
    assert flaw([Part("4", data)]) == ""


@pytest.mark.parametrize(
    "data", [bytes(32), b"\x01\x02" * 20, bytes(range(200)), b"\xff" * 8, bytes([*range(128, 160)] * 3)]
)
def test_a_secret_part_must_look_random(data: bytes) -> None:
    assert flaw([Part("4", data, secret=True)])


@pytest.mark.parametrize("pack", [packed, zlib.compress, zstandard.compress])
def test_compressed_text_is_opened_whatever_follows(pack: object) -> None:
    assert callable(pack)
    for data in (pack(TEXT), pack(TEXT) + NOISE, pack(TEXT) + bytes(9), bytes(9) + pack(TEXT)):
        assert squeezed(data) == TEXT
        assert ("4", TEXT) in inside([Part("4", data)])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x1f",
        b"\x1f\x8b\x08",
        b"\x28\xb5\x2f\xfd",
        b"\x28\xb5\x2f\xfd\xff\xff",
        b"\x28\xb5\x2f\xfd" + b"\xff" * 40,
        b"x\x9c",
        b"x",
        bytes(40),
        b"\x01" * 9,
        b"\x28\xb5\x2f\xfd\x20\x00" + b"\0" * 90,
    ],
)
def test_hostile_parts_raise_nothing(data: bytes) -> None:
    assert isinstance(flaw([Part("1", data, secret=True)]), str)
    assert isinstance(squeezed(data), bytes)


def test_a_bomb_in_a_part_is_found_and_stays_small() -> None:
    for bomb in (
        packed(bytes(30_000_000)),
        zstandard.compress(bytes(30_000_000)),
        zlib.compress(b"a" * 30_000_000),
    ):
        assert flaw([Part("1", bomb)])
        assert len(squeezed(bomb)) <= 64_000


def alarms(book: Rulebook, name: str, number: int) -> int:
    shape = book.shape(name)
    found = 0
    for seed in range(number):
        parts = shape.cut(shape.sample(random.Random(f"{name}{seed}"), book.shape), book.shape)
        assert parts is not None
        found += bool(flaw(parts))
    return found


def test_genuine_samples_are_hardly_ever_refused(real: Rulebook) -> None:
    shaped = [e.id for e in real.envelopes.values() if e.shape is not None]
    assert sum(alarms(real, name, 150) for name in shaped) <= 2


@pytest.mark.slow
def test_genuine_samples_are_refused_about_once_in_ten_thousand(real: Rulebook) -> None:
    shaped = [e.id for e in real.envelopes.values() if e.shape is not None]
    refused = {name: alarms(real, name, 10_000) for name in shaped}
    print(f"{sum(refused.values())} of {len(shaped)} times 10,000 were refused: {refused}")
    assert sum(refused.values()) <= 2 * len(shaped)


def judged(book: Rulebook, data: bytes) -> list[Content]:
    root = Node(())
    root.children = [Opening(book.recognise).open(data, ("body",))]
    return [seen.content for seen in Judge(book, root, {}).judge(root.children[0])]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("inner", Content.SEALED),
        ("served", Content.WRAPPED),
        ("own", Content.OPAQUE),
        ("whose", Content.OPAQUE),
        ("weak", Content.OPAQUE),
        ("nip04", Content.SEALED),
        ("otr", Content.SEALED),
        ("hexed", Content.SEALED),
    ],
)
def test_who_opens_a_seal_decides_what_it_is(small: Rulebook, name: str, content: Content) -> None:
    sample = sealed(name, small)
    assert isinstance(sample, bytes)
    assert judged(small, sample) == [content]


@pytest.mark.parametrize("name", ["inner", "served", "own", "whose", "weak"])
def test_a_seal_with_text_in_it_is_never_sealed_or_wrapped(small: Rulebook, name: str) -> None:
    sample = sealed(name, small)
    fake = sample[: 1 if name == "weak" else 3] + TEXT
    assert judged(small, fake) == [Content.READABLE]


def test_a_context_seal_never_seals_alone(real: Rulebook) -> None:
    for envelope in real.envelopes.values():
        if envelope.shape is not None and not envelope.alone:
            sample = sealed(envelope.id, real)
            assert isinstance(sample, bytes)
            assert judged(real, sample) == [Content.OPAQUE]


def test_a_seal_is_between_32_bytes_and_16_megabytes(small: Rulebook) -> None:
    head = b"\xa1\xa2\xa3"
    assert small.recognise(head + NOISE[:28]) is None
    assert small.recognise(head + NOISE[:32]) is not None
    assert small.recognise(head + bytes(16_000_001)) is None
