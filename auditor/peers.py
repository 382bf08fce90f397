"""Who was talked to without a message being read: far ends, by the hundred thousand where a capture is large.

Each is held as two short texts, who it is and what was counted of it, and is an object only while
somebody looks at it: objects would take four times the room.

Law: the texts stand in the order in which far ends stand in JSON, so a table has one order.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

from msgspec import Struct, json, structs

from auditor.facts import Facts, known, together
from auditor.model import KEPT_REFS, Contact, Ref, first_refs

Rank: TypeAlias = tuple[str, int]


class Peer(Struct, frozen=True, order=True):
    """One far end whose content stayed shut, and why."""

    host: str
    port: int
    transport: str
    reason: str
    platform: str = ""


class Contacts(Struct, frozen=True):
    count: int
    sent: int
    received: int
    refs: tuple[Ref, ...]
    facts: Facts = ()  # what they showed from outside

    def __add__(self, other: "Contacts") -> "Contacts":
        sent, received = self.sent + other.sent, self.received + other.received
        refs, shown = first_refs((*self.refs, *other.refs)), together(self.facts, other.facts)
        return Contacts(self.count + other.count, sent, received, refs, shown)


class Peers(Struct):
    """Far ends, and what was counted of each."""

    rows: dict[str, bytes] = {}

    @classmethod
    def of(cls, pairs: Iterable[tuple[Peer, Contacts]]) -> "Peers":
        found = cls()
        for peer, sums in pairs:
            found.add(peer, sums)
        return found.ordered()

    def meet(self, contact: Contact, platform: str) -> None:
        """A contact of this platform, and the others that look the same."""
        host = contact.channel.host or contact.channel.address
        others = [structs.replace(contact.ref, entry=also) for also in contact.also[:KEPT_REFS]]
        refs = first_refs((contact.ref, *others)) if others else (contact.ref,)
        self.add(
            Peer(host, contact.channel.port, contact.transport, contact.reason, platform),
            Contacts(1 + len(contact.also), contact.sent, contact.received, refs, known(contact.facts)),
        )

    def add(self, peer: Peer, sums: Contacts) -> None:
        self._add(_key(peer), sums)

    def _add(self, who: str, sums: Contacts) -> None:
        if who in self.rows:
            sums = _read(self.rows[who]) + sums
        refs = [structs.astuple(ref) for ref in sums.refs]
        self.rows[who] = _ENCODER.encode((sums.count, sums.sent, sums.received, refs, sums.facts))

    def ordered(self) -> "Peers":
        """All so far, in their order; what is added later is not among them."""
        return Peers({who: self.rows[who] for who in sorted(self.rows)})

    def __add__(self, other: "Peers") -> "Peers":
        both = Peers(self.rows.copy())
        for who, sums in other.rows.items():
            both._add(who, _read(sums))
        return both.ordered()

    def ranked(self, rank: Callable[[Peer, Contacts], Rank]) -> Iterator[tuple[Peer, Contacts]]:
        """By their rank, and those of one rank in their order."""
        ranks: dict[Rank, list[str]] = {}
        for who in self.rows:
            ranks.setdefault(rank(*self._row(who)), []).append(who)
        for _, some in sorted(ranks.items()):
            yield from map(self._row, some)

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[tuple[Peer, Contacts]]:
        return map(self._row, self.rows)

    def _row(self, who: str) -> tuple[Peer, Contacts]:
        return Peer(*_WHO.decode(who)), _read(self.rows[who])


_ENCODER = json.Encoder()
_WHO = json.Decoder(tuple[str, int, str, str, str])
_SUMS = json.Decoder(tuple[int, int, int, tuple[tuple[str, int, str], ...], Facts])


def _key(peer: Peer) -> str:
    return _ENCODER.encode(structs.astuple(peer)).decode()


def _read(text: bytes) -> Contacts:
    count, sent, received, refs, shown = _SUMS.decode(text)
    return Contacts(count, sent, received, tuple(Ref(*ref) for ref in refs), shown)
