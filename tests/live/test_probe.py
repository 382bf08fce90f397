"""The trust probe, with apps that really shake hands: what it shows them, and what is said of it."""

import json
import ssl
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from mitmproxy import tls
from mitmproxy.options import Options
from mitmproxy.proxy.context import Context
from mitmproxy.test.tflow import tclient_conn

from auditor.live.authority import Forger, authority
from auditor.live.probe import MOST, Probe
from auditor.model import Answer
from auditor.sources.records import Hello
from tests.live.conftest import Site
from tests.live.test_session import TEXT, Live, anybody, run

App = Callable[[Path], ssl.SSLContext]
HOST = "chat.example"


def careful(trusts: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(trusts))


def nameless(trusts: Path) -> ssl.SSLContext:
    """Looks who signed a certificate, and not whose it is."""
    context = careful(trusts)
    context.check_hostname = False
    return context


def anyone(_: Path) -> ssl.SSLContext:
    return anybody()


def older(_: Path) -> ssl.SSLContext:
    """Another program, which shakes hands in its own way, and accepts everybody as well."""
    context = anybody()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    return context


@pytest.fixture
def probing(tmp_path: Path) -> Iterator[Live]:
    live = Live(tmp_path, "--probe", "*.example")
    yield live
    live.close()


def say(live: Live, site: Site, app: App, host: str = HOST) -> bool:
    """Whether the app could say its text, on a connection of its own."""
    body = TEXT.encode()
    head = f"POST /say HTTP/1.1\r\nHost: {host}\r\nContent-Type: text/plain\r\n"
    with (
        suppress(ssl.SSLError),
        live.tunnel(site.port) as bare,
        app(live.ca).wrap_socket(bare, server_hostname=host) as link,
    ):
        link.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        return bool(link.recv(65536))
    return False


def verdicts(live: Live) -> dict[str, set[str]]:
    """Of the folder, analyzed again: it is the report of the session, and both are the same."""
    page = live.stop()
    assert run("analyze", live.folder) == page
    told = json.loads(run("analyze", live.folder, "--format", "json"))["verdicts"]
    platforms: dict[str, set[str]] = {}
    for one in told:
        platforms.setdefault(one["platform"], set()).add(one["verdict"])
    return platforms


def doctor(live: Live) -> list[str]:
    return [row for row in run("doctor", live.folder).splitlines() if HOST in row or "never accepted" in row]


def test_an_app_that_accepts_anybody_is_as_good_as_open(probing: Live, site: Site) -> None:
    assert [say(probing, site, anyone) for _ in range(3)] == [True] * 3
    assert "accepts a certificate from an authority that nobody knows" in probing.log("TLS protects nothing")
    assert verdicts(probing) == {f"unknown:{HOST}": {Answer.CLEARTEXT.value}}
    contacts = json.loads(run("analyze", probing.folder, "--format", "json"))["contacts"]
    told = "the app accepts a certificate from an authority that nobody knows: TLS protects nothing here"
    assert [(one["reason"], one["facts"], one["connections"]) for one in contacts] == [
        (f"opened by the probe: {told}", {"weak": [told]}, 1)
    ]
    assert f"! {HOST}: {told}" in doctor(probing)
    page = run("analyze", probing.folder)
    assert "What stayed shut" not in page
    assert "What they show to anyone who looks on" in page


def test_an_app_that_looks_refuses_each_kind_once_and_is_believed(probing: Live, site: Site) -> None:
    assert [say(probing, site, careful) for _ in range(6)] == [False, True, False, False, True, True]
    assert verdicts(probing) == {f"unknown:{HOST}": {Answer.TRANSPORT_ONLY.value}}
    refused = [row for row in doctor(probing) if row.startswith("+")]
    assert refused == [
        f"+ {HOST}: the app refused a certificate {kind} that the probe showed it, as it should"
        for kind in ("from an authority that nobody knows", "for another name", "that has expired")
    ]
    assert not [row for row in doctor(probing) if row.startswith("!")]


def test_an_app_that_checks_no_name_speaks_to_whoever_has_a_certificate(probing: Live, site: Site) -> None:
    assert [say(probing, site, nameless) for _ in range(5)] == [False, True, True, False, True]
    assert verdicts(probing) == {f"unknown:{HOST}": {Answer.CLEARTEXT.value}}
    assert f"! {HOST}: the app accepts a certificate for another name: TLS protects nothing here" in doctor(
        probing
    )


