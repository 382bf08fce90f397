"""The judge: what each mixture of contents means, and what may never come out of it."""

from datetime import UTC, datetime
from itertools import product

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.judge import TABLE, Verdict, judge
from auditor.model import LADDER, MESSAGES, Answer, App, Content, Direction, Finding, Grade, Ref, Road
from auditor.peers import Contacts, Peer, Peers
from auditor.report import KEPT, Capture, Report, Row, Slice, Tally, ordered
from auditor.rulebook.book import Rulebook
from auditor.rulebook.types import Claim, Platform
from auditor.stretches import Stretches
from auditor.words import CHECKS, MEANING, SENTENCE, SHORT

C, G, R, A = Content, Grade, Road, Answer
DAY = datetime(2026, 6, 15, tzinfo=UTC).timestamp()

# One kind of finding in a test: content, grade, how many, and what differs from the usual.
Kind = tuple[Content, Grade, int]
READ: Kind = (C.READABLE, G.SHOWN, 1)
MAYBE_READ: Kind = (C.READABLE, G.CONSISTENT, 1)
UNDECIDED: Kind = (C.UNDECIDED, G.CONSISTENT, 1)
MISSING: Kind = (C.MISSING, G.CONSISTENT, 1)
WRAPPED: Kind = (C.WRAPPED, G.CONSISTENT, 1)
OPAQUE: Kind = (C.OPAQUE, G.CONSISTENT, 5)
SEALED: Kind = (C.SEALED, G.RECOGNISED, 5)
SEALED_ONCE: Kind = (C.SEALED, G.RECOGNISED, 1)
SEALED_MADE: Kind = (C.SEALED, G.CONSISTENT, 5)


def report(*kinds: Kind | Row, planted: int = 0, when: float | None = DAY, **same: object) -> Report:
    """Findings of these kinds, all in one slot unless said otherwise."""
    table: dict[Row, Tally] = {}
    number = 0
    for kind in kinds:
        row, count = (kind, 1) if isinstance(kind, Row) else (row_of(kind, **same), kind[2])
        for _ in range(count):
            number += 1
            table[row] = table[row] + tally(row, number, when) if row in table else tally(row, number, when)
    names = tuple((name, number) for name in sorted({row.platform for row in table}))
    capture = Capture("aa", "x.mitm", "dump", 9)
    return Report(
        (Slice(capture, Stretches.of([(0, 99)]), ("r",), planted, ordered(table), platforms=names),)
    )


def row_of(kind: Kind, **changes: object) -> Row:
    usual = Row("app", "dm", Direction.OUT, kind[0], R.PROTECTED, kind[1], "app/dm-send", "body.text")
    seal = {"seal": "megolm"} if kind[0] is C.SEALED else {}
    return msgspec.structs.replace(usual, **(seal | changes))


def tally(row: Row, number: int, when: float | None) -> Tally:
    finding = Finding(
        ref=Ref("x.mitm", number, ">"), platform=row.platform, surface=row.surface, direction=row.direction,
        road=row.road, content=row.content, grade=row.grade, rule=row.rule, slot=row.slot, seal=row.seal,
        texts=row.texts, when=when,
    )  # fmt: skip
    return Tally(1, (finding,), when, when)


def book(far_end: str = "service", *claims: Claim) -> Rulebook:
    return Rulebook(
        {"app": Platform("app", "App", far_end=far_end, claims=claims, limits=("a limit",))}, {}, {}
    )


def verdict(*kinds: Kind | Row, **same: object) -> Verdict:
    (found,) = [v for v in judge(report(*kinds, **same), book()) if v.surface == "dm"]  # type: ignore[arg-type]
    return found


# The table


def test_every_content_on_every_road_has_an_answer() -> None:
    assert set(TABLE) == set(product(Content, Road))
    assert set(TABLE.values()) == set(Answer)


