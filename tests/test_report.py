"""Adding up: any cutting, any order and any repetition of the same evidence is the same report."""

import random
from collections.abc import Iterable
from functools import lru_cache, reduce
from itertools import chain, combinations, permutations
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditor.audit import Audit
from auditor.judge import judge
from auditor.model import (
    KEPT_REFS,
    Channel,
    Contact,
    Content,
    Direction,
    Event,
    Finding,
    Grade,
    Head,
    Parcel,
    Problem,
    Ref,
    Road,
    first_refs,
    ref_order,
)
from auditor.needles import Needles
from auditor.peers import Contacts, Peer, Peers
from auditor.report import (
    KEPT,
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
    finding_order,
    ordered,
)
from auditor.reporters.json import decode, encode
from auditor.rulebook.book import Rulebook
from auditor.shelf import load_rules
from auditor.sources import read
from auditor.stretches import Stretches, joined

CAPTURES = Path(__file__).parents[1] / "captures"
SAMPLES = ("irc-clear/alice.mitm", "matrix-e2ee/alice.mitm", "matrix-plain/bob.har", "signal-e2ee/bob.mitm")
QUICK = settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))

# Small alphabets, so that keys meet.
NAMES = st.sampled_from(["a", "b", "ž"])
NUMBERS = st.integers(0, 9)
WHENS = st.none() | st.floats(0, 2e9)
REFS = st.builds(Ref, st.just("x.mitm"), st.integers(0, 12), st.sampled_from([">", "<", ".3>", ".10>"]))
ROWS = st.builds(
    Row,
    platform=NAMES,
    surface=st.sampled_from(["dm", "room"]),
    direction=st.sampled_from([Direction.OUT, Direction.IN]),
    content=st.sampled_from(Content),
    road=st.sampled_from(Road),
    grade=st.sampled_from(Grade),
    rule=NAMES,
    texts=st.lists(st.sampled_from(["one", "two"]), max_size=2, unique=True).map(sorted).map(tuple),
)


@st.composite
def tallies(draw: st.DrawFn) -> tuple[Row, Tally]:
    """One row and findings that belong to it: any number of them, added one by one."""
    row = draw(ROWS)
    pieces = draw(st.lists(st.tuples(REFS, WHENS), min_size=1, max_size=12))
    return row, reduce(Tally.__add__, (one(row, *piece) for piece in pieces))


def one(row: Row, ref: Ref, when: float | None = None) -> Tally:
    finding = Finding(
        ref=ref, platform=row.platform, surface=row.surface, direction=row.direction, road=row.road,
        content=row.content, grade=row.grade, rule=row.rule, slot=row.slot, seal=row.seal,
        when=when, texts=row.texts,
    )  # fmt: skip
    return Tally(1, (finding,), when, when)


