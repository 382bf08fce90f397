"""The report as one JSON document, and findings as JSON lines.

Laws: one report has one document, byte for byte; `decode` gives back all that adding up
needs, so `encode(decode(document)) == document` and documents of different captures can be
added; verdicts and sums over captures are shown and never read back; what is not such a
document is refused in one line. fields.py says what each key means. The text is UTF-8, but
characters that could move a cursor or turn a line around are written as escapes.
"""

import codecs
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TextIO

import msgspec
from msgspec import Struct

from auditor import __version__, facts
from auditor.errors import CaptureError
from auditor.judge import Verdict
from auditor.ledger import STATES
from auditor.model import Finding, Ref, ref_order
from auditor.peers import Contacts, Peer, Peers
from auditor.report import (
    KEPT,
    SCHEMA,
    Account,
    Capture,
    Digest,
    Digests,
    Report,
    Row,
    Sight,
    Sightings,
    Slice,
    Tally,
    Trouble,
    Troubles,
    ordered,
)
from auditor.reporters import Options
from auditor.reporters.tables import Hashed, Observation, Shut, Sum, Tool, Unreadable
from auditor.stretches import Stretches, joined
from auditor.text import printable

name = "json"

AT_ONCE = 256  # items of a list that are written together
_LONGEST = 300  # characters of a refusal
_BEYOND = 1 << 64  # all numbers of entries
_FOREIGN = re.compile(r"[^\n -~]")
_EMPTY = re.compile(r'(?<=\n {6}"covers": )\[\]|(?<=\n {8}"contacts": )\[\]|(?<=\n  "contacts": )\[\]')
_NO_ACCOUNT = Account(0, 0)


class State(Struct, frozen=True, forbid_unknown_fields=True):
    """The sums of one capture: what adding up needs."""

    rules: tuple[str, ...]
    tally: tuple[tuple[Row, Tally], ...]
    sightings: tuple[tuple[Sight, Sightings], ...]
    contacts: tuple[tuple[Peer, Contacts], ...]
    ledger: tuple[tuple[str, Account], ...]
    troubles: tuple[tuple[Trouble, Troubles], ...]
    platforms: tuple[tuple[str, int], ...]
    unruled: tuple[tuple[str, int], ...]
    digests: tuple[tuple[Digest, Digests], ...]


class Captured(Struct, frozen=True, forbid_unknown_fields=True):
    sha256: str
    name: str
    kind: str
    size: int
    unread: int
    renamed: tuple[tuple[str, str], ...]
    note: str
    covers: tuple[tuple[int, int], ...]
    planted: int
    state: State


class Document(Struct, frozen=True, forbid_unknown_fields=True):
    """The top level, in its order."""

    schema: int
    tool: Tool
    captures: tuple[Captured, ...]
    verdicts: tuple[Verdict, ...]
    observations: tuple[Observation, ...]
    digests: tuple[Hashed, ...]
    contacts: tuple[Shut, ...]
    ledger: tuple[Sum, ...]
    problems: tuple[Unreadable, ...]


class _Version(Struct):
    schema: int


def render(report: Report, verdicts: list[Verdict], stream: TextIO, options: Options) -> None:
    plain = not codecs.lookup(stream.encoding or "utf-8").name.startswith("utf")
    for piece in _pieces(report, verdicts):
        stream.write(_escaped(piece, plain=True) if plain else piece)
    stream.write("\n")


def encode(report: Report, verdicts: Sequence[Verdict]) -> bytes:
    return "".join(_pieces(report, verdicts)).encode() + b"\n"


def _pieces(report: Report, verdicts: Sequence[Verdict]) -> Iterator[str]:
    """The text; what may be long in it is never there as a whole."""
    whole, slices = (
        report.whole(),
        sorted(report.by_capture(), key=lambda s: (s.capture.name, s.capture.sha256)),
    )
    lists: list[tuple[int, Iterable[object]]] = []
    for one in slices:
        lists += [(6, one.covers), (8, one.contacts)]
    lists.append((2, (_shut(*contact) for contact in whole.contacts)))
    first, *between = _EMPTY.split(_text(_document(whole, slices, verdicts)))
    yield first
    for (depth, items), text in zip(lists, between, strict=True):
        yield from _listed(items, depth)
        yield text


def _listed(items: Iterable[object], depth: int) -> Iterator[str]:
    """A list that stands so deep."""
    left, begun, margin = iter(items), False, "\n" + " " * depth
    while some := list(islice(left, AT_ONCE)):
        yield ("," if begun else "[") + _text(some)[1:-2].replace("\n", margin)
        begun = True
    yield f"{margin}]" if begun else "[]"


def _text(value: object) -> str:
    data = msgspec.json.encode(value, order="deterministic")
    return _escaped(msgspec.json.format(data, indent=2).decode())


def decode(data: bytes) -> Report:
    """The report in a document; CaptureError for anything else."""
    try:
        schema = msgspec.json.decode(data, type=_Version).schema
        if schema != SCHEMA:
            raise CaptureError(f"a report of schema {schema}; this version reads schema {SCHEMA}")
        slices = [_slice(one) for one in msgspec.json.decode(data, type=Document).captures]
        _need(len({s.capture.id for s in slices}) == len(slices), "a capture that stands twice")
        for one in slices:
            _check(one)
    except (ValueError, RecursionError) as error:  # msgspec's errors are ValueErrors
        raise CaptureError(f"not a report of this tool: {printable(str(error))[:_LONGEST]}") from error
    return Report(tuple(sorted(slices, key=lambda s: s.capture.sha256)))


def line(finding: Finding) -> str:
    """One finding as one line of JSON, without the newline."""
    fields = msgspec.structs.asdict(finding) | {"ref": str(finding.ref)}
    return _escaped(msgspec.json.encode(fields).decode())


