"""TLS opened with key logs: true connections of every kind that the OpenSSL at hand speaks."""

import ssl
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from auditor.sources.pcap.hello import RETRY
from auditor.sources.pcap.keys import Keys
from auditor.sources.pcap.tls import Tls
from tests.sources.pcap.handshakes import (
    ANY,
    TLS1,
    TLS11,
    TLS12,
    TLS13,
    Spoken,
    contexts,
    opened,
    speak,
)
from tests.sources.pcap.handshakes import folder as certificates
from tests.sources.pcap.programs import call, needs_openssl, serving

NOT_IN_MEMORY = ("PSK", "SRP")  # Python cannot agree on these
UNKNOWN = ("ARIA",)  # which `cryptography` does not have


def offered(version: int) -> list[str]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_ciphers(ANY)
    old = version < TLS12
    return [
        str(one["name"])
        for one in context.get_ciphers()
        if (one["protocol"] in ("SSLv3", "TLSv1.0") or not old)
        and one["protocol"] != "TLSv1.3"
        and not any(word in str(one["name"]) for word in NOT_IN_MEMORY)
    ]


SUITES = [(version, name) for version in (TLS12, TLS11, TLS1) for name in offered(version)]


def recorded(tmp_path: Path, version: int = TLS13, ciphers: str = ANY) -> Spoken:
    return speak(*contexts(tmp_path / "keys", version, f"{ciphers}:@SECLEVEL=0"))


@pytest.mark.parametrize(("version", "name"), SUITES, ids=lambda v: hex(v) if isinstance(v, int) else v)
def test_every_suite_up_to_tls_1_2_opens_or_is_named(tmp_path: Path, version: int, name: str) -> None:
    spoken = recorded(tmp_path, version, name)
    tls, said = opened(Keys([spoken.log]), spoken.wire)
    if any(word in name for word in UNKNOWN):
        assert tls.shut.endswith("is a cipher that cannot be opened here")
        assert said == {True: b"", False: b""}
        return
    assert said == spoken.said
    assert (tls.shut, tls.alpn) == ("", "h2")
    assert tls.protects is not any(word in name for word in ("NULL", "ADH", "AECDH"))


@pytest.mark.parametrize("suite", ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384",
                                   "TLS_CHACHA20_POLY1305_SHA256"])  # fmt: skip
def test_what_tls_1_3_seals_opens(tmp_path: Path, suite: str) -> None:
    client, server = contexts(tmp_path / "keys")
    spoken = speak(client, server)
    tls, said = opened(Keys([spoken.log]), spoken.wire)
    assert said == spoken.said
    assert (tls.shut, tls.alpn, tls.protects) == ("", "h2", True)
    assert ("tls", "1.3") in tls.facts
    assert suite


@pytest.mark.parametrize("version", [TLS1, TLS12, TLS13])
def test_it_is_the_same_byte_by_byte(tmp_path: Path, version: int) -> None:
    spoken = recorded(tmp_path, version)
    pieces = [(way, bytes([byte])) for way, data in spoken.wire for byte in data]
    assert opened(Keys([spoken.log]), pieces)[1] == spoken.said


def test_what_has_a_null_cipher_is_read_without_any_secret(tmp_path: Path) -> None:
    spoken = recorded(tmp_path, TLS12, "NULL-SHA256")
    tls, said = opened(Keys(), spoken.wire)
    assert said == spoken.said
    assert (tls.shut, tls.protects) == ("", False)


@pytest.mark.parametrize("tickets", [True, False])
def test_a_session_that_is_taken_up_again_opens_with_the_secret_of_the_first(
    tmp_path: Path, tickets: bool
) -> None:
    """The log has only the first hello; the second is opened by what was remembered."""
    client, server = contexts(tmp_path / "keys", TLS12)
    if not tickets:
        server.options |= ssl.OP_NO_TICKET
    first = speak(client, server)
    second = speak(client, server, session=first.session)
    assert second.resumed
    keys = Keys([first.log])
    assert opened(keys, second.wire)[0].shut.startswith("no secret for client random ")
    assert opened(keys, first.wire)[1] == first.said
    tls, said = opened(keys, second.wire)
    assert said == second.said
    assert ("resumed", "by ticket" if tickets else "by session") in tls.facts


