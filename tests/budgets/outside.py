"""The budgets of what is seen of connections from outside."""

from collections.abc import Callable
from pathlib import Path

from auditor.rulebook import beginning
from auditor.sources.pcap import certificates, dns, gquic, handshake, outside, shown, stun
from auditor.sources.pcap.handshake import Fragments, Handshake
from auditor.sources.pcap.outside import Outside
from tests.budgets.made import Budget, noise
from tests.sources.pcap import test_dns, test_gquic, test_stun
from tests.sources.pcap.hellos import block, certificate, client, message, record, records, server

HELLO = records(message(1, client()))


def shakes(*said: tuple[bool, bytes]) -> Callable[[Path], object]:
    def exceed(_: Path) -> str:
        seen = Handshake()
        for from_client, data in said:
            seen.feed(from_client, data)
        return f"stopped: {seen.stopped}; certificates {len(seen.certificates)}."

    return exceed


def fragments(data: bytes) -> Callable[[Path], object]:
    return lambda _: f"whole {len(Fragments().feed(data))}"


def certified(*names: str, more: bytes = b"") -> Callable[[Path], object]:
    def exceed(_: Path) -> str:
        return f"names {len(certificates.names(certificate(*names)[0] + more))}."

    return exceed


def asked(message: bytes) -> Callable[[Path], object]:
    return lambda _: f"asked {dns.read(message)}"


def learnt(addresses: int, names: int) -> Callable[[Path], object]:
    def exceed(_: Path) -> str:
        known = dns.Names()
        for number in range(max(addresses, names)):
            address = bytes((10, 0, 0, min(number, addresses - 1)))
            name = f"n{min(number, names - 1)}.example"
            known.learn(test_dns.message(name, test_dns.entry(test_dns.SAME, test_dns.A, address)))
        return f"first {len(known.of(bytes((10, 0, 0, 0))))}."

    return exceed


def streams(count: int, size: int) -> Callable[[Path], object]:
    """How many bytes are kept of a stream that nobody knows, in how many pieces."""

    def exceed(_: Path) -> str:
        seen = Outside()
        for number in range(count):
            seen.feed(number % 2 == 0, noise(size, number + 1))
        start = seen.seen().start
        return f"bytes {sum(len(data) for _, data in start)}, pieces {len(start)}."

    return exceed


def datagrams(count: int, size: int) -> Callable[[Path], object]:
    def exceed(_: Path) -> str:
        seen = Outside(datagrams=True)
        for number in range(count):
            seen.feed(True, noise(size, number + 1))
        kept = seen._pieces[True]
        return f"settled {seen.settled}, heads {len(kept)} of {max(len(one.head) for one in kept)}."

    return exceed


def googled(padding: int, tags: int) -> Callable[[Path], object]:
    """A hello of Google's own QUIC behind some padding, with its name as the last of its tags."""
    names = {f"T{number:03}".encode(): b"" for number in range(tags)} | {b"SNI\0": b"a.example"}
    return lambda _: gquic.hello(bytes(padding) + test_gquic.said(names))[0] or "no name"


CHAIN = records(message(2, server()) + message(11, block(3, block(3, b"x") * 40)))
DEEP = b"\1a" * 200 + b"\0"
QUESTION = b"\xab\xcd\1\0\0\1" + bytes(6) + DEEP + b"\0\1\0\1"
MANY = test_dns.message("a.example", *[test_dns.entry(test_dns.SAME, 16, b"")] * 300)
SPECIAL = test_stun.message(1, *(test_stun.attribute(0x4000 + number, b"") for number in range(99)))

SEEING = [
    Budget(
        "sources/pcap/handshake.py LONGEST", handshake, "longer than any",
        shakes((True, record(22, b"\1" + (1 << 20).to_bytes(3)))),
    ),
    Budget(
        "sources/pcap/handshake.py MOST", handshake, "longer than any",
        shakes((True, records(message(0, b"") * 80))),
    ),
    Budget(
        "sources/pcap/handshake.py MOST_CERTIFICATES", handshake, r"certificates 16\.",
        shakes((True, HELLO), (False, CHAIN)),
    ),
    Budget(
        "sources/pcap/certificates.py LARGEST", certificates, r"names 0\.", certified("a.example"), low=100,
    ),
    Budget(
        "sources/pcap/certificates.py MOST", certificates, r"names 12\.",
        certified(*(f"n{number}.example" for number in range(20))),
    ),
    Budget("sources/pcap/dns.py MOST_LABELS", dns, "without end", asked(QUESTION)),
    Budget("sources/pcap/dns.py MOST_RECORDS", dns, "no head of DNS", asked(MANY)),
    Budget("sources/pcap/dns.py MOST_ADDRESSES", dns, r"first 0\.", learnt(9, 1), low=5),
    Budget("sources/pcap/dns.py MOST_NAMES", dns, r"first 8\.", learnt(1, 20)),
    Budget(
        "sources/pcap/stun.py MOST", stun, r"special 64\.",
        lambda _: f"special {len((stun.read(SPECIAL) or stun.Stun(False)).special)}.",
    ),
    Budget("sources/pcap/gquic.py MOST", gquic, "no name", googled(padding=0, tags=80)),
    Budget("sources/pcap/gquic.py SEARCHED", gquic, "no name", googled(padding=200, tags=1)),
    Budget("sources/pcap/outside.py START", outside, r"bytes 4096,", streams(20, 900)),
    Budget("sources/pcap/outside.py TURNS", outside, r"pieces 32\.", streams(99, 9)),
    Budget("sources/pcap/outside.py HEAD", outside, r"of 96\.", datagrams(3, 900)),
    Budget("sources/pcap/outside.py DATAGRAMS", outside, "settled True", datagrams(200, 20)),
    Budget(
        "sources/pcap/shown.py MOST_FACTS", shown, r"facts 32\.",
        lambda _: f"facts {len(shown.of_handshake(_alarmed()))}.",
    ),
    Budget(
        "rulebook/beginning.py LONGEST", beginning, "1 to 4,096 bytes",
        lambda _: str(beginning.Beginning.parse("??*4000 ??*4000").ends),
    ),
]  # fmt: skip


def _alarmed() -> Handshake:
    seen = Handshake()
    seen.feed(True, b"".join(record(21, bytes((2, number))) for number in range(60)))
    return seen
