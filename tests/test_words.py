"""The words: one sentence for each answer, and none that promises too much."""

import pytest

from auditor.model import Answer, Content, Direction, Grade
from auditor.words import (
    CHECKS,
    FACTS,
    MEANING,
    SENTENCE,
    SHORT,
    UNTOLD,
    digest,
    facts,
    meanings,
    whose,
    would_change,
)

TABLES = {"SENTENCE": SENTENCE, "SHORT": SHORT, "would_change": {a: would_change(a) for a in Answer}}


@pytest.mark.parametrize("table", TABLES)
def test_every_answer_has_its_own_words(table: str) -> None:
    assert set(TABLES[table]) == set(Answer)
    assert len(set(TABLES[table].values())) == len(Answer)


def test_every_answer_but_inconclusive_has_a_meaning() -> None:
    assert set(MEANING) == set(Answer) - {Answer.INCONCLUSIVE}


@pytest.mark.parametrize("word", [*Answer, *Content, *Grade, *CHECKS])
def test_every_word_of_a_report_has_a_meaning(word: str) -> None:
    found = meanings(word)
    assert found
    assert all(one.startswith(f"{word}, a") or one.startswith(f"{word}, what") for one in found)
    assert (len(found) == 2) == (word == "opaque")  # a verdict, and what lies in a slot


def test_a_seal_is_never_promised_beyond_the_capture() -> None:
    assert SENTENCE[Answer.END_TO_END].endswith("as far as this capture shows.")
    assert "copy" in would_change(Answer.END_TO_END)


def test_sentences_are_sentences() -> None:
    for sentence in SENTENCE.values():
        assert sentence[0].isupper()
        assert sentence.endswith(".")
        assert len(sentence) < 100


def test_every_check_says_what_it_needs() -> None:
    assert all(words and not words.endswith(".") for words in CHECKS.values())


def test_a_digest_is_said_to_be_no_more_than_that() -> None:
    said = digest("sha256", "meet me by the old crane", Direction.OUT, "stats.example")
    assert said.startswith(
        'a digest (sha256) of the planted text "meet me by the old crane" was sent to stats'
    )
    assert "came from stats.example" in digest("md5", "x", Direction.IN, "stats.example")
    assert len(digest("md5", "x" * 5000, Direction.IN, "stats.example")) < 200
    assert not any(word in said for word in ("read", "sealed", "encrypted"))


def test_facts_are_told_in_a_line_the_gravest_first() -> None:
    shown = [
        ("alpn", "h2"),
        ("ja4", "t13d"),
        ("offers", "h2, http/1.1"),
        ("tls", "1.2"),
        ("weak", "null cipher"),
    ]
    assert facts(shown) == "null cipher; TLS 1.2; speaks h2"
    assert facts([("tls", "1.2"), ("tls", "1.3"), ("newer", "kind")]) == "TLS 1.2 or 1.3; newer kind"
    assert facts([("ja4", "t13d")]) == facts([]) == ""


def test_every_kind_of_fact_has_its_words() -> None:
    assert all(said.count("{}") == 1 for said in FACTS.values())
    assert set(UNTOLD) < set(FACTS)


@pytest.mark.parametrize(
    ("platform", "said"),
    [("signal", "signal"), ("unknown:signal", "host signal"), ("unknown:nameless", "host nameless")],
)
def test_a_host_that_calls_itself_like_a_platform_is_a_host(platform: str, said: str) -> None:
    assert whose(platform) == said