def test_a_session_of_tls_1_3_that_is_taken_up_again_has_secrets_of_its_own(tmp_path: Path) -> None:
    client, server = contexts(tmp_path / "keys")
    first = speak(client, server)
    second = speak(client, server, session=first.session)
    assert second.resumed
    assert opened(Keys([second.log]), second.wire)[1] == second.said


def test_a_server_that_asks_for_another_hello_is_understood(tmp_path: Path) -> None:
    """The client guessed at a group that this server does not speak."""
    client, server = contexts(tmp_path / "keys")
    server.set_ecdh_curve("secp521r1")
    spoken = speak(client, server)
    assert spoken.wire[1][1][11:43] == RETRY
    assert opened(Keys([spoken.log]), spoken.wire)[1] == spoken.said


def without(log: bytes, *labels: bytes) -> Keys:
    return Keys([b"\n".join(line for line in log.splitlines() if not line.startswith(labels))])


def test_the_first_secrets_of_tls_1_3_may_be_missing(tmp_path: Path) -> None:
    """What is said is under others; where they begin is tried out."""
    spoken = recorded(tmp_path)
    keys = without(spoken.log, b"CLIENT_HANDSHAKE", b"SERVER_HANDSHAKE")
    tls, said = opened(keys, spoken.wire)
    assert said == spoken.said
    assert tls.shut == ""


def test_one_direction_opens_where_only_its_secret_is_known(tmp_path: Path) -> None:
    spoken = recorded(tmp_path)
    tls, said = opened(without(spoken.log, b"SERVER_"), spoken.wire)
    assert said == {True: spoken.said[True], False: b""}
    assert tls.shut.startswith("what the server says: no secret for client random ")


def test_without_a_secret_it_says_for_which_hello(tmp_path: Path) -> None:
    spoken = recorded(tmp_path)
    tls, said = opened(Keys(), spoken.wire)
    assert tls.client
    assert tls.shut == f"no secret for client random {tls.client.random[:4].hex()}…"
    assert said == {True: b"", False: b""}