def test_an_app_that_trusts_us_nowhere_is_asked_once(probing: Live, site: Site) -> None:
    def stranger(_: Path) -> ssl.SSLContext:
        return ssl.create_default_context()

    assert [say(probing, site, stranger) for _ in range(3)] == [False] * 3
    probing.stop()
    assert "the app never accepted the proxy's own certificate" in " ".join(doctor(probing))


def test_what_one_program_accepts_says_nothing_of_another(probing: Live, site: Site) -> None:
    """Both texts are read; only that of the program that accepted the false certificate by anybody."""
    assert say(probing, site, older)
    assert say(probing, site, careful)
    probing.stop()
    told = json.loads(run("analyze", probing.folder, "--format", "json"))
    rows = told["captures"][0]["state"]["tally"]
    assert {row["road"]: sums["count"] for row, sums in rows if row["direction"] == "out"} == {
        "clear": 1, "protected": 1
    }  # fmt: skip


def test_who_takes_up_an_earlier_connection_has_shown_nothing(tmp_path: Path, site: Site) -> None:
    """A session that is taken up again needs no certificate, so the probe must not take it for consent."""
    live = Live(tmp_path, "--probe", HOST)
    context = careful(live.ca)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    try:
        with suppress(ssl.SSLError), live.tunnel(site.port) as bare:
            context.wrap_socket(bare, server_hostname=HOST)
        with context.wrap_socket(live.tunnel(site.port), server_hostname=HOST) as link:
            link.sendall(b"\0 hello")
            assert link.recv(7) == b"\0 hello"
            kept = link.session
        for _ in range(2):
            with pytest.raises(ssl.SSLCertVerificationError), live.tunnel(site.port) as bare:
                context.wrap_socket(bare, server_hostname=HOST, session=kept)
        live.stop()
    finally:
        live.close()
    assert not [row for row in doctor(live) if row.startswith("!")]


def test_nobody_is_probed_unasked(tmp_path: Path, site: Site) -> None:
    live = Live(tmp_path, "--probe", "other.example")
    assert [say(live, site, careful), say(live, site, anyone)] == [True, True]
    assert verdicts(live) == {f"unknown:{HOST}": {Answer.TRANSPORT_ONLY.value}}
    assert b'"what":"hello"' not in (live.folder / "session.mitm.journal").read_bytes()
    live.close()


def test_a_name_that_no_certificate_can_have_makes_no_false_one(tmp_path: Path) -> None:
    authority(tmp_path, "friday")
    forger = Forger(tmp_path)
    with pytest.raises(ValueError, match=r"(?i)ascii|a-label"):
        forger.made("unknown CA", "b\u00fccher.example")
    made, key = forger.made("expired", "127.0.0.1")
    assert made.public_key() == key.public_key()


def test_hosts_that_are_probed_do_not_grow_without_end(tmp_path: Path) -> None:
    authority(tmp_path, "friday")
    probe = Probe(lambda _: None, ("*",), tmp_path)
    asked = [probe.next(f"h{number}.example") for number in range(MOST + 3)]
    assert asked == ["unknown CA"] * MOST + [""] * 3


def hello(*extensions: tuple[int, bytes]) -> tls.ClientHelloData:
    """A hello that offers one cipher, for TCP."""
    listed = b"".join(kind.to_bytes(2) + len(data).to_bytes(2) + data for kind, data in extensions)
    said = b"\3\3" + bytes(32) + b"\0" + b"\0\2\x13\1" + b"\1\0" + len(listed).to_bytes(2) + listed
    context = Context(tclient_conn(), Options())
    context.server.address = ("front.example", 443)
    return tls.ClientHelloData(context, tls.ClientHello(said))


def test_a_hello_that_is_partly_encrypted_is_written_down_unasked(tmp_path: Path) -> None:
    heard: list[Hello] = []
    probe = Probe(heard.append, (), tmp_path)
    probe.tls_clienthello(hello((0xFE0D, b"\0" * 9)))
    probe.tls_clienthello(hello((16, b"\0\3\2h2")))
    assert [(one.host, one.ech, one.shown) for one in heard] == [("front.example", True, "")]


def test_a_program_is_known_whatever_it_will_speak_and_whether_or_not_it_was_here(tmp_path: Path) -> None:
    authority(tmp_path, "friday")
    heard: list[Hello] = []
    probe = Probe(heard.append, ("*",), tmp_path)
    versions = (43, b"\2\3\4")
    for extensions in ((versions,), (versions, (16, b"\0\3\2h2"), (41, b"\0" * 9)), ()):
        probe.tls_clienthello(hello(*extensions))
    looks = [one.look for one in heard]
    assert (looks[0] == looks[1] != looks[2], all(looks)) == (True, True)
    assert [one.shown for one in heard] == ["unknown CA", "", ""]
