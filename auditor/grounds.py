"""What stands under a verdict: its checks, its limits, and the findings that it cites.

A check that did not run is said as well: what was not looked at is no evidence.
"""

from collections.abc import Iterable

from msgspec import Struct

from auditor.model import Content, Finding, Grade
from auditor.report import KEPT, Row, Slice, Tally
from auditor.words import CHECKS, STRANGER, count, digest, whose


class Check(Struct, frozen=True):
    """One thing that a verdict may rest on, and whether it was looked at."""

    name: str
    outcome: str  # passed | failed | not run
    note: str = ""


class Evidence(Struct, frozen=True):
    rule: str
    content: Content
    grade: Grade
    path: str
    trail: tuple[str, ...]
    excerpt: str
    ref: str
    offset: int | None = None
    note: str = ""


class Weighed(Struct):
    """Rows of one verdict, each with the content it counts as."""

    rows: list[tuple[Row, Content, Tally]]

    def of(self, *contents: Content) -> list[tuple[Row, Content, Tally]]:
        return [row for row in self.rows if row[1] in contents]

    def count(self, *contents: Content) -> int:
        return sum(tally.count for _, _, tally in self.of(*contents))


def checks(weighed: Weighed, whole: Slice, shut: int) -> tuple[Check, ...]:
    """What an end-to-end answer may rest on: each check says whether it ran."""
    messages = sum(tally.count for _, _, tally in weighed.rows)
    sealed = weighed.count(Content.SEALED)
    read = len({text for row, _, _ in weighed.rows for text in row.texts})
    missing = weighed.count(Content.MISSING)
    ran = {
        "message": _check(bool(messages), count(messages, "message")),
        "envelope": _check(sealed == messages, f"{sealed:,} of {messages:,} in a known and shut envelope"),
        "copies": _check(not weighed.count(Content.READABLE), "no readable words in or beside the slots"),
        "understood": _check(not missing, f"{count(missing, 'message')} with an empty or cut slot"),
        "planted": _check(not read, f"{read:,} of {whole.planted:,} planted texts read")
        if whole.planted
        else None,
        "coverage": _check(not shut, f"{count(shut, 'connection')} of this platform stayed shut"),
    }
    if not messages:
        ran = {"message": _check(False, "no message")}
    return tuple(
        Check(name, *(found if (found := ran.get(name)) else ("not run", CHECKS[name]))) for name in CHECKS
    )


def _check(passed: bool, note: str) -> tuple[str, str]:
    return ("passed" if passed else "failed"), note


def limits(weighed: Weighed, platform: str, known: tuple[str, ...], whole: Slice) -> tuple[str, ...]:
    found = list(known)
    hosts = {platform, *(row.near for row, _, _ in weighed.rows)}
    if unruled := sum(times for host, times in whole.unruled if host in hosts):
        found.append(f"no rule knows {count(unruled, 'parcel')} of this app: only --canary looks there")
    if whole.capture.renamed:
        names = ", ".join(f"{old} as {new}" for old, new in whole.capture.renamed)
        found.append(f"hosts were renamed at your word: {names}")
    unsure = sum(t.count for row, _, t in weighed.rows if row.content is Content.UNDECIDED)
    told = {row.platform for row, _ in whole.tally if row.texts} - {platform}
    strangers = sorted(name for name in told if name.startswith(STRANGER))
    if strangers:
        found.append(f"a planted text was also read at {', '.join(map(whose, strangers[:3]))}: see there")
    hashed = [d for d, _ in whole.digests if d.platform == platform or d.platform.startswith(STRANGER)]
    found += [digest(d.algorithm, d.text, d.direction, d.host) for d in hashed[:3]]
    if unsure:
        found.append(f"token-like values, taken for what else lies in their slot: {unsure:,}")
    return tuple(found)


def evidence(rows: list[tuple[Row, Content, Tally]]) -> Iterable[Evidence]:
    """Eight findings, of every row in turn, so that each planted text is cited; deciding rows first."""
    found: list[Finding] = []
    for turn in range(KEPT):
        found += [tally.findings[turn] for _, _, tally in rows if turn < len(tally.findings)]
    for f in found[:KEPT]:
        yield Evidence(f.rule, f.content, f.grade, f.path, f.trail, f.excerpt, str(f.ref), f.offset, f.note)
