"""Every capture of the corpus holds what capinfos counts in it."""

import random
import shutil
import subprocess
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import pytest

from auditor.errors import CaptureError
from auditor.sources.pcap.frames import frames
from auditor.sources.pcap.window import Buffer, Window
from auditor.sources.tape import Tape
from tests.sources.pcap.building import pcap, said
from tests.sources.pcap.corpus import CAPTURES, CORPUS

DAMAGED = {"dpkt/truncated_dns_2.pcap"}  # cut in the middle, as its name says


def counted(path: Path) -> tuple[int, int]:
    packets = size = 0
    with path.open("rb") as file:
        for item in frames(Tape(file, hashed=False)):
            if isinstance(item, Window):
                packets, size = packets + len(item), size + int(item.wire.sum())
    return packets, size


@pytest.mark.corpus
def test_every_capture_has_as_many_packets_as_the_catalogue_says() -> None:
    if not CAPTURES:
        pytest.skip("the shared corpus is absent")
    wrong = {e["path"]: e["packets"] for e in CAPTURES if counted(CORPUS / e["path"])[0] != e["packets"]}
    assert wrong == {}


@pytest.mark.corpus
@pytest.mark.slow
def test_packets_and_bytes_are_those_of_capinfos() -> None:
    if not CAPTURES or not shutil.which("capinfos"):
        pytest.skip("the shared corpus or capinfos is absent")
    paths = [str(CORPUS / e["path"]) for e in CAPTURES if e["path"] not in DAMAGED]
    said_so = subprocess.run(
        ["capinfos", "-c", "-d", "-M", "-T", "-r", "-B", *paths], capture_output=True, text=True, check=False
    ).stdout
    theirs = {line.split("\t")[0]: line.split("\t")[1:3] for line in said_so.splitlines()}
    wrong = [path for path in theirs if [str(n) for n in counted(Path(path))] != theirs[path]]
    assert len(theirs) > 800
    assert wrong == []


class Pipe:
    """Hands out a few bytes at a time, as a pipe may."""

    def __init__(self, data: bytes) -> None:
        self._file = BytesIO(data)

    def read(self, size: int, /) -> bytes:
        return self._file.read(min(size, 7))

    def close(self) -> None:
        self._file.close()


def test_a_pipe_is_as_good_as_a_file() -> None:
    data = pcap([said(b"hello"), said(b"again")])
    windows = [item for item in frames(Tape(Pipe(data))) if isinstance(item, Window)]
    assert [w.packet(n) for w in windows for n in range(len(w))] == [said(b"hello"), said(b"again")]


def test_what_is_no_capture_is_an_error() -> None:
    with pytest.raises(CaptureError, match="no capture of packets"):
        list(frames(Tape(BytesIO(b"a letter, and not a short one, to nobody"))))


def test_a_stretch_passes_over_more_than_it_holds() -> None:
    tape = Tape(BytesIO(bytes(100) + b"rest"))
    buffer = Buffer(tape)
    buffer.move(0)
    assert buffer.skip(100) == 100
    assert bytes(buffer.view[: buffer.end]) == b"rest"
    assert buffer.skip(50) == 4


@pytest.mark.parametrize("size", [1 << 16, 3 << 18])
def test_what_is_hashed_while_it_is_read_is_the_file(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """However large its windows are: what moves in them is hashed before."""
    monkeypatch.setattr("auditor.sources.pcap.window.SIZE", size)
    data = pcap([said(random.Random(number).randbytes(1200)) for number in range(2000)])
    tape = Tape(BytesIO(data))
    assert sum(len(item) for item in frames(tape) if isinstance(item, Window)) == 2000
    assert tape.sha256 == sha256(data).hexdigest()
