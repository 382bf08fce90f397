"""What versions are called."""

import pytest

from auditor.sources.pcap.quic.versions import VERSIONS, candidates, named


@pytest.mark.parametrize(
    ("number", "name", "openable"),
    [
        (1, "v1", True), (0x6B3343CF, "v2", True), (0xFF000016, "draft-22", True),
        (0xFF000022, "draft-34", True), (0xFF000015, "draft-21", True),
        (0xFACEB002, "mvfst draft-27", True), (0x54303531, "Google T051", True),
        (0x51303433, "Google Q043", False), (0x51303530, "Google Q050", True), (0, "0x00000000", False),
        (0x1A2A3A4A, "0x1a2a3a4a (asks to negotiate)", True), (0x709A50C4, "0x709a50c4", True),
    ],
)  # fmt: skip
def test_versions_have_names_and_those_with_keys_are_tried(number: int, name: str, openable: bool) -> None:
    assert (named(number), bool(candidates(number))) == (name, openable)


def test_salts_have_the_size_of_salts() -> None:
    assert {len(version.salt) for version in VERSIONS.values()} == {20}
