"""auditor analyze: captures in, a report out, whatever the captures are."""

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from auditor.cli import cli

CAPTURES = Path(__file__).parents[2] / "captures"
TEXT = "Harbor-4471 meet me by the old crane"
PRIVATE = "bring two ropes"


def analyze(*arguments: str | Path, data: bytes | None = None) -> Result:
    return CliRunner().invoke(cli, ["analyze", *map(str, arguments)], input=data, prog_name="auditor")


def verdicts(result: Result) -> dict[tuple[str, str, str], str]:
    document = json.loads(result.stdout)
    return {(v["platform"], v["surface"], v["direction"]): v["verdict"] for v in document["verdicts"]}


def problems(result: Result) -> list[str]:
    return [f"{p['kind']}: {p['message']}" for p in json.loads(result.stdout)["problems"]]


WANTED: list[tuple[str, tuple[str, ...], tuple[str, str, str], str]] = [
    ("irc-clear/alice.mitm", (), ("irc", "channel", "out"), "cleartext"),
    ("irc-tls/bob.mitm", (), ("irc", "dm", "in"), "transport-only"),
    ("matrix-e2ee/alice.har", (), ("matrix", "room", "out"), "end-to-end"),
    ("signal-e2ee/alice.mitm", ("--as", "localhost=chat.signal.org"), ("signal", "dm", "out"), "end-to-end"),
    ("discord-client", (), ("discord", "channel", "out"), "transport-only"),
]


@pytest.mark.parametrize(("capture", "options", "key", "verdict"), WANTED, ids=[w[0] for w in WANTED])
def test_a_capture_has_its_verdict(
    capture: str, options: tuple[str, ...], key: tuple[str, str, str], verdict: str
) -> None:
    result = analyze(CAPTURES / capture, *options, "--format", "json")
    assert result.exit_code == 0
    assert result.stderr == ""
    assert verdicts(result)[key] == verdict
    page = analyze(CAPTURES / capture, *options)
    assert page.exit_code == 0
    assert verdict in page.stdout


def test_json_is_all_that_json_prints() -> None:
    result = analyze(CAPTURES / "irc-clear", "--format", "json", "--canary", TEXT)
    assert result.stdout.startswith("{")
    assert result.stdout.endswith("}\n")
    assert json.loads(result.stdout)["schema"] == 1


def test_captures_together_are_one_report_and_each_is_several() -> None:
    files = sorted((CAPTURES / "irc-clear").glob("*.mitm"))
    assert set(verdicts(analyze(*files, "--format", "json"))) == {
        ("irc", surface, way) for surface in ("channel", "dm") for way in ("in", "out")
    } & set(verdicts(analyze(CAPTURES / "irc-clear", "--format", "json")))
    page = analyze(*files, "--each").stdout
    assert all(file.name in page for file in files)


def test_the_same_file_twice_counts_once() -> None:
    file = CAPTURES / "irc-clear/alice.mitm"
    assert analyze(file, file, "--format", "json").stdout == analyze(file, "--format", "json").stdout


def test_standard_input_is_a_capture() -> None:
    data = (CAPTURES / "irc-clear/alice.mitm").read_bytes()
    result = analyze("-", "--format", "json", data=data)
    assert result.exit_code == 0
    assert verdicts(result)["irc", "channel", "out"] == "cleartext"


def test_files_of_one_name_are_told_apart() -> None:
    result = analyze(CAPTURES / "irc-clear/alice.mitm", CAPTURES / "irc-tls/alice.mitm", "--format", "json")
    names = [capture["name"] for capture in json.loads(result.stdout)["captures"]]
    assert names == ["irc-clear/alice.mitm", "irc-tls/alice.mitm"]


def test_a_journal_of_another_session_is_not_read_in_silence(tmp_path: Path) -> None:
    dump = tmp_path / "alice.mitm"
    dump.write_bytes((CAPTURES / "irc-clear/alice.mitm").read_bytes())
    (tmp_path / "alice.mitm.journal").write_bytes(b'{"journal":1}\n')
    result = analyze(dump, "--format", "json")
    assert problems(result) == ["not read: the journal beside it: not all of the dump is in it"]
    assert json.loads(result.stdout)["captures"][0]["kind"] == "mitmproxy dump"


# Texts


def test_planted_texts_are_shown_and_others_are_not(tmp_path: Path) -> None:
    texts = tmp_path / "texts.txt"
    texts.write_bytes(b"\xef\xbb\xbf\n" + TEXT.encode() + b"\r\n\n")
    for options in (("--canary", TEXT), ("--canaries", texts)):
        for style in ("terminal", "json"):
            page = analyze(CAPTURES / "irc-clear", *options, "--format", style).stdout
            assert "Harbor-4471" in page
            assert PRIVATE not in page


def test_without_planted_texts_nothing_private_is_shown_unless_asked() -> None:
    for style in ("terminal", "json"):
        page = analyze(CAPTURES / "irc-clear", "--format", style).stdout
        assert "Harbor-4471" not in page
        assert PRIVATE not in page
    assert "Harbor-4471" in analyze(CAPTURES / "irc-clear", "--reveal", "--format", "json").stdout


