"""auditor live, before anything runs; sessions are in tests/live/test_session.py."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from auditor.cli import cli


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--listen", "203.0.113.9"), "203.0.113.9: not an address of this machine; there are "),
        (("--listen", "nowhere.invalid"), "not an address of this machine"),
        (("--listen", "127.0.0.1", "--mode", "sideways"), "there are regular, wireguard, socks5"),
        (("--listen", "127.0.0.1", "--mode", "reverse:"), "as in reverse:https://example.org"),
        (("--listen", "127.0.0.1", "--mode", "socks5@70000"), "invalid port: 70000"),
        (("--listen", "127.0.0.1", "--set", "no_such_option=1"), "no_such_option"),
        (("--listen", "127.0.0.1", "--as", "localhost"), "is not HOST=NAME"),
        (("--listen", "127.0.0.1", "--after", "0"), "0 is not in the range"),
        (("--listen", "127.0.0.1", "--rules", "nowhere"), "no such folder of rules"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    result = CliRunner().invoke(cli, ["live", "--session", str(tmp_path / "s"), *arguments])
    assert result.exit_code == 2
    assert said in result.output
    assert "Traceback" not in result.output
    assert not (tmp_path / "s").exists()


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letter").write_text("dear all")
    result = CliRunner().invoke(cli, ["live", "--session", str(tmp_path), "--listen", "127.0.0.1"])
    assert (result.exit_code, [path.name for path in tmp_path.iterdir()]) == (2, ["letter"])
    assert "never written over" in result.output
