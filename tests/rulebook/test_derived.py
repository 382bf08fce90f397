"""Tests made from tests: they hold for a good rule and find what is wrong with a bad one."""

import pytest

from auditor.rulebook.mutation import Proof
from auditor.rulebook.selftest import nothing_recorded
from tests.rulebook.rules import send


def failures(*changes: tuple[str, str]) -> list[str]:
    rule, made = send(*changes)
    return [wrong for _, wrong in Proof.of(rule, made, nothing_recorded).failures]


def names(*changes: tuple[str, str]) -> list[str]:
    rule, made = send(*changes)
    return [case.name for case in Proof.of(rule, made, nothing_recorded).cases]


def test_a_good_rule_holds() -> None:
    assert failures() == []


WHERE = ("slot: [body.text", "where: {body.kind: [1, 2]}\nslot: [body.text")
THERE = (WHERE[0], 'where: {body.kind: "*"}\n' + WHERE[0])
KIND = ("{text: ", "{kind: 1, text: ")


@pytest.mark.parametrize(
    ("changes", "made"),
    [
        ((), "the text lies open, at stranger.example"),
        ((), "the text lies open, at api.x.org.stranger.example"),
        ((), "the text lies open, at api.notx.org"),
        ((), "the text lies open, the other way"),
        ((), "the text lies open, in another protocol"),
        ((), "the text lies open, with another verb"),
        ((), "the text lies open, on /other-than-wanted/send"),
        ((), "the text lies open, on /v1/send/other-than-wanted"),
        ((), "the text lies open, the text taken out"),
        ((), "the text lies open, the text at body.copy"),
        ((), "the text lies open, the text beside body.text (text)"),
        ((), "the text lies open, body.from shown as sender"),
        ((), "the text lies open, e in the place of body.text"),
        ((WHERE, KIND), "the text lies open, body.kind another"),
        ((THERE, KIND), "the text lies open, body.kind taken out"),
        ((("host: api.x.org", "host: [api.x.org, b.x.org]"),), "the text lies open, at b.x.org"),
        ((("path: /v1/send", "path: [/v1/send, /v2/*/send]"),), "the text lies open, on /v2/some/send"),
        ((("sees:", "attachment: body.file\nsees:"),), "the text lies open, only a file at body.file"),
        (
            (("surface: dm", "surface: {from: body.k, is: {g: group}, else: dm}"),),
            "the text lies open, body.k is g",
        ),
        (
            (("path: /v1/send", "path: /v1/send\n  header: {x-kind: chat}"),
             ("POST api.x.org/v1/send\n", "POST api.x.org/v1/send\n    headers: {x-kind: chat}\n")),
            "the text lies open, without x-kind",
        ),
    ],
)  # fmt: skip
def test_what_is_made(changes: tuple[tuple[str, str], ...], made: str) -> None:
    assert made in names(*changes)
    assert failures(*changes) == []


WIDE = ("host: api.x.org", 'host: ["*.*x.org", api.x.org]')
ANYHOW = ("slot: [body.text", 'where: {body.kind: [1, "other*"]}\nslot: [body.text')
HIDES = ("slot: [body.text", "unless: {body.copy: '*'}\nslot: [body.text")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ((WIDE,), "the text lies open, at api.notx.org: expected nothing, found readable"),
        ((ANYHOW, KIND), "the text lies open, body.kind another: expected nothing, found readable"),
        (
            (HIDES,),
            "the text at body.copy: expected text meet me by the old crane, found nothing",
        ),
    ],
)
def test_a_bad_rule_is_found_out(changes: tuple[tuple[str, str], ...], said: str) -> None:
    assert any(line.endswith(said) for line in failures(*changes))


def test_no_test_is_made_twice() -> None:
    made = [name.partition(", ")[2] for name in names()]
    assert len(made) == len(set(made))


def test_a_test_that_fails_makes_no_others() -> None:
    assert names(("expect: readable", "expect: opaque"), ("expect: sealed", "expect: opaque")) == []
