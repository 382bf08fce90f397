"""Transports are read as strictly as all rules: every fault has its place and its words."""

import pytest

from auditor.errors import RuleError
from auditor.rulebook.book import Rulebook

PLATFORM = {"platforms/one/platform.yaml": "title: One\nwhy: [{fact: f, source: s}]\n"}
HEAD = "title: T\nwhy: [{fact: f, source: s}]\ntests: []\n"
WRONG = {
    "platform: one": "has `out`, `in`, `stream`, `facts` or `address`",
    "out: 01020304": "names a `platform`, or has a `name`",
    "platform: other\nout: 01020304": "unknown platform 'other'",
    "platform: one\nout: 010203": "too few bytes are fixed",
    "platform: one\nout: ??*48 end": "too few bytes are fixed",
    "platform: one\nout: ??*48 end\nweak: true": "a weak transport also names its port",
    "platform: one\nout: hello": "not a beginning",
    "platform: one\nstream: morse": "did you mean|one of",
    "platform: one\nfacts: {colour: red}": "unknown key 'colour'",
    "platform: one\naddress: 300.1.2.3": "not a range of addresses",
    "platform: one\nout: 01020304\nport: http": "not a port",
    "platform: one\nout: 01020304\ncarrier: pigeon": "'carrier' is one of tcp, udp",
    "platform: one\nout: 01020304\nslot: body": "unknown key 'slot'",
}


@pytest.mark.parametrize("text", WRONG)
def test_a_fault_is_said_in_words(text: str) -> None:
    with pytest.raises(RuleError) as caught:
        Rulebook.of(PLATFORM | {"transports/t.yaml": f"{HEAD}{text}\n"})
    assert any(part in str(caught.value) for part in WRONG[text].split("|")), str(caught.value)
    assert "transports/t.yaml" in str(caught.value)


def test_everything_that_may_be_said_is_read() -> None:
    text = (
        "platform: one\nname: T\ncarrier: udp\nout: ['01020304', '??']\nin: '05'\nstream: loco\n"
        "facts: {realm: [a, b], software: c}\nport: [1, 65535]\naddress: 192.0.2.0/24\n"
    )
    found = Rulebook.of(PLATFORM | {"transports/t.yaml": HEAD + text}).transports["t"]
    assert (found.name, found.carrier, found.streams, found.ports) == ("T", "udp", ("loco",), (1, 65535))
    assert (len(found.out), len(found.into), len(found.networks)) == (2, 1, 1)
    assert found.facts == (("realm", ("a", "b")), ("software", ("c",)))


def test_a_transport_is_a_place_for_a_rule_file() -> None:
    with pytest.raises(RuleError, match=r"transports/NAME\.yaml"):
        Rulebook.of({"transports/deep/t.yaml": HEAD})
