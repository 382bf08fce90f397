"""Every test that is written in a rule, folder by folder."""

import pytest

from auditor.rulebook.selftest import run
from auditor.rulebook.transport import Transport
from auditor.rulebook.types import Envelope, Rule
from auditor.shelf import Recordings, load_rules, own_rules

BOOK = load_rules(None)
RECORDINGS = Recordings(own_rules())
TESTED: tuple[Rule | Envelope | Transport, ...] = (
    *BOOK.rules.values(), *BOOK.envelopes.values(), *BOOK.transports.values()
)  # fmt: skip
FOLDERS = sorted({one.file.rpartition("/")[0] for one in TESTED})


@pytest.mark.parametrize("folder", FOLDERS)
def test_rules_do_what_their_own_tests_say(folder: str) -> None:
    outcomes = list(run(BOOK, RECORDINGS.find, f"{folder}/"))
    assert outcomes
    assert [one for one in outcomes if one.skipped or not one.passed] == []


def test_every_rule_and_envelope_has_tests() -> None:
    assert [one.id for one in TESTED if not one.tests] == []


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
