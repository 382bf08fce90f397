"""The audit beside the traffic: it may be slow, it may fail, and nobody waits for it."""

import threading

import pytest

from auditor.audit import Audit
from auditor.live.listener import Listener
from auditor.model import Event, Finding
from auditor.rulebook.book import Rulebook
from auditor.shelf import load_rules
from auditor.sources.heads import Place
from auditor.sources.records import Refused

REFUSED = Refused("client", "a.example", 443, "", "bad certificate")


@pytest.fixture(scope="module")
def book() -> Rulebook:
    return load_rules(None)


def test_who_speaks_never_waits_for_who_listens(book: Rulebook, monkeypatch: pytest.MonkeyPatch) -> None:
    audit, free, heard = Audit(book), threading.Event(), Audit.feed

    def slow(self: Audit, event: Event) -> list[Finding]:
        assert free.wait(10)
        return heard(self, event)

    monkeypatch.setattr(Audit, "feed", slow)
    listener = Listener(audit, Place("live"))
    for _ in range(100):
        listener.hear(REFUSED)
    assert not audit.contacts
    free.set()
    assert listener.finish()
    assert [sums.count for sums in audit.contacts.values()] == [100]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_an_audit_that_fails_is_known_at_the_end(book: Rulebook, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: Audit, event: Event) -> list[Finding]:
        raise RuntimeError("a bug")

    monkeypatch.setattr(Audit, "feed", fail)
    listener = Listener(Audit(book), Place("live"))
    listener.hear(REFUSED)
    assert not listener.finish()
    listener.hear(REFUSED)