FEW_REFS = st.lists(REFS, min_size=1, max_size=5).map(first_refs)
SIGHTS = st.tuples(
    st.builds(Sight, NAMES, st.sampled_from(["typing", "dm"]), st.just(Direction.IN), NAMES),
    st.builds(Sightings, NUMBERS, st.dictionaries(st.sampled_from(["sender", "time"]), NUMBERS), FEW_REFS),
)
PEERS = st.tuples(
    st.builds(Peer, NAMES, NUMBERS, NAMES, NAMES, NAMES),
    st.builds(Contacts, NUMBERS, NUMBERS, NUMBERS, FEW_REFS),
)
ACCOUNTS = st.tuples(NAMES, st.builds(Account, NUMBERS, NUMBERS))
TROUBLES = st.tuples(st.builds(Trouble, NAMES, NAMES), st.builds(Troubles, NUMBERS, FEW_REFS))
DIGESTS = st.tuples(
    st.builds(Digest, NAMES, NAMES, st.just(Direction.OUT), st.sampled_from(["md5", "sha256"]), NAMES),
    st.builds(Digests, NUMBERS, FEW_REFS),
)
COVERS = st.lists(st.tuples(st.integers(0, 9), st.integers(1, 4)), max_size=3).map(
    lambda pairs: Stretches.of(joined((start, start + size) for start, size in pairs))
)
SLICES = st.builds(
    Slice,
    capture=st.builds(
        Capture, st.sampled_from(["aa", "bb", "cc"]), st.just("x.mitm"), st.just("dump"), st.just(9)
    ),
    covers=COVERS,
    rules=st.lists(NAMES, max_size=2, unique=True).map(sorted).map(tuple),
    planted=NUMBERS,
    tally=st.lists(tallies(), max_size=3).map(lambda pairs: ordered(dict(pairs))),
    sightings=st.lists(SIGHTS, max_size=2).map(lambda pairs: ordered(dict(pairs))),
    contacts=st.lists(PEERS, max_size=2).map(Peers.of),
    ledger=st.dictionaries(NAMES, st.builds(Account, NUMBERS, NUMBERS)).map(
        lambda d: tuple(sorted(d.items()))
    ),
    troubles=st.lists(TROUBLES, max_size=2).map(lambda pairs: ordered(dict(pairs))),
    platforms=st.dictionaries(NAMES, NUMBERS).map(lambda d: tuple(sorted(d.items()))),
    digests=st.lists(DIGESTS, max_size=2).map(lambda pairs: ordered(dict(pairs))),
)
REPORTS = st.lists(SLICES, max_size=3).map(
    lambda slices: reduce(Report.__add__, (Report((s,)) for s in slices), Report())
)


def plain(thing: object) -> bytes:
    return msgspec.json.encode(thing)


def shown(report: Report) -> tuple[bytes, bytes]:
    return plain(report.by_capture()), plain(report.whole())


# The algebra


@QUICK
@given(REPORTS, REPORTS, REPORTS)
def test_grouping_and_order_never_matter(a: Report, b: Report, c: Report) -> None:
    assert plain((a + b) + c) == plain(a + (b + c))
    assert plain(a + b) == plain(b + a)
    assert shown(a + b + c) == shown(c + a + b)


@QUICK
@given(REPORTS)
def test_the_empty_report_changes_nothing(a: Report) -> None:
    assert plain(a + Report()) == plain(a) == plain(Report() + a)
    assert not Report()
    assert bool(a) == bool(a.slices)


@QUICK
@given(REPORTS, REPORTS)
def test_the_same_capture_counts_once(a: Report, b: Report) -> None:
    assert plain(a + a) == plain(a)
    assert plain(a + b + a + b) == plain(a + b)


@QUICK
@given(tallies(), tallies(), tallies())
def test_rows_add_up_whatever_the_order(
    one: tuple[Row, Tally], two: tuple[Row, Tally], three: tuple[Row, Tally]
) -> None:
    sums = {plain(reduce(Tally.__add__, (t for _, t in order))) for order in permutations((one, two, three))}
    assert len(sums) == 1


@QUICK
@given(SLICES, SLICES, SLICES)
def test_slices_add_up_whatever_the_order(a: Slice, b: Slice, c: Slice) -> None:
    assert plain((a + b) + c) == plain(a + (b + c)) == plain(c + (b + a))


@QUICK
@given(REPORTS)
def test_an_entry_of_a_capture_is_never_counted_twice(report: Report) -> None:
    for one in report.by_capture():
        parts = [s for s in report.slices if s.capture.sha256 == one.capture.sha256]
        size = sum(b - a for a, b in one.covers)
        used = [
            s
            for s in parts
            if s.covers and all(any(a <= x and y <= b for a, b in one.covers) for x, y in s.covers)
        ]
        assert size <= len({i for s in parts for a, b in s.covers for i in range(a, b)})
        assert used or not any(s.covers for s in parts)


