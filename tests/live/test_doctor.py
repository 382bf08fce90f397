"""Every trouble has its diagnosis, and every diagnosis of a trouble its fix."""

import pytest

from auditor.live.doctor import Diagnosis, diagnoses
from auditor.live.watch import Host, Watch
from auditor.sources.probed import ACCEPTED, LEFT, REFUSED, Outcome
from auditor.sources.records import Hello


def told(watch: Watch) -> list[Diagnosis]:
    return diagnoses(watch)


def watched(trusted: bool = False, **hosts: Host) -> Watch:
    watch = Watch()
    watch.devices, watch.trusted, watch.hosts = {"10.0.0.7": 1}, trusted, dict(hosts)
    return watch


QUIC, DOH, CLOCK = watched(True), watched(True), watched(True)
QUIC.datagrams, QUIC.quic = {"a.example"}, {"b.example"}
DOH.doh = {"dns.example"}
CLOCK.clocks = [3600.0, 3601.0, 3599.0, -5.0]
NAMES, DOT, ECH, VPN = (
    watched(True, **{"a.example": Host(spoke=1)}),
    watched(True),
    watched(True),
    watched(True),
)
NAMES.asked, DOT.private = {"a.example", "b.example", "7.0.0.10.in-addr.arpa"}, {"dns.example"}
ECH.ech, VPN.tunnels = {"front.example"}, {"vpn.example"}
CASES = {
    "nobody came": (Watch(), "reach", "nobody reached the proxy", "same Wi-Fi"),
    "no app trusts us": (
        watched(a=Host(alerts={"unknown CA": 2}), b=Host(alerts={"hung up": 1})),
        "trust", "refused for 2 hosts, accepted for none", "Certificate Trust Settings",
    ),
    "one app pins": (
        watched(True, a=Host(alerts={"unknown CA": 2})), "a", "pins its own, or trusts none that a", "rooted",
    ),
    "too early": (
        watched(True, a=Host(early=2), b=Host(early=1, spoke=1), c=Host(early=1, alerts={"unknown CA": 1})),
        "trust", "a refused the certificate before anybody trusted it", "use it once more",
    ),
    "one looks late": (watched(True, a=Host(left=2)), "a", "left without a word, 2 times", "debug build"),
    "one passed": (watched(True, a=Host(passed=4, why="x")), "a", "4 connections passed", "--open HOST"),
    "old TLS": (watched(True, a=Host(alerts={"old TLS": 1})), "a", "old TLS", "tls_version_client_min"),
    "no TLS": (watched(True, a=Host(alerts={"not TLS": 1})), "a", "not TLS", "wireguard"),
    "a clock": (watched(True, a=Host(alerts={"certificate expired": 1})), "a", "expired", "phone's clock"),
    "anything": (watched(True, a=Host(alerts={"handshake failed": 1})), "a", "handshake failed", "try it"),
    "a server": (watched(True, a=Host(server="no route")), "a", "no route", "without the proxy"),
    "a raw socket": (watched(True, a=Host(spoke=2, raw=2)), "a", "not HTTP, on 2 connections", "report"),
    "QUIC": (QUIC, "QUIC", "spoken by a.example", "UDP port 443"),
    "QUIC to come": (QUIC, "QUIC", "offered by b.example", "wireguard"),
    "names": (DOH, "DNS", "dns.example", "harmless"),
    "a second path": (NAMES, "DNS", "b.example: asked for, of 3 names, and never met", "mobile data off"),
    "private names": (DOT, "DNS", "in TLS at dns.example", "private DNS off"),
    "a hidden hello": (ECH, "ECH", "front.example is partly encrypted, or pretends", "stand for another"),
    "a VPN": (VPN, "VPN", "vpn.example spoken to on the port of a VPN", "switch the VPN"),
    "our clock": (CLOCK, "clock", "60 minutes behind", "set it"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_trouble_is_named_with_its_fix(case: str) -> None:
    watch, about, what, fix = CASES[case]
    assert [one for one in told(watch) if one.about == about and what in one.what and fix in one.fix]
    assert [one for one in told(watch) if one.kind == "trouble" and not one.fix] == []


def test_hosts_with_the_same_trouble_are_told_of_together() -> None:
    hosts = {f"h{number}": Host(alerts={"unknown CA": 1 + number // 5}) for number in range(6)}
    about = [one.about for one in told(watched(True, **hosts)) if "unknown CA" in one.what]
    assert about == ["h0, h1, h2 and 2 more", "h5"]


def shown(kind: str, did: str) -> dict[str, Outcome]:
    return {kind: Outcome(Hello("c", "a", shown=kind), did)}


@pytest.mark.parametrize(
    ("host", "kind", "what"),
    [
        (
            Host(spoke=1, probes=shown("unknown CA", ACCEPTED)),
            "trouble",
            "that nobody knows: TLS protects nothing",
        ),
        (
            Host(spoke=1, probes=shown("expired", ACCEPTED)),
            "trouble",
            "accepts a certificate that has expired",
        ),
        (Host(spoke=1, probes=shown("wrong name", REFUSED)), "ok", "refused a certificate for another name"),
        (Host(spoke=1, probes=shown("wrong name", LEFT)), "hint", "and said nothing"),
        (Host(probes=shown("unknown CA", REFUSED)), "hint", "never accepted the proxy's own certificate"),
    ],
)
def test_what_a_probe_showed_is_told(host: Host, kind: str, what: str) -> None:
    assert [one for one in told(watched(True, a=host)) if one.kind == kind and what in one.what]


def test_what_works_is_said_as_well() -> None:
    watch = watched(True, a=Host(spoke=3))
    watch.clocks = [1.0, 2.0, 0.5]
    assert {one.about: one.kind for one in told(watch)} == {"reach": "ok", "trust": "ok", "clock": "ok"}


def test_an_app_that_spoke_and_left_once_is_not_accused() -> None:
    assert [one for one in told(watched(True, a=Host(spoke=5, left=1))) if one.about == "a"] == []


def test_names_of_hosts_do_not_move_the_cursor() -> None:
    said = told(watched(True, **{"a\x1b[2J": Host(alerts={"unknown CA": 1})}))
    assert not any("\x1b" in one.about + one.what + one.fix for one in said)


@pytest.mark.parametrize(
    ("modes", "kind"),
    [
        (("regular",), "hint"), (("socks5@1080", "reverse:https://a.example"), "hint"),
        (("transparent",), "hint"),
        (("wireguard",), "ok"), (("regular", "wireguard@51"), "ok"), (("local:chat",), "ok"), ((), ""),
    ],
)  # fmt: skip
def test_what_a_mode_cannot_see_is_said(modes: tuple[str, ...], kind: str) -> None:
    assert [one.kind for one in diagnoses(watched(True), modes) if one.about == "coverage"] == [kind] * bool(
        kind
    )
    assert [one for one in diagnoses(Watch(), modes) if one.about == "coverage"] == []
