"""Opening a file: what it is, what it is called, what was read of it."""

import gzip
import hashlib
import io
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import zstandard
from mitmproxy.test import tflow

from auditor.errors import CaptureError
from auditor.model import Parcel
from auditor.sources import read

ENTRY = {"request": {"method": "GET", "url": "https://a.example/"}, "response": {"status": 200}}

STRANGE = [
    (b"", "an empty file"),
    (b"\x1f\x8b\x08\0", "a gzip file"),
    (gzip.compress(b'{"log": {"entries": []}}', mtime=0), "a gzip file without a capture in it"),
    (zstandard.compress(b"a letter"), "a Zstandard file without a capture in it"),
    (b"PK\x03\x04", "a zip file"),
    (b"12:30 we meet at the door", "a text file"),
    ("Grüße".encode() * 3000, "a text file"),
    (b"CLIENT_RANDOM " + b"ab" * 32 + b" " + b"cd" * 48, "a TLS key log"),
    (b'{"results": []}', "JSON without the log"),
    (b"<!doctype html>", "an XML or HTML file"),
    (b"\x7fELF\x02\x01", "an unknown kind (it begins with 7f454c46)"),
]


@pytest.mark.parametrize(("content", "what"), STRANGE)
def test_a_file_of_another_kind_is_named(tmp_path: Path, content: bytes, what: str) -> None:
    path = tmp_path / "notes\x1b[31m.har"
    path.write_bytes(content)
    with pytest.raises(CaptureError) as caught:
        read(path)
    line = str(caught.value)
    assert what in line
    assert "mitmproxy dump" in line
    assert line.isprintable()


def test_what_is_not_there_is_one_line(tmp_path: Path) -> None:
    for path, what in (
        (tmp_path, "a folder"),
        (tmp_path / "no", "no such file"),
        (Path("a\0b"), "file name"),
    ):
        with pytest.raises(CaptureError, match=what):
            read(path)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_file_nobody_may_read_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "secret.har"
    path.touch(mode=0)
    with pytest.raises(CaptureError, match="denied"):
        read(path)


def test_content_decides_not_the_name(dump, har) -> None:  # type: ignore[no-untyped-def]
    assert read(dump(tflow.tflow(resp=True), name="a.har")).kind == "mitmproxy dump"
    assert read(har(ENTRY, name="b.mitm")).kind == "har"


def test_after_reading_hash_and_size_cover_the_whole_file(dump, har) -> None:  # type: ignore[no-untyped-def]
    for path in (dump(tflow.tflow(resp=True), tflow.tflow()), har(ENTRY, ENTRY)):
        for damage in (b"", b"xx damaged"):
            path.write_bytes(path.read_bytes() + damage)
            source = read(path)
            assert list(source) == list(source)
            assert source.name == path.name
            assert source.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
            assert source.size == path.stat().st_size
            assert source.entries == 2
            assert source.unread == (len(damage) if source.kind == "mitmproxy dump" else 0)


def test_standard_input_is_read_once(har, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    content = b"\xef\xbb\xbf \n" + har(ENTRY).read_bytes()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    source = read("-")
    assert len(list(source)) == 2
    assert source.sha256 == hashlib.sha256(content).hexdigest()
    with pytest.raises(CaptureError, match="only once"):
        list(source)


def test_a_named_pipe_is_as_good_as_a_file(dump, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    content = dump(tflow.tflow(resp=True)).read_bytes() * 100
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=(tmp_path / "pipe").write_bytes, args=(content,))
    writer.start()
    source = read(tmp_path / "pipe")
    assert len(list(source)) == 200
    writer.join()
    assert source.size == len(content)


def test_a_host_can_be_given_another_name(har) -> None:  # type: ignore[no-untyped-def]
    other = {**ENTRY, "request": {"method": "GET", "url": "http://127.0.0.1:8008/x"}}
    names = {"A.example": "one.org", "127.0.0.1:8008": "two.org", "127.0.0.1": "wrong"}
    hosts = [
        (event.channel.host, event.channel.renamed)
        for event in read(har(ENTRY, other), renamed=names)
        if isinstance(event, Parcel) and event.outgoing
    ]
    assert hosts == [("one.org", "a.example"), ("two.org", "127.0.0.1")]


def test_mitmproxy_is_imported_only_for_a_dump() -> None:
    code = "import auditor.sources, auditor.sources.har, sys; sys.exit('mitmproxy' in sys.modules)"
    root = Path(__file__).parents[2]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0