def test_only_a_seal_leads_to_end_to_end_and_only_bytes_to_opaque() -> None:
    assert {c for (c, _), answer in TABLE.items() if answer is A.END_TO_END} == {C.SEALED}
    assert {c for (c, _), answer in TABLE.items() if answer is A.OPAQUE} == {C.OPAQUE}
    assert {cr for cr, answer in TABLE.items() if answer is A.CLEARTEXT} == {(C.READABLE, R.CLEAR)}


def test_the_ladder_holds_every_answer_but_one() -> None:
    assert {*LADDER, A.INCONCLUSIVE} == set(Answer)


def test_there_are_words_for_every_answer() -> None:
    for words in (SENTENCE, SHORT):
        assert set(words) == set(Answer)
    assert set(MEANING) == set(LADDER)


# Mixtures: what was seen, the verdict, its grade
EXPECTED: list[tuple[str, tuple[Kind, ...], Answer, Grade]] = [
    ("a text was read", (READ,), A.TRANSPORT_ONLY, G.SHOWN),
    ("a text was probably read", (MAYBE_READ,), A.TRANSPORT_ONLY, G.CONSISTENT),
    ("one read, one probably", (READ, MAYBE_READ), A.TRANSPORT_ONLY, G.SHOWN),
    ("only undecided", (UNDECIDED,), A.INCONCLUSIVE, G.CONSISTENT),
    ("undecided among readable", (UNDECIDED, READ), A.TRANSPORT_ONLY, G.SHOWN),
    ("undecided among probably readable", (UNDECIDED, MAYBE_READ), A.TRANSPORT_ONLY, G.CONSISTENT),
    ("undecided among opaque", (UNDECIDED, OPAQUE), A.OPAQUE, G.CONSISTENT),
    ("undecided among sealed", (UNDECIDED, SEALED), A.INCONCLUSIVE, G.CONSISTENT),
    ("undecided among wrapped", (UNDECIDED, WRAPPED), A.INCONCLUSIVE, G.CONSISTENT),
    ("undecided among missing", (UNDECIDED, MISSING), A.INCONCLUSIVE, G.CONSISTENT),
    ("undecided, readable and sealed", (UNDECIDED, READ, SEALED), A.TRANSPORT_ONLY, G.SHOWN),
    ("undecided, opaque and sealed", (UNDECIDED, OPAQUE, SEALED), A.OPAQUE, G.CONSISTENT),
    ("an empty slot", (MISSING,), A.INCONCLUSIVE, G.CONSISTENT),
    ("an empty slot beside a text", (MISSING, READ), A.TRANSPORT_ONLY, G.SHOWN),
    ("an empty slot beside seals", (MISSING, SEALED), A.INCONCLUSIVE, G.CONSISTENT),
    ("an empty slot beside bytes", (MISSING, OPAQUE), A.INCONCLUSIVE, G.CONSISTENT),
    ("a layer of the server's", (WRAPPED,), A.INCONCLUSIVE, G.CONSISTENT),
    ("a layer of the server's beside seals", (WRAPPED, SEALED), A.INCONCLUSIVE, G.CONSISTENT),
    ("a layer of the server's beside bytes", (WRAPPED, OPAQUE), A.INCONCLUSIVE, G.CONSISTENT),
    ("a layer of the server's beside a text", (WRAPPED, READ), A.TRANSPORT_ONLY, G.SHOWN),
    ("bytes", (OPAQUE,), A.OPAQUE, G.CONSISTENT),
    ("bytes beside seals", (OPAQUE, SEALED), A.OPAQUE, G.CONSISTENT),
    ("bytes beside a text", (OPAQUE, READ), A.TRANSPORT_ONLY, G.SHOWN),
    ("bytes beside what was probably read", (OPAQUE, MAYBE_READ), A.INCONCLUSIVE, G.CONSISTENT),
    ("seals that were recorded before", (SEALED,), A.END_TO_END, G.RECOGNISED),
    ("one such seal", (SEALED_ONCE,), A.END_TO_END, G.CONSISTENT),
    ("seals that were only made up", (SEALED_MADE,), A.END_TO_END, G.CONSISTENT),
    ("seals of both sorts", (SEALED, SEALED_MADE), A.END_TO_END, G.CONSISTENT),
    ("seals beside a text", (SEALED, READ), A.TRANSPORT_ONLY, G.SHOWN),
    ("seals beside what was probably read", (SEALED, MAYBE_READ), A.INCONCLUSIVE, G.CONSISTENT),
    ("seals, bytes and a text", (SEALED, OPAQUE, READ), A.TRANSPORT_ONLY, G.SHOWN),
    ("all of it", (SEALED, OPAQUE, WRAPPED, MISSING, UNDECIDED, MAYBE_READ, READ), A.TRANSPORT_ONLY, G.SHOWN),
    ("everything but a text", (SEALED, OPAQUE, WRAPPED, MISSING, UNDECIDED), A.INCONCLUSIVE, G.CONSISTENT),
]  # fmt: skip


