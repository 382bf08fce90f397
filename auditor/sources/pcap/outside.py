"""What a connection shows to somebody who only looks on: how it is carried, to whom, and facts.

`Outside` is fed what both ends say, in order, and keeps little of it: the beginning, until
it is known what this is. Nothing here knows whose protocol it is: that is for the rules,
which get the beginning with the contact.
"""

from msgspec import Struct

from auditor.sources.pcap import dns, gquic, media, records, stun, vpn
from auditor.sources.pcap.handshake import Handshake
from auditor.sources.pcap.hello import ClientHello
from auditor.sources.pcap.plain import plain
from auditor.sources.pcap.shown import certified, listed, of_handshake, protects
from auditor.sources.pcap.wire import Facts, Said

START = 2048  # bytes of each direction that are kept until it is known what this is
HEAD = 96  # bytes of a datagram that are kept of all but the first
TURNS = 16  # datagrams each way of which the head is kept
DATAGRAMS = 128  # that are looked at
ENOUGH = 2 * TURNS  # the same where one of them said what this is

Turns = tuple[Said, ...]

_QUIC = {
    1: "1", 0x6B3343CF: "2", 0: "negotiates a version", 0xFACEB001: "Facebook 1", 0xFACEB002: "Facebook 2",
}  # fmt: skip


class Seen(Struct, frozen=True):
    """What a connection showed so far."""

    transport: str
    host: str = ""
    named_by: str = ""  # where the name is from: SNI, certificate
    facts: Facts = ()
    protects: bool = False  # whether what is said is hidden from somebody on the path
    tunnel: bool = False
    start: Turns = ()  # how it began, where the transport does not say it all


class Outside:
    """One connection, seen from outside. `datagrams` for UDP: each piece that is fed is one."""

    __slots__ = (
        "_datagrams", "_fed", "_handshake", "_holes", "_is_tls", "_known", "_pieces", "_said", "_sizes",
        "_stun",
    )  # fmt: skip

    def __init__(self, datagrams: bool = False) -> None:
        self._datagrams = datagrams
        self._said: list[Said] = []
        self._sizes = [0, 0]  # said by the server, by the client
        self._handshake: Handshake | None = None
        self._is_tls: bool | None = None
        self._stun: list[stun.Stun] = []
        self._pieces: tuple[list[vpn.Piece], list[vpn.Piece]] = ([], [])  # of the server, of the client
        self._known: Seen | None = None
        self._fed = 0
        self._holes = False

    @property
    def settled(self) -> bool:
        """Nothing that is fed from now on changes what is seen."""
        if self._datagrams:
            sure = self._known and not self._stun and not self._handshake
            return self._fed >= (ENOUGH if sure else DATAGRAMS)
        if self._handshake:
            return self._handshake.over
        return min(self._sizes) >= START or len(self._said) >= 2 * TURNS

    def full(self, from_client: bool) -> bool:
        """Nothing that this end says from now on changes what is seen."""
        if self._handshake and not self._datagrams:
            return self._handshake.sealed[from_client] or self._handshake.over
        return self.settled or (not self._datagrams and self._sizes[from_client] >= START)

    def feed(self, from_client: bool, data: bytes, lost: int = 0) -> None:
        """What was said next; `lost` bytes stood before it and never came."""
        if not data:
            return
        if self._datagrams:
            if self._fed < ENOUGH or not self.settled:
                self._datagram(from_client, data)
        elif self._handshake:
            self._handshake.feed(from_client, data, lost)
        elif not self.full(from_client):
            self._holes = self._holes or bool(lost)
            self._piece(from_client, data)

    def seen(self) -> Seen:
        if self._handshake and not self._datagrams:
            return _tls(self._handshake, "TLS", "t")
        if self._datagrams:
            return self._of_datagrams() or Seen("UDP", start=tuple(self._said))
        return self._of_stream() or Seen("TCP", start=tuple(self._said))

    @property
    def client(self) -> ClientHello | None:
        return self._handshake.client if self._handshake else None

    @property
    def certificates(self) -> tuple[bytes, ...]:
        return self._handshake.certificates if self._handshake else ()

    def _start(self, from_client: bool) -> bytes:
        return b"".join(data for way, data in self._said if way is from_client)

    def _piece(self, from_client: bool, data: bytes) -> None:
        """More of a stream whose protocol is not known; what follows in one direction is one piece."""
        kept = data[: START - self._sizes[from_client]]
        self._sizes[from_client] += len(kept)
        if self._said and self._said[-1][0] is from_client:
            self._said[-1] = from_client, self._said[-1][1] + kept
        elif kept:
            self._said.append((from_client, kept))
        if self._is_tls is not None or self._holes:
            return
        self._is_tls = records.looks_like(self._start(from_client))
        if not self._is_tls and (other := self._start(not from_client)):
            answer = records.looks_like(other)
            self._is_tls = answer or (None if None in (answer, self._is_tls) else False)
        if self._is_tls:
            self._handshake = Handshake()
            held, self._said = self._said, []
            for way, piece in held:
                self._handshake.feed(way, piece)
            self._handshake.feed(from_client, data[len(kept) :])

    def _datagram(self, from_client: bool, data: bytes) -> None:
        """Messages that say what they are by themselves are read at once; of others the head is kept."""
        self._fed += 1
        pieces = self._pieces[from_client]
        if not pieces:
            self._said.append((from_client, data[:START]))
        if len(pieces) < TURNS:
            pieces.append(vpn.Piece(data[:HEAD], len(data)))
        if data[4:8] == stun.COOKIE and (message := stun.read(data)):
            self._stun += [message] if len(self._stun) < 2 * TURNS else []
        elif data[0] in (0x14, 0x15, 0x16) and records.of_datagram(data):
            self._handshake = self._handshake or Handshake(datagrams=True)
            self._handshake.feed(from_client, data)
        elif self._known is None and len(pieces) < TURNS:
            ike = vpn.ike(data)
            self._known = _dns(data) or (_hidden("IPsec", ike) if ike else None) or quic(data)

    def _of_stream(self) -> Seen | None:
        starts = self._start(True), self._start(False)
        if banners := [one for start in starts if (one := vpn.ssh(start))]:
            return Seen("SSH", facts=(("software", listed(banners)),), protects=True)
        if not self._holes and any(records.goes_on(start) for start in starts):
            return Seen("TLS", facts=(("begun", "before the capture"),), protects=True)
        inner = [vpn.behind_length(start) for start in starts]
        if vpn.openvpn(*inner):
            return _hidden("OpenVPN")
        if messages := [message for start in (*starts, *inner) if (message := stun.read(start))]:
            return Seen("STUN", facts=_stunned(messages), start=tuple(self._said))
        if answer := next((answer for data in inner if (answer := _dns(data))), None):
            return answer
        spoken = None if self._holes else plain(self._said)
        return Seen(spoken[0], facts=spoken[1], start=tuple(self._said)) if spoken else None

    def _of_datagrams(self) -> Seen | None:
        sent, received = self._pieces[True], self._pieces[False]
        sealed = self._handshake is not None and self._handshake.server is not None
        if media.media(sent) or media.media(received):
            by = of_handshake(self._handshake, "d") if self._handshake else ()
            said = "sealed with keys of DTLS" if sealed else "whether it is sealed does not show"
            facts = (("media", said), *by, *_stunned(self._stun))
            return Seen("SRTP" if sealed else "RTP", facts=facts, protects=sealed, start=tuple(self._said))
        if self._handshake and (self._handshake.client or self._handshake.server):
            found = _tls(self._handshake, "DTLS", "d")
            facts = (*found.facts, *_stunned(self._stun))
            return Seen("DTLS", found.host, found.named_by, facts, found.protects)
        if self._stun:
            relay = any(one.relay for one in self._stun)
            return Seen("TURN" if relay else "STUN", facts=_stunned(self._stun), start=tuple(self._said))
        if self._known:
            return self._known
        if vpn.wireguard(sent, received):
            return _hidden("WireGuard")
        if vpn.openvpn(self._start(True), self._start(False)):
            return _hidden("OpenVPN")
        if vpn.esp(sent, received):
            return _hidden("IPsec", (("esp", "inside UDP"),))
        return Seen("RTCP") if any(media.report(one) for one in (*sent[:4], *received[:4])) else None