def _document(whole: Slice, slices: Sequence[Slice], verdicts: Sequence[Verdict]) -> Document:
    """All but what may be long: see `_pieces`."""
    accounts = dict(whole.ledger)
    return Document(
        SCHEMA,
        Tool("auditor", __version__, whole.rules),
        tuple(_captured(one) for one in slices),
        tuple(verdicts),
        tuple(
            Observation(k.platform, k.surface, k.direction, k.rule, v.count, v.sees, _refs(v.refs))
            for k, v in whole.sightings
        ),
        tuple(
            Hashed(k.platform, k.host, k.direction, k.algorithm, k.text, v.count, _refs(v.refs))
            for k, v in whole.digests
        ),
        (),
        tuple(
            Sum(state, meaning, a.parcels, a.bytes)
            for state, meaning in STATES.items()
            for a in (accounts.get(state, _NO_ACCOUNT),)
        ),
        tuple(Unreadable(k.kind, k.message, v.count, _refs(v.refs)) for k, v in whole.troubles),
    )


def _shut(peer: Peer, sums: Contacts) -> Shut:
    shown: dict[str, tuple[str, ...]] = {}
    for kind, value in sums.facts:
        shown[kind] = (*shown.get(kind, ()), value)
    whose = (peer.host, peer.port, peer.transport, peer.reason, peer.platform)
    return Shut(*whose, sums.count, sums.sent, sums.received, shown, _refs(sums.refs))


def _captured(one: Slice) -> Captured:
    file = one.capture
    state = State(
        one.rules,
        ordered(dict(one.tally)),
        ordered(dict(one.sightings)),
        (),
        ordered(dict(one.ledger)),
        ordered(dict(one.troubles)),
        tuple(sorted(one.platforms)),
        tuple(sorted(one.unruled)),
        ordered(dict(one.digests)),
    )
    whose = (file.sha256, file.name, file.kind, file.size, file.unread, file.renamed, file.note)
    return Captured(*whose, (), one.planted, state)


def _slice(one: Captured) -> Slice:
    capture = Capture(one.sha256, one.name, one.kind, one.size, one.unread, one.renamed, one.note)
    sums = msgspec.structs.asdict(one.state) | {"contacts": Peers.of(one.state.contacts)}
    _need(len(sums["contacts"]) == len(one.state.contacts), "a row that stands twice")
    right = one.covers == joined(one.covers) and all(0 <= a < b < _BEYOND for a, b in one.covers)
    _need(right, "stretches that overlap")
    return Slice(capture=capture, covers=Stretches.of(one.covers), planted=one.planted, **sums)


def _check(one: Slice) -> None:
    """What adding up and judging take for granted; a document may come from anybody."""
    pairs = (one.platforms, one.unruled)
    for table in (one.tally, one.sightings, one.ledger, one.troubles, one.digests, *pairs):
        _need(len({key for key, _ in table}) == len(table), "a row that stands twice")
    _need(one.rules == tuple(sorted(set(one.rules))), "rule sets out of order")
    _need(all(state in STATES for state, _ in one.ledger), "a state that the ledger does not know")
    _need(min(_numbers(one), default=0) >= 0, "a number below nothing")
    for row, tally in one.tally:
        _check_tally(row, tally)
    for ref in _places(one):
        _check_ref(ref)
    for _, sums in one.contacts:
        _need(sums.facts == facts.first(sums.facts), "facts out of order")


def _check_tally(row: Row, tally: Tally) -> None:
    found = tally.findings
    _need(1 <= len(found) <= min(tally.count, KEPT), "a kind of finding with too many examples, or with none")
    shared = set(row.__struct_fields__) & set(Finding.__struct_fields__)
    _need(
        all(getattr(row, f) == getattr(one, f) for f in shared for one in found), "a finding of another kind"
    )
    for one in found:
        _check_ref(one.ref)
    times = [*(f.when for f in found), tally.first, tally.last]
    _need(all(t is None or math.isfinite(t) for t in times), "a time that is none")


def _check_ref(ref: Ref) -> None:
    ref_order(ref)  # ValueError where its part cannot be ordered
    _need(ref.entry >= 0, "an entry below nothing")


def _places(one: Slice) -> Iterable[Ref]:
    yield from (ref for _, sums in one.sightings for ref in sums.refs)
    yield from (ref for _, sums in one.contacts for ref in sums.refs)
    yield from (ref for _, sums in one.troubles for ref in sums.refs)
    yield from (ref for _, sums in one.digests for ref in sums.refs)


def _numbers(one: Slice) -> Iterable[int]:
    yield from (one.capture.size, one.capture.unread, one.planted)
    yield from (count for _, count in (*one.platforms, *one.unruled))
    yield from (sums.count for _, sums in one.troubles)
    yield from (sums.count for _, sums in one.digests)
    yield from (n for _, sums in one.sightings for n in (sums.count, *sums.sees.values()))
    yield from (n for peer, s in one.contacts for n in (peer.port, s.count, s.sent, s.received))
    yield from (number for _, sums in one.ledger for number in (sums.parcels, sums.bytes))


def _need(holds: bool, otherwise: str) -> None:
    if not holds:
        raise ValueError(otherwise)


def _refs(refs: Iterable[Ref]) -> tuple[str, ...]:
    return tuple(str(ref) for ref in refs)


def _escaped(text: str, plain: bool = False) -> str:
    """JSON text that is safe to print: outside ASCII there are only strings, where escapes are allowed."""

    def escape(match: re.Match[str]) -> str:
        char = match[0]
        if not plain and printable(char) == char:
            return char
        units = char.encode("utf-16-be").hex(" ", 2).split()
        return "".join(f"\\u{unit}" for unit in units)

    return _FOREIGN.sub(escape, text)
