"""Facts and claims: dated, sourced, fresh, and not against each other."""

import re
from collections.abc import Iterator

from auditor.rulebook.lint import Finds, Sheet, lint
from auditor.rulebook.yaml import Block, Items

_DAY = re.compile(r"[12][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])")


def _listed(sheet: Sheet, key: str) -> Iterator[Block]:
    listed = sheet.block.get(key)
    yield from (block for block in listed if isinstance(block, Block)) if isinstance(listed, Items) else ()


def _said(block: Block, key: str) -> str:
    value = block.get(key)
    return value if isinstance(value, str) else "" if value is None else str(value)


def _year_before(day: str) -> str:
    return f"{int(day[:4]) - 1}{day[4:]}"


@lint("R501", "file", "Write year-month-day: 2026-11-21.")
def no_day(sheet: Sheet) -> Finds:
    """Something that should be a day and is none.

    Claims are compared with captures of their own time, and facts grow old: both need days.
    """
    for key in ("claims", "why"):
        for block in _listed(sheet, key):
            for name in ("since", "until", "read"):
                if name in block and not _DAY.fullmatch(_said(block, name)):
                    yield block.values_at[name], f"{name!r} is no day: {_said(block, name)!r}"


@lint("R502", "file", "Say who said it and where; `general (...)` where nobody looked it up.")
def no_source(sheet: Sheet) -> Finds:
    """A claim or a fact without a source.

    A stranger must be able to look it up.
    """
    for key in ("claims", "why"):
        for block in _listed(sheet, key):
            if not _said(block, "source").strip():
                yield block.values_at.get("source", block.place), "no source"


@lint("R503", "platform", "Look whether it is still said, and put the day's date into `read`.", "warning")
def stale_claim(sheet: Sheet) -> Finds:
    """A claim that nobody looked up for a year.

    What a provider says changes, and a verdict that contradicts an old claim is a false alarm.
    A claim that ended (`until`) does not grow old.
    """
    for block in _listed(sheet, "claims"):
        read = _said(block, "read")
        if _old(read, sheet.day) and "until" not in block:
            yield block.values_at["read"], f"read on {read}, more than a year ago"


def _old(read: str, day: str) -> bool:
    return bool(day) and bool(_DAY.fullmatch(read)) and read < _year_before(day)


@lint("R504", "file", "Look it up again and put the day's date into `read`.", "warning")
def stale_fact(sheet: Sheet) -> Finds:
    """A fact that nobody looked up for a year.

    Wire formats move. The rule may still be right; somebody should look.
    """
    for block in _listed(sheet, "why"):
        if _old(_said(block, "read"), sheet.day):
            yield block.values_at["read"], f"read on {_said(block, 'read')}, more than a year ago"


@lint("R505", "platform", "End the older one with `until`, or say in `when` for whom each holds.")
def overlapping_claims(sheet: Sheet) -> Finds:
    """Two claims about one surface at one time.

    Then every verdict agrees with one and contradicts the other. Claims that hold only for
    some (`optional`, `when`) may stand beside one that holds for all.
    """
    blocks = [b for b in _listed(sheet, "claims") if not b.get("optional") and not b.get("when")]
    for number, block in enumerate(blocks):
        for other in blocks[:number]:
            if _said(block, "surface") == _said(other, "surface") and _meet(block, other):
                yield block.place, f"another claim about {_said(block, 'surface')} holds at the same time"
                break


def _meet(one: Block, other: Block) -> bool:
    def ends(block: Block) -> str:
        return _said(block, "until") or "9999-12-31"

    return _said(one, "since") <= ends(other) and _said(other, "since") <= ends(one)


@lint("R506", "platform", "Swap the two days.")
def ends_before_it_begins(sheet: Sheet) -> Finds:
    """A claim that ends before it begins.

    It never holds.
    """
    for block in _listed(sheet, "claims"):
        if _said(block, "until") and _said(block, "until") < _said(block, "since"):
            yield block.values_at["until"], "it ends before it begins"


@lint("R507", "file", "Write the day on which somebody read it.")
def tomorrow(sheet: Sheet) -> Finds:
    """A day that has not come yet.

    Nobody can have read something tomorrow.
    """
    for key in ("claims", "why"):
        for block in _listed(sheet, key):
            read = _said(block, "read")
            if sheet.day and _DAY.fullmatch(read) and read > sheet.day:
                yield block.values_at["read"], f"{read} is still to come"


@lint("R508", "file", "Add `read: 2026-11-21`, or mark the source as `general (...)`.")
def unread(sheet: Sheet) -> Finds:
    """A source without the day on which it was read.

    Pages change: what they said is said with a day. Only what is marked as `general` or
    `constructed` was read nowhere.
    """
    for key in ("claims", "why"):
        for block in _listed(sheet, key):
            loose = _said(block, "source").lower().startswith(("general", "constructed"))
            if "read" not in block and not loose:
                yield block.place, "no day on which it was read"


@lint("R509", "platform", "Name what this audit does not look at: calls, media, other surfaces.")
def no_limits(sheet: Sheet) -> Finds:
    """A platform that names no limits.

    Each has something that an audit of it cannot see, and readers take silence for safety.
    """
    if not sheet.platform.limits:
        yield sheet.block.place, "nothing says what an audit of it cannot see"


@lint("R510", "file", "Add a fact with its source.")
def no_reason(sheet: Sheet) -> Finds:
    """A file without a single fact.

    A rule is worth what it rests on.
    """
    if not list(_listed(sheet, "why")):
        yield sheet.key("why"), "nothing says why this is so"
