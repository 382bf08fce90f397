"""Mail."""

import pytest

from auditor.decoders import NO_CLUE, Clue, mime
from auditor.errors import TooMuch
from auditor.model import Tree

CLUE = NO_CLUE


@pytest.mark.parametrize(
    ("data", "tree"),
    [
        (
            b"From: a\nTo: b\nSubject: c\n\nhi",
            {"header": {"from": ["a"], "to": ["b"], "subject": ["c"]}, "text": "hi"},
        ),
        (
            b"From: a\nTo: b\nContent-Type: text/html; charset=koi8-r\n\n\xc4",
            {
                "header": {"from": ["a"], "to": ["b"], "content-type": ["text/html; charset=koi8-r"]},
                "html": "д",
            },
        ),
    ],
)
def test_bytes_open_to_a_tree_and_back(data: bytes, tree: Tree) -> None:
    assert mime.unwrap(data, CLUE) == tree
    assert mime.unwrap(mime.wrap(tree), CLUE) == tree


@pytest.mark.parametrize(
    "data",
    [
        b"Dear: friend\n\nhi",
        b"From: a\nhello\nTo: b\nDate: c\n\nx",
        b"From: a\nTo: b\nContent-Type: multipart/mixed; boundary=x\n\n--x\n\nhi",
        b"From: a\nTo: b\nContent-Type: multipart/mixed\n\nhi",
        b"\n\nhi",
    ],
)
def test_what_is_not_of_this_kind(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        mime.unwrap(data, CLUE)


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize(
    ("boundary", "closing"),
    [("x", b"--x--"), ("x--", b"--x---- \t"), ("a+(b)*", b"--a+(b)*-- "), ("--", b"------")],
)
def test_only_whole_lines_are_boundaries(boundary: str, closing: bytes, end: bytes) -> None:
    mark = b"--" + boundary.encode()
    near = [
        mark + b"y",
        mark + b" z",
        mark + b" --",
        mark[:-1] + b"?",
        b"-" + mark,
        b" " + mark,
        mark + b"--y",
    ]
    text = end.join([*near, b"--", b"---"])
    head = [b"From: a", b"To: b", b'Content-Type: multipart/mixed; boundary="%b"' % boundary.encode(), b""]
    mail = end.join([*head, mark + b"\t ", b"", text, mark, b"", b"second", closing, b""])
    tree = mime.unwrap(mail, CLUE)
    assert tree["text"] == [text.decode(), "second"]
    with pytest.raises(ValueError, match="closing boundary is missing"):
        mime.unwrap(mail.replace(end + closing, b""), CLUE)


def test_a_clue_lets_one_header_do() -> None:
    assert mime.unwrap(b"A: b\n\nhi", Clue(media="message/rfc822")) == {"header": {"a": ["b"]}, "text": "hi"}


def test_mail_in_mail_is_a_tree_in_a_tree() -> None:
    inner = {"header": {"from": ["x"]}, "text": "hi"}
    mail = b"From: a\nTo: b\nContent-Type: message/rfc822\n\nFrom: x\n\nhi"
    assert mime.unwrap(mail, CLUE)["message"] == inner
    assert mime.unwrap(mime.wrap(mime.unwrap(mail, CLUE)), CLUE)["message"] == inner


def test_too_many_levels_are_too_much() -> None:
    mail = b"From: a\nTo: b\n" + b"Content-Type: message/rfc822\n\n" * 40 + b"hi"
    with pytest.raises(TooMuch, match="nested"):
        mime.unwrap(mail, CLUE)
