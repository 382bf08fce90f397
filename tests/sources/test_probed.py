"""What apps did that were shown a false certificate, told by the records alone."""

import pytest

from auditor.sources.flows import Flow, Request, Side
from auditor.sources.probed import MOST, Probes
from auditor.sources.records import Begun, Closed, Hello, Opened, Record, Refused, Said

NOBODY, NAME, OLD = "unknown CA", "wrong name", "expired"
HTTP = Flow("http", Side(), Side(), request=Request(b"GET", b"https", "a.example", 443, b"/", []))
TCP = Flow("tcp", Side(), Side())
TLS = Opened("c", "client", tls=True)


def shown(kind: str, connection: str = "c", look: str = "t13d") -> Hello:
    return Hello(connection, "a.example", 443, "", look, kind)


def did(*records: Record) -> list[str]:
    probes = Probes()
    return [outcome.did for record in records if (outcome := probes.hear(record))]


@pytest.mark.parametrize(
    ("records", "said"),
    [
        ((shown(NOBODY), TLS, Begun("f", HTTP, "c"), Closed("c", "client")), "accepted"),
        ((shown(NOBODY), Begun("f", TCP, "c"), Said("f", True, b"hi"), Said("f", True, b"hi")), "accepted"),
        ((shown(NOBODY), Begun("f", TCP, "c"), Said("f", False, b"hi"), Closed("c", "client")), "left"),
        ((shown(NOBODY), Refused("client", "a.example", connection="c"), Closed("c", "client")), "refused"),
        ((shown(NOBODY), Refused("client", "a.example", connection="d")), ""),
        ((shown(""), Begun("f", HTTP, "c"), Closed("c", "client")), ""),
        ((Begun("f", HTTP, "c"), Refused("server", connection="c"), Closed("c", "client")), ""),
    ],
)  # fmt: skip
def test_only_an_app_that_speaks_has_accepted(records: tuple[Record, ...], said: str) -> None:
    assert did(*records) == ([said] if said else [])


@pytest.mark.parametrize(("kind", "bare"), [(NOBODY, True), (NAME, True), (OLD, False)])
def test_what_one_connection_accepted_is_true_of_its_program_at_that_host(kind: str, bare: bool) -> None:
    probes = Probes()
    outcome = [probes.hear(one) for one in (shown(kind), Begun("f", HTTP, "c"))][-1]
    assert outcome
    assert ("TLS protects nothing here" in outcome.weak) is bare
    assert outcome.weak in outcome.reason
    others = {
        "again": shown("", "d"),
        "another program": shown("", "e", "t12d"),
        "another host": Hello("f", "b.example", look="t13d"),
    }
    for hello in others.values():
        probes.hear(hello)
    assert [name for name, one in others.items() if probes.bare(probes.hello(one.connection))] == (
        ["again"] if bare else []
    )
    assert not probes.bare(probes.hello("nobody"))


def test_a_hello_that_cannot_be_read_speaks_for_itself_alone() -> None:
    probes = Probes()
    for record in (shown(NOBODY, look=""), Begun("f", HTTP, "c"), shown("", "d", look="")):
        probes.hear(record)
    assert (probes.bare(probes.hello("c")), probes.bare(probes.hello("d"))) == (True, False)


def test_connections_that_never_close_are_forgotten() -> None:
    probes = Probes()
    for number in range(MOST + 2):
        probes.hear(shown(NOBODY, str(number)))
    assert [probes.hello(name) is None for name in ("0", "1", "2")] == [True, True, False]
    assert probes.hear(Begun("f", HTTP, "0")) is None
