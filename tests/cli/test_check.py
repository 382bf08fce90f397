"""auditor check: rules are read strictly and do what their tests say."""

import re
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from auditor.cli import cli
from auditor.cli.check import PARTS
from auditor.notices import names
from tests.rulebook.lints.broken import GOOD, SEND

CHECKOUT = Path(__file__).parents[2]


def check(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, ["check", *map(str, arguments)], prog_name="auditor")


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """A rule set with one platform, away from any recording."""
    for name in ("platforms/slack", "envelopes"):
        shutil.copytree(CHECKOUT / "rules" / name, tmp_path / "rules" / name)
    return tmp_path / "rules"


@pytest.mark.slow
def test_our_own_rules_pass() -> None:
    """`make test` says so too, by the command itself."""
    result = check()
    assert (result.exit_code, result.stderr) == (0, "")
    assert "0 failed" in result.stdout
    assert "not at hand" not in result.stdout


@pytest.mark.parametrize(
    "name", ["platforms/irc", "platforms/irc/message-send.yaml", "envelopes/megolm.yaml"]
)
def test_a_part_of_the_rules_can_be_checked(name: str) -> None:
    result = check(CHECKOUT / "rules" / name)
    assert result.exit_code == 0
    assert " tests in " in result.stdout


def test_rules_without_their_recordings_say_so(rules: Path) -> None:
    result = check(rules)
    assert result.exit_code == 0
    assert "recordings not at hand" in result.stdout


def test_a_failing_test_is_named_by_its_place(rules: Path) -> None:
    file = rules / "platforms/slack/typing.yaml"
    text = file.read_text(encoding="utf-8")
    assert "expect: metadata" in text
    file.write_text(text.replace("expect: metadata", "expect: readable", 1), encoding="utf-8")
    line = next(n for n, row in enumerate(text.splitlines(), 1) if "- name:" in row)
    result = check(file)
    assert result.exit_code == 1
    assert f"platforms/slack/typing.yaml:{line}" in result.stdout
    assert "expected  readable" in result.stdout
    assert "1 failed" in result.stdout


BROKEN = {
    "an unknown key": ("title:", "titel:", "title"),
    "a key given twice": ("title:", "title: Again\ntitle:", "twice"),
    "a tab": ("title:", "\ttitle:", ":1:"),
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_broken_file_is_named_by_file_and_line(rules: Path, how: str) -> None:
    old, new, said = BROKEN[how]
    file = rules / "platforms/slack/typing.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    result = check(file)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith("platforms/slack/typing.yaml:")
    assert said in result.stderr
    assert "Traceback" not in result.stderr


def test_what_is_wrong_with_tests_of_other_files_is_told_where_those_are_checked(rules: Path) -> None:
    file = rules / "platforms/slack/typing.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("expect: metadata", "expect: metadatum", 1), encoding="utf-8")
    other = check(rules / "platforms/slack/platform.yaml", "--only", "lints")
    assert (other.exit_code, other.output) == (0, "")
    assert "metadatum" in check(rules, "--only", "lints").output
    file.write_text(text.replace("title:", "titel:", 1), encoding="utf-8")
    assert "titel" in check(rules / "platforms/slack/platform.yaml", "--only", "lints").output


def test_all_faults_are_told_at_once(rules: Path) -> None:
    for name in ("typing", "message-send"):
        file = rules / f"platforms/slack/{name}.yaml"
        file.write_text(file.read_text(encoding="utf-8") + "\nfrob: 1\n", encoding="utf-8")
    lines = check(rules).stderr.splitlines()
    named = [line.partition(":")[0] for line in lines if line.startswith("platforms/")]
    assert named == [
        "platforms/slack/message-send.yaml",
        "platforms/slack/typing.yaml",
    ]


@pytest.mark.parametrize("content", [b"\xff\xfe", b""])
def test_a_file_that_is_no_rule_is_refused(rules: Path, content: bytes) -> None:
    (rules / "platforms/slack/other.yaml").write_bytes(content)
    result = check(rules)
    assert result.exit_code == 2
    assert "platforms/slack/other.yaml" in result.stderr
    assert "Traceback" not in result.output


def test_a_folder_that_is_no_rule_set_is_one_line(tmp_path: Path) -> None:
    result = check(tmp_path)
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1


def broken(rules: Path) -> Path:
    file = rules / "platforms/slack/typing.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(
        text.replace("method:", "  method:").replace("title: ", "title: An encrypted "), encoding="utf-8"
    )
    return file


