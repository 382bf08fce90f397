"""Captures that were compressed as a whole."""

import gzip
from io import BytesIO

import pytest
import zstandard

from auditor.errors import CaptureError
from auditor.sources.pcap.frames import frames
from auditor.sources.pcap.packed import beginning, unpacked
from auditor.sources.pcap.window import Window
from auditor.sources.tape import Tape
from tests.sources.pcap.building import interface, kept, packet, pcap, said, section, troubles

PACKETS = [said(bytes([n]) * n * 9) for n in range(90)]
PLAIN = pcap(PACKETS)
HALF = len(PLAIN) // 2
ZSTD = zstandard.ZstdCompressor().compress
FORMS = {
    "gzip": gzip.compress(PLAIN),
    "gzip in two members": gzip.compress(PLAIN[:HALF]) + gzip.compress(PLAIN[HALF:]),
    "gzip, padded": gzip.compress(PLAIN) + bytes(512),
    "zstd": ZSTD(PLAIN),
    "zstd in two frames": ZSTD(PLAIN[:HALF]) + ZSTD(PLAIN[HALF:]),
}


@pytest.mark.parametrize("form", FORMS)
def test_what_is_compressed_is_read_like_the_file_itself(form: str) -> None:
    assert kept(FORMS[form]) == PACKETS
    assert troubles(FORMS[form]) == []


def test_pcapng_may_be_compressed_too() -> None:
    assert kept(gzip.compress(section() + interface() + packet(b"inside"))) == [b"inside"]


@pytest.mark.parametrize("form", ["gzip", "zstd in two frames"])
def test_what_is_cut_gives_what_came_before_and_says_so(form: str) -> None:
    short = FORMS[form][: len(FORMS[form]) - 9]
    assert kept(short) == PACKETS[: len(kept(short))]
    assert any("the file ends inside what is compressed" in why for why in troubles(short))


def test_damage_in_the_middle_keeps_what_came_out_before() -> None:
    damaged = gzip.compress(PLAIN[:HALF]) + b"\x1f\x8b\x08\xff" + bytes(range(200))
    found = kept(damaged)
    assert 20 < len(found) < len(PACKETS)
    assert found == PACKETS[: len(found)]
    assert any("damaged compression" in why for why in troubles(damaged))


def test_what_follows_is_counted_as_unread() -> None:
    tape = Tape(BytesIO(gzip.compress(PLAIN) + b"and a letter"))
    found = [item for item in frames(tape) if not isinstance(item, Window)]
    assert "something else follows" in str(found)
    assert tape.unread == 12


def test_a_file_that_is_not_compressed_is_left_alone() -> None:
    assert unpacked(Tape(BytesIO(PLAIN))) is None


@pytest.mark.parametrize("form", FORMS)
def test_how_a_compressed_file_begins_is_told_from_its_beginning(form: str) -> None:
    assert beginning(FORMS[form]) == PLAIN[:64]
    assert beginning(FORMS[form][:5]) == beginning(PLAIN) == beginning(b"") == b""


def test_what_gives_nothing_says_why_that_is() -> None:
    with pytest.raises(CaptureError, match="the file ends inside what is compressed"):
        kept(FORMS["zstd"][:20])
