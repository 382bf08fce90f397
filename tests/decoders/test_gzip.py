"""gzip: several members, nothing after them."""

import gzip as library
import time

import pytest

from auditor.decoders import NO_CLUE, gzip

MEMBER = library.compress(b"meet at 7", mtime=0)


def test_several_members_are_one_value() -> None:
    assert gzip.unwrap(MEMBER * 3, NO_CLUE) == b"meet at 7" * 3


def test_a_file_name_in_the_header_is_no_content() -> None:
    named = MEMBER[:3] + b"\x08" + MEMBER[4:10] + b"name.txt\0" + MEMBER[10:]
    assert gzip.unwrap(named, NO_CLUE) == b"meet at 7"


@pytest.mark.parametrize(
    "data", [MEMBER[:-1] + b"\xff", MEMBER + b"\0", b"\x1f\x8b\x08", b"\x1f\x8b\x07" + MEMBER[3:]]
)
def test_damage_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"gzip"):
        gzip.unwrap(data, NO_CLUE)


def test_fifty_thousand_empty_members_take_no_time() -> None:
    begun = time.process_time()
    assert gzip.unwrap(library.compress(b"", mtime=0) * 50_000, NO_CLUE) == b""
    assert time.process_time() - begun < 60  # a hang, not a time