def test_of_slices_that_overlap_only_the_longest_counts() -> None:
    row = Row("a", "dm", Direction.OUT, Content.READABLE, Road.CLEAR, Grade.SHOWN, "a")

    def part(start: int, end: int) -> Report:
        refs = (Ref("x.mitm", number, ">") for number in range(start, end))
        sums = reduce(Tally.__add__, (one(row, ref) for ref in refs))
        covers = Stretches.of([(start, end)])
        return Report((Slice(Capture("aa", "x.mitm", "dump", 1), covers, tally=((row, sums),)),))

    for order in permutations((part(0, 4), part(3, 9), part(9, 11))):
        whole = reduce(Report.__add__, order).whole()
        assert whole.tally[0][1].count == 8
        assert tuple(whole.covers) == ((3, 11),)


def test_of_two_audits_of_one_stretch_the_one_counts_that_read_more_planted_texts() -> None:
    """A copy of a capture may lie beside a session.yaml that says what was planted."""
    row = Row("a", "dm", Direction.OUT, Content.SEALED, Road.CLEAR, Grade.SHOWN, "a")
    read = msgspec.structs.replace(row, content=Content.READABLE, texts=("meet me",))
    capture, ref = Capture("aa", "x.mitm", "dump", 1), Ref("x.mitm", 1, ">")

    def audit_of(planted: int, *rows: Row) -> Report:
        tally = tuple((kind, one(kind, ref)) for kind in rows)
        return Report((Slice(capture, Stretches.of([(0, 1)]), planted=planted, tally=tally),))

    for order in permutations((audit_of(0, row), audit_of(2, row), audit_of(1, row, read))):
        (kept,) = reduce(Report.__add__, order).slices
        assert (kept.planted, [kind.texts for kind, _ in kept.tally]) == (1, [(), ("meet me",)])
    for order in permutations((audit_of(0, row), audit_of(2, row))):
        (kept,) = reduce(Report.__add__, order).slices
        assert kept.planted == 2


MATES = ("meet me by the old crane", "bring the blue lantern", "the ferry leaves at nine")
SESSIONS = [texts for count in range(4) for texts in combinations(MATES, count)]


@lru_cache
def copied(name: str, *texts: str) -> Report:
    """An audit of one chat, as a copy under another name with another session.yaml beside it gives it."""
    said = (*MATES, "nobody planted this")
    head = Head(
        "POST", ("api", "v9", "channels", "1", "messages"), headers=(("content-type", "application/json"),)
    )
    seen = [
        Parcel(Ref(name, entry, ">"), Channel("discord.com", 443, Road.PROTECTED), True,
               msgspec.json.encode({"content": text}), head=head)
        for entry, text in enumerate(said)
    ]  # fmt: skip
    seen.append(Parcel(Ref(name, 9, ">"), Channel("stranger.example"), True, MATES[2].encode()))
    return audited(seen, Capture("aa", name, "dump", 1), Needles(list(texts)))


@QUICK
@given(st.lists(st.sampled_from(SESSIONS), min_size=2, max_size=4, unique=True), st.data())
def test_of_a_capture_given_twice_every_text_counts_that_one_of_its_audits_read(
    planted: list[tuple[str, ...]], data: st.DataObject
) -> None:
    """Whichever of them read more, and in whatever order and groups they are added."""
    reports = [copied(f"{number}.mitm", *texts) for number, texts in enumerate(planted)]
    whole = reduce(Report.__add__, reports)
    order = data.draw(st.permutations(reports))
    cut = data.draw(st.integers(0, len(order)))
    again = reduce(Report.__add__, order[:cut], Report()) + reduce(Report.__add__, order[cut:], Report())
    assert encode(again, judge(again, book())) == encode(whole, judge(whole, book()))
    assert encode(whole + again, judge(whole, book())) == encode(whole, judge(whole, book()))
    every = set(chain(*planted))
    assert {text for row, _ in whole.whole().tally for text in row.texts} == every
    assert whole.whole().planted == max(len(every), *map(len, planted))
    found = {one.platform: one for one in judge(whole, book())}
    assert ("unknown:stranger.example" in found) is (MATES[2] in every)
    assert found["discord"].grade is Grade.SHOWN