@pytest.mark.parametrize(("what", "kinds", "answer", "grade"), EXPECTED, ids=[row[0] for row in EXPECTED])
def test_a_mixture_of_contents_has_this_verdict(
    what: str, kinds: tuple[Kind, ...], answer: Answer, grade: Grade
) -> None:
    for order in (kinds, kinds[::-1]):
        found = verdict(*order)
        assert (found.verdict, found.grade) == (answer, grade)
        assert sum(found.counts.values()) == sum(n for _, _, n in kinds)


@pytest.mark.parametrize(("what", "kinds", "answer", "grade"), EXPECTED, ids=[row[0] for row in EXPECTED])
def test_on_a_clear_road_what_is_readable_is_cleartext(
    what: str, kinds: tuple[Kind, ...], answer: Answer, grade: Grade
) -> None:
    clear = A.CLEARTEXT if answer is A.TRANSPORT_ONLY else answer
    assert verdict(*kinds, road=R.CLEAR).verdict is clear


@pytest.mark.parametrize(("what", "kinds", "answer", "grade"), EXPECTED, ids=[row[0] for row in EXPECTED])
def test_on_an_unknown_road_nothing_is_better_than_on_a_known_one(
    what: str, kinds: tuple[Kind, ...], answer: Answer, grade: Grade
) -> None:
    found = verdict(*kinds, road=R.UNKNOWN)
    assert found.verdict is answer
    assert found.detail.startswith("at best") or answer is not A.TRANSPORT_ONLY


@pytest.mark.parametrize(("unruled", "said"), [(1, "1 parcel of"), (2, "2 parcels of")])
def test_one_thing_is_not_said_as_many(unruled: int, said: str) -> None:
    (one,) = report(SEALED_ONCE).slices
    (found,) = judge(Report((msgspec.structs.replace(one, unruled=(("app", unruled),)),)), book())
    assert [limit for limit in found.limits if said in limit]
    assert {check.note for check in found.checks} >= {
        "1 message", "0 messages with an empty or cut slot", "0 connections of this platform stayed shut",
    }  # fmt: skip


def test_one_text_on_a_clear_road_decides() -> None:
    assert verdict(READ, row_of(READ, road=R.CLEAR), SEALED).verdict is A.CLEARTEXT


def test_an_undecided_value_takes_the_class_of_its_own_slot_only() -> None:
    for change in ({"slot": "body.other"}, {"rule": "app/other"}):
        assert verdict(row_of(UNDECIDED, **change), row_of(SEALED), row_of(OPAQUE)).verdict is A.INCONCLUSIVE
    found = {v.platform: v.verdict for v in judge(report(UNDECIDED, row_of(READ, platform="other")), book())}
    assert found == {"app": A.INCONCLUSIVE, "other": A.TRANSPORT_ONLY}


# Laws

KINDS = st.tuples(st.sampled_from(Content), st.sampled_from(Grade), st.integers(1, 3))
ROWS = st.builds(
    lambda kind, road, slot, direction: row_of(kind, road=road, slot=slot, direction=direction),
    KINDS, st.sampled_from(Road), st.sampled_from(["body.a", "body.b"]), st.just(Direction.OUT),
)  # fmt: skip
MANY = st.lists(ROWS, min_size=1, max_size=6)
LAWS = settings(max_examples=150, deadline=None, derandomize=True)