def quic(data: bytes) -> Seen | None:
    """QUIC by the look of its first datagram: a long header, or the one it had when it was Google's own."""
    if len(data) < 14:
        return None
    if data[0] & 0xCB == 0x09 and data[9:10] in (b"Q", b"T") and data[10:13].isdigit():
        name, shown = gquic.hello(data)
        facts = (("quic", f"Google {data[9:13].decode()}"), *shown)
        return Seen("QUIC", name, "SNI" if name else "", facts, protects=True)
    if not data[0] & 0x80:
        return None
    number, ids = int.from_bytes(data[1:5]), data[5]
    version = _QUIC.get(number, "")
    if number >> 8 == 0xFF0000:
        version = f"draft {number & 0xFF}"
    elif data[1:2] in (b"Q", b"T") and data[2:5].isdigit():
        version = f"Google {data[1:5].decode()}"
    elif number & 0x0F0F0F0F == 0x0A0A0A0A:
        version = "negotiates a version"
    fits = version.startswith("Google") or (ids <= 20 and 6 + ids < len(data))
    if not version or not fits or (number and not data[0] & 0x40):
        return None
    name, shown = gquic.hello(data) if version.startswith("Google") else ("", ())
    return Seen("QUIC", name, "SNI" if name else "", (("quic", version), *shown), protects=True)


def _tls(seen: Handshake, transport: str, carrier: str) -> Seen:
    host, by = (seen.client.server_name if seen.client else ""), "SNI"
    if not host:
        known = {name.removeprefix("*.").lower() for name in certified(seen)}
        host, by = (known.pop(), "certificate") if len(known) == 1 else ("", "")
    return Seen(
        transport, host.rstrip(".")[:255], by, of_handshake(seen, carrier), protects=protects(seen.server)
    )


def _dns(data: bytes) -> Seen | None:
    message = dns.understood(data)
    if message is None:
        return None
    return Seen("DNS", facts=(("asks for", listed(message.asked)),) if any(message.asked) else ())


def _stunned(messages: list[stun.Stun]) -> Facts:
    facts = [("realm", one.realm) for one in messages if one.realm]
    facts += [("software", one.software) for one in messages if one.software]
    facts += [("origin", one.origin) for one in messages if one.origin]
    facts += [("user name", "shown") for one in messages if one.named]
    facts += [("attribute", f"{number:04x}") for one in messages for number in one.special]
    return tuple((key, value[:200]) for key, value in list(dict.fromkeys(facts))[:24])


def _hidden(transport: str, facts: Facts = ()) -> Seen:
    return Seen(transport, facts=(("vpn", vpn.HIDES), *facts), protects=True, tunnel=True)