def test_a_text_that_only_a_copy_with_another_session_shows_decides() -> None:
    """One audit knows a text in a preview, the other one that is hidden in what looks sealed."""
    row = Row("a", "dm", Direction.OUT, Content.SEALED, Road.PROTECTED, Grade.RECOGNISED, "a", seal="otr")
    other = msgspec.structs.replace(row, surface="other", content=Content.READABLE, texts=("hello there",))
    hidden = msgspec.structs.replace(
        row, content=Content.READABLE, texts=("meet me",), seal="", grade=Grade.SHOWN
    )
    ref, capture = Ref("x.mitm", 1, ">"), Capture("aa", "x.mitm", "dump", 1)
    first, second = (
        Report((Slice(capture, Stretches.of([(0, 9)]), planted=1, tally=ordered(dict(rows))),))
        for rows in (
            [(row, Tally(3, one(row, ref).findings)), (other, one(other, ref))],
            [(row, Tally(2, one(row, ref).findings)), (hidden, one(hidden, ref))],
        )
    )
    for both in (first + second, second + first):
        (verdict,) = [found for found in judge(both, book()) if found.surface == "dm"]
        assert (verdict.verdict, verdict.counts) == ("transport-only", {"readable": 1, "sealed": 2})
        assert [check.note for check in verdict.checks if check.name == "planted"] == [
            "1 of 2 planted texts read"
        ]


# Bounds and order


def test_refs_stand_in_the_order_of_the_capture() -> None:
    parts = ["", ".1>", ".2<", ".3>", ".10>", ".10<", ".x", ".03>", ".3>.1"]
    refs = [Ref("x.mitm", entry, part) for entry in (2, 10) for part in parts]
    shuffled = refs[::-1]
    random.Random(5).shuffle(shuffled)
    assert [str(r) for r in sorted(shuffled, key=ref_order)] == [str(r) for r in sorted(refs, key=ref_order)]
    names = [str(r) for r in sorted(refs, key=ref_order)]
    assert names.index("x.mitm#2.3>") < names.index("x.mitm#2.10>") < names.index("x.mitm#10.3>")


def test_refs_that_look_alike_still_have_one_order() -> None:
    """`.3>` and `.03>` are the same number: they must not stand as the set happens to hold them."""
    assert ref_order(Ref("x", 1, ".3>")) != ref_order(Ref("x", 1, ".03>"))


def test_a_row_keeps_the_eight_findings_that_sort_first() -> None:
    row = Row("a", "dm", Direction.OUT, Content.SEALED, Road.CLEAR, Grade.RECOGNISED, "a")
    refs = [Ref("x.mitm", 1, f".{number}>") for number in range(1, 40)]
    for seed in range(5):
        order = refs[:]
        random.Random(seed).shuffle(order)
        tally = reduce(Tally.__add__, (one(row, ref, float(ref.entry)) for ref in order))
        assert tally.count == 39
        assert [f.ref for f in tally.findings] == refs[:KEPT]
        assert list(tally.findings) == sorted(tally.findings, key=finding_order)


def test_lists_of_places_are_bounded() -> None:
    refs = [Ref("x.mitm", number) for number in range(100)]
    assert first_refs(reversed(refs)) == tuple(refs[:KEPT_REFS])
    sums = reduce(Troubles.__add__, (Troubles(1, (ref,)) for ref in reversed(refs)))
    assert (sums.count, sums.refs) == (100, tuple(refs[:KEPT_REFS]))


@QUICK
@given(st.lists(WHENS, min_size=1, max_size=9))
def test_a_row_spans_its_findings_in_time(whens: list[float | None]) -> None:
    row = Row("a", "dm", Direction.OUT, Content.SEALED, Road.CLEAR, Grade.RECOGNISED, "a")
    tally = reduce(Tally.__add__, (one(row, Ref("x", i), when) for i, when in enumerate(whens)))
    known = [when for when in whens if when is not None]
    assert (tally.first, tally.last) == (min(known, default=None), max(known, default=None))


# Events in slices


