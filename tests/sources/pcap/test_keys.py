"""Key logs: what opens which hello."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.sources.pcap.keys import Keys

RANDOM = bytes(range(32))
LINE = b"CLIENT_RANDOM " + RANDOM.hex().encode() + b" " + b"ab" * 48 + b"\n"


def test_a_secret_is_found_by_its_label_and_its_hello() -> None:
    keys = Keys([b"# made by a browser\n\n" + LINE])
    assert (len(keys), keys.passed_over) == (1, 0)
    assert keys.knows(RANDOM)
    assert keys.find("CLIENT_RANDOM", RANDOM) == b"\xab" * 48
    assert keys.find("CLIENT_TRAFFIC_SECRET_0", RANDOM) is None
    assert not keys.knows(bytes(32))


def test_the_same_secret_twice_counts_once_and_the_first_stays() -> None:
    keys = Keys()
    assert [keys.add(LINE), keys.add(LINE.replace(b"ab", b"cd"))] == [1, 0]
    assert keys.find("CLIENT_RANDOM", RANDOM) == b"\xab" * 48


def test_what_is_no_secret_is_counted() -> None:
    keys = Keys([b"CLIENT_RANDOM 00 zz\nCLIENT_RANDOM 0 ab\nhello\n" + LINE[:40] + b"\n\xff\xfe\n"])
    assert (len(keys), keys.passed_over) == (0, 5)


def test_lines_that_went_through_a_shell_are_secrets_too() -> None:
    assert Keys([LINE.replace(b"\n", b"\\\n")]).find("CLIENT_RANDOM", RANDOM) == b"\xab" * 48


NAMED = RANDOM.hex().encode()


@pytest.mark.parametrize("line", [
    LINE.lower(), LINE.upper(), LINE.replace(b"\n", b"\r\n"), b"  " + LINE.replace(b" ", b"\t"),
    b"\xef\xbb\xbf" + LINE, LINE.decode().encode("utf-16"), b"# remark\n; remark\n\n" + LINE,
])  # fmt: skip
def test_key_logs_are_written_in_many_ways(line: bytes) -> None:
    keys = Keys([line])
    assert (len(keys), keys.passed_over) == (1, 0)
    assert keys.find("CLIENT_RANDOM", RANDOM)


@pytest.mark.parametrize(("label", "size"), [
    ("CLIENT_RANDOM", 48), ("PMS_CLIENT_RANDOM", 48), ("PMS_CLIENT_RANDOM", 1024),
    ("CLIENT_EARLY_TRAFFIC_SECRET", 32), ("CLIENT_HANDSHAKE_TRAFFIC_SECRET", 48),
    ("SERVER_HANDSHAKE_TRAFFIC_SECRET", 32), ("CLIENT_TRAFFIC_SECRET_0", 48), ("SERVER_TRAFFIC_SECRET_0", 32),
    ("CLIENT_TRAFFIC_SECRET_3", 32), ("EARLY_EXPORTER_SECRET", 32), ("EXPORTER_SECRET", 48),
    ("ECH_SECRET", 16), ("ECH_CONFIG", 80), ("QUIC_CLIENT_TRAFFIC_SECRET_0", 32),
])  # fmt: skip
def test_every_kind_of_secret_is_kept(label: str, size: int) -> None:
    keys = Keys([f"{label} {RANDOM.hex()} {'ab' * size}".encode()])
    assert keys.find(label, RANDOM) == b"\xab" * size


@pytest.mark.parametrize("line", [
    LINE[:-3], LINE[:-2] + b"\n", LINE.replace(NAMED, NAMED[2:]),
    b"CLIENT_TRAFFIC_SECRET_0 " + NAMED + b" abcdef",
    b"RSA " + NAMED + b" " + b"ab" * 48, b"RSA Session-ID:abc Master-Key:" + b"ab" * 48,
])  # fmt: skip
def test_what_was_cut_off_is_no_secret(line: bytes) -> None:
    keys = Keys([line])
    assert (len(keys), keys.passed_over) == (0, 1)


def test_what_was_sealed_to_a_certificate_has_a_name_of_its_own() -> None:
    keys = Keys([b"RSA 0123456789abcdef " + b"ab" * 48])
    assert keys.find("RSA", bytes.fromhex("0123456789abcdef")) == b"\xab" * 48
    assert keys.idle == 0


def test_sessions_are_known_by_their_number() -> None:
    keys = Keys([b"RSA Session-ID:00ff Master-Key:" + b"ab" * 48])
    assert (keys.recall(b"\0\xff"), keys.recall(b"\0"), keys.passed_over) == (b"\xab" * 48, None, 0)


def test_secrets_in_a_remark_are_found_among_other_words() -> None:
    text = (
        b"captured at home; keys: "
        + LINE.strip()
        + b", thanks!\nRSA 0123456789abcdef "
        + b"cd" * 48
        + b" and"
    )
    keys = Keys()
    assert (keys.add(text, remark=True), keys.passed_over) == (2, 0)


def test_private_keys_stand_among_the_lines() -> None:
    pem = b"-----BEGIN RSA PRIVATE KEY-----\r\nabc\r\n-----END RSA PRIVATE KEY-----"
    keys = Keys([b"# certificate\n" + pem + b"\n" + LINE + pem])
    assert (keys.private, len(keys), keys.passed_over) == ([pem], 2, 0)


def test_secrets_that_nobody_asked_for_are_counted_by_their_hello() -> None:
    other = LINE.replace(NAMED, b"ff" * 32)
    keys = Keys([LINE + other + b"EXPORTER_SECRET " + NAMED + b" " + b"ab" * 32])
    assert keys.idle == 2
    keys.find("CLIENT_RANDOM", RANDOM)
    keys.find("CLIENT_RANDOM", bytes(32))
    assert keys.idle == 1


@given(st.binary(max_size=300))
def test_any_text_is_taken_in(text: bytes) -> None:
    assert len(Keys([text])) == 0


def test_a_long_line_is_read_in_no_time() -> None:
    keys = Keys(
        [b"CLIENT_RANDOM " + b"a" * 1_000_000, b" " * 1_000_000, b"-----BEGIN PRIVATE KEY-----" * 50_000]
    )
    keys.add(b"CLIENT_RANDOM " * 100_000, remark=True)
    assert len(keys) == 0
