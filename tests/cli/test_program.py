"""The program as a person meets it: help, mistakes, pipes."""

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from auditor import __version__
from auditor.cli import cli

CHECKOUT = Path(__file__).parents[2]
COMMANDS = cli.list_commands(click.Context(cli))


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments, prog_name="auditor")


def program(*arguments: str, **settings: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "auditor", *arguments]
    return subprocess.run(
        command, cwd=CHECKOUT, capture_output=True, timeout=300, check=False, env={**os.environ, **settings}
    )


@pytest.mark.parametrize(
    "command", [(), *((name,) for name in COMMANDS)], ids=lambda c: c[0] if c else "auditor"
)
@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help_explains_and_gives_an_example(command: tuple[str, ...], flag: str) -> None:
    result = invoke(*command, flag)
    assert result.exit_code == 0
    assert f"Example:  {'auditor' if command != ('addon',) else 'mitmdump'}" in result.output
    assert all(len(line) <= 100 for line in result.output.splitlines())


def test_help_lists_every_command_with_its_purpose() -> None:
    lines = [
        line.split(maxsplit=1) for line in invoke("--help").output.partition("Commands:")[2].splitlines()
    ]
    listed = {line[0]: line[1] for line in lines if len(line) == 2}
    assert set(COMMANDS) <= set(listed)
    assert {"analyze", "check", "explain", "platforms"} <= set(COMMANDS)


def test_the_version_is_the_packages() -> None:
    assert invoke("--version").output.strip() == f"auditor, version {__version__}"


MISTAKES: list[tuple[str, ...]] = [
    ("frobnicate",),
    ("analyze",),
    ("analyze", "--frobnicate"),
    ("analyze", "captures/irc-clear", "--format", "pdf"),
    ("analyze", "captures/irc-clear", "--as", "nothing"),
    ("analyze", "captures/irc-clear", "--as", "=name"),
    ("analyze", "captures/irc-clear", "--as", "host="),
    ("analyze", "no-such-file.mitm"),
    ("analyze", "captures/irc-clear", "--rules", "no-such-folder"),
    ("analyze", "captures/irc-clear", "--canaries", "no-such-file"),
    ("analyze", "captures/irc-clear", "--evidence", "no-such-folder/findings"),
    ("check", "no-such-folder"),
    ("explain",),
    ("explain", "megolmm"),
    ("platforms", "show"),
    ("platforms", "show", "tiktokk"),
    ("platforms", "draw", "tiktok"),
]


@pytest.mark.parametrize("arguments", MISTAKES, ids=" ".join)
def test_a_mistake_is_one_line_and_exit_code_2(
    arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(CHECKOUT)
    result = invoke(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    said = [line for line in result.stderr.splitlines() if line and not line.startswith(("Usage:", "Try '"))]
    assert len(said) == 1
    assert said[0].startswith(("auditor: ", "Error: "))
    assert "Traceback" not in result.output
    assert said[0].isprintable()


def test_the_program_ends_with_the_code_it_says() -> None:
    for arguments, code in ((("--help",), 0), (("analyze", "no-such-file"), 2), (("frobnicate",), 2)):
        done = program(*arguments)
        assert done.returncode == code
        assert b"Traceback" not in done.stderr


def test_a_misspelt_command_is_answered_with_the_nearest() -> None:
    assert "No such command 'analize'. Did you mean 'analyze'?" in invoke("analize", "x.mitm").stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no disk that is always full")
@pytest.mark.parametrize("asked", ["analyze captures/irc-clear", "explain opaque", "--help", "check --help"])
def test_a_full_disk_is_one_line_and_exit_code_2(asked: str) -> None:
    command = [sys.executable, "-m", "auditor", *asked.split()]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            command, cwd=CHECKOUT, stdout=full, stderr=subprocess.PIPE, timeout=300, check=False
        )
    assert (done.returncode, done.stderr) == (2, b"auditor: the output: No space left on device\n")


@pytest.mark.parametrize("asked", ["analyze captures/irc-clear", "explain opaque", "--help"])
def test_who_has_read_enough_ends_it_without_a_word(asked: str) -> None:
    reads, writes = os.pipe()
    os.close(reads)
    command = [sys.executable, "-m", "auditor", *asked.split()]
    done = subprocess.run(
        command, cwd=CHECKOUT, stdout=writes, stderr=subprocess.PIPE, timeout=300, check=False
    )
    os.close(writes)
    assert done.stderr == b""


def test_piped_output_has_no_escape_codes() -> None:
    for arguments in (
        ("analyze", "captures/irc-clear"),
        ("platforms",),
        ("explain", "megolm"),
        ("check", "rules/platforms/irc"),
    ):
        done = program(*arguments)
        assert b"\x1b" not in done.stdout + done.stderr
        assert done.stdout


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_any_terminal_can_show_the_report(encoding: str) -> None:
    text = "Ferry-5520 čekej u mola ⚓🌊 שלום לכולם, привет"
    done = program("analyze", "captures/irc-clear", "--canary", text, PYTHONIOENCODING=encoding)
    assert (done.returncode, b"Traceback" in done.stderr) == (0, False)
    assert b"cleartext" in done.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("analyze", "captures/irc-clear"),
        ("analyze", "captures/irc-clear", "--format", "json"),
        ("explain", "tiktok/dm-send"),
        ("check", "rules/platforms/irc"),
    ],
)
def test_a_reader_that_goes_away_ends_it_as_it_ends_other_programs(arguments: tuple[str, ...]) -> None:
    reads, writes = os.pipe()
    os.close(reads)
    done = subprocess.run(
        [sys.executable, "-m", "auditor", *arguments], cwd=CHECKOUT, stdout=writes,
        stderr=subprocess.PIPE, timeout=300, check=False,
    )  # fmt: skip
    os.close(writes)
    said = [row for row in done.stderr.decode().splitlines() if "error" in row or "auditor:" in row]
    assert (done.returncode, said, b"Traceback" in done.stderr) == (141, [], False)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("atexit.register(lambda: print(gc.get_freeze_count() > 0)); import auditor.__main__", "True"),
        ("import auditor.cli.check; print('auditor.sources.mitm' in sys.modules)", "False"),
    ],
    ids=["nothing is tidied at the end", "no dump is needed to check a rule"],
)
def test_no_time_is_spent_on_what_nobody_needs(code: str, said: str) -> None:
    start = "import atexit, gc, sys; sys.argv[1:] = ['explain', 'R101']; "
    done = subprocess.run(
        [sys.executable, "-c", start + code], cwd=CHECKOUT, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == said


def test_an_output_that_was_closed_before_is_nobodys_mistake() -> None:
    command = ["sh", "-c", 'exec "$0" -m auditor analyze captures/irc-clear/alice.mitm >&-', sys.executable]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