@lru_cache
def book() -> Rulebook:
    return load_rules(None)


@lru_cache
def events(sample: str) -> tuple[tuple[Event, ...], Capture]:
    source = read(CAPTURES / sample, renamed={"localhost": "chat.signal.org"})
    seen = tuple(source)
    return seen, Capture(source.sha256, source.name, source.kind, source.size, source.unread)


@lru_cache
def invented() -> tuple[tuple[Event, ...], Capture]:
    """Messages, strangers, contacts, damage and renamed hosts, over 24 entries."""
    chance = random.Random(11)
    out: list[Event] = []
    for entry in range(24):
        ref = Ref("made.mitm", entry)
        match entry % 4:
            case 0:
                out.append(
                    Contact(ref, Channel("im-api.tiktok.com", 443), "quic", "no keys", entry, 1, float(entry))
                )
            case 1:
                out.append(Problem(ref, "damaged", f"kind {entry % 3}"))
            case 2:
                channel = Channel(
                    "discord.com", 443, Road.PROTECTED, renamed="localhost" if entry > 12 else ""
                )
                head = Head(
                    "POST",
                    ("api", "v9", "channels", "1", "messages"),
                    headers=(("content-type", "application/json"),),
                )
                body = b'{"content": "meet me at the old crane"}'
                out.append(
                    Parcel(
                        msgspec.structs.replace(ref, part=">"),
                        channel,
                        True,
                        body,
                        head=head,
                        when=float(entry),
                    )
                )
            case _:
                parts = [msgspec.structs.replace(ref, part=f".{n}>") for n in range(chance.randrange(12))]
                out += [
                    Parcel(p, Channel("stranger.example"), True, b"meet me at the old crane") for p in parts
                ]
    return tuple(out), Capture("ab" * 32, "made.mitm", "mitmproxy dump", 1000, 3)


def audited(events: Iterable[Event], capture: Capture, needles: Needles) -> Report:
    run = Audit(book(), needles)
    for event in events:
        run.feed(event)
    return run.report(msgspec.structs.replace(capture, renamed=tuple(sorted(run.renamed))))


def sample(name: str) -> tuple[tuple[Event, ...], Capture]:
    return invented() if name == "made" else events(name)


@pytest.mark.parametrize("name", ["made", *SAMPLES])
@settings(max_examples=10, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(data=st.data(), planted=st.booleans())
def test_any_cutting_of_a_capture_gives_the_report_of_the_whole(
    name: str, data: st.DataObject, planted: bool
) -> None:
    seen, capture = sample(name)
    needles = Needles(["meet me at the old crane", "Harbor-4471 meet me by the old crane"] if planted else [])
    entries = sorted({event.ref.entry for event in seen})
    owner = {entry: data.draw(st.integers(0, 3)) for entry in entries}
    parts = [[e for e in seen if owner[e.ref.entry] == number] for number in range(4)]
    reports = data.draw(st.permutations([audited(part, capture, needles) for part in parts]))
    whole, pieces = audited(seen, capture, needles), reduce(Report.__add__, reports)
    assert shown(pieces) == shown(whole)
    assert plain(judge(pieces, book())) == plain(judge(whole, book()))
    document = encode(whole, judge(whole, book()))
    assert encode(pieces, judge(pieces, book())) == document
    assert encode(decode(document), judge(decode(document), book())) == document


def test_captures_in_any_order_give_the_same_document() -> None:
    reports = [audited(*events(name), Needles()) for name in SAMPLES]
    documents = set()
    for order in permutations(reports):
        whole = reduce(Report.__add__, order)
        documents.add(encode(whole, judge(whole, book())))
    assert len(documents) == 1


def test_what_was_renamed_is_known_of_the_whole() -> None:
    seen, capture = events("signal-e2ee/bob.mitm")
    whole = (audited(seen, capture, Needles()) + audited(*events("irc-clear/alice.mitm"), Needles())).whole()
    assert whole.capture.renamed == (("localhost", "chat.signal.org"),)
