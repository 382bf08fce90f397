"""CPIM: two heads and a text."""

import pytest

from auditor.decoders import cpim

HEAD = b"From: <sip:al@a.example>\r\nTo: <sip:bob@a.example>\r\nTo: <sip:cat@a.example>\r\n\r\n"


def test_the_text_and_both_heads_are_read() -> None:
    tree = cpim.unwrap(
        HEAD + b"Content-type: text/plain; charset=utf-8\r\n\r\ngr\xc3\xbcn\r\n\r\nhere", cpim.CLUE
    )
    assert tree["header"]["to"] == ["<sip:bob@a.example>", "<sip:cat@a.example>"]
    assert tree["mail"]["text"] == "grün\r\n\r\nhere"


@pytest.mark.parametrize(
    "data",
    [
        b"From: a\r\n",
        b"no header\r\n\r\nContent-type: text/plain\r\n\r\nhi",
        HEAD + b"no head but words",
        HEAD,
        b"\xff: a\r\n\r\nContent-type: text/plain\r\n\r\nhi",
    ],
)
def test_what_is_not_of_this_kind(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        cpim.unwrap(data, cpim.CLUE)
