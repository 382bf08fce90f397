"""Every test that is written in a rule, as a test of its own."""

import pytest

from auditor.rulebook.selftest import Outcome, run
from auditor.shelf import Recordings, load_rules, own_rules

BOOK = load_rules(None)
OUTCOMES = list(run(BOOK, Recordings(own_rules()).find))
NAMES = [f"{o.rule}: {o.name}" for o in OUTCOMES]


@pytest.mark.parametrize("outcome", OUTCOMES, ids=NAMES)
def test_a_rule_does_what_its_own_test_says(outcome: Outcome) -> None:
    place = f"rules/{outcome.file}:{outcome.line}"
    assert not outcome.skipped, f"{place}: {outcome.skipped}"
    assert outcome.passed, (
        f"{place}: expected {outcome.expected}, found {outcome.got} (todo: {outcome.todo or 'none'})"
    )


def test_every_rule_and_envelope_has_tests() -> None:
    tested = {outcome.rule for outcome in OUTCOMES}
    assert [name for name in (*BOOK.rules, *BOOK.envelopes, *BOOK.transports) if name not in tested] == []


def test_every_rule_has_a_near_miss() -> None:
    """Something much like it that is not it: a typing notice, a request beside it."""
    missing = [
        r.id
        for r in BOOK.rules.values()
        if not {"nothing", "attachment"} & {e for t in r.tests for e in t.expect}
    ]
    assert missing == []


def test_every_transport_is_found_once_and_missed_once() -> None:
    for name, transport in BOOK.transports.items():
        expected = {expected for test in transport.tests for expected in test.expect}
        assert expected == {name, "nothing"}, transport.file


def test_every_fact_says_where_it_was_read() -> None:
    rules = [(rule.file, rule.why) for rule in BOOK.rules.values()]
    envelopes = [(envelope.file, envelope.why) for envelope in BOOK.envelopes.values()]
    transports = [(transport.file, transport.why) for transport in BOOK.transports.values()]
    facts = [(file, fact) for file, why in (*rules, *envelopes, *transports) for fact in why]
    assert [(file, fact.fact) for file, fact in facts if not fact.source] == []