def test_a_lint_points_at_the_line_and_says_what_to_do(rules: Path) -> None:
    result = check(broken(rules), "--only", "lints")
    assert result.exit_code == 1
    assert "platforms/slack/typing.yaml:2:8: error R406: a rule never says" in result.stdout
    assert "\n        2 | title: An encrypted " in result.stdout
    assert "\n          |        ^\n" in result.stdout
    assert " tests in " not in result.stdout


def test_only_what_is_asked_for_is_done(rules: Path) -> None:
    result = check(broken(rules), "--only", "tests")
    assert result.exit_code == 0
    assert "R406" not in result.stdout


@pytest.mark.parametrize("form", ["json", "junit", "sarif", "github", "terminal"])
def test_every_format_tells_of_a_lint_and_of_a_file_that_cannot_be_read(rules: Path, form: str) -> None:
    file = broken(rules)
    result = check(file, "--only", "lints", "--format", form)
    assert (result.exit_code, "R406" in result.stdout) == (1, True)
    file.write_text("titel: T\n", encoding="utf-8")
    result = check(file, "--format", form)
    assert result.exit_code == 2
    assert "unknown key" in result.output
    assert "did you mean" in result.output


def test_files_are_laid_out_and_keep_their_comments(rules: Path) -> None:
    file = rules / "platforms/slack/typing.yaml"
    good = file.read_text(encoding="utf-8")
    first, _, rest = good.partition("\n")
    file.write_text(f"{rest}\n\n# the end", encoding="utf-8")
    assert check(file, "--only", "lints").exit_code == 1
    result = check(file, "--only", "lints", "--fix")
    assert (result.exit_code, result.stderr) == (0, "1 file laid out\n")
    assert file.read_text(encoding="utf-8") == f"{first}\n{rest}\n# the end\n"


def test_a_file_that_cannot_be_read_is_not_laid_out(rules: Path) -> None:
    file = rules / "platforms/slack/typing.yaml"
    file.write_text("a: [  \n", encoding="utf-8")
    assert check(file, "--fix").exit_code == 2
    assert file.read_text(encoding="utf-8") == "a: [  \n"


def small(tmp_path: Path, *changes: tuple[str, str], **beside: str) -> Path:
    """The smallest rule set there is, with changes to its one rule."""
    for name, content in {**GOOD, **{f"platforms/x/{n}.yaml": c for n, c in beside.items()}}.items():
        text = content
        for old, new in changes if name == SEND else ():
            assert old in text
            text = text.replace(old, new)
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_a_good_rule_set_has_nothing_to_say(tmp_path: Path) -> None:
    result = check(small(tmp_path))
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0].startswith("7 tests in 2 files, ")
    assert lines[0].endswith(" made from them, 0 failed")
    assert lines[-1] == "12 of 12 changes to rules were noticed by a test (100.0 %), 0 are explained"


UNLESS = ("slot: [body.text", "unless: {body.hidden: true}\nslot: [body.text")


WIDE = ("host: api.x.org", 'host: ["*.*x.org", api.x.org]')
EIGHT = ("meet at seven, from", "meet at eight, from")
FOUND = {
    "mutation": (UNLESS, "send.yaml:10:10: warning R807: no test notices: unless body.hidden dropped"),
    "coverage": (UNLESS, "send.yaml:10:10: note R806: no test exercises unless body.hidden: true"),
    "tests": (WIDE, "error R802: the text lies open, at api.notx.org"),
}


@pytest.mark.parametrize("part", FOUND)
def test_each_part_of_a_check_finds_its_own(tmp_path: Path, part: str) -> None:
    change, said = FOUND[part]
    result = check(small(tmp_path, change) / "platforms", "--only", part)
    assert said in result.stdout
    assert result.exit_code == (1 if part == "tests" else 0)


def test_what_a_test_found_instead_is_shown(tmp_path: Path) -> None:
    result = check(small(tmp_path, EIGHT), "--only", "tests")
    assert "    expected  readable, text 'meet at seven'\n" in result.stdout
    assert "    found     readable, text 'meet at eight'\n" in result.stdout


