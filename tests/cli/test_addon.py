"""auditor addon: one path, for mitmdump -s."""

from pathlib import Path

from click.testing import CliRunner

from auditor.cli import cli


def test_the_path_of_the_addon_is_all_that_is_printed() -> None:
    result = CliRunner().invoke(cli, ["addon"])
    assert result.exit_code == 0
    (path,) = result.stdout.splitlines()
    assert Path(path).is_file()
    assert Path(path).parent.name == "live"