@pytest.mark.parametrize("content", [b"\xff\xfe\x00text", b"\x80"])
def test_texts_that_are_not_text_are_refused(tmp_path: Path, content: bytes) -> None:
    texts = tmp_path / "texts.txt"
    texts.write_bytes(content)
    result = analyze(CAPTURES / "irc-clear", "--canaries", texts)
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1


def test_half_a_character_on_the_command_line_breaks_nothing() -> None:
    result = analyze(CAPTURES / "irc-clear", "--canary", "broken \udcff text here")
    assert result.exit_code == 0


# Evidence


@pytest.mark.parametrize("before", [None, 0o644])
def test_findings_are_written_for_the_owners_eyes_only(tmp_path: Path, before: int | None) -> None:
    file = tmp_path / "findings.jsonl"
    if before is not None:
        file.write_text("old\n")
        file.chmod(before)
    result = analyze(CAPTURES / "irc-clear", "--evidence", file, "--canary", TEXT)
    assert result.exit_code == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    findings: list[dict[str, Any]] = [
        json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()
    ]
    assert any(finding["texts"] == [TEXT] for finding in findings)
    assert all(finding["ref"].partition("#")[0] in ("alice.mitm", "bob.mitm") for finding in findings)
    assert PRIVATE not in file.read_text(encoding="utf-8")


# What is not a capture

PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)
WRONG: dict[str, tuple[bytes, str]] = {
    "a picture": (PNG, "unknown kind"),
    "a text": (b"dear diary, nothing happened\n", "text file"),
    "nothing": (b"", "empty file"),
    "JSON": (b'{"results": []}', "JSON"),
    "keys alone": (b"CLIENT_RANDOM " + b"ab" * 32 + b" " + b"cd" * 48 + b"\n", "key log"),
    "something compressed": (b"\x1f\x8b\x08" + bytes(20), "a gzip file"),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_file_that_is_no_capture_is_one_line(tmp_path: Path, what: str) -> None:
    file = tmp_path / "wrong.mitm"
    file.write_bytes(WRONG[what][0])
    result = analyze(file)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert WRONG[what][1] in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_folder_without_captures_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("none")
    result = analyze(tmp_path)
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1
    assert "no captures" in result.stderr


def test_one_good_capture_among_bad_ones_is_enough(tmp_path: Path) -> None:
    file = tmp_path / "wrong.mitm"
    file.write_bytes(PNG)
    result = analyze(file, "no-such-file", CAPTURES / "irc-clear/alice.mitm", "--format", "json")
    assert result.exit_code == 0
    assert len(problems(result)) == 2
    assert verdicts(result)["irc", "channel", "out"] == "cleartext"


@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
@pytest.mark.parametrize(
    "name", ["matrix-e2ee/alice.mitm", "matrix-plain/alice.mitm", "matrix-plain/alice.har"]
)
def test_a_file_cut_short_is_a_problem_in_the_report(tmp_path: Path, name: str, share: float) -> None:
    data = (CAPTURES / name).read_bytes()
    file = tmp_path / Path(name).name
    file.write_bytes(data[: int(len(data) * share)])
    result = analyze(file, "--format", "json")
    assert result.exit_code == 0
    assert problems(result)
    assert "Traceback" not in result.output


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_nobody_may_read_is_one_line(tmp_path: Path) -> None:
    file = tmp_path / "secret.mitm"
    file.touch(mode=0)
    assert analyze(file).exit_code == 2
    tmp_path.chmod(0)
    try:
        assert "Permission denied" in analyze(tmp_path).stderr
    finally:
        tmp_path.chmod(0o700)


# Rules


def test_broken_rules_are_named_by_file_and_line(tmp_path: Path) -> None:
    folder = tmp_path / "platforms" / "app"
    folder.mkdir(parents=True)
    (folder / "platform.yaml").write_text("title: App\nhosts: [app.example]\nhots: [x]\n")
    result = analyze(CAPTURES / "irc-clear", "--rules", tmp_path)
    assert result.exit_code == 2
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    assert any(line.startswith("platforms/app/platform.yaml:3:") and "hosts" in line for line in lines)
    assert lines[-1].startswith("auditor: ")


def test_what_is_held_back_to_the_end_is_in_the_evidence_too(tmp_path: Path) -> None:
    """A message in pieces whose last piece never came."""
    piece = {"target": "bob", "text": "?OTR,1,2,?OTR:AAMDJ+MVmSfjFZcAAAAAAQAAAAIAAADA1g5I,"}
    line = {
        "outgoing": True,
        "protocol": "irc",
        "host": "irc.example.org",
        "method": "PRIVMSG",
        "path": "bob",
    }
    capture, evidence = tmp_path / "irc.jsonl", tmp_path / "evidence.jsonl"
    lines = ({"parcels": 1}, {**line, "body": json.dumps(piece)})
    capture.write_text("\n".join(map(json.dumps, lines)))
    result = analyze(capture, "--evidence", evidence, "--format", "json")
    assert verdicts(result) == {("irc", "dm", "out"): "opaque"}
    (found,) = map(json.loads, evidence.read_text().splitlines())
    assert (found["content"], found["note"].partition(" of what")[0]) == ("opaque", "only piece 1 of 2")
