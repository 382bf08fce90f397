"""A walk over bytes stops at their end."""

from collections.abc import Callable

import pytest

from auditor.rulebook.reader import Reader, check


def test_bytes_are_read_from_front_to_end() -> None:
    reader = Reader(b"\x00\x02hi\x03\x00abcrest")
    assert reader.sized(2) == b"hi"
    assert reader.sized(2, "little") == b"abc"
    assert reader.left == 4
    reader.skip(b"re")
    assert reader.number() == ord("s")
    assert reader.rest() == b"t"
    reader.end()


@pytest.mark.parametrize("size", [-1, 5, 1 << 40])
def test_nobody_reads_beyond_the_end(size: int) -> None:
    with pytest.raises(ValueError, match="beyond the end"):
        Reader(b"four").take(size)


def test_what_is_not_expected_is_refused() -> None:
    wrongs: list[Callable[[], None]] = [
        lambda: Reader(b"ab").skip(b"ba"),
        Reader(b"ab").end,
        lambda: check(False),
    ]
    for wrong in wrongs:
        with pytest.raises(ValueError, match=r"expected|something else"):
            wrong()
    check(True)
