"""Transports name a platform by what is spoken, by whose address it is only when nothing else is known."""

import msgspec
import pytest

from auditor.model import Channel, Contact, Ref
from auditor.rulebook.book import Rulebook
from auditor.rulebook.transport import address_of

WHY = "why: [{fact: f, source: read in a repository}]\n"
PUBLISHED = "tests: [{name: n, said: [{out: !hex 01020304}], expect: shape, published: somewhere}]\n"
RANGES = "address: [192.0.2.0/24, '2001:db8::/32']"


def transport(said: str, why: str = WHY, tests: str = "tests: []\n") -> str:
    return f"title: T\n{said}\n{why}{tests}"


TEXTS = {
    "platforms/one/platform.yaml": "title: One\nwhy: [{fact: f, source: s}]\n",
    "platforms/two/platform.yaml": "title: Two\nwhy: [{fact: f, source: s}]\n",
    "transports/shape.yaml": transport(
        "platform: one\nname: Shape\ncarrier: tcp\nout: 01020304", tests=PUBLISHED
    ),
    "transports/answer.yaml": transport("platform: one\nout: ['0908', '07']\nin: '0605'"),
    "transports/place.yaml": transport(f"platform: two\n{RANGES}", "why: [{fact: f, source: general}]\n"),
    "transports/relay.yaml": transport("platform: two\nfacts: {realm: ['*.two.example']}"),
    "transports/sizes.yaml": transport("platform: two\nweak: true\nport: 5222\nout: '??*48 end'"),
    "transports/first.yaml": transport("platform: one\nout: '11111111'"),
    "transports/second.yaml": transport("platform: two\nout: '11111111'"),
    "transports/nameless.yaml": transport("name: Push\nfacts: {offers: 'push-v?'}"),
}
BOOK = Rulebook.of(TEXTS)
PLAIN = Contact(Ref("a", 1), Channel("", 443, address="198.51.100.9"), "TCP", "no keys", carrier="tcp")


def known(contact: Contact) -> str:
    found = BOOK.transport_of(contact)
    return found.id if found else ""


def saying(
    *start: tuple[bool, bytes], port: int = 443, address: str = "198.51.100.9", **fields: object
) -> Contact:
    channel = Channel("", port, address=address)
    return msgspec.structs.replace(PLAIN, channel=channel, start=start, **fields)


SAID = {
    "a shape": (saying((True, b"\1\2\3\4 and more")), "shape"),
    "the shape the other way": (saying((False, b"\1\2\3\4")), ""),
    "the shape on another carrier": (saying((True, b"\1\2\3\4"), carrier="udp"), ""),
    "both sides and a second piece": (saying((True, b"\t\x08"), (False, b"\6\5"), (True, b"\7")), "answer"),
    "the second piece is not there yet": (saying((True, b"\t\x08"), (False, b"\6\5")), ""),
    "a size at its port": (saying((True, bytes(48)), port=5222), "sizes"),
    "a size at another port": (saying((True, bytes(48))), ""),
    "an address of its own": (saying(address="192.0.2.200"), "place"),
    "a long address of its own": (saying(address="2001:db8::7"), "place"),
    "no address at all": (saying(address=""), ""),
    "a shape at an address of others": (saying((True, b"\1\2\3\4"), address="192.0.2.200"), "shape"),
    "a fact": (saying(facts=(("realm", "eu.two.example"),)), "relay"),
    "a fact of another kind": (saying(facts=(("software", "eu.two.example"),)), ""),
    "what two platforms could be": (saying((True, b"\x11" * 4)), ""),
    "nothing": (PLAIN, ""),
}  # fmt: skip


@pytest.mark.parametrize("what", SAID)
def test_a_connection_is_known_by_what_is_said(what: str) -> None:
    contact, wanted = SAID[what]
    assert known(contact) == wanted


def test_a_name_takes_the_place_of_what_only_carries() -> None:
    shape, push, relay = (BOOK.transports[name] for name in ("shape", "nameless", "relay"))
    assert [shape.called(carried) for carried in ("TCP", "udp", "TLS")] == ["Shape", "Shape", "TLS (Shape)"]
    assert (push.called("TLS"), push.platform, relay.called("STUN")) == ("TLS (Push)", "", "STUN")


def test_only_a_published_shape_whose_facts_were_read_is_recognised() -> None:
    grades = {name: one.grade for name, one in BOOK.transports.items()}
    assert grades.pop("shape") == "recognised"
    assert set(grades.values()) == {"consistent"}


def test_addresses_are_addresses_and_names_are_not() -> None:
    assert address_of("fe80::1%en0") == (6, 0xFE80 << 112 | 1)
    assert address_of("chat.example") is address_of("") is None


def test_an_address_is_nobodys_but_his_who_has_it() -> None:
    """Also where the addresses of several touch, lie in each other, or are the first and the last."""
    networks = {"a": "10.0.0.0/8", "b": "10.1.0.0/16", "c": "10.2.0.0/16", "d": "'::/0'", "e": "255.0.0.0/8"}
    files = {
        f"platforms/{name}/platform.yaml": f"title: {name}\nwhy: [{{fact: f, source: s}}]\n"
        for name in networks
    }
    places = {
        f"transports/{n}.yaml": transport(f"platform: {n}\naddress: [{at}]") for n, at in networks.items()
    }
    book = Rulebook.of(files | places)
    wanted = {
        "9.255.255.255": "", "10.0.0.0": "a", "10.0.255.255": "a", "10.1.0.0": "", "10.2.255.255": "",
        "10.3.0.0": "a", "10.255.255.255": "a", "11.0.0.0": "", "255.255.255.255": "e", "::": "d",
        "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff": "d",
    }  # fmt: skip
    found = {at: book.transport_of(saying(address=at)) for at in wanted}
    assert {at: one.platform if one else "" for at, one in found.items()} == wanted


def test_many_that_say_the_same_are_told_apart_by_port_and_address() -> None:
    book = Rulebook.of(
        TEXTS | {"transports/near.yaml": transport(f"platform: one\nport: 7\nout: '33333333'\n{RANGES}")}
    )
    said = (True, b"\x33" * 4)
    asked = [(7, "192.0.2.1"), (8, "192.0.2.1"), (7, "192.0.3.1"), (7, "2001:db8::1")]
    found = [book.transport_of(saying(said, address=at, port=port)) for port, at in asked]
    assert [one.id if one else "" for one in found] == ["near", "place", "", "near"]
