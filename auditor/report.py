"""All that an audit saw, added up: the only thing that reporters get.

Laws: `a + b` is associative and commutative, the empty report is its zero, and a capture
counts once, by its hash: as the audit saw it that read most of its planted texts, with the
texts that only others read. It may be audited in slices: slices that do not overlap add up to
the same bytes as one audit of the whole. Every table is bounded: rows are kinds, never messages,
and a row keeps its first eight findings. Verdicts are computed (judge.py).
"""

from collections.abc import Iterable, Mapping
from functools import reduce
from operator import add
from typing import TypeVar

import msgspec
from msgspec import Struct

from auditor.model import App, Content, Direction, Finding, Grade, Ref, Road, first_refs, ref_order
from auditor.peers import Peers
from auditor.stretches import Stretches, overlap

SCHEMA = 1
KEPT = 8  # findings a row keeps


class Row(Struct, frozen=True, order=True):
    """One kind of finding."""

    platform: str
    surface: str
    direction: Direction
    content: Content
    road: Road
    grade: Grade
    rule: str
    slot: str = ""
    seal: str = ""
    far_end: str = "service"
    texts: tuple[str, ...] = ()  # the planted texts that were read: each has its own findings
    app: App = App()
    near: str = ""  # a number of its host, where the rule holds at any host
    doubt: bool = False  # lost there: it counts if such messages were seen at that host


class Tally(Struct, frozen=True):
    """How many findings of a kind, between when and when, and the first eight of them."""

    count: int
    findings: tuple[Finding, ...]
    first: float | None = None
    last: float | None = None

    def and_one(self, finding: Finding) -> "Tally":
        """One more. Findings come in order, so a full row mostly just counts."""
        if len(self.findings) == KEPT and ref_order(finding.ref) > ref_order(self.findings[-1].ref):
            times = [t for t in (self.first, self.last, finding.when) if t is not None]
            return Tally(self.count + 1, self.findings, min(times, default=None), max(times, default=None))
        return self + Tally(1, (finding,), finding.when, finding.when)

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            self.count + other.count,
            tuple(sorted((*self.findings, *other.findings), key=finding_order)[:KEPT]),
            min((t for t in (self.first, other.first) if t is not None), default=None),
            max((t for t in (self.last, other.last) if t is not None), default=None),
        )


NONE = Tally(0, ())


class Sight(Struct, frozen=True, order=True):
    """One kind of thing around messages, or what messages of a kind show beside their text."""

    platform: str
    surface: str
    direction: Direction
    rule: str


class Sightings(Struct, frozen=True):
    count: int
    sees: dict[str, int]
    refs: tuple[Ref, ...]

    def __add__(self, other: "Sightings") -> "Sightings":
        roles = sorted({*self.sees, *other.sees})
        sees = {role: self.sees.get(role, 0) + other.sees.get(role, 0) for role in roles}
        return Sightings(self.count + other.count, sees, first_refs((*self.refs, *other.refs)))


class Account(Struct, frozen=True):
    """Parcels that ended in one state."""

    parcels: int
    bytes: int

    def __add__(self, other: "Account") -> "Account":
        return Account(self.parcels + other.parcels, self.bytes + other.bytes)


class Trouble(Struct, frozen=True, order=True):
    kind: str
    message: str


class Troubles(Struct, frozen=True):
    count: int
    refs: tuple[Ref, ...]

    def __add__(self, other: "Troubles") -> "Troubles":
        return Troubles(self.count + other.count, first_refs((*self.refs, *other.refs)))


class Digest(Struct, frozen=True, order=True):
    """The hash of a planted text, on its way to or from a host: nobody read the text in it."""

    platform: str
    host: str
    direction: Direction
    algorithm: str
    text: str


class Digests(Struct, frozen=True):
    count: int
    refs: tuple[Ref, ...]

    def __add__(self, other: "Digests") -> "Digests":
        return Digests(self.count + other.count, first_refs((*self.refs, *other.refs)))


class Capture(Struct, frozen=True, order=True):
    """Where the evidence lies."""

    sha256: str
    name: str
    kind: str
    size: int
    unread: int = 0  # bytes that damage made unreadable
    renamed: tuple[tuple[str, str], ...] = ()
    note: str = ""  # what its reader has to say of it as a whole

    @property
    def id(self) -> str:
        """Its content; its name where there was no content to read."""
        return self.sha256 or self.name


K = TypeVar("K")
V = TypeVar("V", Tally, Sightings, Account, Troubles, Digests)


class Slice(Struct, frozen=True):
    """What one audit saw in one stretch of one capture."""

    capture: Capture
    covers: Stretches = Stretches()  # numbers of entries
    rules: tuple[str, ...] = ()  # digests of the rule sets used
    planted: int = 0  # how many known texts were looked for
    tally: tuple[tuple[Row, Tally], ...] = ()
    sightings: tuple[tuple[Sight, Sightings], ...] = ()
    contacts: Peers = msgspec.field(default_factory=Peers)
    ledger: tuple[tuple[str, Account], ...] = ()
    troubles: tuple[tuple[Trouble, Troubles], ...] = ()
    platforms: tuple[tuple[str, int], ...] = ()  # parcels and connections of a platform
    unruled: tuple[tuple[str, int], ...] = ()  # that no rule knows: by platform, else by `Row.near`
    digests: tuple[tuple[Digest, Digests], ...] = ()

    def __add__(self, other: "Slice") -> "Slice":
        return Slice(
            _same(self.capture, other.capture),
            self.covers + other.covers,
            tuple(sorted({*self.rules, *other.rules})),
            max(self.planted, other.planted),
            added(self.tally, other.tally),
            added(self.sightings, other.sightings),
            self.contacts + other.contacts,
            added(self.ledger, other.ledger),
            added(self.troubles, other.troubles),
            _counted(self.platforms, other.platforms),
            _counted(self.unruled, other.unruled),
            added(self.digests, other.digests),
        )


