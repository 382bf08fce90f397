"""Tree envelopes: the proof lies beside the secret, and every declared place counts."""

import base64
import random
from collections.abc import Callable
from typing import Any

import pytest

from auditor.rulebook.book import Rulebook
from auditor.rulebook.build import sealed
from auditor.rulebook.selftest import recognised
from auditor.rulebook.tree import Place

DICE = random.Random(7)
NOISE = base64.b64encode(DICE.randbytes(40)).decode()


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def changed(change: Callable[[dict[str, Any]], Any]) -> Callable[[Rulebook], dict[str, Any]]:
    def make(book: Rulebook) -> dict[str, Any]:
        tree = sealed("omemo", book)
        assert isinstance(tree, dict)
        tree.pop("label", None)
        change(tree)
        return tree

    return make


def test_a_whole_tree_is_recognised(small: Rulebook) -> None:
    assert recognised(small, changed(lambda t: None)(small)) == "omemo"


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t.update(payload="meet me at the gate"),
        lambda t: t.update(payload=b64("meet me at the gate")),
        lambda t: t.update(payload=[t["payload"], b64("meet me at the gate")]),
        lambda t: t.update(payload={"a": t["payload"]}),
        lambda t: t.update(payload=None),
        lambda t: t.update(payload=[]),
        lambda t: t.update(payload=7),
        lambda t: t.pop("payload"),
        lambda t: t["header"].pop("iv"),
        lambda t: t["header"].update(iv=b64("twelve chars")),
        lambda t: t["header"].update(iv=NOISE),
        lambda t: t["header"].update(keys={}),
        lambda t: t["header"]["keys"].update(more=NOISE),
        lambda t: t["header"]["keys"].update(more="the key is under the mat"),
        lambda t: t["header"]["keys"].update(more={"note": "the key is under the mat"}),
        lambda t: t.update(id="seven"),
        lambda t: t.update(id={"note": "hidden"}),
        lambda t: t.update(id=1 << 40),
        lambda t: t.update(id=-1),
        lambda t: t.update(label="two words"),
        lambda t: t.update(label="привет"),
        lambda t: t.update(label="🔐"),
        lambda t: t.update(label={"note": "a text may lie deeper"}),
        lambda t: t.update(label='{"note":"hidden"}'),
        lambda t: t.update(label=["a", "two words"]),
        lambda t: t.update(label=b64("a text in base64")),
        lambda t: t.update(label="x" * 65),
    ],
)
def test_one_wrong_place_breaks_the_seal(small: Rulebook, change: Callable[[dict[str, Any]], Any]) -> None:
    assert "omemo" not in recognised(small, changed(change)(small))


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t.update(label="RJYKSTBOIE"),
        lambda t: t.update(more=1),
        lambda t: t["header"].update(more="words of a person"),
    ],
)
def test_what_is_undeclared_does_not_break_it(
    small: Rulebook, change: Callable[[dict[str, Any]], Any]
) -> None:
    assert recognised(small, changed(change)(small)) == "omemo"


@pytest.mark.parametrize("spec", ["secret[16m]", "=Megolm", "bytes[", "x?", "=a|", "secret[0]"])
def test_a_bad_place_is_refused_in_words(spec: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Place.parse("a.b", spec)


def test_labels_without_the_seal_are_never_a_tree(real: Rulebook) -> None:
    for name, envelope in real.envelopes.items():
        if envelope.tree is None:
            continue
        for place in envelope.tree.places:
            tree = sealed(name, real)
            if place.literal and len(place.pattern.steps) == 1:
                tree[place.pattern.steps[0]] = "another label"
                assert recognised(real, tree) != name
