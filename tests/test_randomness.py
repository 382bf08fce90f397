"""Length-corrected tests: ciphertext passes, habits fail, and compression passes too."""

import base64
import random
import struct
import zlib
from collections.abc import Callable

import pytest

from auditor.decoders import protobuf
from auditor.randomness import habits, plain_run, shuffled

SIZES = (8, 12, 16, 24, 31, 32, 33, 48, 64, 96, 128, 256, 512, 1024, 2048, 4096)
WORDS = [
    "the",
    "gate",
    "at",
    "north",
    "meet",
    "seven",
    "boat",
    "river",
    "and",
    "harbor",
    "old",
    "crane",
    "monday",
    "bring",
    "bread",
]


def failing(size: int, number: int, seed: int) -> int:
    dice = random.Random(seed + size)
    return sum(bool(habits(dice.randbytes(size))) for _ in range(number))


@pytest.mark.parametrize("size", SIZES)
def test_random_bytes_pass_999_times_in_1000(size: int) -> None:
    assert failing(size, 1_000, 1) <= 1


@pytest.mark.slow
@pytest.mark.parametrize("size", SIZES)
def test_random_bytes_fail_at_most_three_times_in_10000(size: int) -> None:
    assert failing(size, 20_000, 2) <= 6


@pytest.mark.parametrize("written", [bytes.hex, lambda data: base64.b64encode(data).decode()])
def test_short_noise_is_shuffled_in_every_code(written: Callable[[bytes], str]) -> None:
    dice = random.Random(4)
    missed = [
        code for _ in range(3_000) if not shuffled(code := written(dice.randbytes(dice.randint(16, 31))))
    ]
    assert len(missed) <= 9


@pytest.mark.parametrize(
    "text",
    [
        "MeetMeAtTheNorthGateAtSeven",
        "RiverBoat2024HarborCrane1987",
        "donaudampfschifffahrtsgesellschaft",
        "7f9c24e8-3b12-4f5a-9c1d-0a2b3c4d5e6f",
        "31415926535897932384626433832795",
        "BRING_THE_OLD_CRANE_AND_BREAD",
        "https://gate.example/north",
    ],
)
def test_words_numbers_and_names_are_not_shuffled(text: str) -> None:
    assert not shuffled(text)


def test_words_in_camel_case_are_seldom_shuffled() -> None:
    dice = random.Random(5)
    texts = ["".join(word.title() for word in dice.choices(WORDS, k=6)) for _ in range(2_000)]
    assert sum(map(shuffled, texts)) <= 80


def words(dice: random.Random, size: int) -> bytes:
    return " ".join(dice.choices(WORDS, k=size)).encode()[:size]


def counters(dice: random.Random, size: int) -> bytes:
    return b"".join(
        protobuf.wrap({1: dice.randrange(50), 2: dice.randrange(9), 3: 1763715600 + i}) for i in range(size)
    )[:size]


def records(dice: random.Random, size: int) -> bytes:
    return b"".join(
        struct.pack("<IHHI", dice.randrange(300), dice.randrange(9), 1, dice.randrange(1000))
        for _ in range(size)
    )[:size]


def program(dice: random.Random, size: int) -> bytes:
    code = b"".join(
        dice.choice([b"\x48\x89\xe5", b"\x48\x8b\x45\xf8", b"\xe8\0\0\0\0", b"\xc3", b"\x55\x48"])
        for _ in range(size)
    )
    return (b"\x7fELF\2\1\1" + bytes(9) + code)[:size]


def picture(dice: random.Random, size: int) -> bytes:
    pixel = dice.randrange(200)
    body = bytes(min(255, pixel + dice.randrange(8)) for _ in range(size))
    return (b"BM" + struct.pack("<IHHI", size, 0, 0, 54) + body)[:size]


def sound(dice: random.Random, size: int) -> bytes:
    return b"".join(struct.pack("<h", dice.randrange(-300, 300)) for _ in range(size))[:size]


