"""What no written test exercises is named."""

import pytest

from auditor.rulebook.coverage import uncovered
from auditor.rulebook.mutation import Proof
from auditor.rulebook.selftest import nothing_recorded
from tests.rulebook.rules import send


def left(*changes: tuple[str, str]) -> list[str]:
    rule, made = send(*changes)
    looked = [one for _, one in Proof.of(rule, made, nothing_recorded).written]
    return [fault.message.removeprefix("no test exercises ") for fault in uncovered(rule, looked)[1]]


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (("sees:", "sees:"), "slot body.copy"),
        (("host: api.x.org", "host: [api.x.org, b.x.org]"), "host b.x.org"),
        (("method: POST", "method: [POST, PUT]"), "method PUT"),
        (("path: /v1/send", "path: [/v1/send, /v2/send]"), "path /v2/send"),
        (("slot: [", "unless: {body.kind: [1, 2]}\nslot: ["), "unless body.kind: 2"),
        (("sees:", 'empty-when: {body.typing: "*"}\nsees:'), "empty-when body.typing: *"),
        (("sees:", "attachment: body.file\nsees:"), "attachment body.file"),
        (("body.from}", "body.from, device: body.device}"), "sees device body.device"),
        (("surface: dm", "surface: {from: body.k, is: {g: group}, else: dm}"), "surface g"),
    ],
)
def test_what_stands_in_no_test_is_named(change: tuple[str, str], what: str) -> None:
    assert what in left(change)
    assert len(left(change)) <= 3


def test_it_is_a_note_and_no_error() -> None:
    rule, made = send()
    looked = [one for _, one in Proof.of(rule, made, nothing_recorded).written]
    wanted, faults = uncovered(rule, looked)
    assert (wanted, [f.severity for f in faults]) == (6, ["note"])
