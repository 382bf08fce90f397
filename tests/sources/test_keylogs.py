"""Key logs as files: told by content, refused in one line."""

from pathlib import Path

import pytest

from auditor.errors import CaptureError
from auditor.sources import keylogs
from auditor.sources.keylogs import is_key_log, keys_of, unused
from auditor.sources.pcap.keys import Keys

LINE = "CLIENT_RANDOM " + "ab" * 32 + " " + "cd" * 48 + "\n"


@pytest.mark.parametrize(
    ("content", "is_one"),
    [
        (LINE, True),
        ("# made by a browser\r\n\r\n" + LINE, True),
        (LINE * 2000, True),
        ("", False),
        ("we meet at the blue door\n", False),
        ("one\ntwo\n" + LINE, False),
        ("\ufeff{}", False),
    ],
)
def test_a_key_log_is_told_by_its_lines(tmp_path: Path, content: str, is_one: bool) -> None:
    path = tmp_path / "notes.txt"
    path.write_text(content)
    assert is_key_log(path) is is_one


def test_what_opened_nothing_is_said_in_words() -> None:
    keys = Keys([(LINE + LINE.replace("ab", "12") + "we meet\n").encode()])
    other, strange = unused(keys)
    assert "keys for 2 connections that no capture shows" in other
    assert "a line that could not be read" in strange
    keys.find("CLIENT_RANDOM", bytes.fromhex("ab" * 32))
    assert next(unused(keys)).startswith("the key logs have keys for one connection")
    assert list(unused(Keys())) == []


def test_secrets_of_several_files_come_together(tmp_path: Path) -> None:
    (tmp_path / "a.keys").write_text(LINE)
    (tmp_path / "b.keys").write_text(LINE + LINE.replace("ab", "12"))
    assert len(keys_of([tmp_path / "a.keys", tmp_path / "b.keys"])) == 2
    assert len(keys_of([tmp_path / "a.keys", tmp_path / "a.keys"])) == 1


@pytest.mark.parametrize("content", ["", "hello\n", LINE[:-20] + "zz\n"])
def test_a_file_without_secrets_says_what_one_looks_like(tmp_path: Path, content: str) -> None:
    path = tmp_path / "bad\x1b[31m.keys"
    path.write_text(content)
    with pytest.raises(CaptureError, match="CLIENT_RANDOM") as caught:
        keys_of([path])
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("name", ["missing.keys", ".", "a\0b"])
def test_what_cannot_be_read_is_one_line(tmp_path: Path, name: str) -> None:
    with pytest.raises(CaptureError, match="cannot be read as a key log"):
        keys_of([tmp_path / name])
    assert not is_key_log(tmp_path / name)


def test_a_file_that_is_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keylogs, "LARGEST", 10)
    (tmp_path / "a.keys").write_text(LINE)
    with pytest.raises(CaptureError, match="too large"):
        keys_of([tmp_path / "a.keys"])
