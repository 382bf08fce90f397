"""zlib: header and checksum decide."""

import zlib as library

import pytest

from auditor.decoders import NO_CLUE, zlib


@pytest.mark.parametrize("level", range(10))
def test_every_level_opens(level: int) -> None:
    assert zlib.unwrap(library.compress(b"meet at 7" * 9, level), NO_CLUE) == b"meet at 7" * 9


def test_a_wrong_checksum_is_refused() -> None:
    data = library.compress(b"meet at 7")
    with pytest.raises(ValueError, match="incorrect data check"):
        zlib.unwrap(data[:-1] + bytes([data[-1] ^ 1]), NO_CLUE)


def test_raw_deflate_is_not_zlib() -> None:
    with pytest.raises(ValueError, match="not zlib"):
        zlib.unwrap(library.compress(b"meet at 7 by the gate")[2:-4], NO_CLUE)


def test_a_stream_with_a_preset_dictionary_is_refused() -> None:
    packer = library.compressobj(zdict=b"meet at")
    with pytest.raises(ValueError, match="zlib: Error 2"):
        zlib.unwrap(packer.compress(b"meet at 7") + packer.flush(), NO_CLUE)
