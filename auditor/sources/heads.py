"""What every format says alike: where a parcel was found, who the far end is, what the head looks like.

All text that leaves this module can be encoded as UTF-8. An address of a hostile
capture has at most 256 path steps and 1,000 query pairs; more stay one piece.
"""

import math
from collections.abc import Iterable, Mapping
from http.client import responses
from urllib.parse import parse_qsl, unquote

from msgspec import Struct, structs

from auditor.model import Channel, Contact, Head, Problem, Ref, Road
from auditor.sources.pcap.keys import Keys

NO_KEYS = Keys()
STEPS = 256
PAIRS = 1000
STRETCH = 32  # entries

_ROADS = {"https": Road.PROTECTED, "wss": Road.PROTECTED, "http": Road.CLEAR, "ws": Road.CLEAR}
PORTS = {"https": 443, "wss": 443, "http": 80, "ws": 80}


class Share(Struct, frozen=True):
    """Every so-manieth stretch of a capture's entries: several processes read one capture together."""

    number: int = 0
    of: int = 1

    def has(self, entry: int) -> bool:
        return entry // STRETCH % self.of == self.number


class Place(Struct, frozen=True):
    """The capture that is read, and what its user says of it."""

    capture: str = ""
    renamed: Mapping[str, str] = {}  # hosts that stand for others
    share: Share = Share()
    keys: Keys = NO_KEYS  # what opens connections in captures of packets
    devices: tuple[str, ...] = ()  # addresses of the phones in them
    outside: bool = False  # whether only what shows from outside is asked for
    search: bool = True  # whether texts were planted, so that bytes nobody understands are worth reading

    def ref(self, entry: int, part: str = "") -> Ref:
        return Ref(self.capture, entry, part)

    def problem(
        self, entry: int, kind: str, message: str, part: str = "",
        channels: tuple[Channel, ...] = (), protocols: tuple[str, ...] = (),
    ) -> Problem:  # fmt: skip
        return Problem(self.ref(entry, part), kind, message, channels, protocols)

    def contact(
        self, entry: int, channel: Channel, transport: str, reason: str, when: float | None
    ) -> Contact:
        return Contact(self.ref(entry), channel, transport, reason, when=when)

    def channel(self, channel: Channel) -> Channel:
        """The channel under the name its user gave to the far end."""
        host = clean(channel.host).lower().rstrip(".")
        port = channel.port if 0 <= channel.port < 65536 else 0
        name = self.renamed and (self.renamed.get(f"{host}:{port}") or self.renamed.get(host))
        if not name and (host, port, "") == (channel.host, channel.port, channel.renamed):
            return channel
        return structs.replace(channel, host=name or host, port=port, renamed=host if name else "")


def road(scheme: str) -> Road:
    return _ROADS.get(scheme.lower(), Road.UNKNOWN)


def clean(text: str) -> str:
    """Text that can be encoded: pairs of surrogates are joined, single ones replaced."""
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def words(data: bytes) -> str:
    """Bytes of a head as text. Everything is some text in Latin-1."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")


def headers(pairs: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    return tuple((clean(name).lower(), clean(value)) for name, value in pairs)


def phrase(status: int, text: str) -> tuple[tuple[str, str], ...]:
    """The words behind a status as a header, where they are a server's own and more than two."""
    if len(text.split()) < 3 or text == responses.get(status):
        return ()
    return (("reason-phrase", clean(text)),)


def target(text: str) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
    """Path and query of a request target such as `/a/b%20c?x=1`."""
    path, _, query = text.partition("#")[0].partition("?")
    steps = path.removeprefix("/").split("/", STEPS - 1)
    if steps[-1] == "":
        steps.pop()
    return tuple(clean(unquote(step)) for step in steps), _pairs(query)


def _pairs(query: str) -> tuple[tuple[str, str], ...]:
    pieces = query.split("&", PAIRS - 1)
    rest = pieces.pop() if len(pieces) == PAIRS else ""
    pairs = parse_qsl("&".join(pieces), keep_blank_values=True)
    if rest:
        name, _, value = rest.partition("=")
        pairs.append((unquote(name), unquote(value)))
    return tuple((clean(name), clean(value)) for name, value in pairs)


def bare_host(authority: str) -> tuple[str, int]:
    """Host and port (0 if none is given) of `host:port`, `[::1]:port` or a bare address."""
    text = authority.rpartition("@")[2]
    if text.startswith("["):
        host, _, port = text[1:].partition("]")
        port = port.removeprefix(":")
    elif text.count(":") == 1:
        host, _, port = text.partition(":")
    else:
        host, port = text, ""
    return host, int(port) if port.isascii() and port.isdigit() and len(port) < 6 else 0


def seconds(value: object) -> float | None:
    """A time since 1970 that a clock could show."""
    if isinstance(value, int | float) and math.isfinite(value) and abs(value) < 1e11:
        return float(value)
    return None


def upgrade(head: Head) -> Head:
    """The head of everything that travels in a WebSocket."""
    return Head(method="WS", path=head.path, query=head.query)
