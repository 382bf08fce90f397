"""auditor draft, as a newcomer types it."""

from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from auditor.cli import cli
from tests.sources.pcap.building import pcap
from tests.sources.pcap.test_reader import CHAT, talked

CAPTURES = Path(__file__).parents[2] / "captures"
TIKTOK = CAPTURES / "tiktok-constructed/client.har"


def draft(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, ["draft", *map(str, arguments)])


def test_a_draft_says_where_the_text_lay_and_what_is_left_to_decide() -> None:
    shown = draft(TIKTOK, "--canary", "Lighthouse-5523 bring the spare oars")
    assert shown.exit_code == 0
    assert "slot: [body.8.100.4.text]" in shown.output
    assert "path: /v1/message/send" in shown.output
    assert "Before it is a rule, decide" in shown.output
    assert "Lighthouse" not in shown.output


def test_a_text_that_was_not_read_is_said() -> None:
    shown = draft(TIKTOK, "--canary", "something that nobody ever wrote 4417")
    assert shown.exit_code == 1
    assert "none of these texts was read" in shown.output


def test_without_a_text_there_is_nothing_to_look_for() -> None:
    assert "--canary TEXT" in draft(TIKTOK).output


def test_a_capture_of_packets_is_drafted_too(tmp_path: Path) -> None:
    path = tmp_path / "x.pcap"
    path.write_bytes(pcap(talked([*CHAT, (True, b"PRIVMSG bob :the blue door at seven\r\n")])))
    shown = draft(path, "--canary", "the blue door at seven")
    assert "protocol: irc" in shown.output
    assert "slot: [body.text]" in shown.output


def test_drafts_are_written_to_files_of_their_own_and_over_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "rules/platforms/app"
    (tmp_path / "rules/envelopes").mkdir(parents=True)
    asked = (CAPTURES / "slack-client/client.har", "--canary", "Harbor-4471 meet me by the old crane")
    first = draft(*asked, "--into", folder)
    names = sorted(file.name for file in folder.iterdir())
    assert (first.exit_code, names[-1], len(names) > 1) == (0, "platform.yaml", True)
    checked = CliRunner().invoke(cli, ["check", str(tmp_path / "rules"), "--only", "tests"])
    assert " 0 failed" in checked.output
    again = draft(*asked, "--into", folder)
    assert (again.exit_code, "cannot be written" in again.output) == (2, True)


SENT = ("short", "unicode", "token", "link", "json")  # the order of our recordings


def canaries(name: str, *texts: str) -> list[str]:
    truth = yaml.safe_load((CAPTURES / name / "truth.yaml").read_text(encoding="utf-8"))["texts"]
    return [word for text in texts for word in ("--canary", truth[text])]


@pytest.mark.parametrize(
    ("name", "slot"), [("matrix-e2ee", "body.ciphertext"), ("xmpp-omemo", "body.message.*.payload")]
)
def test_where_nobody_reads_a_text_its_length_tells_where_it_went(name: str, slot: str) -> None:
    shown = draft(CAPTURES / name / "alice.mitm", *canaries(name, *SENT))
    assert shown.exit_code == 0
    assert slot in shown.output
    assert "none of the texts could be read" in shown.output
    assert "expect: opaque" in shown.output


def test_padding_hides_lengths_and_few_texts_tell_nothing() -> None:
    padded = draft(CAPTURES / "mls-relay/alice.mitm", *canaries("mls-relay", *SENT))
    assert (padded.exit_code, "no value moved with their lengths" in padded.output) == (1, True)
    few = draft(CAPTURES / "matrix-e2ee/alice.mitm", *canaries("matrix-e2ee", "short", "json"))
    assert (few.exit_code, "send 5 texts of very different lengths" in few.output) == (1, True)
