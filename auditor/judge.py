"""From sums to verdicts: what a content on a road means, and what outweighs what.

Laws: one text that was read decides, whatever else was sealed; nothing that was merely not
understood is ever end-to-end; a verdict says what it rests on, what was not checked, and
what would change it. Claims are compared with verdicts and never used to reach one.
"""

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from msgspec import Struct

from auditor.claims import Claimed, compare
from auditor.doubts import settled
from auditor.grounds import Check, Evidence, Weighed, checks, evidence, limits
from auditor.model import LADDER, MESSAGES, Answer, App, Content, Direction, Grade, Road
from auditor.report import Report, Row, Slice, Tally, finding_order
from auditor.rulebook.book import Rulebook
from auditor.words import MEANING, count, stays_shut, would_change

TABLE: dict[tuple[Content, Road], Answer] = {
    (Content.READABLE, Road.CLEAR): Answer.CLEARTEXT,
    (Content.READABLE, Road.PROTECTED): Answer.TRANSPORT_ONLY,
    # Whoever the far end is can read it; whether others can is not known.
    (Content.READABLE, Road.UNKNOWN): Answer.TRANSPORT_ONLY,
    # A seal holds whatever the road.
    (Content.SEALED, Road.CLEAR): Answer.END_TO_END,
    (Content.SEALED, Road.PROTECTED): Answer.END_TO_END,
    (Content.SEALED, Road.UNKNOWN): Answer.END_TO_END,
    (Content.OPAQUE, Road.CLEAR): Answer.OPAQUE,
    (Content.OPAQUE, Road.PROTECTED): Answer.OPAQUE,
    (Content.OPAQUE, Road.UNKNOWN): Answer.OPAQUE,
    # Not understood is not an answer.
    **{
        (c, r): Answer.INCONCLUSIVE
        for c in (Content.WRAPPED, Content.MISSING, Content.UNDECIDED)
        for r in Road
    },
}
GRADES = list(Grade)
_READ: tuple[Answer, ...] = (Answer.CLEARTEXT, Answer.TRANSPORT_ONLY)


class Verdict(Struct, frozen=True):
    """Who can read the messages of one platform, surface and direction."""

    platform: str
    surface: str
    direction: Direction
    verdict: Answer
    detail: str
    grade: Grade
    reason: str
    counts: Mapping[str, int]
    checks: tuple[Check, ...]
    claim: Claimed | None
    would_change: str
    limits: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    app: App = App()


Group: TypeAlias = tuple[str, str, Direction, App]


def judge(report: Report, book: Rulebook) -> list[Verdict]:
    """All verdicts, and a row for every platform that was seen without a message."""
    whole = report.whole()
    groups: dict[Group, Weighed] = {}
    for row, content, tally in _decided(settled(whole.tally)):
        key = (row.platform, row.surface, row.direction, row.app)
        groups.setdefault(key, Weighed([])).rows.append((row, content, tally))
    shut: dict[str, int] = {}
    for peer, sums in whole.contacts:
        shut[peer.platform] = shut.get(peer.platform, 0) + sums.count * stays_shut(peer.reason)
    found = [_verdict(key, groups[key], whole, book, shut) for key in sorted(groups)]
    seen = {platform for platform, surface, *_ in groups if surface in MESSAGES}
    found += [_silent(name, times, whole, book, shut) for name, times in whole.platforms if name not in seen]
    return sorted(found, key=lambda v: (v.platform, v.surface, v.direction, v.app))


def _decided(tally: Iterable[tuple[Row, Tally]]) -> list[tuple[Row, Content, Tally]]:
    """Token-like values take the class of their slot; alone they stay undecided, and never become sealed."""
    rows = list(tally)
    slots: dict[tuple[str, str, str, App], set[Content]] = {}
    for row, _ in rows:
        slots.setdefault((row.platform, row.rule, row.slot, row.app), set()).add(row.content)
    out = []
    for row, sums in rows:
        content = row.content
        if content is Content.UNDECIDED:
            others = slots[row.platform, row.rule, row.slot, row.app]
            content = next((c for c in (Content.READABLE, Content.OPAQUE) if c in others), Content.UNDECIDED)
        out.append((row, content, sums))
    return out


def answer(row: Row, content: Content) -> Answer:
    """What one row means by itself."""
    if content is Content.READABLE and row.far_end != "service" and row.road is not Road.CLEAR:
        return Answer.INCONCLUSIVE  # the road may end at the recipient's own device
    return TABLE[content, row.road]


