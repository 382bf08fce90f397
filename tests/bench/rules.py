"""What reading, checking and matching rules costs: python -m tests.bench.rules

Prints process seconds of one process, and how the cost of a parcel grows from the shipped set to
one with 10,000 synthetic rules more. Times depend on the machine and are never asserted.
"""

import time
from collections.abc import Callable
from pathlib import Path

from auditor.model import Parcel
from auditor.rulebook.book import Rulebook
from auditor.rulebook.lints import look
from auditor.rulebook.mutation import Proof
from auditor.rulebook.selftest import run
from auditor.shelf import Recordings, own_rules, texts_of
from auditor.sources import read

CAPTURES = Path(__file__).parents[2] / "captures"
MANY = 10_000
TURNS = 30
RULE = """title: Synthetic {n}
surface: dm
when: {{direction: out, method: POST, host: api{n}.example.org, path: /v1/send/{n}}}
slot: [body.text, body.copy]
why:
  - {{fact: f, source: general}}
tests: []
"""
PLATFORM = "title: P\nhosts: ['*.example.org']\nwhy:\n  - {fact: f, source: general}\n"


def took(work: Callable[[], object]) -> float:
    begun = time.process_time()
    work()
    return time.process_time() - begun


def synthetic(count: int) -> dict[str, str]:
    rules = {f"platforms/p{n % 100}/r{n}.yaml": RULE.format(n=n) for n in range(count)}
    return rules | {f"platforms/p{n}/platform.yaml": PLATFORM for n in range(100)}


def matching(book: Rulebook, parcels: list[Parcel]) -> float:
    for parcel in parcels:
        book.meeting(parcel)  # hosts become known once
    return min(took(lambda: [book.meeting(parcel) for parcel in parcels]) for _ in range(TURNS))


def main() -> None:
    texts = texts_of(own_rules())
    book, blocks = Rulebook.with_files(texts)
    find = Recordings(own_rules()).find
    print(f"{len(book.rules)} rules of {len(book.platforms)} platforms, {len(book.envelopes)} envelopes")
    print(f"reading     {took(lambda: Rulebook.of(texts)):6.2f} s")
    print(f"lints       {took(lambda: list(look(book, texts, blocks, '2026-11-21'))):6.2f} s")
    print(f"tests       {took(lambda: list(run(book, find))):6.2f} s")
    proofs: list[Proof] = []
    made = took(lambda: proofs.extend(Proof.of(rule, book, find) for rule in book.rules.values()))
    print(f"made tests  {made:6.2f} s")
    print(f"mutation    {took(lambda: [proof.tried() for proof in proofs]):6.2f} s")
    parcels = [
        event
        for file in sorted(CAPTURES.glob("*/alice.mitm"))
        for event in read(file)
        if isinstance(event, Parcel)
    ]
    large: list[Rulebook] = []
    for count in (MANY // 4, MANY // 2, MANY):
        seconds = took(lambda count=count: large.append(Rulebook.of(texts | synthetic(count))))  # type: ignore[misc]
        print(f"reading {count:>6,} rules more {seconds:6.2f} s, {seconds / count * 1e6:5.0f} µs a rule")
    small, big = matching(book, parcels), matching(large[-1], parcels)
    micro = small / len(parcels) * 1e6
    print(f"matching a parcel: {micro:.1f} µs; with {MANY:,} rules more {big / small:.2f} x")


if __name__ == "__main__":
    main()