HABITS: dict[str, Callable[[random.Random, int], bytes]] = {
    "words": words,
    "base64": lambda dice, size: base64.b64encode(dice.randbytes(size))[:size],
    "hex": lambda dice, size: dice.randbytes(size).hex().encode()[:size],
    "zeros": lambda dice, size: bytes(size),
    "a run in noise": lambda dice, size: dice.randbytes(size - 8) + bytes(8),
    "protobuf with counters": counters,
    "records": records,
    "a program": program,
    "a picture": picture,
    "sound": sound,
    "utf-16": lambda dice, size: words(dice, size).decode().encode("utf-16-le")[:size],
    "cyrillic": lambda dice, size: ("встретимся у ворот " * size).encode()[:size],
    "chinese": lambda dice, size: ("今晚七点在北门见面好吗" * size).encode()[:size],
    "seven bits": lambda dice, size: bytes(dice.randrange(128) for _ in range(size)),
}


@pytest.mark.parametrize("size", [64, 100, 128, 256, 1024, 4096])
@pytest.mark.parametrize("name", HABITS)
def test_what_has_habits_fails(name: str, size: int) -> None:
    dice = random.Random(f"{name}{size}")
    failed = sum(bool(habits(HABITS[name](dice, size))) for _ in range(50))
    assert failed == 50


@pytest.mark.parametrize(
    "data",
    [
        b"meet at7",
        b"meet 7",
        b"100% sure",
        "à 7h 10".encode(),
        b"meet me at seven",
        "🔐🔐🔐🔐🔐🔐".encode(),
        b"\0" * 8,
        b"\xff" * 6,
    ],
)
def test_short_habits_are_seen_too(data: bytes) -> None:
    assert habits(data)


@pytest.mark.parametrize("data", [b"", b"a", b"abcde", b"\0" * 5, bytes(range(8)), bytes(range(128, 150))])
def test_what_is_too_short_to_tell_passes(data: bytes) -> None:
    assert habits(data) == ""


@pytest.mark.parametrize("where", ["before", "behind", "between"])
def test_a_sentence_in_noise_is_seen(where: str) -> None:
    dice = random.Random(where)
    for size in (40, 200, 1_000):
        noise, text = dice.randbytes(size), b"meet me at the old gate"
        data = {"before": text + noise, "behind": noise + text, "between": noise[:20] + text + noise[20:]}[
            where
        ]
        assert habits(data) == "text stands in it"


FAR = {
    "a sentence": b"meet me at seven by the old gate",
    "cyrillic": "встретимся у ворот".encode(),
    "chinese": "今晚七点在北门见面好吗".encode(),
    "utf-16": "meet me at seven".encode("utf-16-le"),
    "utf-16 of cyrillic": "встретимся в семь".encode("utf-16-be"),
}


@pytest.mark.parametrize("text", FAR)
@pytest.mark.parametrize("odd", [0, 1])
def test_a_text_far_from_both_ends_is_seen(text: str, odd: int) -> None:
    noise = random.Random(7).randbytes(300_000 + odd)
    assert habits(noise) == ""
    assert habits(noise + FAR[text] + noise) == "text stands in it"


@pytest.mark.parametrize("name", sorted({"words", "hex", "records", "sound", "seven bits"}))
def test_what_is_noise_only_at_its_beginning_fails(name: str) -> None:
    dice = random.Random(name)
    assert habits(dice.randbytes(200_000) + HABITS[name](dice, 100_000))


def test_compressed_text_passes_so_decoding_comes_first() -> None:
    dice = random.Random(6)
    passed = sum(not habits(zlib.compress(words(dice, 3_000))[2:-4]) for _ in range(100))
    assert passed >= 50


def test_a_run_must_be_longer_in_longer_strings() -> None:
    assert plain_run(8) < plain_run(1_000) < plain_run(60_000)
    assert 0 < plain_run(0) <= plain_run(1)