@LAWS
@given(MANY, st.sampled_from(Road))
def test_a_text_that_was_read_never_makes_a_verdict_better(rows: list[Row], road: Road) -> None:
    before = verdict(*rows).verdict
    after = verdict(*rows, row_of(READ, road=road, slot="body.c")).verdict
    assert after in (A.CLEARTEXT, A.TRANSPORT_ONLY)
    if before in LADDER:
        assert LADDER.index(after) <= LADDER.index(before)


@LAWS
@given(MANY, ROWS)
def test_nothing_turns_into_end_to_end_unless_all_of_it_is_sealed(rows: list[Row], more: Row) -> None:
    found = verdict(*rows, more)
    if found.verdict is A.END_TO_END:
        assert {row.content for row in (*rows, more)} == {C.SEALED}
    if {row.content for row in (*rows, more)} == {C.SEALED}:
        assert found.verdict is A.END_TO_END


@LAWS
@given(MANY)
def test_the_order_of_findings_never_matters(rows: list[Row]) -> None:
    assert verdict(*rows).verdict is verdict(*rows[::-1]).verdict


@LAWS
@given(MANY)
def test_undecided_values_never_count_as_sealed(rows: list[Row]) -> None:
    sealed = sum(row.content is C.SEALED for row in rows)
    assert verdict(*rows).counts.get("sealed", 0) == sealed


@LAWS
@given(MANY)
def test_every_verdict_has_all_its_parts(rows: list[Row]) -> None:
    found = verdict(*rows)
    assert [check.name for check in found.checks] == list(CHECKS)
    assert {check.outcome for check in found.checks} <= {"passed", "failed", "not run"}
    assert all(check.note for check in found.checks)
    assert 1 <= len(found.evidence) <= KEPT
    assert found.reason
    assert found.would_change
    assert "a limit" in found.limits
    envelope = next(check for check in found.checks if check.name == "envelope")
    assert (envelope.outcome == "passed") == ({row.content for row in rows} == {C.SEALED})


@LAWS
@given(MANY)
def test_a_verdict_is_about_one_direction(rows: list[Row]) -> None:
    received = row_of(READ, direction=Direction.IN)
    found = {v.direction: v.verdict for v in judge(report(*rows, received), book())}
    assert found[Direction.IN] is A.TRANSPORT_ONLY
    assert found[Direction.OUT] is verdict(*rows).verdict or any(r.content is C.UNDECIDED for r in rows)


# Far ends


@pytest.mark.parametrize("far_end", ["peer", "own-device"])
@pytest.mark.parametrize(
    ("road", "answer"), [(R.PROTECTED, A.INCONCLUSIVE), (R.UNKNOWN, A.INCONCLUSIVE), (R.CLEAR, A.CLEARTEXT)]
)
def test_where_the_road_may_end_at_the_recipient_a_read_text_says_little(
    far_end: str, road: Road, answer: Answer
) -> None:
    found = judge(report(READ, far_end=far_end, road=road), book(far_end))
    assert [v.verdict for v in found] == [answer]
    assert verdict(SEALED, far_end=far_end).verdict is A.END_TO_END
    assert verdict(SEALED, READ, far_end=far_end).verdict is A.INCONCLUSIVE


# Silence


def test_a_platform_without_a_message_has_a_row_that_says_so() -> None:
    seen = Slice(Capture("aa", "x", "dump", 1), Stretches.of([(0, 3)]), platforms=(("app", 3),))
    (found,) = judge(Report((seen,)), book())
    assert (found.platform, found.surface, found.direction) == ("app", "any", Direction.ANY)
    assert found.verdict is A.INCONCLUSIVE
    assert found.detail == "no message seen"
    assert "3" in found.reason
    assert [check.name for check in found.checks] == list(CHECKS)
    assert {check.outcome for check in found.checks} == {"failed", "not run"}
    assert found.claim is None


