"""Each recorded session says in truth.yaml what is true of it; the audit has to find the same."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from auditor.audit import Audit
from auditor.judge import Verdict, judge
from auditor.model import LADDER, MESSAGES, Answer, Content, Finding
from auditor.needles import Needles
from auditor.report import Capture, Report
from auditor.reporters.json import decode, encode
from auditor.rulebook.book import Rulebook
from auditor.shelf import load_rules
from auditor.sources import read

CAPTURES = Path(__file__).parents[1] / "captures"
TRUTHS: dict[str, Any] = {
    truth.parent.name: yaml.safe_load(truth.read_text(encoding="utf-8"))
    for truth in sorted(CAPTURES.glob("*/truth.yaml"))
}
FILES = [(folder, file) for folder, truth in TRUTHS.items() for file in truth["files"]]
EXPECTED = [(folder, row) for folder, truth in TRUTHS.items() for row in truth["expect"]]


@dataclass(frozen=True)
class Result:
    findings: list[Finding]
    verdicts: list[Verdict]
    report: Report


@lru_cache
def book() -> Rulebook:
    return load_rules(None)


@lru_cache(maxsize=200)
def audited(folder: str, file: str, planted: bool) -> Result:
    truth = TRUTHS[folder]
    audit = Audit(book(), Needles(truth["texts"].values() if planted else ()))
    source = read(CAPTURES / folder / file, renamed=truth.get("as", {}))
    findings = [finding for event in source for finding in audit.feed(event)]
    report = audit.report(Capture(source.sha256, source.name, source.kind, source.size, source.unread))
    return Result(findings, judge(report, book()), report)


def test_every_session_says_what_is_true_of_it() -> None:
    assert {f.name for f in CAPTURES.iterdir() if f.is_dir()} == set(TRUTHS)
    for folder, truth in TRUTHS.items():
        kept = {f.name for f in (CAPTURES / folder).iterdir() if f.suffix in (".mitm", ".har")}
        assert kept == set(truth["files"]), folder
        assert {row["file"] for row in truth["expect"]} <= kept, folder


@pytest.mark.parametrize("planted", [False, True], ids=["without texts", "with texts"])
@pytest.mark.parametrize(
    ("folder", "row"),
    EXPECTED,
    ids=[f"{f}/{r['file']} {r['platform']} {r['surface']} {r['direction']}" for f, r in EXPECTED],
)
def test_a_session_has_the_verdict_that_is_true(folder: str, row: dict[str, str], planted: bool) -> None:
    result = audited(folder, row["file"], planted)
    key = (row["platform"], row["surface"], row["direction"])
    found = [v.verdict.value for v in result.verdicts if (v.platform, v.surface, v.direction.value) == key]
    assert found == [row["verdict"]]


@pytest.mark.parametrize("planted", [False, True], ids=["without texts", "with texts"])
@pytest.mark.parametrize(("folder", "file"), FILES)
def test_no_verdict_of_a_platform_is_better_or_worse_than_any_that_is_expected(
    folder: str, file: str, planted: bool
) -> None:
    expected = [Answer(row["verdict"]) for row in TRUTHS[folder]["expect"] if row["file"] == file]
    for verdict in audited(folder, file, planted).verdicts:
        if verdict.surface in MESSAGES and verdict.verdict in LADDER:
            assert verdict.verdict in expected, f"{verdict.surface} {verdict.direction}: {verdict.reason}"


@pytest.mark.parametrize(
    ("folder", "file"), [(f, n) for f, n in FILES if not TRUTHS[f]["files"][n]["readable"]]
)
def test_where_nothing_is_readable_nothing_is_read(folder: str, file: str) -> None:
    result = audited(folder, file, True)
    assert [f for f in result.findings if f.content is Content.READABLE] == []
    assert {v.verdict for v in result.verdicts} & {Answer.CLEARTEXT, Answer.TRANSPORT_ONLY} == set()


@pytest.mark.parametrize(("folder", "file"), FILES)
def test_every_readable_text_is_cited_and_no_other(folder: str, file: str) -> None:
    truth = TRUTHS[folder]
    readable = {truth["texts"][name] for name in truth["files"][file]["readable"]}
    findings = audited(folder, file, True).findings
    assert {text for f in findings for text in f.texts} == readable
    for finding in findings:
        if finding.texts:
            assert finding.content is Content.READABLE
            assert finding.ref.capture == file
            assert finding.ref.part.endswith((">", "<"))
            assert finding.path
            assert finding.excerpt


@pytest.mark.parametrize(("folder", "file"), FILES)
def test_every_readable_text_of_a_message_is_among_the_evidence(folder: str, file: str) -> None:
    truth = TRUTHS[folder]
    readable = [truth["texts"][name] for name in truth["files"][file]["readable"]]
    shown = {item.excerpt for v in audited(folder, file, True).verdicts for item in v.evidence}
    assert [text for text in readable if not any(text[:60] in excerpt for excerpt in shown)] == []


@pytest.mark.parametrize(("folder", "file"), FILES)
def test_texts_that_were_not_planted_are_not_in_the_report(folder: str, file: str) -> None:
    result = audited(folder, file, False)
    document = encode(result.report, result.verdicts)
    for text in TRUTHS[folder]["texts"].values():
        assert text.encode() not in document
    assert encode(decode(document), judge(decode(document), book())) == document


@pytest.mark.parametrize(("folder", "file"), FILES)
def test_nothing_of_a_session_is_left_out(folder: str, file: str) -> None:
    whole = audited(folder, file, False).report.whole()
    assert whole.troubles == ()
    assert whole.capture.unread == 0


@pytest.mark.parametrize("folder", TRUTHS)
def test_a_har_shows_what_the_dump_shows(folder: str) -> None:
    dumps = [f for f in TRUTHS[folder]["files"] if f.endswith(".mitm")]
    for dump in dumps:
        har = dump.replace(".mitm", ".har")
        if har not in TRUTHS[folder]["files"]:
            continue
        shown = [
            sorted(
                (v.platform, v.surface, v.direction, v.verdict, sum(v.counts.values()))
                for v in audited(folder, f, True).verdicts
            )
            for f in (dump, har)
        ]
        assert shown[0] == shown[1]
