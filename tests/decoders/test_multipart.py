"""Multipart bodies."""

import pytest

from auditor.decoders import NO_CLUE, Clue, multipart
from auditor.model import Tree

CLUE = Clue(boundary="b")


def body(*parts: bytes, end: bytes = b"\r\n") -> bytes:
    lines = b"".join(b"--b\r\n" + part + b"\r\n" for part in parts) + b"--b--\r\n"
    return lines.replace(b"\r\n", end)


NAME = b'Content-Disposition: form-data; name="text"'


@pytest.mark.parametrize(
    ("part", "tree"),
    [
        (NAME + b"\r\n\r\nmeet at 7", {"text": "meet at 7"}),
        (b"content-disposition:form-data;name=text\r\n\r\nhi", {"text": "hi"}),
        (b"content-disposition: form-data;\r\n name=text\r\n\r\nhi", {"text": "hi"}),
        (NAME + b"\r\n\r\n", {"text": ""}),
        (NAME + b"\r\nContent-Length: 2\r\n\r\nhi", {"text": "hi"}),
        (NAME + b"\r\n\r\n\x00\xff", {"text": b"\x00\xff"}),
        (NAME + b"\r\n\r\na\r\n--bc\r\n b", {"text": "a\r\n--bc\r\n b"}),
        (NAME + b"; filename=a.txt\r\n\r\nhi", {"text": {"@filename": "a.txt", "#body": "hi"}}),
        (NAME + b'; filename=""\r\n\r\n', {"text": {"@filename": "", "#body": ""}}),
        (NAME + b"; filename*=UTF-8''%e2%82%ac\r\n\r\nhi", {"text": {"@filename": "€", "#body": "hi"}}),
        (NAME + b"\r\nContent-Type: text/plain\r\n\r\nhi", {"text": {"@type": "text/plain", "#body": "hi"}}),
        (NAME + b"\r\nX-Id: 1\r\nX-Id: 2\r\n\r\nhi", {"text": {"@x-id": ["1", "2"], "#body": "hi"}}),
        (NAME + b"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=C3=A9=\r\n!", {"text": "é!"}),
        (NAME + b"\r\nContent-Transfer-Encoding: BASE64\r\n\r\naGVs\r\nbG8=", {"text": "hello"}),
        (
            NAME + b"\r\nContent-Type: text/plain; charset=ISO-8859-1\r\n\r\ngr\xfc\xdfe",
            {"text": {"@type": "text/plain; charset=ISO-8859-1", "#body": "grüße"}},
        ),
        (b'Content-Disposition: form-data; name="a\\"b"\r\n\r\nhi', {'a"b': "hi"}),
        (b"\r\nhi", {"part0": "hi"}),
        (b"", {"part0": ""}),
    ],
)
def test_a_part_becomes_its_value(part: bytes, tree: Tree) -> None:
    assert multipart.unwrap(body(part), CLUE) == tree
    assert multipart.unwrap(multipart.wrap(tree), multipart.CLUE) == tree


def test_names_given_twice_and_names_not_given() -> None:
    data = body(NAME + b"\r\n\r\na", b"\r\nx", NAME + b"\r\n\r\nb")
    assert multipart.unwrap(data, CLUE) == {"text": ["a", "b"], "part1": "x"}


def test_bare_line_feeds_are_read() -> None:
    assert multipart.unwrap(body(NAME + b"\r\n\r\nmeet", end=b"\n"), CLUE) == {"text": "meet"}


def test_nothing_around_the_parts_is_lost() -> None:
    tree = multipart.unwrap(b"before\r\n" + body(NAME + b"\r\n\r\nhi") + b"after", CLUE)
    assert tree == {"@preamble": "before", "text": "hi", "@epilogue": "after"}
    assert multipart.unwrap(multipart.wrap(tree), multipart.CLUE) == tree


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (body(NAME + b"\r\n\r\nhi").removesuffix(b"--\r\n"), "the closing boundary is missing"),
        (b"--b--\r\n", "no parts"),
        (body(b"no header\r\n\r\nhi"), "a line that is no header"),
        (body(NAME + b"\r\n" + NAME + b"\r\n\r\nhi"), "two dispositions"),
        (body(b'Content-Disposition: form-data; name="a\r\n\r\nhi'), "an open quote"),
        (body(b"Content-Disposition: form-data; name=a; name=b\r\n\r\nhi"), "two names"),
        (body(NAME + b"\r\nContent-Transfer-Encoding: base64\r\n\r\n!!"), "damaged base64"),
        (body(NAME.replace(b"text", b"@preamble") + b"\r\n\r\nhi"), "a name that is taken"),
        (b"meet at 7", "no boundary at all"),
    ],
)
def test_what_is_not_multipart(data: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        multipart.unwrap(data, CLUE)


def test_without_a_boundary_nothing_opens() -> None:
    with pytest.raises(ValueError, match="no boundary"):
        multipart.unwrap(body(NAME + b"\r\n\r\nhi"), NO_CLUE)


@pytest.mark.parametrize(
    "tree",
    [
        {"a": f"x\r\n--{multipart.BOUNDARY}--\r\n"},
        {"a\r\nb": "x"},
        {"a": {"@filename": 'a"\\b\n.txt', "#body": b"\xff"}},
        {"a": ["1", {"@type": "application/json", "#body": "{}"}]},
    ],
)
def test_awkward_trees_are_written_safely(tree: Tree) -> None:
    assert multipart.unwrap(multipart.wrap(tree), multipart.CLUE) == tree
