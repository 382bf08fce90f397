"""Head lines that point into tables, in whatever order the streams come."""

import random

import pylsqpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.sources.pcap.http3.tables import TABLE, Fields, Tables

SIZE = 4_096
LINES: list[Fields] = [
    [
        (b":method", b"POST"),
        (b":path", b"/%d" % n),
        (b"user-agent", b"a messenger"),
        (b"x-n%d" % (n // 3), b"y" * 40),
    ]
    for n in range(12)
]


def written() -> tuple[list[bytes], list[bytes]]:
    """What fills the table, and the blocks."""
    encoder = pylsqpack.Encoder()
    filling, blocks = [encoder.apply_settings(SIZE, 100)], []
    for number, lines in enumerate(LINES):
        fill, block = encoder.encode(number * 4, lines)
        filling.append(fill)
        blocks.append(block)
    return filling, blocks


FILLING, BLOCKS = written()


def test_blocks_point_into_a_table_that_was_filled_before() -> None:
    tables = Tables()
    assert tables.sized(SIZE) == []
    found = []
    for number, (fill, block) in enumerate(zip(FILLING[1:], BLOCKS, strict=True)):
        assert tables.filled((FILLING[0] if number == 0 else b"") + fill) == []
        found += tables.block(number, block)
    assert found == list(enumerate(LINES))


@given(st.randoms(use_true_random=False))
def test_size_filling_and_blocks_may_come_in_any_order(chance: random.Random) -> None:
    tables, found = Tables(), []
    steps = ["size"] + ["fill"] * len(FILLING) + ["block"] * len(BLOCKS)
    chance.shuffle(steps)
    filling, blocks = iter(FILLING), iter(enumerate(BLOCKS))
    for step in steps:
        if step == "size":
            found += tables.sized(SIZE)
        elif step == "fill":
            found += tables.filled(next(filling))
        else:
            found += tables.block(*next(blocks))
    assert sorted(found) == list(enumerate(LINES)) and not tables.broken


def test_a_block_that_points_nowhere_needs_no_table() -> None:
    plain = pylsqpack.Encoder().encode(0, LINES[0])[1]
    assert Tables().block(5, plain) == [(5, LINES[0])]


def test_a_gap_in_what_fills_the_table_shuts_all_that_wait_for_it() -> None:
    pointing = next(number for number, block in enumerate(BLOCKS) if block[0])
    for size in (None, SIZE):
        tables = Tables()
        if size:
            tables.sized(size)
        assert tables.block(pointing, BLOCKS[pointing]) == []
        assert tables.filled(b"", lost=9) == [(pointing, None)]
        assert tables.broken == "the table of head lines: 9 bytes that fill it are missing"
        assert tables.block(99, BLOCKS[pointing]) == [(99, None)]


def test_a_table_of_an_absurd_size_is_not_made() -> None:
    tables = Tables()
    assert tables.sized(TABLE + 1) == [] and str(TABLE + 1) in tables.broken


def number(value: int, bits: int, first: int) -> bytes:
    most = (1 << bits) - 1
    if value < most:
        return bytes((first | value,))
    written, value = bytearray((first | most,)), value - most
    while value >= 128:
        written.append(value & 127 | 128)
        value >>= 7
    return bytes((*written, value))


def bomb(pointers: int) -> list[tuple[int, Fields | None]]:
    """One line of 60,000 bytes in the table, and a block that points at it that often."""
    tables = Tables()
    tables.sized(65_536)
    fill = number(65_536, 5, 0x20) + number(1, 5, 0x40) + b"a" + number(60_000, 7, 0) + b"x" * 60_000
    assert tables.filled(fill) == []
    return tables.block(1, b"\2\0" + b"\x80" * pointers)


def test_a_small_block_that_would_become_a_gigabyte_is_not_opened() -> None:
    assert bomb(2) == [(1, [(b"a", b"x" * 60_000)] * 2)]
    assert bomb(16_000) == [(1, None)]


@pytest.mark.parametrize("seed", range(50))
def test_damage_is_never_a_traceback(seed: int) -> None:
    chance = random.Random(seed)
    tables = Tables()
    tables.sized(chance.choice([0, 100, SIZE, 65_536]))
    seen: dict[int, Fields | None] = {}
    for count in range(200):
        block = bytearray(chance.choice([*BLOCKS, chance.randbytes(12)]))
        fill = bytearray(chance.choice([*FILLING, b"", b"", chance.randbytes(3)]))
        for data in (block, fill):
            if data and chance.random() < 0.3:
                data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        seen.update(tables.filled(bytes(fill)))
        seen.update(tables.block(count, bytes(block)))
    assert all(value is None or isinstance(value, list) for value in seen.values())
