"""Transports: whose protocol a shut connection speaks, by how it begins and what shows of it.

    title: The secure layer of LOCO, between KakaoTalk and its server
    platform: kakaotalk
    name: LOCO                          # what a contact is called then
    carrier: tcp                        # or udp
    out: 00010000 [0c 0f 10] 000000     # how the client's first piece begins; a list: its first pieces
    in: 80                              # the same of the server
    stream: loco                        # instead: a module of auditor/streams knows it
    facts: {realm: [signal.org]}        # instead: what shows of TLS, STUN and so on
    address: [149.154.160.0/20]         # only there; a port, too: it narrows and never proves

A piece is what one end says until the other answers; in UDP a datagram. All that a file says
must hold. Whose address it is says less than what is spoken there, so that counts last.
"""

import ipaddress
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from auditor.model import Contact
from auditor.rulebook.beginning import Beginning
from auditor.rulebook.paths import glob
from auditor.rulebook.types import Fact, Test, strongest
from auditor.streams import STREAMS

Said = tuple[bool, bytes]
Shown = tuple[tuple[str, str], ...]
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = tuple[int, int]  # the version of IP, and the number
CARRIERS = ("tcp", "udp")
REMEMBERED = 4096  # addresses, and things that were said
ENOUGH = 3.5  # bytes that chance would have to hit
_BYTES = {str(number): number for number in range(256)}  # as they stand in an address of IPv4


@dataclass(frozen=True, slots=True)
class Transport:
    """One way in which a platform travels, as it looks from outside."""

    id: str
    file: str
    title: str
    platform: str
    name: str = ""
    carrier: str = ""
    out: tuple[Beginning, ...] = ()
    into: tuple[Beginning, ...] = ()
    streams: tuple[str, ...] = ()
    facts: tuple[tuple[str, tuple[str, ...]], ...] = ()
    ports: tuple[int, ...] = ()
    networks: tuple[Network, ...] = ()
    weak: bool = False
    why: tuple[Fact, ...] = ()
    tests: tuple[Test, ...] = field(default=(), compare=False)

    @property
    def strength(self) -> float:
        """How much chance would have to do for it; bytes of a piece of fixed size count for nothing."""
        if self.streams or self.facts:
            return ENOUGH
        return sum(one.fixed for one in (*self.out, *self.into))

    @property
    def by_address(self) -> bool:
        """Nothing but the address says it."""
        return not (self.out or self.into or self.streams or self.facts)

    @property
    def grade(self) -> str:
        """Where nobody published an example, or looked the facts up, it is consistent at most."""
        proven = strongest(self.tests) != "constructed" and any(fact.verified for fact in self.why)
        return "recognised" if proven and not self.weak and not self.by_address else "consistent"

    def called(self, carried: str) -> str:
        """The name of the protocol, and what carries it where that is not said by the name."""
        if not self.name:
            return carried
        return self.name if carried.lower() in ("", *CARRIERS) else f"{carried} ({self.name})"

    def meets(self, contact: Contact, address: Address | None) -> bool:
        there = self.stands_at(contact.channel.port, address)
        return there and self.says(contact.carrier, contact.facts, contact.start)

    def stands_at(self, port: int, address: Address | None) -> bool:
        return (not self.ports or port in self.ports) and (
            not self.networks or any(_inside(address, network) for network in self.networks)
        )

    def says(self, carrier: str, facts: Shown, start: Sequence[Said]) -> bool:
        return (
            (not self.carrier or not carrier or carrier == self.carrier)
            and all(_shows(facts, key, values) for key, values in self.facts)
            and _begins(self.out, [piece for outgoing, piece in start if outgoing])
            and _begins(self.into, [piece for outgoing, piece in start if not outgoing])
            and all(_spoken(name, start) for name in self.streams)
        )


def address_of(text: str) -> Address | None:
    """What an address is as a number; None for a name."""
    try:
        a, b, c, d = map(_BYTES.__getitem__, text.split("."))
    except (KeyError, ValueError):
        return _address_of(text)
    return 4, a << 24 | b << 16 | c << 8 | d


@lru_cache(REMEMBERED)
def _address_of(text: str) -> Address | None:
    try:
        found = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return found.version, int(found)


def _inside(address: Address | None, network: Network) -> bool:
    first, last = _stretch(network)
    return address is not None and first <= address <= last


@lru_cache(REMEMBERED)
def _stretch(network: Network) -> tuple[Address, Address]:
    version = network.version
    return (version, int(network.network_address)), (version, int(network.broadcast_address))


def _shows(facts: Iterable[tuple[str, str]], key: str, values: Iterable[str]) -> bool:
    return any(name == key and any(glob(one).match(said) for one in values) for name, said in facts)


def _begins(wanted: Sequence[Beginning], pieces: Sequence[bytes]) -> bool:
    return len(pieces) >= len(wanted) and all(
        one.fits(piece) for one, piece in zip(wanted, pieces, strict=False)
    )


def _spoken(name: str, start: Iterable[Said]) -> bool:
    said = list(start)
    for way in (True, False):
        whole = b"".join(piece for outgoing, piece in said if outgoing is way)
        if whole and STREAMS[name].recognises(way, whole):
            return True
    return False


class Known:
    """Transports, so that most connections are asked few questions."""

    def __init__(self, transports: Iterable[Transport]) -> None:
        self._by_start: list[Transport] = []
        self._by_fact: dict[str, list[Transport]] = {}
        self._by_address: list[tuple[Address, Address, Transport]] = []
        self._edges: list[Address] = []  # from each of them on, who is there
        self._near: list[list[Transport]] = []
        self._answers = lru_cache(REMEMBERED)(self._spoken)
        for one in transports:
            if one.by_address:
                self._by_address += [(*_stretch(network), one) for network in one.networks]
            elif one.facts:
                self._by_fact.setdefault(one.facts[0][0], []).append(one)
            else:
                self._by_start.append(one)
        edges = {
            edge for first, (version, last), _ in self._by_address for edge in (first, (version, last + 1))
        }
        for edge in sorted(edges):
            self._edges.append(edge)
            self._near.append([one for first, last, one in self._by_address if first <= edge <= last])

    def of(self, contact: Contact) -> Transport | None:
        """The transport that a connection speaks. Where two platforms could be meant, it is none."""
        address = address_of(contact.channel.address or contact.channel.host)
        spoken = self._answers(contact.carrier, contact.facts, contact.start)
        met = [one for one in spoken if one.stands_at(contact.channel.port, address)]
        if not met and address:
            at = bisect_right(self._edges, address)
            near = self._near[at - 1] if at else ()
            met = [one for one in near if one.meets(contact, address)]
        met.sort(key=lambda one: one.id)
        return met[0] if len({one.platform for one in met}) == 1 else None

    def _spoken(self, carrier: str, facts: Shown, start: tuple[Said, ...]) -> list[Transport]:
        """Those that what is said would meet, wherever: many connections say the same."""
        asked = self._by_start.copy() if start else []
        for kind in {kind for kind, _ in facts} & self._by_fact.keys():
            asked += self._by_fact[kind]
        return [one for one in asked if one.says(carrier, facts, start)]
