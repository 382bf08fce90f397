"""What is learned of connections from their records."""

from auditor.live.watch import MOST, Watch, alert
from auditor.sources.flows import Flow, Request, Response, Side
from auditor.sources.records import Asked, Begun, Closed, Ended, Hello, Opened, Passed, Record, Refused


def asked(host: str) -> Request:
    return Request(b"GET", b"https", host, 443, b"/", [(b"Host", host.encode())])


def flow(kind: str, host: str, port: int = 443, *answer: tuple[bytes, bytes]) -> Flow:
    side = Side(address=[host, port])
    request = asked(host) if kind == "http" else None
    response = Response(200, list(answer), timestamp_start=1_000_000_000.0) if answer else None
    return Flow(kind, Side(sni=host), side, request=request, response=response)


def heard(*records: Record) -> Watch:
    watch = Watch()
    for record in records:
        watch.hear(record)
    return watch


def test_a_connection_that_is_told_of_twice_counts_once() -> None:
    watch = heard(
        Opened("c", "client", address="10.0.0.7"),
        Opened("c", "client", "a.example", 443, tls=True),
        Begun("f", flow("tcp", "a.example"), "c"),
        Begun("f", flow("tcp", "a.example"), "c"),
        Ended("f", flow("tcp", "a.example")),
        Closed("c", "client"),
    )
    assert (watch.devices, watch.trusted) == ({"10.0.0.7": 1}, True)
    assert [(n, one.spoke, one.raw, one.left) for n, one in watch.hosts.items()] == [("a.example", 1, 1, 0)]


def test_who_leaves_without_a_word_is_no_sign_of_trust() -> None:
    watch = heard(Opened("c", "client", "a.example", 443, tls=True), Closed("c", "client"))
    assert (watch.trusted, watch.hosts["a.example"].left) == (False, 1)


def test_refusals_and_what_passed_are_counted_by_host() -> None:
    one = Refused("client", "A.example", 443, "", "ssl/tls alert bad certificate")
    watch = heard(one, one, Passed("asked", "a.example"), Refused("server", "b.example", error="gone"))
    assert watch.hosts["a.example"].alerts == {"bad certificate": 2}
    assert (watch.hosts["a.example"].passed, watch.hosts["b.example"].server) == (1, "gone")


def test_who_refused_before_anybody_trusted_us_is_not_said_to_refuse() -> None:
    def refused(host: str, error: str) -> Refused:
        return Refused("client", host, 443, "", error)

    before: tuple[Record, ...] = (
        *(refused(host, "alert unknown ca") for host in ("a.example", "b.example")),
        refused("old.example", "alert protocol version"),
        Opened("l", "client", "b.example", 443, tls=True),
        Closed("l", "client"),
    )
    trust = (Opened("c", "client", "a.example", 443, tls=True), Begun("f", flow("http", "a.example"), "c"))
    watch = heard(*before, *trust, refused("b.example", "alert unknown ca"))
    table = {name: (one.early, one.left, one.alerts) for name, one in watch.hosts.items()}
    assert table == {
        "a.example": (1, 0, {}),
        "b.example": (2, 0, {"unknown CA": 1}),
        "old.example": (0, 0, {"old TLS": 1}),
    }


def test_answers_tell_of_other_ways_and_of_clocks() -> None:
    answer = (
        (b"Alt-Svc", b'h3=":443"'), (b"Content-Type", b"application/dns-message"),
        (b"Date", b"Sun, 09 Sep 2001 02:46:40 GMT"), (b"Date", b"yesterday"),
    )  # fmt: skip
    watch = heard(Ended("f", flow("http", "a.example", 443, *answer)), Begun("u", flow("udp", "b.example")))
    assert (watch.quic, watch.doh, watch.datagrams) == ({"a.example"}, {"a.example"}, {"b.example"})
    assert watch.clocks == [3600.0]


def test_other_ways_are_told_by_their_marks() -> None:
    watch = heard(
        Asked("a.example"), Asked("b.example"), Passed("asked", "A.example"),
        Hello("c", "Front.example", ech=True), Hello("d", "open.example"),
        Opened("s", "server", "dns.example", 853), Opened("t", "server", "dns.example", 443),
        Begun("v", flow("udp", "vpn.example", 51820)), Begun("w", flow("udp", "game.example", 7777)),
        Refused("client", "quic.example", error="certificate", carrier="quic"),
    )  # fmt: skip
    assert (watch.unmet(), watch.ech, watch.private) == ({"b.example"}, {"front.example"}, {"dns.example"})
    assert (watch.tunnels, watch.datagrams) == ({"vpn.example"}, {"quic.example"})


def test_what_was_probed_is_no_sign_of_trust_and_no_refusal() -> None:
    shown = Hello("c", "a.example", shown="unknown CA")
    spoke = heard(
        shown, Opened("c", "client", "a.example", tls=True), Begun("f", flow("http", "a.example"), "c")
    )
    assert (spoke.trusted, spoke.hosts["a.example"].spoke) == (False, 1)
    refused = heard(shown, Refused("client", "a.example", connection="c"), Closed("c", "client"))
    assert (refused.hosts["a.example"].refused, refused.hosts["a.example"].left) == (0, 0)
    assert refused.hosts["a.example"].probes["unknown CA"].did == "refused"


def test_hosts_do_not_grow_without_end() -> None:
    watch = Watch()
    for number in range(MOST + 10):
        watch.hear(Refused("client", f"h{number}.example"))
    assert len(watch.hosts) == MOST


def test_alerts_have_names() -> None:
    said = {
        "('SSL routines', '', 'ssl/tls alert unknown ca')": "unknown CA",
        "tlsv1 alert certificate expired": "certificate expired",
        "ssl/tls alert certificate unknown": "certificate unknown",
        "unsupported protocol": "old TLS",
        "Cannot parse ClientHello: 474554": "not TLS",
        "connection closed early": "hung up",
        "the moon is full": "handshake failed",
    }
    assert {error: alert(error) for error in said} == said
