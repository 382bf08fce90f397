"""Where lengths move with those of texts, and where they do so by chance only."""

import json
import random

import pytest

from auditor.decoders.unwrap import Opening
from auditor.model import Channel, Head, Parcel, Ref, Road
from auditor.rulebook.book import Rulebook
from auditor.rulebook.drafts import lines
from auditor.rulebook.lengths import Lengths, fitting
from auditor.rulebook.opening import open_parcel
from auditor.rulebook.selftest import run

TEXTS = [10, 90, 40, 200, 130]
BLOCKS = [16 * (size // 16 + 3) for size in TEXTS]


@pytest.mark.parametrize(
    "sizes",
    [
        [size + 28 for size in TEXTS],
        BLOCKS,
        [(size + 28) * 4 // 3 for size in TEXTS],
        [(size + 28) * 2 for size in TEXTS],
        [50, 300, *BLOCKS, 50],
        [BLOCKS[0], 50, *BLOCKS[1:3], 50, *BLOCKS[3:]],
    ],
)
def test_lengths_that_grow_and_shrink_with_the_texts_are_found(sizes: list[int]) -> None:
    fit = fitting(TEXTS, sizes)
    assert fit is not None
    assert len(fit.at) == len(TEXTS)


@pytest.mark.parametrize(
    "sizes",
    [
        [300] * 8,
        [256] * 5,
        list(reversed(BLOCKS)),
        [BLOCKS[0], *[400] * 3, *BLOCKS[1:]],
        BLOCKS[:4],
        [size - 20 for size in TEXTS],
        [],
    ],
)
def test_lengths_that_stay_or_go_their_own_way_are_not(sizes: list[int]) -> None:
    assert fitting(TEXTS, sizes) is None


def test_chance_alone_hardly_ever_fits() -> None:
    rng = random.Random(7)
    hits = sum(fitting(TEXTS, [rng.randint(10, 600) for _ in range(20)]) is not None for _ in range(300))
    assert hits <= 6


def test_texts_that_are_too_few_or_too_alike_tell_nothing() -> None:
    assert not Lengths(["a" * size for size in TEXTS[:4]]).told
    assert not Lengths(["a" * size for size in (30, 35, 40, 50, 60)]).told
    assert Lengths(["a" * size for size in TEXTS]).told


def sent(number: int, text: str) -> Parcel:
    rng = random.Random(number)
    block = rng.randbytes(16 * (len(text) // 16 + 3))
    body = json.dumps({"to": "bob", "nonce": rng.randbytes(12).hex(), "box": block.hex()}).encode()
    head = Head("POST", ("v1", "send"), headers=(("content-type", "application/json"),))
    return Parcel(Ref("a", number, ">"), Channel("x.test", road=Road.PROTECTED), True, body, head=head)


def test_a_draft_made_of_lengths_says_so_and_passes_its_own_test() -> None:
    texts = ["meet " * (size // 5) for size in TEXTS]
    lengths = Lengths(texts)
    for number, text in enumerate(texts):
        parcel = sent(number, text)
        lengths.add(parcel, open_parcel(parcel, Opening()))
    (draft,) = lengths.drafts()
    assert (draft.slots, [text for text, _ in draft.moved]) == (("body.box",), TEXTS)
    written = "\n".join(lines(draft, "2026-11-21")) + "\n"
    assert "none of the texts could be read" in written
    assert "10: 48, 90: 128, 40: 80, 200: 240, 130: 176" in written
    platform = "title: P\nhosts: [x.test]\nwhy:\n  - {fact: f, source: s}\n"
    book = Rulebook.of({"platforms/x/platform.yaml": platform, "platforms/x/send.yaml": written})
    assert [outcome.got for outcome in run(book)] == ["opaque"]
