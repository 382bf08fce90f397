"""What a connection of QUIC shows without any secret, and what of it was left unread."""

from collections import Counter
from collections.abc import Callable

from auditor.sources.pcap.hello import ENCRYPTED_HELLO, QUIC_PARAMETERS, ClientHello, Cut
from auditor.sources.pcap.quic.google import GoogleHello
from auditor.sources.pcap.quic.headers import Sealed, varint
from auditor.sources.pcap.quic.versions import SHORT, candidates, named
from auditor.sources.pcap.wire import Facts
from auditor.text import printable

KINDS = 8  # versions, and reasons, that are kept apart

_OLD_PARAMETERS = 0xFFA5  # where drafts put them
_USER_AGENT, _DATAGRAMS = 0x3129, 0x20
_MEANINGLESS = 27, 31  # parameters whose number leaves 27 when divided by 31 say nothing
_SHOWN = 200  # letters of what a client calls itself


class Seen:
    """Kept beside a connection."""

    def __init__(self) -> None:
        self.spoken: dict[int, None] = {}  # versions of packets that were opened
        self.met: dict[int, None] = {}  # versions of packets that were not, until one is
        self.offered: tuple[int, ...] = ()
        self.retried = self.closed = self.encrypted = self.short = False
        self.did_not_open = self.never_opened = 0
        self.unread: Counter[str] = Counter()

    def packet(self, packet: Sealed) -> None:
        if packet.kind == SHORT:
            self.short = True
        elif len(self.met) < KINDS:
            self.met[packet.version] = None

    def speaks(self, version: int) -> None:
        if len(self.spoken) < KINDS:
            self.spoken[version] = None

    def not_read(self, why: str) -> None:
        self.unread[why if why in self.unread or len(self.unread) < KINDS else "other damage"] += 1

    def why_unknown(self) -> str:
        """Why not even the first packet was opened."""
        strange = [named(version) for version in self.met if not candidates(version)]
        if strange:
            return f"QUIC of the version {strange[0]}, which is not opened here"
        if self.met or self.short:
            return "starts mid-connection: the first packet of the client is not in the capture"
        return "nothing of QUIC was seen"

    def facts(self, client: ClientHello | None, google: GoogleHello | None) -> Facts:
        if google is not None:
            told = (
                ("quic", f"Google {google.version}"),
                ("user agent", printable(google.user_agent)[:_SHOWN]),
            )
            return tuple((what, said) for what, said in told if said)
        versions = ", ".join(map(named, self.spoken or self.met))
        listed = [("quic", versions)]
        if self.offered:
            listed.append(("versions offered", ", ".join(map(named, self.offered[:20]))))
        if self.retried:
            listed.append(("retry", "asked for"))
        if client is not None:
            listed += _parameter_facts(client)
        if self.encrypted:
            listed.append(("encrypted hello", "offered: the name in the open may stand for another"))
        return tuple((what, said) for what, said in listed if said)

    def remarks(self) -> list[str]:
        counted = (
            (self.did_not_open, "packets did not open"),
            (self.never_opened, "packets waited for keys that never came"),
        )
        told = [f"{count} {what}" for count, what in counted if count]
        return [*told, *(f"{why}: {count} packets not read to the end" for why, count in self.unread.items())]


def has_inner(client: ClientHello) -> bool:
    return client.extension(ENCRYPTED_HELLO) is not None


def _parameter_facts(client: ClientHello) -> list[tuple[str, str]]:
    data = client.extension(QUIC_PARAMETERS) or client.extension(_OLD_PARAMETERS)
    if data is None:
        return []
    listed = parameters(data)
    told = [("quic parameters", "-".join(f"{number:x}" for number in listed))]
    if _USER_AGENT in listed:
        told.append(("user agent", printable(listed[_USER_AGENT].decode("latin-1"))[:_SHOWN]))
    if any(listed.get(_DATAGRAMS, b"")):
        told.append(("quic datagrams", "offered"))
    return told


def parameters(data: bytes) -> dict[int, bytes]:
    """The parameters of the transport by number, as they are listed, without those that mean nothing."""
    rest, modulus = _MEANINGLESS
    readers: tuple[Callable[[bytes], list[tuple[int, bytes]]], ...] = (_old_parameters, _parameters)
    for read in readers:
        try:
            return {number: value for number, value in read(data) if number % modulus != rest}
        except ValueError:
            continue
    return {}


def _parameters(data: bytes) -> list[tuple[int, bytes]]:
    cut, found = Cut(data), []
    while cut.left:
        found.append((varint(cut), cut.take(varint(cut))))
    return found


def _old_parameters(data: bytes) -> list[tuple[int, bytes]]:
    """As up to draft 26."""
    if int.from_bytes(data[:2]) != len(data) - 2:
        raise ValueError("written as since then")
    cut, found = Cut(data[2:]), []
    while cut.left:
        found.append((cut.number(2), cut.block(2)))
    return found