def test_two_rules_that_claim_one_message_are_told(tmp_path: Path) -> None:
    result = check(small(tmp_path, other=GOOD[SEND]), "--only", "collisions")
    assert result.exit_code == 1
    assert "error R804: x/other finds a message in every example of x/send" in result.stdout


def test_what_survives_can_be_explained_but_not_too_often(tmp_path: Path) -> None:
    allow = 'allow: {"R807 unless body.hidden dropped": "nobody hides anything"}\n'
    values = 'allow: {"R807 unless body.hidden": "nobody hides anything"}\n'
    rules = small(tmp_path, ("slot: [body.text", f"unless: {{body.hidden: true}}\n{allow}slot: [body.text"))
    result = check(rules, "--only", "mutation")
    assert "unless body.hidden: any value taken" in result.stdout
    assert "1 are explained" in result.stdout
    rules = small(tmp_path, ("slot: [body.text", f"unless: {{body.hidden: true}}\n{values}slot: [body.text"))
    result = check(rules, "--only", "mutation")
    assert "R807" not in result.stdout
    assert "error R809: 2 of 14 changes are explained away" in result.stdout
    assert result.exit_code == 1


def test_too_many_survivors_are_an_error(tmp_path: Path) -> None:
    many = "unless: {" + ", ".join(f"body.h{n}: 1" for n in range(5)) + "}\nslot: [body.text"
    result = check(small(tmp_path, ("slot: [body.text", many)), "--only", "mutation")
    assert "error R808: only " in result.stdout
    assert result.exit_code == 1


LOUD = """{"parcels": 1}
{"outgoing": true, "host": "api.x.org", "method": "POST", "path": "/v1/send", "body": "text=hi+you"}
"""


@pytest.mark.parametrize("given", [True, False])
def test_a_rule_must_be_silent_on_unrelated_traffic(tmp_path: Path, given: bool) -> None:
    rules = small(tmp_path)
    folder = tmp_path / ("elsewhere" if given else "benign")
    folder.mkdir()
    (folder / "some.parcels.jsonl").write_text(LOUD, encoding="utf-8")
    more: list[str | Path] = ["--benign", folder] if given else []
    result = check(rules, "--only", "benign", *more)
    assert result.exit_code == 1
    assert "R805: missing in unrelated traffic: " in result.stdout
    assert "1 parcel of unrelated traffic looked at" in result.stdout


def test_our_own_rules_are_silent_on_ordinary_traffic() -> None:
    result = check("--only", "benign")
    assert result.exit_code == 0
    assert result.stdout == "70 parcels of unrelated traffic looked at\n"


def test_something_that_is_allowed_in_vain_is_told(tmp_path: Path) -> None:
    rules = small(tmp_path, ("sees:", "allow: {R305: a reason}\nsees:"))
    result = check(rules)
    assert result.exit_code == 1
    assert "R706: R305 is allowed, but nothing is wrong here" in result.stdout


HOOKS = (CHECKOUT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize("entry", re.findall(r"(?m)^  entry: auditor (.*)$", HOOKS))
def test_every_hook_is_a_command_that_there_is(tmp_path: Path, entry: str) -> None:
    result = CliRunner().invoke(cli, [*entry.split(), str(small(tmp_path))], prog_name="auditor")
    assert result.exit_code == 0, result.output


def test_the_readme_of_the_rules_names_every_part_and_format() -> None:
    readme = (CHECKOUT / "rules" / "README.md").read_text(encoding="utf-8")
    assert [part for part in (*PARTS, *names()) if f"`{part}`" not in readme] == []


def test_a_file_that_cannot_be_read_is_shown_with_a_caret(rules: Path) -> None:
    file = rules / "platforms/slack/typing.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("surface:", "surfase:", 1), encoding="utf-8")
    lines = check(rules).stderr.splitlines()
    at = next(n for n, line in enumerate(lines) if "error R005: unknown key 'surfase'" in line)
    assert lines[at].endswith("did you mean 'surface'?")
    assert "| surfase: " in lines[at + 1]
    assert lines[at + 2].endswith("| ^")
