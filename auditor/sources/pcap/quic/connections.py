"""All connections of QUIC in a capture: which one a datagram belongs to, also when an address changed.

By the two ends as a rule; where nobody knows them, by the id that the datagram bears. Ids that the
ends agreed on under seal are known only where there are keys.
"""

from auditor.sources.pcap.keys import Keys
from auditor.sources.pcap.quic import Quic, google
from auditor.sources.pcap.quic.handshake import Greeting
from auditor.sources.pcap.quic.headers import Sealed, is_long, split
from auditor.sources.pcap.quic.versions import INITIAL, SHORT
from auditor.sources.pcap.wire import End

MOST = 20_000  # connections that are kept in mind: the ones that spoke last
PATHS = 64  # pairs of ends, one way each, that one of them goes between: the latest ones

_SHORTEST = 4  # bytes of an id by which alone a datagram is believed to belong somewhere
_FIXED = 0x40  # a bit that first packets have


def recognises(datagram: bytes) -> bool:
    """Whether this begins a connection: the tag, or the hash, of a client's first packet says so."""
    if is_long(datagram) and datagram[0] & _FIXED:
        for packet in split(datagram):
            if isinstance(packet, Sealed) and packet.kind == INITIAL and packet.target:
                return Greeting(packet.target).open(True, packet) is not None
            break
    return b"CHLO" in datagram[:100] and google.hello(datagram) is not None


class Connections:
    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._ends: dict[tuple[End, End, str], tuple[Quic, bool]] = {}
        self._ids: dict[bytes, tuple[Quic, bool]] = {}
        self._sizes: dict[int, None] = {}  # how long ids are
        self._several: set[tuple[End, End, str]] = set()  # between which more than one connection was seen
        self._known: dict[Quic, list[tuple[End, End, str]]] = {}  # the one that spoke last stands last

    def find(self, source: End, target: End, datagram: bytes, tunnel: str = "") -> tuple[Quic, bool] | None:
        """The connection that this datagram belongs to or begins, and whether its client sent it."""
        way = (source, target, tunnel)
        known = self._ends.get(way)
        if way in self._several:
            named = self._by_id(datagram)
            known = named if named is not None and way in self._known.get(named[0], ()) else known
        if known is not None and not self._anew(known, datagram):
            self._known[known[0]] = self._known.pop(known[0])
            return known
        found = None if known is not None else self._by_id(datagram)
        if found is None and recognises(datagram):
            found = (Quic(self._keys), True)
        if found is not None:
            self._join(found, source, target, tunnel)
        return found

    def learn(self, quic: Quic) -> None:
        """Takes in the ids that a connection heard of; to be called after it was fed."""
        for name, from_client in quic.ids.items():
            if len(name) >= _SHORTEST and name not in self._ids:
                self._ids[name] = (quic, from_client)
                self._sizes[len(name)] = None

    def _anew(self, known: tuple[Quic, bool], datagram: bytes) -> bool:
        """A client that begins another connection from the same port."""
        quic, from_client = known
        if not from_client or quic.server is None or not is_long(datagram):
            return False
        first = next(iter(split(datagram)), None)
        if not isinstance(first, Sealed) or first.kind != INITIAL or first.target in quic.ids:
            return False
        return recognises(datagram)

    def _by_id(self, datagram: bytes) -> tuple[Quic, bool] | None:
        first = next(iter(split(datagram)), None)
        if first is None:
            return None
        if isinstance(first, Sealed) and first.kind == SHORT:
            names = [datagram[1 : 1 + size] for size in self._sizes]
        else:
            names = [first.target]
        return next((self._ids[name] for name in names if name in self._ids), None)

    def _join(self, found: tuple[Quic, bool], source: End, target: End, tunnel: str) -> None:
        quic, from_client = found
        ways = self._known.pop(quic, [])
        for way, says in (
            ((source, target, tunnel), from_client),
            ((target, source, tunnel), not from_client),
        ):
            if way in self._ends and self._ends[way][0] is not quic:
                self._several.add(way)
            self._ends[way] = (quic, says)
            ways.append(way)
        for way in ways[:-PATHS]:
            self._ends.pop(way, None)
            self._several.discard(way)
        self._known[quic] = ways[-PATHS:]
        while len(self._known) > MOST:
            self._forget(next(iter(self._known)))

    def _forget(self, quic: Quic) -> None:
        for way in self._known.pop(quic):
            if self._ends.get(way, (None,))[0] is quic:
                del self._ends[way]
                self._several.discard(way)
        for name in quic.ids:
            if self._ids.get(name, (None,))[0] is quic:
                del self._ids[name]
