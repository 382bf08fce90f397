"""The certificate authority of a session: its own, and gone after a week."""

import datetime
import stat
from pathlib import Path

import pytest
from mitmproxy.certs import CertStore

from auditor.errors import CaptureError
from auditor.live import authority as room
from auditor.live.authority import authority, called, fingerprint


def test_it_is_named_after_the_session_and_ends_after_a_week(tmp_path: Path) -> None:
    made = authority(tmp_path / "ca", "friday")
    assert called(made) == "auditor friday"
    left = made.not_valid_after_utc - datetime.datetime.now(datetime.UTC)
    assert datetime.timedelta(days=6, hours=23) < left <= datetime.timedelta(days=7)
    assert len(fingerprint(made).split(":")) == 32


def test_only_its_owner_may_read_any_of_it(tmp_path: Path) -> None:
    folder = tmp_path / "ca"
    authority(folder, "friday")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}
    assert b"PRIVATE" not in (folder / room.CERTIFICATE).read_bytes()


def test_the_proxy_signs_with_it(tmp_path: Path) -> None:
    made = authority(tmp_path, "friday")
    store = CertStore.from_store(tmp_path, room.STEM, 2048)
    assert store.default_ca.fingerprint().hex(":").upper() == fingerprint(made)
    leaf = store.get_cert("chat.example", []).cert
    assert ("CN", "auditor friday") in leaf.issuer


def test_sessions_never_share_one_unless_it_is_kept(tmp_path: Path) -> None:
    first, second = authority(tmp_path / "a", "friday"), authority(tmp_path / "b", "friday")
    assert first != second
    assert authority(tmp_path / "a", "monday") == first


def test_one_that_has_expired_is_not_used_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "DAYS", -1)
    with pytest.raises(CaptureError, match="has expired"):
        authority(tmp_path, "friday")


def test_a_folder_with_something_else_in_it_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "mitmproxy-ca.pem").write_text("a shopping list")
    with pytest.raises(CaptureError, match="no certificate authority"):
        authority(tmp_path, "friday")
    with pytest.raises(CaptureError, match="cannot be written"):
        authority(tmp_path / "mitmproxy-ca.pem", "friday")
