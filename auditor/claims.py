"""What is claimed, beside what was seen. Compared at the capture's own date, never used for a verdict."""

from collections.abc import Iterable
from datetime import UTC, datetime

from msgspec import Struct

from auditor.model import LADDER, Answer
from auditor.rulebook.types import Claim


class Claimed(Struct, frozen=True):
    """What is claimed for this surface at the time of the capture, and whether it holds."""

    agrees: str  # yes | no | better | cannot tell
    claims: tuple[str, ...]


def compare(claims: Iterable[Claim], surface: str, result: Answer, times: Iterable[float]) -> Claimed | None:
    """Claims of another year say nothing; where the date is not known, all are shown."""
    days = {_day(time) for time in times}
    about = [c for c in claims if c.surface == surface]
    valid = [c for c in about if not days or any(c.covers(day) for day in days)]
    if not valid:
        return None
    says = {c.says for c in valid}
    vague = len(says) > 1 or any(c.optional or c.when for c in valid)
    if says == {result.value}:
        agrees = "yes"
    elif vague or result in (Answer.INCONCLUSIVE, Answer.OPAQUE):
        agrees = "cannot tell"
    else:
        agrees = "no" if LADDER.index(result) < LADDER.index(Answer(valid[0].says)) else "better"
    return Claimed(agrees, tuple(_words(c) for c in valid))


def _words(claim: Claim) -> str:
    until = f" until {claim.until}" if claim.until else ""
    extra = " (optional)" if claim.optional else ""
    extra += f" ({claim.when})" if claim.when else ""
    return f"{claim.says}{extra} since {claim.since}{until}, says {claim.source}"


def _day(when: float) -> str:
    return datetime.fromtimestamp(max(min(when, 4e9), 0), UTC).strftime("%Y-%m-%d")
