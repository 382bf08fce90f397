"""Captures of the shared corpus, audited as `auditor analyze` does it."""

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from auditor.audit import Audit
from auditor.judge import Verdict, judge
from auditor.model import Contact, Finding, Parcel, Problem
from auditor.needles import Needles
from auditor.report import Capture, Slice
from auditor.rulebook.book import Rulebook
from auditor.shelf import load_rules
from auditor.sources import read
from auditor.sources.heads import Place
from auditor.sources.keylogs import keys_of

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
CATALOGUE: dict[str, dict[str, Any]] = (
    {one["path"]: one for one in json.loads((CORPUS / "catalogue.json").read_text(encoding="utf-8"))}
    if CORPUS.is_dir()
    else {}
)
CAPTURES = sorted(path for path, one in CATALOGUE.items() if one["kind"] == "capture")
CURATED = sorted(path for path, one in CATALOGUE.items() if one["expected_origin"] == "curated")


@dataclass(frozen=True)
class Audited:
    """Everything an audit says of one capture, and what it was said of."""

    whole: Slice
    verdicts: tuple[Verdict, ...]
    parcels: tuple[Parcel, ...]
    contacts: tuple[Contact, ...]
    problems: tuple[Problem, ...]
    findings: tuple[Finding, ...]
    platforms: frozenset[str]
    entries: int
    owners: tuple[tuple[Contact | Parcel, str], ...]  # whose each connection and parcel is

    @property
    def said(self) -> set[tuple[str, str, str, str]]:
        return {(v.platform, v.surface, v.direction.value, v.verdict.value) for v in self.verdicts}


@lru_cache
def book() -> Rulebook:
    return load_rules(None)


@lru_cache(maxsize=128)
def audited(path: str, log: str = "", texts: tuple[str, ...] = ()) -> Audited:
    """One capture, with the key log that belongs to it and the texts that were planted."""
    keys = keys_of([CORPUS / log] if log else [])
    audit = Audit(book(), Needles(texts))
    source = read(CORPUS / path, said=Place(keys=keys, search=bool(texts)))
    parcels, contacts, problems, findings, owners = [], [], [], [], []
    for event in source:
        before = dict(audit.platforms)
        findings += audit.feed(event)
        owner = next((name for name, count in audit.platforms.items() if count != before.get(name)), "")
        match event:
            case Parcel():
                parcels.append(event)
            case Contact():
                contacts.append(event)
            case Problem():
                problems.append(event)
        if owner and not isinstance(event, Problem):
            owners.append((event, owner))
    findings += audit.finish()
    report = audit.report(Capture(source.sha256, source.name, source.kind, source.size, source.unread))
    return Audited(
        report.whole(), tuple(judge(report, book())), tuple(parcels), tuple(contacts), tuple(problems),
        tuple(findings), frozenset(audit.platforms), source.entries, tuple(owners),
    )  # fmt: skip