def test_a_platform_with_messages_has_no_silent_row() -> None:
    assert [v.surface for v in judge(report(READ), book())] == ["dm"]
    assert judge(Report(), book()) == []


# Leaks


def leak(**changes: object) -> Row:
    return row_of(READ, surface="other", rule="planted-text", slot="", texts=("known",), **changes)


@pytest.mark.parametrize("kind", [SEALED, SEALED_MADE, OPAQUE])
@pytest.mark.parametrize("surface", ["other", "typing", "preview"])
def test_a_planted_text_that_the_app_sent_elsewhere_leaves_no_end_to_end(kind: Kind, surface: str) -> None:
    found = verdict(row_of(kind), row_of(kind), msgspec.structs.replace(leak(), surface=surface), planted=1)
    assert found.verdict is A.INCONCLUSIVE
    assert any(item.rule == "planted-text" for item in found.evidence)


def test_a_planted_text_read_in_another_app_is_not_this_apps_doing() -> None:
    other = leak(platform="unknown:stats.example")
    found = judge(report(SEALED, other, planted=1), book())
    by = {v.platform: v for v in found}
    assert by["app"].verdict is A.END_TO_END
    assert any("read at host stats.example" in limit for limit in by["app"].limits)
    assert by["unknown:stats.example"].verdict is A.TRANSPORT_ONLY
    assert not any("was also read" in limit for limit in by["unknown:stats.example"].limits)


def test_a_planted_text_in_the_slot_is_a_failed_check() -> None:
    for rows, outcome in (((SEALED,), "passed"), ((SEALED, row_of(READ, texts=("known",))), "failed")):
        found = verdict(*rows, planted=2)
        assert next(c for c in found.checks if c.name == "planted").outcome == outcome
    assert next(c for c in verdict(SEALED).checks if c.name == "planted").outcome == "not run"


def test_a_connection_that_stayed_shut_fails_a_check_and_changes_no_verdict() -> None:
    shut = Peers.of([(Peer("app.example", 443, "quic", "no keys", "app"), Contacts(2, 1, 1, ()))])
    with_contact = Report((msgspec.structs.replace(report(SEALED).slices[0], contacts=shut),))
    (found,) = judge(with_contact, book())
    assert found.verdict is A.END_TO_END
    assert next(c for c in found.checks if c.name == "coverage").outcome == "failed"


# Claims

E2E = Claim("dm", "end-to-end", "its paper", "2026-01-01", "2026-12-31")
OLD = Claim("dm", "transport-only", "its old paper", "2020-01-01", "2025-12-31")
SOME = Claim("dm", "end-to-end", "its paper", "2026-01-01", optional=True)


