"""Facts of hellos: in plain words, in one order, and cut to what a line holds."""

import ssl
from pathlib import Path

from auditor.sources.pcap.handshake import Handshake
from auditor.sources.pcap.hello import client_hello, server_hello
from auditor.sources.pcap.shown import LONGEST, MOST_LISTED, listed, of_handshake, of_hellos, protects
from tests.sources.pcap.hellos import client, extension, handshake, name, numbers, server, speaks


def facts(asked: bytes, answered: bytes = b"", carrier: str = "t") -> dict[str, str]:
    return dict(of_hellos(client_hello(asked), server_hello(answered) if answered else None, carrier))


def test_hellos_show_what_was_offered_and_what_was_agreed() -> None:
    asked = client(name("chat.example"), speaks(b"h2", b"http/1.1"))
    assert facts(asked, server(speaks(b"h2"))) == {
        "tls": "1.2",
        "cipher": "ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        "alpn": "h2",
        "offers": "h2, http/1.1",
        "ja4": facts(asked)["ja4"],
    }


def test_suites_that_protect_nothing_are_said_to() -> None:
    weak = {
        cipher: facts(client(), server(cipher=cipher)).get("weak", "") for cipher in (0, 3, 0x34, 5, 0x1301)
    }
    assert weak == {
        0: "null cipher: protects nothing",
        3: "export cipher: its key can be tried out",
        0x34: "anonymous: nobody proves who it is",
        5: "old cipher: RC4",
        0x1301: "",
    }
    assert [protects(server_hello(server(cipher=cipher))) for cipher in weak] == [
        False, False, False, True, True,
    ]  # fmt: skip


def test_a_sealed_hello_makes_its_name_doubtful() -> None:
    assert "may not be" in facts(client(name("front.example"), extension(0xFE0D, b"\0")))["ech"]
    assert "no name shows" in facts(client(extension(0xFFCE, b"\0")))["ech"]


def test_the_version_of_another_carrier_is_told_in_its_own_numbers() -> None:
    made = server(cipher=0xC02B, version=0xFEFD)
    assert facts(client(version=0xFEFD), made, "d")["tls"] == "1.2"
    assert facts(client(), server(extension(43, b"\x7f\x1c")))["tls"] == "unknown 7f1c"


def test_a_retry_agrees_on_nothing() -> None:
    retry = server_hello(server(extension(43, b"\3\4"), cipher=0x1301))
    again = server_hello(server().replace(bytes(range(32)), bytes.fromhex(
        "cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")))  # fmt: skip
    assert dict(of_hellos(None, retry))["tls"] == "1.3" and of_hellos(None, again) == ()


def test_an_app_that_refuses_a_certificate_shows_it(tmp_path: Path) -> None:
    seen = Handshake()
    for way, data in handshake(tmp_path, "chat.example", ssl.TLSVersion.TLSv1_2, trust=True):
        seen.feed(way, data)
    shown = dict(of_handshake(seen))
    assert (shown["certificate"], shown["alert"]) == (
        "chat.example, *.chat.example",
        "the app: unknown authority",
    )


def test_what_strangers_write_is_cut() -> None:
    many = [f"protocol-{number}" for number in range(MOST_LISTED + 3)]
    assert listed(many).endswith(" and 3 more")
    long = facts(client(speaks(*(b"x" * 250 for _ in range(3)), b"y" * 250)))
    assert all(len(value) <= LONGEST for value in long.values())


def test_nothing_shown_is_no_fact() -> None:
    assert of_hellos(None, None) == () and of_handshake(Handshake()) == ()
    assert numbers() == b""
