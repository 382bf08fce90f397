"""Which secret belongs to which handshake."""

import pytest

from auditor.sources.pcap.hello import EXTENDED_MASTER_SECRET, VERSIONS, ClientHello, ServerHello
from auditor.sources.pcap.keys import Keys
from auditor.sources.pcap.unlock.agreement import (
    KEY_EXCHANGE,
    NEW_TICKET,
    Agreement,
    any_server_hello,
    missing,
)
from auditor.sources.pcap.unlock.derive import TLS1, TLS11, TLS12, TLS13, extended_master, master

CLIENT, SERVER = bytes(range(32)), bytes(range(32, 64))
BEFORE, SEALED = bytes(48), b"sealed premaster"


def agreement(
    exchange: bytes = SEALED, session: bytes = b"", ticket: bytes = b"", extended: bool = False
) -> Agreement:
    made = Agreement()
    made.begin(ClientHello(TLS12, CLIENT, session, (0x2F,), ((35, ticket),) if ticket else ()))
    made.hear(1, b"", b"hello")
    extensions = ((EXTENDED_MASTER_SECRET, b""),) if extended else ()
    made.server = ServerHello(TLS12, SERVER, session, 0x2F, 0, extensions)
    if exchange:
        body = len(exchange).to_bytes(2) + exchange
        made.hear(KEY_EXCHANGE, body, b"exchange" + body)
    return made


def found(made: Agreement, *lines: bytes) -> bytes | None:
    assert made.client
    assert made.server
    return made._find(Keys([b"\n".join(lines)]), made.client, made.server)


NAME = CLIENT.hex().encode()
ZEROS = b"00" * 48


@pytest.mark.parametrize(("line", "ready"), [
    (b"CLIENT_RANDOM " + NAME + b" " + ZEROS, True),
    (b"PMS_CLIENT_RANDOM " + NAME + b" " + ZEROS, False),
    (b"RSA " + SEALED[:8].hex().encode() + b" " + ZEROS, False),
])  # fmt: skip
def test_the_secret_is_there_or_made_of_what_came_before_it(line: bytes, ready: bool) -> None:
    made = master(TLS12, "sha256", BEFORE, CLIENT + SERVER)
    assert found(agreement(), line) == (bytes(48) if ready else made)


def test_an_extended_secret_is_made_of_all_that_was_said() -> None:
    said = b"helloexchange" + len(SEALED).to_bytes(2) + SEALED
    line = b"PMS_CLIENT_RANDOM " + NAME + b" " + ZEROS
    assert found(agreement(extended=True), line) == extended_master(TLS12, "sha256", BEFORE, said)


def test_an_extended_secret_needs_the_whole_handshake() -> None:
    made = agreement(extended=True)
    made.miss()
    with pytest.raises(ValueError, match="needs the whole handshake"):
        found(made, b"PMS_CLIENT_RANDOM " + NAME + b" " + ZEROS)


@pytest.mark.parametrize(("session", "ticket", "how"), [(b"s", b"", "session"), (b"s", b"t", "ticket")])
def test_an_earlier_session_is_remembered(session: bytes, ticket: bytes, how: str) -> None:
    keys, first = Keys([b"CLIENT_RANDOM " + NAME + b" " + ZEROS]), agreement(session=session)
    if ticket:
        first.hear(NEW_TICKET, bytes(4) + len(ticket).to_bytes(2) + ticket, b"")
    first.openers(keys)
    first.remember(keys)
    later = agreement(exchange=b"", session=session if not ticket else b"another", ticket=ticket)
    later.begin(ClientHello(TLS12, bytes(32), session, (0x2F,), ((35, ticket),) if ticket else ()))
    assert set(later.openers(keys)) == {True, False}
    assert later.resumed == how


def test_where_keys_are_exchanged_no_earlier_session_counts() -> None:
    keys = Keys()
    keys.remember(b"s", bytes(48))
    with pytest.raises(ValueError, match="no secret for client random 00010203…"):
        agreement(session=b"s").openers(keys)


@pytest.mark.parametrize(("agreed", "version", "draft"), [
    (0x0303, TLS12, 0), (0x0304, TLS13, 0), (0x7F14, TLS13, 20), (0xFB1A, TLS13, 26),
    (0xFEFF, TLS11, 0), (0xFEFD, TLS12, 0), (0x0301, TLS1, 0),
])  # fmt: skip
def test_versions_are_counted_as_tls_counts(agreed: int, version: int, draft: int) -> None:
    made = Agreement()
    made.server = ServerHello(TLS12, SERVER, b"", 0x1301, 0, ((VERSIONS, agreed.to_bytes(2)),))
    assert (made.version, made.draft) == (version, draft)


@pytest.mark.parametrize("agreed", [0x0002, 0x0101, 0xFEFC, 0x0305])
def test_a_version_that_is_not_known_is_named(agreed: int) -> None:
    made = agreement()
    made.server = ServerHello(agreed, SERVER, b"", 0x2F)
    with pytest.raises(ValueError, match=f"version {agreed:04x} of TLS cannot be opened here"):
        made.openers(Keys())


def test_hellos_of_old_drafts_had_no_session() -> None:
    body = b"\x7f\x12" + SERVER + b"\x13\1" + b"\0\0"
    assert any_server_hello(body) == ServerHello(0x7F12, SERVER, b"", 0x1301)


def test_what_is_missing_is_said_for_the_one_and_the_others() -> None:
    assert missing(Keys(), CLIENT) == "no secret for client random 00010203…"
    others = Keys([b"CLIENT_RANDOM " + b"ff" * 32 + b" " + ZEROS])
    assert missing(others, CLIENT).endswith(
        "the 1 at hand are for others, perhaps for the other side of a proxy"
    )
