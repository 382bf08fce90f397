"""What hellos, certificates and alerts show, as facts in plain words. TLS, DTLS and QUIC are told alike.

A fact is a pair of words. Its values were written by strangers: they are cut to what a line holds.
"""

from collections.abc import Iterable
from functools import lru_cache

from auditor.sources.pcap.certificates import names
from auditor.sources.pcap.handshake import Alert, Handshake
from auditor.sources.pcap.hello import ENCRYPTED_HELLO, ENCRYPTED_NAME, ClientHello, ServerHello, is_grease
from auditor.sources.pcap.ja4 import ja4
from auditor.sources.pcap.suites import outdated, suite, unprotected
from auditor.sources.pcap.wire import Facts

LONGEST = 200  # characters of a value
MOST_LISTED = 8
MOST_FACTS = 32
REMEMBERED = 256  # certificates

_VERSIONS = {
    0x0002: "SSL 2.0", 0x0300: "SSL 3.0", 0x0301: "1.0", 0x0302: "1.1", 0x0303: "1.2", 0x0304: "1.3",
    0xFEFF: "1.0", 0xFEFD: "1.2", 0xFEFC: "1.3", 0x0101: "TLCP 1.1",
}  # fmt: skip
_ALERTS = {
    0: "closes", 10: "unexpected message", 20: "bad record", 40: "handshake failure", 42: "bad certificate",
    43: "unsupported certificate", 44: "certificate revoked", 45: "certificate expired",
    46: "certificate unknown", 47: "illegal parameter", 48: "unknown authority", 49: "access denied",
    50: "decode error", 51: "decrypt error", 70: "protocol version", 71: "insufficient security",
    80: "internal error", 86: "inappropriate fallback", 90: "cancelled", 100: "no renegotiation",
    109: "missing extension", 110: "unsupported extension", 112: "unknown name", 115: "unknown identity",
    116: "certificate required", 120: "no protocol in common", 121: "encrypted hello required",
}  # fmt: skip


def of_handshake(seen: Handshake, carrier: str = "t") -> Facts:
    """Everything that a connection of TLS or DTLS showed."""
    facts = list(of_hellos(seen.client, seen.server, carrier))
    if known := certified(seen):
        facts.append(("certificate", listed(known)))
    if seen.client_certificate:
        facts.append(("client certificate", "shown in the open"))
    facts += [("alert", told) for told in dict.fromkeys(told_alert(one) for one in seen.alerts)]
    return tuple(facts[:MOST_FACTS])


def of_hellos(client: ClientHello | None, server: ServerHello | None, carrier: str = "t") -> Facts:
    """What the hellos alone show; `carrier` as in JA4: t, d or q."""
    facts: list[tuple[str, str]] = []
    if server and not server.retry:
        facts.append(("tls", _VERSIONS.get(server.agreed, f"unknown {server.agreed:04x}")))
        facts.append(("cipher", suite(server.cipher)))
        if why := unprotected(server.cipher):
            facts.append(("weak", why))
        elif old := outdated(server.cipher):
            facts.append(("weak", f"old cipher: {old}"))
        if server.protocol:
            facts.append(("alpn", _word(server.protocol)))
    if client:
        if offered := [_word(one) for one in client.protocols if not _means_nothing(one)]:
            facts.append(("offers", listed(offered)))
        if client.extension(ENCRYPTED_HELLO) is not None:
            facts.append(("ech", "offered: the name that shows may not be the one that is meant"))
        elif client.extension(ENCRYPTED_NAME) is not None:
            facts.append(("ech", "offered in its early form, ESNI: no name shows"))
        facts.append(("ja4", ja4(client, carrier)))
    return tuple(facts)


def certified(seen: Handshake) -> tuple[str, ...]:
    """For whom the server's own certificate is."""
    return _names(seen.certificates[0]) if seen.certificates else ()


@lru_cache(REMEMBERED)
def _names(certificate: bytes) -> tuple[str, ...]:
    """A server shows the same one to everybody, and it is asked for twice."""
    return names(certificate)


def protects(server: ServerHello | None) -> bool:
    """Whether the suite that was agreed on hides anything from somebody on the path."""
    return server is None or not unprotected(server.cipher)


def listed(words: Iterable[str]) -> str:
    found = list(dict.fromkeys(words))
    rest = f" and {len(found) - MOST_LISTED} more" if len(found) > MOST_LISTED else ""
    return ", ".join(found[:MOST_LISTED])[:LONGEST] + rest


def told_alert(one: Alert) -> str:
    who = "the app" if one.from_client else "the server"
    return f"{who}: {_ALERTS.get(one.number, f'number {one.number}')}"


def _word(data: bytes) -> str:
    return data.decode("latin-1")[:LONGEST]


def _means_nothing(protocol: bytes) -> bool:
    return len(protocol) == 2 and is_grease(int.from_bytes(protocol))
