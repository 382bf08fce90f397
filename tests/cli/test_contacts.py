"""auditor contacts: who was talked to, a line each."""

import json
import tracemalloc
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from auditor.cli import cli, shares
from auditor.sources.pcap.wire import End
from tests.sources.pcap.building import pcap
from tests.sources.pcap.test_reader import ANSWER, APP, CHAT, FAR, OTHER, datagram, talked

CAPTURES = Path(__file__).parents[2] / "captures"


def contacts(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, ["contacts", *map(str, arguments)])


def written(folder: Path, *packets: bytes) -> Path:
    path = folder / "phone.pcap"
    path.write_bytes(pcap(packets))
    return path


def test_every_far_end_has_its_line(tmp_path: Path) -> None:
    path = written(tmp_path, datagram(ANSWER, FAR, APP), *talked(CHAT), *talked(CHAT, client=OTHER))
    shown = contacts(path)
    heads, *lines = shown.output.splitlines()
    assert (shown.exit_code, heads.split()[:3]) == (0, ["platform", "far", "end"])
    rows = [line.split() for line in lines]
    assert ["93.184.216.34:6667", "irc", "2"] in [row[1:4] for row in rows]


@pytest.mark.parametrize(("file", "shown"), [("irc-clear", 1), ("irc-tls", 0)])
def test_of_a_dump_what_was_said_in_the_open_is_told(file: str, shown: int) -> None:
    page = contacts(str(CAPTURES / file / "alice.mitm")).output
    assert page.count("in the open: anyone on the way can read what is not sealed itself") == shown


def test_json_is_a_report_of_nothing_but_contacts(tmp_path: Path) -> None:
    report = json.loads(contacts(written(tmp_path, *talked(CHAT)), "--format", "json").output)
    assert [(one["host"], one["port"]) for one in report["contacts"]] == [("93.184.216.34", 6667)]
    assert report["verdicts"] == []


def test_other_devices_are_told_apart(tmp_path: Path) -> None:
    path = written(tmp_path, *talked(CHAT), *talked(CHAT, client=OTHER))
    report = json.loads(contacts(path, "--device", "192.168.1.20", "--format", "json").output)
    reasons = {one["reason"] for one in report["contacts"]}
    assert "neither end is a device that was named" in reasons
    assert len(reasons) == 2


@pytest.mark.parametrize("style", ["contacts", "json"])
def test_several_processes_say_what_one_says_of_everything_recorded_here(
    style: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shares, "LARGE", 0)
    ended = written(tmp_path, *talked(CHAT), datagram(ANSWER, FAR, APP), *talked(CHAT, client=OTHER))
    ended.write_bytes(ended.read_bytes()[:-9])
    asked = map(str, (ended, *sorted(CAPTURES.glob("*/*.mitm"))[:9]))
    command = [*asked, "--format", style, "--jobs"]
    alone, two, three = (contacts(*command, jobs) for jobs in "123")
    assert (two.output, two.exit_code) == (three.output, three.exit_code) == (alone.output, 0)
    assert "the file ends inside a packet" in alone.output


def test_what_cannot_be_read_twice_is_left_to_one_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shares, "LARGE", 0)
    data = written(tmp_path, *talked(CHAT)).read_bytes()
    piped = CliRunner().invoke(cli, ["contacts", "--jobs", "2", "-"], input=data)
    assert (piped.exit_code, "93.184.216.34:6667" in piped.output) == (0, True)


def test_a_dump_has_contacts_too() -> None:
    assert "matrix" in contacts(CAPTURES / "matrix-e2ee/alice.mitm").output


def test_nothing_to_list_is_said_and_a_file_that_is_none_is_an_error(tmp_path: Path) -> None:
    assert contacts(written(tmp_path)).output == "Nobody was talked to, as far as this shows.\n"
    (tmp_path / "notes.txt").write_text("hello")
    wrong = contacts(tmp_path / "notes.txt")
    assert wrong.exit_code == 2
    assert "a text file" in wrong.output


@pytest.mark.slow
def test_what_a_far_end_costs_does_not_depend_on_how_many_there_are(tmp_path: Path) -> None:
    def peak(count: int) -> int:
        far = (End(bytes([93, *number.to_bytes(3)]), 6667) for number in range(count))
        path = written(tmp_path, *(datagram(bytes(1250), APP, one) for one in far))
        tracemalloc.start()
        assert contacts(path).output.count("\n") == count + 1
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    few, many = 30_000, 60_000  # several windows
    peak(1_000)  # what is loaded once
    assert (peak(many) - peak(few)) / (many - few) < 400
