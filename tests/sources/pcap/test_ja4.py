"""JA4 as it is published: the examples of its description, and what may not change it."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.sources.pcap.hello import client_hello
from auditor.sources.pcap.ja4 import ja4
from tests.sources.pcap.hellos import block, client, extension, name, numbers, speaks

# The example of the description: its ciphers, its extensions and its signature algorithms.
CIPHERS = "1301,1302,1303,c02b,c02f,c02c,c030,cca9,cca8,c013,c014,009c,009d,002f,0035"
EXTENSIONS = "001b,0000,0033,0010,4469,0017,002d,000d,0005,0023,0012,002b,ff01,000b,000a,0015"
SIGNATURES = "0403,0804,0401,0503,0805,0501,0806,0601"


def listed(text: str) -> bytes:
    return bytes.fromhex(text.replace(",", ""))


def example(protocol: bytes = b"h2", grease: bytes = b"") -> bytes:
    known = {
        "0000": name("example.com"),
        "0010": speaks(protocol, b"http/1.1"),
        "000d": extension(13, block(2, listed(SIGNATURES) + grease)),
        "002b": extension(43, block(1, grease + numbers(0x0304, 0x0303))),
    }
    parts = [known.get(one, extension(int(one, 16))) for one in EXTENSIONS.split(",")]
    if grease:
        parts = [extension(0x3A3A), *parts, extension(0xDADA, b"\0")]
    return client(*parts, ciphers=grease + listed(CIPHERS))


def named(body: bytes, carrier: str = "t") -> str:
    return ja4(client_hello(body), carrier)


def test_the_published_example_has_its_published_name() -> None:
    assert named(example()) == "t13d1516h2_8daaf6152771_e5627efa2ab1"


def test_what_means_nothing_changes_nothing() -> None:
    assert named(example(grease=numbers(0x1A1A))) == named(example())


CARRIED = {
    "t": (0x0303, "t12i010000_"), "q": (0x0303, "q12i010000_"), "d": (0xFEFD, "dd2i010000_"),
}  # fmt: skip


@pytest.mark.parametrize("carrier", CARRIED)
def test_a_hello_with_nothing_to_hash_has_zeroes(carrier: str) -> None:
    version, begins = CARRIED[carrier]
    hashed = sha256(b"1301").hexdigest()[:12]
    assert named(client(ciphers=b"\x13\x01", version=version), carrier) == f"{begins}{hashed}_000000000000"


VERSIONS = {
    (0x0304, 0x0303): "13", (0x0303,): "12", (0x0302, 0x0301): "11", (0x0301,): "10", (0x0300,): "s3",
    (0x0002,): "s2", (0xFEFF,): "d1", (0xFEFD, 0xFEFC): "d3", (0xFEFF, 0xFEFD): "d2", (0x7F1C,): "00",
    (0x0A0A,): "12",
}  # fmt: skip


@pytest.mark.parametrize("listed", VERSIONS)
def test_the_highest_version_counts(listed: tuple[int, ...]) -> None:
    made = client(extension(43, block(1, numbers(*listed))))
    assert named(made)[1:3] == VERSIONS[listed]


PROTOCOLS = {
    b"h2": "h2", b"http/1.1": "h1", b"x": "xx", b"\xab": "ab", b"\xab\xcd": "ad", b"0\xab": "3b",
    b"01\xab\xcd": "3d", b"0\xab\xcd1": "01",
}  # fmt: skip


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_ends_of_the_first_protocol_are_shown(protocol: bytes) -> None:
    assert named(client(speaks(protocol)))[8:10] == PROTOCOLS[protocol]


def test_protocols_that_mean_nothing_are_not_the_first() -> None:
    assert named(client(speaks(b"\x0a\x0a", b"h2")))[8:10] == "h2"


def test_more_than_two_digits_are_99() -> None:
    made = client(*(extension(0x5000 + n) for n in range(120)), ciphers=numbers(*range(0x6000, 0x6000 + 200)))
    assert named(made)[4:8] == "9999"


@given(st.permutations(EXTENSIONS.split(",")[:6]), st.permutations(CIPHERS.split(",")))
def test_order_changes_nothing(extensions: list[str], ciphers: list[str]) -> None:
    parts = [extension(int(one, 16)) for one in extensions]
    one = named(client(*parts, ciphers=listed(",".join(ciphers))))
    assert one == named(client(*sorted(parts), ciphers=listed(CIPHERS)))
