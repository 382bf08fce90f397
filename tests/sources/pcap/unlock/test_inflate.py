"""Compressed records."""

import zlib

import pytest

from auditor.sources.pcap.unlock.inflate import Inflate


def test_each_hangs_on_those_before() -> None:
    packer, opener = zlib.compressobj(), Inflate()
    texts = [b"meet at seven", b"", b"meet at eight"]
    packed = [packer.compress(text) + packer.flush(zlib.Z_SYNC_FLUSH) for text in texts]
    assert [opener.open(data) for data in packed] == texts
    with pytest.raises(ValueError, match="damaged"):
        Inflate().open(packed[2])


def test_one_that_is_too_large_is_not_made() -> None:
    with pytest.raises(ValueError, match="16,384 bytes of a record"):
        Inflate().open(zlib.compress(bytes(1 << 24)))
