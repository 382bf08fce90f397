"""Each thing in a rule is made wrong in turn; what no test notices is named."""

import pytest

from auditor.rulebook.book import Rulebook
from auditor.rulebook.mutants import mutants
from auditor.rulebook.mutation import Proof
from auditor.rulebook.selftest import nothing_recorded
from tests.rulebook.lints.broken import ENVELOPE, GOOD, SEND
from tests.rulebook.rules import send


def survivors(*changes: tuple[str, str]) -> tuple[str, ...]:
    rule, made = send(*changes)
    return Proof.of(rule, made, nothing_recorded).tried().survived


def test_of_a_good_rule_every_change_is_noticed() -> None:
    assert survivors() == ()


UNTESTED = {
    "unless body.hidden dropped": ("slot: [body.text", "unless: {body.hidden: true}\nslot: [body.text"),
    "unless body.hidden: any value taken": ("slot: [body.text", "unless: {body.hidden: 1}\nslot: [body.text"),
    "empty-when body.typing dropped": ("sees:", 'empty-when: {body.typing: "*"}\nsees:'),
    "empty-when body.typing: 2 dropped": ("sees:", "empty-when: {body.typing: [1, 2]}\nsees:"),
    "placeholder This text is sealed. dropped": ("sees:", "placeholder: This text is sealed.\nsees:"),
    "open body dropped": ("slot: [body.text", "open: {body: json}\nslot: [body.text"),
    "sees device path.#7 dropped": ("body.from}", "body.from, device: path.#7}"),
    "slot body.#3 dropped": ("body.copy]", "body.copy, body.#3]"),
}


@pytest.mark.parametrize("name", UNTESTED)
def test_what_no_test_exercises_survives(name: str) -> None:
    assert name in survivors(UNTESTED[name])


EXERCISED = {
    "unless body.hidden dropped": (
        ("slot: [body.text", 'unless: {body.hidden: "*"}\nslot: [body.text'),
        ("{on: true}", "{on: true}\n    expect: nothing\n  - name: hidden\n    out: POST api.x.org/v1/send\n"
         "    body: !json {text: boo hoo, hidden: 1}"),
    ),
    "empty-when body.typing dropped": (
        ("sees:", 'empty-when: {body.typing: "*"}\nsees:'),
        ("{on: true}", "{on: true}\n    expect: nothing\n  - name: types\n    out: POST api.x.org/v1/send\n"
         "    body: !json {typing: 1}"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", EXERCISED)
def test_one_test_more_and_the_change_is_noticed(name: str) -> None:
    assert survivors(*EXERCISED[name]) == ()


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ((), {"direction dropped", "method dropped", "host dropped", "path dropped",
              "host api.x.org loosened to api.*x.org", "path /v1/send: v1 loosened to *",
              "path /v1/send: send loosened to *", "slot body.text dropped", "slot body.copy dropped",
              "slot body.text: text loosened to *", "slot body.copy: copy loosened to *",
              "sees sender body.from dropped"}),
        ((("surface: dm", "surface: {from: body.k, is: {g: group}, else: dm}"),),
         {"surface g dropped", "surface else shifted"}),
        ((("sees:", "accept: [weak]\nsees:"),), {"accept weak dropped"}),
        ((("path: /v1/send", "path: /v1/send\n  header: {x-kind: chat}"),),
         {"header x-kind dropped", "header x-kind loosened to *"}),
        ((("method: POST", "method: [POST, PUT]"),), {"method POST dropped", "method PUT dropped"}),
    ],
)  # fmt: skip
def test_what_is_made_wrong(change: tuple[tuple[str, str], ...], names: set[str]) -> None:
    text = GOOD[SEND]
    for old, new in change:
        text = text.replace(old, new)
    weak = {
        "envelopes/weak.yaml": ENVELOPE.replace("shape:", "only-in-slot: true\nshape:").replace(
            " e,", " weak,"
        )
    }
    rule = Rulebook.of({**GOOD, **weak, SEND: text}).rules["x/send"]
    made = dict(mutants(rule))
    assert names <= set(made) if change else names == set(made)
    assert all(mutant != rule for mutant in made.values())


def test_cases_that_the_rule_itself_fails_prove_nothing() -> None:
    wide = ("host: api.x.org", 'host: ["*.*x.org", api.x.org]')
    rule, made = send(wide)
    proof = Proof.of(rule, made, nothing_recorded)
    assert proof.failures
    assert not any(case.wrong(rule, made) for case in proof.cases)