class Report(Struct, frozen=True):
    """Slices by capture and stretch. What is asked of it is added up on the way out."""

    slices: tuple[Slice, ...] = ()

    def __add__(self, other: "Report") -> "Report":
        audits: dict[tuple[str, Stretches], list[Slice]] = {}
        for one in (*self.slices, *other.slices):
            audits.setdefault((one.capture.id, one.covers), []).append(one)
        return Report(tuple(one for key in sorted(audits) for one in _telling(audits[key])))

    def __bool__(self) -> bool:
        return bool(self.slices)

    def by_capture(self) -> list[Slice]:
        """One slice per capture: stretches that do not overlap, the longest first, are added.

        Of the other audits of it counts what they alone read."""
        captures: dict[str, list[Slice]] = {}
        for one in self.slices:
            captures.setdefault(one.capture.id, []).append(one)
        found = []
        for _, parts in sorted(captures.items()):
            taken = _disjoint(parts)
            found.append(reduce(_and_read, (one for one in parts if one not in taken), reduce(add, taken)))
        return found

    def whole(self) -> Slice:
        """Everything in one."""
        parts = self.by_capture()
        renamed = {pair for part in parts for pair in part.capture.renamed}
        every = Capture("", "", "", sum(p.capture.size for p in parts), 0, tuple(sorted(renamed)))
        return msgspec.structs.replace(reduce(add, parts) if parts else NOTHING, capture=every)


NOTHING = Slice(Capture("", "", "", 0))


def _preference(one: Slice) -> tuple[int, int, bytes]:
    """Of several audits of one stretch: who read more planted texts, then who looked for more."""
    return -len(_read(one.tally)), -one.planted, _bytes(one)


def _telling(audits: list[Slice]) -> list[Slice]:
    """The audits of one stretch that read a text which no preferred one read."""
    found: list[tuple[set[str], Slice]] = []
    for one in sorted(audits, key=_preference) if len(audits) > 1 else audits:
        texts = _read(one.tally) | {digest.text for digest, _ in one.digests}
        if not any(texts <= others for others, _ in found):
            found.append((texts, one))
    return [one for _, one in found]


def _and_read(one: Slice, other: Slice) -> Slice:
    """What one audit saw, and the planted texts that only another one of the same bytes read."""
    rows, theirs = dict(one.tally), dict(other.tally)
    known = _read(one.tally)
    new = {row: sums for row, sums in theirs.items() if not known.issuperset(row.texts)}
    for row in rows.keys() & theirs.keys() if new and one.covers == other.covers else ():
        if theirs[row].count < rows[row].count:  # the text was read in one of these
            rows[row] = msgspec.structs.replace(rows[row], count=theirs[row].count)
    return msgspec.structs.replace(
        one,
        planted=max(one.planted, other.planted, len(_read(one.tally) | _read(other.tally))),
        tally=ordered({**new, **rows}),
        digests=ordered({**dict(other.digests), **dict(one.digests)}),
    )


def _read(tally: Iterable[tuple[Row, Tally]]) -> set[str]:
    return {text for row, _ in tally for text in row.texts}


def _same(one: Capture, other: Capture) -> Capture:
    """One capture as two audits describe it: each knows the hosts that were renamed in its own stretch."""
    renamed = tuple(sorted({*one.renamed, *other.renamed}))
    return msgspec.structs.replace(min(one, other), renamed=renamed)


def _disjoint(parts: list[Slice]) -> list[Slice]:
    taken: list[Slice] = []
    for part in sorted(parts, key=lambda s: (-sum(b - a for a, b in s.covers), s.covers)):
        if not any(overlap(part.covers, other.covers) for other in taken):
            taken.append(part)
    return sorted(taken, key=lambda s: s.covers)


def added(one: Iterable[tuple[K, V]], other: Iterable[tuple[K, V]]) -> tuple[tuple[K, V], ...]:
    """Key-wise sums, in the order of their keys."""
    table = dict(one)
    for key, value in other:
        table[key] = table[key] + value if key in table else value
    return ordered(table)


def ordered(table: Mapping[K, V]) -> tuple[tuple[K, V], ...]:
    return tuple(sorted(table.items(), key=lambda item: _bytes(item[0])))


def _counted(one: Iterable[tuple[str, int]], other: Iterable[tuple[str, int]]) -> tuple[tuple[str, int], ...]:
    table = dict(one)
    for name, count in other:
        table[name] = table.get(name, 0) + count
    return tuple(sorted(table.items()))


def finding_order(finding: Finding) -> tuple[object, bytes]:
    return ref_order(finding.ref), _bytes(finding)


def _bytes(value: object) -> bytes:
    return msgspec.json.encode(value, order="deterministic")
