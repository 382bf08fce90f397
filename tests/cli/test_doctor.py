"""auditor doctor, of a folder, a journal and a dump."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from auditor.cli import cli
from auditor.sources.records import First, Opened, Passed, Record, Refused, line

RECORDS: tuple[First | Record, ...] = (
    First(1, "test"),
    Opened("c", "client", address="10.0.0.7"),
    Refused("client", "pinned.example", 443, "", "ssl/tls alert unknown ca"),
    Passed("the app refused the proxy's certificate 3 times", "pinned.example", 443),
)


@pytest.mark.parametrize("asked", ["", "session.mitm", "session.mitm.journal"])
def test_it_says_who_refused_and_what_to_do(tmp_path: Path, asked: str) -> None:
    journal = tmp_path / "session.mitm.journal"
    journal.write_bytes(b"".join(line(one) for one in RECORDS) + b'{"what": "torn')
    (tmp_path / "session.mitm").write_bytes(b"")
    result = CliRunner().invoke(cli, ["doctor", str(tmp_path / asked)])
    assert result.exit_code == 0
    assert "+ reach: the proxy was reached by 10.0.0.7" in result.output
    assert "! pinned.example: refused the proxy 1 time: unknown CA" in result.output
    assert "! pinned.example: 1 connection passed through unopened" in result.output


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "no session: there is no journal in it; give the folder that `auditor live` names"),
        ("gone", "no such file or folder"),
        ("a.har", "not a session journal, and none beside it; `auditor live` and the addon write them"),
    ],
)
def test_what_is_no_session_is_one_line(tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / "a.har").write_text("{}")
    result = CliRunner().invoke(cli, ["doctor", str(tmp_path / name)])
    assert (result.exit_code, said in result.output, result.output.count("\n")) == (2, True, 1)
