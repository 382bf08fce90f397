"""Key logs: what opens which hello."""

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
