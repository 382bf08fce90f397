"""What is said in the open is named, and that it is in the open is said."""

import pytest

from auditor.sources.pcap.outside import Outside
from auditor.sources.pcap.plain import SPOKEN, plain
from auditor.sources.pcap.reasons import reason_of
from auditor.streams import STREAMS
from auditor.words import OPEN, OPEN_AT_FIRST
from tests.sources.pcap.hellos import client, message, records

Said = tuple[bool, bytes]
HELLO = records(message(1, client()))
HIDING = {  # streams that hide what they carry, or are a layer around it
    "apns", "loco", "mmtls", "mtproto", "mtproto_obfuscated", "noise", "zlib_stream", "zstd_stream",
}  # fmt: skip
TALKS: dict[str, tuple[list[Said], str, str]] = {
    "a chat": ([(True, b"NICK aina\r\nUSER aina 0 * :Aina\r\n")], "IRC", OPEN),
    "only what the server says": ([(False, b"* OK [CAPABILITY IMAP4rev1] ready\r\n")], "IMAP", OPEN),
    "a page": ([(True, b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n")], "HTTP", OPEN),
    "requests in frames": ([(True, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")], "HTTP", OPEN),
    "mail that goes on in TLS": (
        [(False, b"220 mail.example ESMTP\r\n"), (True, b"EHLO me\r\nSTARTTLS\r\n"), (False, b"220 go\r\n"),
         (True, HELLO)],
        "SMTP", OPEN_AT_FIRST,
    ),
}  # fmt: skip


@pytest.mark.parametrize("about", TALKS)
def test_what_is_said_in_the_open_is_named(about: str) -> None:
    said, name, shown = TALKS[about]
    seen = Outside()
    for from_client, data in said:
        seen.feed(from_client, data)
    found = seen.seen()
    assert (found.transport, found.facts, found.protects) == (name, (("open", shown),), False)
    assert reason_of(found) == "spoken in the open, and not read here"


@pytest.mark.parametrize("said", [[], [(True, b"\x00\x01hello")], [(True, b"hello there, you\r\n")]])
def test_of_what_nobody_knows_nothing_is_said(said: list[Said]) -> None:
    assert plain(said) is None


def test_behind_lost_bytes_nothing_begins() -> None:
    seen = Outside()
    seen.feed(True, b"NICK aina\r\nUSER aina 0 * :Aina\r\n", lost=9)
    assert (seen.seen().transport, seen.seen().facts) == ("TCP", ())


def test_of_every_stream_it_is_decided_whether_it_hides_what_it_carries() -> None:
    assert set(STREAMS) == set(SPOKEN) | HIDING
