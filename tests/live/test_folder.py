"""The folder of a session: what it says, and that it is never half written."""

import stat
from pathlib import Path

import pytest

from auditor.errors import CaptureError
from auditor.live.folder import DUMP, JOURNAL, About, Folder, about_of, said
from auditor.model import App
from auditor.shelf import session_of

ABOUT = About(1, "friday", 1.0)


def test_marks_are_on_the_disk_at_once_and_hashes_at_the_end(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "s", ABOUT)
    folder.mark("sent")
    folder.mark("a note, \u2603 and all")
    kept = about_of(folder.path)
    assert kept
    assert [mark.what for mark in kept.marks] == ["sent", "a note, \u2603 and all"]
    assert (kept.ended, kept.hashes) == (None, {})
    (folder.path / JOURNAL).write_bytes(b"{}")
    folder.close("Ctrl-C")
    kept = about_of(folder.path)
    assert kept
    assert (kept.why, set(kept.hashes)) == ("Ctrl-C", {DUMP, JOURNAL})
    assert {stat.S_IMODE((folder.path / name).stat().st_mode) for name in (DUMP, "session.json")} == {0o600}


def test_a_session_is_never_written_over(tmp_path: Path) -> None:
    Folder(tmp_path / "s", ABOUT)
    with pytest.raises(CaptureError, match="never written over"):
        Folder(tmp_path / "s", ABOUT)
    (tmp_path / "file").write_text("")
    with pytest.raises(CaptureError, match="cannot be written"):
        Folder(tmp_path / "file", ABOUT)


def test_a_folder_says_whether_it_is_a_session(tmp_path: Path) -> None:
    assert about_of(tmp_path) is None
    (tmp_path / "session.json").write_text("[")
    with pytest.raises(CaptureError, match="not a file of a session"):
        about_of(tmp_path)


ODD = ('say "hi"', "back\\slash", "a: b # c", "\x07 bell \x85 \u2028", "\U0001f600", "- {x}", "null", "42")


def test_what_was_said_is_what_a_later_audit_hears(tmp_path: Path) -> None:
    app = App("Chat: the app", "1.0", "a 'secret' chat")
    renamed = {"localhost:8443": "chat.signal.org", "::1": "a"}
    (tmp_path / "session.yaml").write_bytes(said(app, renamed, ODD))
    heard = session_of(tmp_path / DUMP)
    assert (heard.app, heard.renamed, heard.texts) == (app, renamed, ODD)
    assert said(App(), {}, ()) == b""


def test_what_never_came_to_a_session_leaves_nothing_but_the_folder_that_was_there(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    for name in ("mine", "new"):
        folder = Folder(tmp_path / name, About(1, name, 1.0))
        (folder.path / "ca").mkdir()
        (folder.path / "ca" / "key.pem").write_bytes(b"")
        folder.discard()
    assert [path.name for path in tmp_path.rglob("*")] == ["mine"]