def stamp(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


CLAIMED: list[tuple[str, Kind, str | None, tuple[Claim, ...], str | None]] = [
    ("before the claim", READ, "2025-12-31T23:59:59", (E2E,), None),
    ("on its first day", READ, "2026-01-01T00:00:00", (E2E,), "no"),
    ("in its time", READ, "2026-06-01", (E2E,), "no"),
    ("on its last day", READ, "2026-12-31T23:59:59", (E2E,), "no"),
    ("after it", READ, "2027-01-01", (E2E,), None),
    ("kept", SEALED, "2026-06-01", (E2E,), "yes"),
    ("at an unknown time", READ, None, (E2E,), "no"),
    ("at an unknown time, claims differ", READ, None, (E2E, OLD), "cannot tell"),
    ("each claim in its time: the old", READ, "2025-06-01", (E2E, OLD), "yes"),
    ("each claim in its time: the new", READ, "2026-06-01", (E2E, OLD), "no"),
    ("optional and not so", READ, "2026-06-01", (SOME,), "cannot tell"),
    ("optional and so", SEALED, "2026-06-01", (SOME,), "yes"),
    ("not shown by bytes", OPAQUE, "2026-06-01", (E2E,), "cannot tell"),
    ("not shown by an empty slot", MISSING, "2026-06-01", (E2E,), "cannot tell"),
    ("about another surface", READ, "2026-06-01", (Claim("call", "end-to-end", "x", "2026-01-01"),), None),
    ("better than claimed", SEALED, "2025-06-01", (OLD,), "better"),
]


@pytest.mark.parametrize(
    ("what", "kind", "day", "claims", "agrees"), CLAIMED, ids=[row[0] for row in CLAIMED]
)
def test_a_claim_is_compared_at_the_day_of_the_capture(
    what: str, kind: Kind, day: str | None, claims: tuple[Claim, ...], agrees: str | None
) -> None:
    seen = report(kind, when=None if day is None else stamp(day))
    (with_claim,), (without,) = judge(seen, book("service", *claims)), judge(seen, book())
    assert (with_claim.claim.agrees if with_claim.claim else None) == agrees
    assert (with_claim.verdict, with_claim.grade) == (without.verdict, without.grade)
    if with_claim.claim:
        assert all("its" in words for words in with_claim.claim.claims)


# Evidence


def test_evidence_is_bounded_and_begins_with_what_decides() -> None:
    found = verdict((C.SEALED, G.RECOGNISED, 40), READ)
    assert len(found.evidence) == KEPT
    assert found.evidence[0].content is C.READABLE
    assert found.counts == {"readable": 1, "sealed": 40}
    assert "40 sealed" in found.reason


def test_a_message_not_understood_is_counted_and_cited() -> None:
    found = verdict((C.SEALED, G.RECOGNISED, 500), MISSING)
    assert found.verdict is A.INCONCLUSIVE
    assert found.counts == {"sealed": 500, "missing": 1}
    assert "500 sealed" in found.reason
    assert "x.mitm#501>" in found.reason
    assert found.evidence[0].ref == "x.mitm#501>"


def test_every_planted_text_is_cited_before_any_is_cited_twice() -> None:
    rows = [row_of(READ, texts=(f"text {number}",)) for number in range(5)]
    found = verdict(*(row for row in rows for _ in range(9)), planted=5)
    assert len({item.ref for item in found.evidence[:5]}) == 5
    numbers = [int(item.ref.partition("#")[2][:-1]) for item in found.evidence[:5]]
    assert len({(number - 1) // 9 for number in numbers}) == 5


def test_adding_a_report_of_something_else_changes_no_verdict() -> None:
    other = report(row_of(READ, platform="elsewhere"))
    moved = Report((msgspec.structs.replace(other.slices[0], capture=Capture("bb", "y", "dump", 1)),))
    for kinds in ((SEALED,), (OPAQUE,), (MISSING, SEALED)):
        (alone,) = judge(report(*kinds), book())
        (beside,) = (v for v in judge(report(*kinds) + moved, book()) if v.platform == "app")
        assert alone.verdict is beside.verdict


def test_only_messages_are_judged_to_be_leaking() -> None:
    """The row of the leak itself says what was read, on its own surface."""
    found = {v.surface: v.verdict for v in judge(report(SEALED, leak(), planted=1), book())}
    assert found == {"dm": A.INCONCLUSIVE, "other": A.TRANSPORT_ONLY}
    assert "other" not in MESSAGES


def test_another_mode_of_the_app_has_a_verdict_of_its_own() -> None:
    secret, other = App("X", "1", "secret chat"), App("X", "1", "open chat")
    rows = (row_of(SEALED, app=secret), row_of(SEALED, app=secret, rule="b"), row_of(READ, app=other))
    found = {v.app: v.verdict for v in judge(report(*rows), book()) if v.surface == "dm"}
    assert found == {secret: A.END_TO_END, other: A.TRANSPORT_ONLY}


def test_a_token_like_value_of_one_mode_is_not_explained_by_texts_of_another() -> None:
    rows = (row_of(UNDECIDED, app=App(mode="secret")), row_of(READ, app=App(mode="open")))
    found = {v.app.mode: v.verdict for v in judge(report(*rows), book()) if v.surface == "dm"}
    assert found == {"secret": A.INCONCLUSIVE, "open": A.TRANSPORT_ONLY}
