"""Drafts of rules: made of our own recordings, they pass their own test, and nothing private is in them."""

from functools import cache
from itertools import chain, islice
from pathlib import Path

import pytest
import yaml

from auditor.cli.draft import drafted
from auditor.decoders.unwrap import Opening
from auditor.model import Parcel
from auditor.needles import Needles
from auditor.rulebook.book import Rulebook
from auditor.rulebook.drafts import TEXT, Draft, kind_of, lines, slot_of
from auditor.rulebook.opening import open_parcel
from auditor.rulebook.selftest import run
from auditor.shelf import own_rules, texts_of
from auditor.sources import read

CAPTURES = Path(__file__).parents[2] / "captures"
RECORDED = [
    (file, tuple(truth["texts"].values()))
    for place in sorted(CAPTURES.glob("*/truth.yaml"))
    if (truth := yaml.safe_load(place.read_text(encoding="utf-8"))).get("texts")
    for file in sorted([*place.parent.glob("*.mitm"), *place.parent.glob("*.har")])
]
NAMES = [f"{file.parent.name}/{file.name}" for file, _ in RECORDED]
ENVELOPES = {name: text for name, text in texts_of(own_rules()).items() if name.startswith("envelopes/")}
PLATFORM = """
title: A platform
hosts: [chat.example.org]
limits: [made for a test]
why: [{fact: It was made for a test., source: constructed, read: 2026-11-21}]
"""


@cache
def drafts(file: Path, texts: tuple[str, ...]) -> list[Draft]:
    found: dict[object, Draft] = {}
    needles = Needles(texts)
    for event in read(file):
        if isinstance(event, Parcel) and (draft := drafted(event, open_parcel(event, Opening()), needles)):
            found.setdefault(kind_of(event), draft)
    return list(found.values())


@pytest.mark.parametrize(
    ("file", "texts"), RECORDED, ids=lambda v: f"{v.parent.name}/{v.name}" if isinstance(v, Path) else ""
)
def test_a_draft_reads_the_message_it_was_made_of(file: Path, texts: tuple[str, ...]) -> None:
    for draft in drafts(file, texts):
        text = "\n".join(lines(draft, "2026-11-21")) + "\n"
        book = Rulebook.of(
            {**ENVELOPES, "platforms/app/platform.yaml": PLATFORM, "platforms/app/draft.yaml": text}
        )
        (outcome,) = run(book, below="platforms/app/draft")
        assert outcome.passed, f"{outcome.got}: {text}"


@pytest.mark.parametrize(
    ("file", "texts"), RECORDED, ids=lambda v: f"{v.parent.name}/{v.name}" if isinstance(v, Path) else ""
)
def test_no_value_of_the_capture_is_in_a_draft(file: Path, texts: tuple[str, ...]) -> None:
    for draft in drafts(file, texts):
        written = "\n".join(line for line in lines(draft, "2026-11-21") if not line.startswith("#"))
        body = draft.root.child("body")
        assert body
        values = {str(node.value) for node in body.walk() if isinstance(node.value, str)} | set(texts)
        names = {step for node in body.walk() for step in node.path}
        private = {v for v in values if len(v) > 5 and v not in names and v != TEXT}
        assert [value for value in private if f": {value}" in written or f"{value}}}" in written] == []


def test_some_drafts_are_made() -> None:
    every = chain.from_iterable(drafts(file, texts) for file, texts in RECORDED)
    assert len(list(islice(every, 11))) == 11


@pytest.mark.parametrize(
    ("path", "slot"),
    [
        (("body", "8", "100", "4", "text"), "body.8.100.4.text"),
        (("body", "#0", "messages", "#12", "body"), "body.messages.body"),
        (("body", "rooms", "!abc123456:example.org", "text"), "body.rooms.*.text"),
        (("body", "files[0]"), "body.'files[0]'"),
        (("header", "x-text"), "header.x-text"),
    ],
)
def test_a_path_is_written_as_rules_write_it(path: tuple[str, ...], slot: str) -> None:
    assert slot_of(path) == slot