@pytest.mark.parametrize("version", [TLS1, TLS12, TLS13])
def test_a_secret_that_does_not_fit_opens_nothing(tmp_path: Path, version: int) -> None:
    spoken = recorded(tmp_path, version)
    lines = [line.split() for line in spoken.log.splitlines() if not line.startswith(b"#")]
    wrong = b"\n".join(b" ".join((label, name, b"ab" * (len(secret) // 2))) for label, name, secret in lines)
    tls, said = opened(Keys([wrong]), spoken.wire)
    assert said == {True: b"", False: b""}
    assert tls.shut == "the secret does not fit this connection"


def test_secrets_of_others_are_mentioned(tmp_path: Path) -> None:
    spoken, other = recorded(tmp_path), Keys()
    other.add(b"CLIENT_RANDOM " + b"00" * 32 + b" " + b"11" * 48)
    assert opened(other, spoken.wire)[0].shut.endswith(
        "; the 1 at hand are for others, perhaps for the other side of a proxy"
    )
    assert other.idle == 1


@pytest.mark.parametrize(("skip", "why"), [
    (lambda wire: wire[4:], "starts mid-connection"),
    (lambda wire: [one for one in wire if not one[0]], "the client's hello is missing"),
    (lambda wire: [one for one in wire if one[0]], "the server's hello is missing"),
    (lambda wire: wire[:1], "the server's hello is missing"),
    (lambda wire: wire[:2], "the handshake does not end"),
])  # fmt: skip
def test_what_is_incomplete_says_what_is_missing(tmp_path: Path, skip: object, why: str) -> None:
    spoken = recorded(tmp_path, TLS12, "AES128-SHA")
    tls, said = opened(Keys([spoken.log]), skip(spoken.wire))  # type: ignore[operator]
    assert (tls.shut, said) == (why, {True: b"", False: b""})


def test_what_is_no_tls_is_shut_with_a_reason() -> None:
    tls, said = opened(Keys(), [(True, b"GET / HTTP/1.1\r\n\r\n"), (False, b"HTTP/1.1 200 OK\r\n\r\n")])
    assert tls.shut == "no record of TLS begins where one should"
    assert said == {True: b"", False: b""}


def test_a_hello_that_is_damaged_is_shut_with_a_reason() -> None:
    tls, _ = opened(Keys(), [(True, b"\x16\3\1\0\x06\1\0\0\2\3\3")])
    assert tls.shut == "a hello that does not hold together: 32 bytes expected, 0 are there"


def test_alerts_are_told_also_where_they_are_sealed(tmp_path: Path) -> None:
    tls, _ = opened(Keys([(spoken := recorded(tmp_path)).log]), spoken.wire)
    assert ("alert", "the app: closes") in tls.facts


# What only the programs of OpenSSL speak


def overheard(
    folder: Path, server: list[str], client: list[str], lines: list[tuple[bool, str]]
) -> tuple[bytes, list[tuple[bool, bytes]], dict[bool, bytes]]:
    """A key log, what went over the wire, and what was said."""
    with serving(folder, ["-cert", str(certificates() / "rsa.pem"), *server]) as relay:
        log = call(folder, relay, client, lines)
    said = {way: b"".join(f"{line}\n".encode() for who, line in lines if who == way and len(line) > 1)
            for way in (True, False)}  # fmt: skip
    return log, relay.wire, said


LINES = [(True, "meet at seven"), (False, "which seven?"), (True, "in the evening"), (False, "good")]


@needs_openssl
def test_new_keys_are_followed_in_tls_1_3(tmp_path: Path) -> None:
    lines = [
        *LINES[:2],
        (True, "K"),
        *LINES[:2],
        (False, "K"),
        *LINES,
        (True, "k"),
        *LINES,
        (True, "K"),
        *LINES,
    ]
    log, wire, said = overheard(tmp_path, ["-tls1_3"], ["-tls1_3"], lines)
    tls, found = opened(Keys([log]), wire)
    assert (tls.shut, found) == ("", said)


@needs_openssl
@pytest.mark.slow
@pytest.mark.parametrize("suite", ["TLS_AES_128_CCM_SHA256", "TLS_AES_128_CCM_8_SHA256",
                                   "TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_128_GCM_SHA256"])  # fmt: skip
def test_every_suite_of_tls_1_3_opens(tmp_path: Path, suite: str) -> None:
    chosen = ["-tls1_3", "-ciphersuites", suite]
    log, wire, said = overheard(tmp_path, chosen, chosen, LINES)
    tls, found = opened(Keys([log]), wire)
    assert (tls.shut, found) == ("", said)
    assert ("cipher", suite.removeprefix("TLS_")) in tls.facts


@needs_openssl
@pytest.mark.slow
@pytest.mark.parametrize("suite", [
    "PSK-AES128-GCM-SHA256", "DHE-PSK-AES128-CBC-SHA256", "ECDHE-PSK-CHACHA20-POLY1305",
    "RSA-PSK-AES256-CBC-SHA", "PSK-AES128-CCM8", "ECDHE-PSK-NULL-SHA",
])  # fmt: skip
def test_what_is_sealed_with_a_shared_key_opens(tmp_path: Path, suite: str) -> None:
    chosen = ["-tls1_2", "-psk", "aabb", "-cipher", f"{suite}:@SECLEVEL=0"]
    log, wire, said = overheard(tmp_path, chosen, chosen, LINES)
    tls, found = opened(Keys([log]), wire)
    assert (tls.shut, found, tls.protects) == ("", said, "NULL" not in suite)


@needs_openssl
@pytest.mark.slow
def test_a_handshake_within_a_connection_is_followed(tmp_path: Path) -> None:
    server, lines = ["-tls1_2", "-client_renegotiation"], [*LINES, (True, "R"), *LINES]
    log, wire, said = overheard(tmp_path, server, ["-tls1_2"], lines)
    tls, found = opened(Keys([log]), wire)
    assert (tls.shut, found) == ("", said)


def early(folder: Path, *server: str) -> tuple[bytes, list[tuple[bool, bytes]]]:
    """A session, and its second connection, in which something is said before the server answered."""
    (folder / "early").write_text("early and meet at seven")
    arguments = ["-cert", str(certificates() / "rsa.pem"), "-tls1_3", *server]
    with serving(folder, arguments) as relay:
        call(folder, relay, ["-tls1_3", "-sess_out", str(folder / "session")], LINES[:2])
        relay.wire.clear()
        again = ["-tls1_3", "-sess_in", str(folder / "session"), "-early_data", str(folder / "early")]
        return call(folder, relay, again, LINES), relay.wire


@needs_openssl
def test_what_is_said_early_was_said_if_the_server_took_it(tmp_path: Path) -> None:
    log, wire = early(tmp_path, "-early_data")
    said = opened(Keys([log]), wire)[1]
    assert said[True] == b"early and meet at sevenmeet at seven\nin the evening\n"
    tls, said = opened(without(log, b"CLIENT_EARLY"), wire)
    assert said[True] == b"meet at seven\nin the evening\n"
    assert ("early data", "no secret for it") in tls.facts


@needs_openssl
def test_what_is_said_early_was_not_said_if_the_server_refused_it(tmp_path: Path) -> None:
    """It takes the session up again, but nothing that comes before its answer."""
    log, wire = early(tmp_path, "-max_early_data", "1000")
    assert b"CLIENT_EARLY_TRAFFIC_SECRET" in log
    said = opened(Keys([log]), wire)[1]
    assert said == {True: b"meet at seven\nin the evening\n", False: b"which seven?\ngood\n"}


@needs_openssl
@pytest.mark.slow
def test_the_private_key_of_the_server_opens_what_was_exchanged_by_rsa_alone(tmp_path: Path) -> None:
    chosen = ["-tls1_2", "-cipher", "AES128-SHA256"]
    _, wire, said = overheard(tmp_path, chosen, chosen, LINES)
    keys = Keys([(certificates() / "rsa.pem").read_bytes()])
    tls, found = opened(keys, wire)
    assert (tls.shut, found) == ("", said)


# Losses


LONG = tuple((way, b"%d:" % number + bytes([65 + number % 26]) * 900)
             for number in range(40) for way in (True, False))  # fmt: skip


def holed(keys: Keys, wire: list[tuple[bool, bytes, int]]) -> tuple[Tls, list[tuple[bool, bytes]]]:
    tls = Tls(keys)
    said = [words for way, data, lost in wire for words in tls.feed(way, data, lost)]
    tls.finish()
    return tls, said


def pieces(said: list[tuple[bool, bytes]], way: bool) -> list[bytes]:
    """What came of one direction, cut at its holes."""
    found = [b""]
    for who, words in said:
        if who == way and words:
            found[-1] += words
        elif who == way and found[-1]:
            found.append(b"")
    return [piece for piece in found if piece]


@pytest.mark.parametrize("version", [TLS12, TLS13])
@pytest.mark.parametrize(
    ("first", "count", "part"), [(8, 1, 0), (9, 3, 0), (10, 12, 0), (8, 1, 100), (9, 2, 7)]
)
def test_behind_a_loss_it_finds_its_place_again(
    tmp_path: Path, version: int, first: int, count: int, part: int
) -> None:
    """Whole records, or records of which a part is there, are missing in what the server says."""
    spoken = speak(*contexts(tmp_path / "keys", version, "AES128-GCM-SHA256:@SECLEVEL=0"), LONG)
    flights = sum(not way for way, _ in spoken.wire) - 41  # of the handshake; the last one closes
    wire: list[tuple[bool, bytes, int]] = []
    seen, gone = -flights - 1, 0
    for way, data in spoken.wire:
        seen += not way
        if not way and first <= seen < first + count:
            kept = part if seen == first else 0
            wire += [(way, data[:kept], 0)] if kept else []
            gone += len(data) - kept
        else:
            wire.append((way, data, 0 if way else gone))
            gone = gone if way else 0
    tls, said = holed(Keys([spoken.log]), wire)
    messages = [words for way, words in LONG if not way]
    assert pieces(said, True) == [spoken.said[True]]
    assert pieces(said, False) == [b"".join(messages[:first]), b"".join(messages[first + count :])]
    assert tls.shut == ""


def test_behind_a_loss_a_chain_that_hangs_on_what_is_lost_stays_shut(tmp_path: Path) -> None:
    spoken = speak(*contexts(tmp_path / "keys", TLS1, "AES128-SHA:@SECLEVEL=0"), LONG)
    wire = [(way, data, 0) for way, data in spoken.wire]
    server = [at for at, (way, _, _) in enumerate(wire) if not way]
    lost = len(wire[server[10]][1])
    wire[server[11]] = (False, wire[server[11]][1], lost)
    del wire[server[10]]
    tls, said = holed(Keys([spoken.log]), wire)
    assert len(pieces(said, False)) == 1
    assert tls.shut == (
        "what the server says: bytes are missing, and its cipher cannot be taken up again behind them"
    )


def test_a_record_that_is_damaged_is_left_out_and_said_to_be_missing(tmp_path: Path) -> None:
    spoken = speak(*contexts(tmp_path / "keys"), LONG)
    server = [at for at, (way, _) in enumerate(spoken.wire) if not way]
    way, data = spoken.wire[server[-33]]  # of 40, and the last one closes
    spoken.wire[server[-33]] = (way, data[:-1] + bytes([data[-1] ^ 1]))
    said = holed(Keys([spoken.log]), [(*one, 0) for one in spoken.wire])[1]
    messages = [words for way, words in LONG if not way]
    assert pieces(said, False) == [b"".join(messages[:8]), b"".join(messages[9:])]


# Damage


@cache
def long_one(version: int) -> Spoken:
    with TemporaryDirectory() as folder:
        return speak(*contexts(Path(folder) / "keys", version), LONG)


@settings(max_examples=150, deadline=None)
@given(
    version=st.sampled_from([TLS1, TLS12, TLS13]),
    damage=st.lists(
        st.tuples(
            st.sampled_from(["flip", "cut", "twice", "swap", "lose", "lose silently"]),
            st.integers(0, 99),
            st.integers(0, 3000),
            st.integers(1, 255),
        ),
        min_size=1,
        max_size=4,
    ),
)
@example(version=TLS1, damage=[("flip", 4, 5, 1)])  # with encrypt-then-MAC the next record hangs on this one
@example(version=TLS13, damage=[("lose", 1, 0, 1)])
@example(version=TLS12, damage=[("lose", 2, 0, 1)])
def test_damage_never_makes_anybody_say_what_was_not_said(
    version: int, damage: list[tuple[str, int, int, int]]
) -> None:
    """What stands between two holes was said like that, and later pieces were said later."""
    spoken = long_one(version)
    said = holed(Keys([spoken.log]), damaged([(*one, 0) for one in spoken.wire], damage))[1]
    for way in (True, False):
        at = 0
        for piece in pieces(said, way):
            found = spoken.said[way].find(piece, at)
            assert found >= 0
            assert found == 0 or (way, b"") in said
            at = found + len(piece)


def damaged(
    wire: list[tuple[bool, bytes, int]], damage: list[tuple[str, int, int, int]]
) -> list[tuple[bool, bytes, int]]:
    for kind, place, spot, by in damage:
        where = place % len(wire)
        way, data, lost = wire[where]
        at = spot % max(len(data), 1)
        match kind:
            case "flip":
                flipped = bytes([data[at] ^ by]) if data else b""
                wire[where] = (way, data[:at] + flipped + data[at + 1 :], lost)
            case "cut":
                wire[where] = (way, data[:at], lost)
            case "twice":
                wire.insert(where, wire[where])
            case "swap":
                other = by % len(wire)
                wire[where], wire[other] = wire[other], wire[where]
            case "lose":
                later = next((n for n in range(where + 1, len(wire)) if wire[n][0] == way), None)
                if later is not None:
                    wire[later] = (way, wire[later][1], wire[later][2] + lost + len(data))
                    del wire[where]
            case "lose silently":
                wire[where] = (way, b"", lost)
    return wire
