"""What shows without any secret."""

from auditor.sources.pcap.hello import ENCRYPTED_HELLO, QUIC_PARAMETERS, ClientHello
from auditor.sources.pcap.quic.google import GoogleHello
from auditor.sources.pcap.quic.headers import split
from auditor.sources.pcap.quic.outside import Seen, has_inner, parameters

PARAMETERS = b"\x01\x02\x40\x64" + b"\x1b\x00" + b"\x71\x29\x06Chrome" + b"\x20\x02\x44\x00" + b"\x3a\x01\xff"


def hello(*extensions: tuple[int, bytes]) -> ClientHello:
    return ClientHello(0x0303, bytes(32), b"", (0x1301,), extensions)


def test_parameters_of_the_transport_are_facts() -> None:
    seen = Seen()
    seen.spoken[1] = None
    assert seen.facts(hello((QUIC_PARAMETERS, PARAMETERS)), None) == (
        ("quic", "v1"),
        ("quic parameters", "1-3129-20"),  # those that mean nothing are left out
        ("user agent", "Chrome"),
        ("quic datagrams", "offered"),
    )


def test_old_drafts_wrote_parameters_otherwise() -> None:
    assert parameters(b"\0\x0a" + b"\0\1\0\2ab" + b"\0\4\0\0") == {1: b"ab", 4: b""}
    assert parameters(b"\xff\xff\xff") == {}


def test_an_encrypted_hello_is_noted() -> None:
    seen = Seen()
    seen.encrypted = has_inner(hello((ENCRYPTED_HELLO, b"x")))
    assert dict(seen.facts(None, None))["encrypted hello"].startswith("offered")
    assert not has_inner(hello())


def test_versions_that_are_not_opened_are_named() -> None:
    seen = Seen()
    for packet in split(b"\xc0\x51\x30\x35\x31" + b"\x03one\x00\x00\x03abc"):
        seen.packet(packet)  # type: ignore[arg-type]
    assert seen.why_unknown() == "nothing of QUIC was seen"  # Google's are not packets of this kind
    assert dict(seen.facts(None, GoogleHello("Q043", "", "an app"))) == {
        "quic": "Google Q043",
        "user agent": "an app",
    }


def test_what_was_not_read_is_told() -> None:
    seen = Seen()
    seen.did_not_open, seen.never_opened = 2, 3
    seen.unread["a frame of the unknown kind 0x99"] += 4
    assert seen.remarks() == [
        "2 packets did not open",
        "3 packets waited for keys that never came",
        "a frame of the unknown kind 0x99: 4 packets not read to the end",
    ]
