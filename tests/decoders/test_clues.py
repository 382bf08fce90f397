"""Headers say what a body is, and may lie."""

import pytest

from auditor.decoders import DECODERS
from auditor.decoders.clues import CODINGS, LANGUAGES, MEDIA, SUFFIXES, clue_from


@pytest.mark.parametrize(
    ("media", "coding", "kinds"),
    [
        ("application/json; charset=utf-8", "", ("json",)),
        ("APPLICATION/JSON", "gzip, br", ("gzip", "brotli", "json")),
        ("text/html", "", ()),
        ("application/vnd.x+json", "identity", ("json",)),
        ("image/svg+xml", "", ("xml",)),
        ("", "", ()),
        (";;;==", ",,,", ()),
        ("application/x-protobuf", "x-gzip", ("gzip", "protobuf")),
        ("application/grpc-web+proto", "", ("grpc_web", "protobuf")),
        ("application/grpc+proto", "", ("grpc", "protobuf")),
    ],
)
def test_headers_are_hints(media: str, coding: str, kinds: tuple[str, ...]) -> None:
    assert clue_from(media, coding).kinds == kinds


def test_every_name_is_that_of_a_decoder() -> None:
    named = {*MEDIA.values(), *SUFFIXES.values(), *LANGUAGES.values()}
    assert named | {name for names in CODINGS.values() for name in names} <= DECODERS.keys()


def test_settings_of_a_media_type_are_cut_to_a_sane_length() -> None:
    clue = clue_from(f'Multipart/Form-Data; boundary="{"x" * 300}"; Charset={"y" * 300}')
    assert (len(clue.boundary), len(clue.charset)) == (200, 40)
