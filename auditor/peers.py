"""Who was talked to without a message being read: far ends, by the hundred thousand where a capture is large.

Each is held as a text, who it is and then what was counted of it, packed together with others, and is
an object only while somebody looks at it: objects would take forty times the room.

Law: the texts stand in the order in which far ends stand in JSON, so a table has one order and one form.
"""

from collections.abc import Iterable, Iterator
from heapq import merge
from typing import TypeAlias

from msgspec import Struct, json, structs

from auditor.facts import Facts, known, together
from auditor.model import KEPT_REFS, Contact, Ref, first_refs
from auditor.piles import HELD, Packed, Pile, packed, unpacked


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


class Peers(Struct, frozen=True):
    """Far ends, and what was counted of each."""

    rows: Packed = ()

    @classmethod
    def of(cls, pairs: Iterable[tuple[Peer, Contacts]]) -> "Peers":
        met = Met()
        for peer, sums in pairs:
            met.add(peer, sums)
        return met.peers()

    def __add__(self, other: "Peers") -> "Peers":
        return Peers(packed(_summed(merge(unpacked(self.rows), unpacked(other.rows)))))

    def __bool__(self) -> bool:
        return bool(self.rows)

    def __len__(self) -> int:
        return sum(1 for _ in unpacked(self.rows))

    def __iter__(self) -> Iterator[tuple[Peer, Contacts]]:
        for row in unpacked(self.rows):
            who, sums = _ROW.decode(row)
            yield Peer(*who), _contacts(sums)


class Met:
    """Far ends as they are met, again and again."""

    def __init__(self) -> None:
        self._sums: dict[Peer, Contacts] = {}
        self._pile = Pile(_summed)

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
        self._sums[peer] = self._sums[peer] + sums if peer in self._sums else sums
        if len(self._sums) == HELD:
            for row in self._rows():
                self._pile.add(row)
            self._sums.clear()

    def peers(self) -> Peers:
        """All so far; what is added later is not among them."""
        return Peers(packed(_summed(merge(self._pile, sorted(self._rows())))))

    def _rows(self) -> Iterator[bytes]:
        return (_row(_ENCODER.encode(structs.astuple(peer)), sums) for peer, sums in self._sums.items())


_Who: TypeAlias = tuple[str, int, str, str, str]
_Sums: TypeAlias = tuple[int, int, int, tuple[tuple[str, int, str], ...], Facts]
_ENCODER = json.Encoder()
_ROW = json.Decoder(tuple[_Who, _Sums])
_GAP = b"\t"  # between who it is and the sums: in JSON no other tab is left as it is


def _row(who: bytes, sums: Contacts) -> bytes:
    refs = [structs.astuple(ref) for ref in sums.refs]
    counted = _ENCODER.encode((sums.count, sums.sent, sums.received, refs, sums.facts))
    return b"[" + who + _GAP + b"," + counted + b"]"


def _contacts(sums: _Sums) -> Contacts:
    count, sent, received, refs, shown = sums
    return Contacts(count, sent, received, tuple(Ref(*ref) for ref in refs), shown)


def _summed(rows: Iterable[bytes]) -> Iterator[bytes]:
    """Rows in order, those of one far end made one."""
    last = whose = b""
    for row in rows:
        who = row[: row.index(_GAP)]
        if who == whose:
            last = _row(who[1:], _contacts(_ROW.decode(last)[1]) + _contacts(_ROW.decode(row)[1]))
            continue
        if last:
            yield last
        last, whose = row, who
    if last:
        yield last
