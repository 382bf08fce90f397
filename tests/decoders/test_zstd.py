"""Zstandard: whole frames and nothing else."""

import pytest
import zstandard

from auditor.decoders import NO_CLUE, zstd
from auditor.errors import TooMuch


@pytest.mark.parametrize("level", [-5, 1, 3, 19])
def test_every_level_opens(level: int) -> None:
    data = zstandard.ZstdCompressor(level=level, write_checksum=True).compress(b"meet at 7" * 999)
    assert zstd.unwrap(data, NO_CLUE) == b"meet at 7" * 999


def test_a_frame_that_does_not_tell_its_size_opens() -> None:
    packer = zstandard.ZstdCompressor().compressobj()
    assert zstd.unwrap(packer.compress(b"meet at 7") + packer.flush(), NO_CLUE) == b"meet at 7"


def test_a_skippable_frame_is_refused() -> None:
    with pytest.raises(ValueError, match="after the last"):
        zstd.unwrap(zstd.wrap(b"hi") + b"\x50\x2a\x4d\x18\x01\0\0\0x", NO_CLUE)


def test_a_wrong_checksum_is_refused() -> None:
    data = zstandard.ZstdCompressor(write_checksum=True).compress(b"meet at 7")
    with pytest.raises(ValueError, match="zstd"):
        zstd.unwrap(data[:-1] + bytes([data[-1] ^ 1]), NO_CLUE)


def test_blocks_of_one_repeated_byte_are_a_bomb() -> None:
    block = b"\x02\x00\x10a"  # 128 kB of "a"
    with pytest.raises(TooMuch):
        zstd.unwrap(b"\x28\xb5\x2f\xfd\x00\x58" + block * 100_000, NO_CLUE)
