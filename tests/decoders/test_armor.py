"""ASCII armor: what is between the dashes, and what its headers could hide."""

import pytest

from auditor.decoders import NO_CLUE
from auditor.decoders.armor import armored, opened, unwrap

DATA = bytes(range(200))


def headed(*headers: str) -> bytes:
    return armored(DATA, "X").replace(b"-----\n", b"-----\n" + "".join(f"{h}\n" for h in headers).encode(), 1)


def test_armor_works_both_ways() -> None:
    assert opened(armored(DATA, "X")) == ("X", DATA, [])
    assert opened(b"\n" + armored(DATA, "X").replace(b"\n", b"\r\n") + b"\n") == ("X", DATA, [])


@pytest.mark.parametrize(
    "header",
    ["Version: GnuPG v2", "Version: OpenPGP.js 4.10.10", "Version: GnuPG v1.4.11 (GNU/Linux)",
     "Charset: UTF-8", "Comment: https://openpgpjs.org", "Comment:"],
)  # fmt: skip
def test_the_mark_of_a_program_is_no_text(header: str) -> None:
    assert opened(headed(header)) == ("X", DATA, [])


@pytest.mark.parametrize(
    "header",
    ["Comment: meet me at seven", "Version: GnuPG v2 meet at seven", "Note: 100% sure", "Hash: see you"],
)
def test_other_headers_are_said(header: str) -> None:
    _, data, said = opened(headed("Version: GnuPG v2", header))
    assert data == DATA
    assert header.partition(": ")[2] in said


def test_only_messages_that_say_nothing_else_are_taken_out_of_armor() -> None:
    message = armored(DATA, "PGP MESSAGE")
    assert unwrap(message, NO_CLUE) == DATA
    worded = message.replace(b"-----\n", b"-----\nComment: meet me at seven\n", 1)
    for data in (worded, armored(DATA, "PRIVATE KEY"), message + b"\nsee you"):
        with pytest.raises(ValueError, match="not "):
            unwrap(data, NO_CLUE)


def test_a_checksum_may_stand_at_the_end() -> None:
    assert opened(armored(DATA, "X").replace(b"\n-----END", b"\n=abcd\n-----END")) == ("X", DATA, [])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"-----BEGIN X-----",
        armored(DATA, "X").replace(b"END X", b"END Y"),
        b"hello\n" + armored(DATA, "X"),
        armored(DATA, "X") + b"\nsee you",
        armored(DATA, "X").replace(b"\n-----END", b"\nmeet me at seven\n-----END"),
        armored(DATA, "X")[:-9],
        "-----BEGIN X-----\n\nжжжж\n-----END X-----".encode(),
        b"-----BEGIN X-----\n\nabcde\n-----END X-----",
        b"-----BEGIN X-----\n\n-----END X-----",
    ],
)
def test_what_is_not_whole_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        opened(data)
