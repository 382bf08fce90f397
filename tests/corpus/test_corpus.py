"""Public captures that this project did not make: every HAR and flow file is read, and none has a message.

Proxies, trackers and web pages that mention messengers are in them; no messaging app is. `pytest -s`
prints a table.
"""

import pytest
from click.testing import CliRunner

from auditor.cli import cli
from auditor.doubts import settled
from auditor.errors import CaptureError
from auditor.model import MESSAGES, Answer
from auditor.sources import read
from tests.corpus.audits import CATALOGUE, CORPUS, audited

FILES = sorted(path for path, one in CATALOGUE.items() if one["kind"] in ("har", "mitmproxy-flow"))
pytestmark = [pytest.mark.corpus, pytest.mark.skipif(not FILES, reason=f"no shared corpus at {CORPUS}")]


def test_the_catalogue_names_every_file_that_is_here() -> None:
    here = {f.relative_to(CORPUS).as_posix() for kind in ("har", "mitm") for f in CORPUS.rglob(f"*.{kind}")}
    assert here <= set(FILES)
    assert [file for file in FILES if not (CORPUS / file).is_file()] == []


def test_every_other_file_that_is_here_is_refused_in_one_line() -> None:
    here = sorted(f.relative_to(CORPUS).as_posix() for f in CORPUS.rglob("*") if f.is_file())
    for file in here:
        if CATALOGUE.get(file, {"kind": "aux"})["kind"] == "aux":
            with pytest.raises(CaptureError) as refused:
                list(read(CORPUS / file))
            assert "\n" not in str(refused.value)


@pytest.mark.parametrize("file", FILES)
def test_a_file_is_read_whole_and_a_malformed_one_says_so(file: str) -> None:
    whole = audited(file).whole
    assert whole.ledger or whole.contacts or whole.troubles
    damaged = whole.capture.unread or any("damaged" in trouble.kind for trouble, _ in whole.troubles)
    assert bool(damaged) == ("malformed" in CATALOGUE[file]["what_it_exercises"])


@pytest.mark.parametrize("file", FILES)
def test_no_message_is_seen_where_none_is(file: str) -> None:
    result = audited(file)
    assert [str(one.ref) for _, tally in settled(result.whole.tally) for one in tally.findings] == []
    for verdict in result.verdicts:
        assert verdict.verdict is Answer.INCONCLUSIVE
        assert verdict.surface not in MESSAGES


@pytest.mark.parametrize("file", FILES)
def test_every_entry_that_the_catalogue_counts_is_accounted_for(file: str) -> None:
    if counted := CATALOGUE[file].get("entries"):
        assert audited(file).entries == counted


@pytest.mark.parametrize("style", ["terminal", "json"])
def test_all_of_them_are_read_from_the_command_line(style: str) -> None:
    found = CliRunner().invoke(cli, ["analyze", *(str(CORPUS / file) for file in FILES), "--format", style])
    assert found.exception is None or isinstance(found.exception, SystemExit), found.exception
    assert "Traceback" not in found.output


def row(file: str) -> str:
    whole = audited(file).whole
    parcels = sum(account.parcels for _, account in whole.ledger)
    seen = ", ".join(f"{v.platform} {v.surface}: {v.verdict}" for v in audited(file).verdicts)
    troubles = ", ".join(sorted({trouble.kind for trouble, _ in whole.troubles}))
    return f"{file:<48} {parcels:>4} parcels, {len(whole.contacts):>2} contacts; {seen or '-'}; {troubles}"


def test_the_table() -> None:
    rows = [row(file) for file in FILES]
    print("", *rows, sep="\n")
    assert len(rows) == len(FILES)
