"""auditor explain: a rule, an envelope, a transport or a platform in plain words."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from auditor.cli import cli
from auditor.rulebook.lints import LINTS
from auditor.rulebook.lints.reading import READ
from auditor.shelf import load_rules


def explain(name: str) -> Result:
    return CliRunner().invoke(cli, ["explain", name], prog_name="auditor")


WORDS: dict[str, tuple[str, ...]] = {
    "tiktok/dm-send": (
        "looks at: http, sent, POST",
        "/v1/message/send",
        "the message lies at:",
        "status:",
        "because:",
    ),
    "line/bot-webhook": ("only with the header x-line-signature: *",),
    "matrix/room-send": ("any host", "the far end also sees:"),
    "discord/typing": ("it is not a message but: typing",),
    "megolm": ("only the recipient can open it: a seal", "a tree of:"),
    "megolm-message": ("proves nothing by itself",),
    "nip44": ("it counts only in slots of rules that accept it",),
    "threema-csp": ("whose: threema", "the client says ??*48 end", "ports 5222, 443", "consistent"),
    "kakaotalk-loco": ("the stream loco", "recognised"),
    "telegram-address": ("addresses in 149.154.160.0/20",),
    "apns": ("nobody is named", "offers is *apns-security-v?*"),
    "irc": ("hosts ", "(irc/message-send: recorded tests"),
}


@pytest.mark.parametrize("name", WORDS)
def test_a_name_is_explained(name: str) -> None:
    result = explain(name)
    assert result.exit_code == 0
    assert [words for words in WORDS[name] if words not in result.stdout] == []


BOOK = load_rules(None)


def test_no_two_things_have_one_name() -> None:
    kinds = (BOOK.envelopes, BOOK.transports, BOOK.platforms)
    assert len({name for kind in kinds for name in kind}) == sum(len(kind) for kind in kinds)


@pytest.mark.parametrize("kind", ["rules", "envelopes", "transports", "platforms"])
def test_everything_can_be_explained(kind: str) -> None:
    for name in getattr(BOOK, kind):
        result = explain(name)
        assert (result.exit_code, result.stderr) == (0, ""), name
        assert name in result.stdout.splitlines()[0]
        assert "\x1b" not in result.stdout, name


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("megolmm", "megolm"),
        ("tiktok/dm-sent", "tiktok/dm-send"),
        ("matirx", "matrix"),
        ("opaqe", "opaque"),
        ("consistant", "consistent"),
    ],
)
def test_a_wrong_name_is_answered_with_the_nearest(name: str, meant: str) -> None:
    result = explain(name)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert f"did you mean {meant!r}" in result.stderr


def test_a_name_like_nothing_is_answered_as_well() -> None:
    result = explain("qqqqqqqqqqqq")
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("R101", "Name the provider's own domain"),
        ("r305", "Any number of steps to a common name."),
        ("R005", "A key that rules do not have."),
        ("R807", "A change to the rule that no test notices."),
    ],
)
def test_a_finding_is_explained(name: str, said: str) -> None:
    result = explain(name)
    assert result.exit_code == 0
    assert said in result.stdout


def test_every_finding_is_explained() -> None:
    for code in (*LINTS, *READ):
        result = explain(code)
        assert result.exit_code == 0, code
        assert result.stdout.startswith(code)
        assert len(result.stdout.splitlines()) >= 2, code


def test_a_word_of_a_report_is_explained() -> None:
    shown = explain("transport-only").stdout
    assert shown.startswith("transport-only, a verdict: The service can read these messages")


def test_a_finding_that_is_none_is_one_line() -> None:
    shown = explain("R999")
    assert (shown.exit_code, len(shown.output) < 80) == (2, True)


CAPTURE = Path(__file__).parents[2] / "captures" / "tiktok-moved"


def explain_in(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["explain", *arguments], prog_name="auditor")


def test_a_rule_is_explained_in_a_capture_clause_by_clause() -> None:
    result = explain_in("tiktok/dm-send", "--in", str(CAPTURE))
    assert result.exit_code == 0
    assert "yes path /v1/message/send" in result.stdout
    assert "NO  slot body.8.100.4.text or body.8.*.4: missing" in result.stdout
    near = explain_in("tiktok/typing", "--in", str(CAPTURE))
    assert "NO  path /v1/client/input_status: /v1/message/send" in near.stdout


def test_only_a_rule_can_be_explained_in_a_capture() -> None:
    result = explain_in("tiktok", "--in", str(CAPTURE))
    assert (result.exit_code, "did you mean" in result.stderr) == (2, True)
