"""Base64, both alphabets."""

import base64 as library

import pytest

from auditor.decoders import NO_CLUE, base64

PLAIN = bytes(range(200, 256)) * 3


@pytest.mark.parametrize(
    "data",
    [
        library.b64encode(PLAIN),
        library.urlsafe_b64encode(PLAIN),
        library.b64encode(PLAIN).rstrip(b"="),
        library.encodebytes(PLAIN),
        library.encodebytes(PLAIN).replace(b"\n", b"\r\n"),
    ],
)
def test_every_usual_spelling_opens(data: bytes) -> None:
    assert base64.unwrap(data, NO_CLUE) == PLAIN


@pytest.mark.parametrize("length", range(12, 30))
def test_every_length_opens_with_and_without_padding(length: int) -> None:
    plain = PLAIN[:length]
    assert base64.unwrap(library.b64encode(plain), NO_CLUE) == plain
    assert base64.unwrap(library.b64encode(plain).rstrip(b"="), NO_CLUE) == plain


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"bWVldCBhdCA", "too short"),
        (b"bWVldCBhdCA3IGJ5IA=", "wrong padding"),
        (b"bWVldCBhdCA3IGJ5I", "an impossible length"),
        (b"bWVldCBhdCA3IGJ5IHR=", "bits in the padding"),
        (b"bWVldCBhdCA3IGJ5IB", "bits in the missing padding"),
        (b"+_+_+_+_+_+_+_+_", "both alphabets"),
        (b"bWVldCBh\ndCA3IGJ5", "lines of other lengths"),
        (b"A" * 64 + b"\n" + b"A" * 60 + b"\n" + b"A" * 64, "uneven lines"),
        (b"A" * 64 + b"\r\n" + b"A" * 64 + b"\n" + b"A" * 64, "mixed line ends"),
        (b"A" * 64 + b"\n\n", "an empty line"),
        (b"bWVldCBh=CA3IGJ5", "padding inside"),
        (b"meet at 7 by the gate", "spaces"),
        (b"================", "nothing but padding"),
    ],
)
def test_what_is_not_base64(data: bytes, why: str) -> None:
    with pytest.raises(ValueError, match="base64"):
        base64.unwrap(data, NO_CLUE)