def _weigh(weighed: Weighed) -> tuple[Answer, list[tuple[Row, Content, Tally]]]:
    """The answer, and the rows that decide it."""
    answers = [(answer(row, content), (row, content, tally)) for row, content, tally in weighed.rows]
    readable = [(a, r) for a, r in answers if a in _READ]
    shown = [(a, r) for a, r in readable if r[0].grade is Grade.SHOWN and r[0].content is Content.READABLE]
    locked = weighed.of(Content.SEALED, Content.OPAQUE)
    if readable and not shown and locked:
        return Answer.INCONCLUSIVE, [r for _, r in readable] + locked
    pool = shown or readable
    if pool:
        worst = min((a for a, _ in pool), key=LADDER.index)
        return worst, [r for a, r in pool if a is worst]
    unclear = [r for a, r in answers if a is Answer.INCONCLUSIVE]
    if unclear:
        return Answer.INCONCLUSIVE, unclear
    worst = min((a for a, _ in answers), key=LADDER.index)
    return worst, [r for a, r in answers if a is worst]


def _verdict(key: Group, weighed: Weighed, whole: Slice, book: Rulebook, shut: Mapping[str, int]) -> Verdict:
    platform, surface, direction, app = key
    result, deciding = _weigh(weighed)
    copies = _copies(key, {row.near for row, _, _ in weighed.rows if row.near}, whole)
    if copies and result in (Answer.END_TO_END, Answer.OPAQUE):
        result, deciding = Answer.INCONCLUSIVE, copies
    counts = {c.value: n for c in Content if (n := weighed.count(c))}
    # One text that was read is enough; an envelope must hold for every message.
    pick = min if result in _READ else max
    grade = pick((row.grade for row, _, _ in deciding), key=GRADES.index)
    if result in (Answer.OPAQUE, Answer.INCONCLUSIVE):
        grade = Grade.CONSISTENT
    elif grade is Grade.RECOGNISED and sum(tally.count for _, _, tally in deciding) == 1:
        grade = Grade.CONSISTENT  # one sighting
    deciding.sort(key=lambda r: not r[0].texts)
    rows = [*deciding, *(r for r in weighed.rows if r not in deciding)]
    about = book.platforms.get(platform)
    return Verdict(
        platform=platform,
        surface=surface,
        direction=direction,
        verdict=result,
        detail=_detail(result, deciding),
        grade=grade,
        reason=_reason(result, weighed, deciding),
        counts=counts,
        checks=checks(weighed, whole, shut.get(platform, 0)),
        claim=compare(about.claims if about else (), surface, result, _times(rows)),
        would_change=would_change(result),
        limits=limits(weighed, platform, about.limits if about else (), whole),
        evidence=tuple(evidence(rows)),
        app=app,
    )


def _copies(key: Group, near: set[str], whole: Slice) -> list[tuple[Row, Content, Tally]]:
    """Planted texts that this app, or its server, was also told outside every message: perhaps copies."""
    return [
        (row, row.content, tally)
        for row, tally in whole.tally
        if row.texts and row.surface not in MESSAGES and key[1] in MESSAGES
        if row.platform == key[0] or row.near in near
    ]


def _silent(platform: str, parcels: int, whole: Slice, book: Rulebook, shut: Mapping[str, int]) -> Verdict:
    """A platform that was seen, but no message of it."""
    about = book.platforms.get(platform)
    return Verdict(
        platform=platform,
        surface="any",
        direction=Direction.ANY,
        verdict=Answer.INCONCLUSIVE,
        detail="no message seen",
        grade=Grade.CONSISTENT,
        reason=f"the app was seen {count(parcels, 'time')}, but no message was recognised",
        counts={},
        checks=checks(Weighed([]), whole, shut.get(platform, 0)),
        claim=None,
        would_change="messages that are sent and received where a proxy, or their keys, open the connections",
        limits=tuple(about.limits) if about else (),
        evidence=(),
    )


def _detail(result: Answer, deciding: list[tuple[Row, Content, Tally]]) -> str:
    if result is Answer.TRANSPORT_ONLY and any(row.road is Road.UNKNOWN for row, _, _ in deciding):
        return "at best: the road itself is unknown"
    if result is Answer.END_TO_END:
        return ", ".join(sorted({row.seal for row, _, _ in deciding if row.seal}))
    if result is Answer.INCONCLUSIVE:
        return ", ".join(sorted({content.value for _, content, _ in deciding}))
    return ""


def _reason(result: Answer, weighed: Weighed, deciding: list[tuple[Row, Content, Tally]]) -> str:
    counts = ", ".join(f"{n:,} {c.value}" for c in Content if (n := weighed.count(c)))
    first = min((f for _, _, tally in deciding for f in tally.findings), key=finding_order)
    if result is Answer.INCONCLUSIVE:
        notes = sorted({f.note for _, _, tally in deciding for f in tally.findings if f.note})
        why = f": {notes[0]}" if notes else ""
        return f"{counts}; what was not understood could change the answer (first at {first.ref}{why})"
    return f"{counts}; {MEANING[result]} (first at {first.ref})"


def _times(rows: list[tuple[Row, Content, Tally]]) -> list[float]:
    return [t for _, _, tally in rows for t in (tally.first, tally.last) if t is not None]
