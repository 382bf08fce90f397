"""Which files a person means, and what they are called in the report."""

from pathlib import Path

import pytest

from auditor.cli.captures import SUFFIXES, expand
from auditor.errors import CaptureError


def made(folder: Path, *names: str) -> list[Path]:
    files = [folder / name for name in names]
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    return files


def test_a_folder_means_all_captures_in_it_in_order(tmp_path: Path) -> None:
    files = made(tmp_path, "a.har", "b/c.mitm", "b/d.flow")
    made(tmp_path, "notes.txt", "b/truth.yaml")
    assert [file for file, _ in expand((str(tmp_path),))] == files


def test_a_journal_beside_its_dump_is_no_capture_of_its_own(tmp_path: Path) -> None:
    dump, _, alone = made(tmp_path, "a.mitm", "a.mitm.journal", "b.mitm.journal")
    assert [file for file, _ in expand((str(tmp_path),))] == [dump, alone]


def test_a_file_that_is_named_is_taken_whatever_its_ending(tmp_path: Path) -> None:
    (file,) = made(tmp_path, "session.bin")
    assert expand((str(file),)) == [(file, "session.bin")]
    assert [str(file) for file, _ in expand(("-",))] == ["-"]


def test_names_are_as_short_as_they_can_be(tmp_path: Path) -> None:
    one, two, three = made(tmp_path, "x/alice.mitm", "y/alice.mitm", "y/bob.mitm")
    assert [name for _, name in expand((str(one), str(two), str(three)))] == [
        "x/alice.mitm",
        "y/alice.mitm",
        "bob.mitm",
    ]
    assert expand((str(one), str(one))) == [(one, "alice.mitm")]


def test_a_folder_without_captures_says_what_it_looked_for(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match="no captures") as caught:
        expand((str(tmp_path),))
    assert all(suffix in str(caught.value) for suffix in SUFFIXES)


def test_files_of_one_name_two_folders_deep_are_told_apart(tmp_path: Path) -> None:
    one, two = made(tmp_path, "x/s/alice.mitm", "y/s/alice.mitm")
    names = [name for _, name in expand((str(one), str(two)))]
    assert len(set(names)) == 2
