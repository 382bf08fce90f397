"""Tnetstrings, read as mitmproxy writes them, and no other way."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mitmproxy.io import tnetstring as theirs

from auditor.sources import tnetstring

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.binary() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text() | st.binary(), inner, max_size=4),
    max_leaves=20,
)


@given(VALUES)
def test_reads_what_mitmproxy_writes(value: object) -> None:
    assert tnetstring.loads(theirs.dumps(value)) == value  # type: ignore[arg-type]


@given(st.binary())
def test_anything_else_is_a_value_error(data: bytes) -> None:
    try:
        value = tnetstring.loads(data)
    except ValueError:
        return
    assert tnetstring.loads(theirs.dumps(value)) == value


NEGATIVE = b"-1:" * 60 + b"]" * 60
WRONG = [
    b"", b"5", b":", b"5:", b"5:abc,", b"3:abc,x", b"+3:abc,", b" 3:abc,", b"3:abc?", b"4:nope!", b"1:x~",
    b"999999999999:x,", b"9999999999999999:x,", b"3:1:a]", b"4:1:a,}", b"%d:%s]" % (len(NEGATIVE), NEGATIVE),
    b"3:abc#", b"2:\xff\xfe;", b"7:0:]0:~}",
]  # fmt: skip


@pytest.mark.parametrize("data", WRONG)
def test_what_is_wrong_is_refused(data: bytes) -> None:
    with pytest.raises((ValueError, TypeError)):
        tnetstring.loads(data)


def test_lengths_below_zero_do_not_keep_it_busy() -> None:
    started = time.process_time()
    with pytest.raises(ValueError, match="length"):
        tnetstring.loads(b"%d:%s]" % (len(NEGATIVE), NEGATIVE))
    assert time.process_time() - started < 60  # a hang, not a time


def test_nesting_ends() -> None:
    data = b"0:]"
    for _ in range(40):
        data = b"%d:%s]" % (len(data), data)
    with pytest.raises(ValueError, match="deeply"):
        tnetstring.loads(data)
