"""Listening: what is heard is written down at once, for the owner's eyes only, and over nothing else."""

import socket
import threading
from pathlib import Path

import pytest
from scapy.config import conf
from scapy.error import Scapy_Exception
from scapy.layers.inet import IP
from scapy.layers.l2 import Ether
from scapy.utils import PcapNgReader

from auditor.errors import CaptureError
from auditor.sources.sniff import listen, record

HEARD = [
    (Ether, bytes(14) + b"one", 1.5),
    (IP, b"\x45 two", 2.25),
    (None, None, None),
    (Ether, b"three", 3.0),
]


class Ear:
    """Hears what it is told, then that it is over."""

    def __init__(self, over: threading.Event, told: list[object]) -> None:
        self.over, self.told = over, list(told)

    def recv_raw(self, _: int = 0) -> tuple[type | None, bytes | None, float | None]:
        if not self.told:
            self.over.set()
            raise TimeoutError
        return self.told.pop(0)  # type: ignore[return-value]

    def close(self) -> None: ...


def written(path: Path, told: list[object] = HEARD) -> Path:  # type: ignore[assignment]
    ready, over = threading.Event(), threading.Event()
    record(Ear(over, told), "wlan0", path, ready, over, None)
    assert ready.is_set()
    return path


def test_what_is_heard_is_in_the_file_with_its_time_and_kind(tmp_path: Path) -> None:
    path = written(tmp_path / "a.pcapng")
    with PcapNgReader(str(path)) as reader:
        packets = [(bytes(packet), float(packet.time)) for packet in reader]
    assert packets == [(bytes(14) + b"one", 1.5), (b"\x45 two", 2.25), (b"three", 3.0)]
    assert path.stat().st_mode & 0o777 == 0o600
    assert b"wlan0" in path.read_bytes()


def test_nothing_is_written_over(tmp_path: Path) -> None:
    path = tmp_path / "a.pcapng"
    path.write_text("mine")
    with pytest.raises(FileExistsError):
        written(path)
    assert path.read_text() == "mine"


def test_it_ends_by_itself(tmp_path: Path) -> None:
    class Deaf(Ear):  # hears nothing, for ever
        def recv_raw(self, _: int = 0) -> tuple[type | None, bytes | None, float | None]:
            return None, None, None

    ready, over = threading.Event(), threading.Event()
    record(Deaf(over, []), "lo", tmp_path / "a.pcapng", ready, over, 0.05)
    assert not over.is_set()


def test_an_interface_that_is_not_there_is_one_line() -> None:
    with pytest.raises(CaptureError, match=r"no such interface; this machine has .*lo") as caught:
        listen("wlan\x1b[31m9")
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (PermissionError(), "right to open raw sockets"),
        (OSError("no buffer space"), "cannot listen: no buffer"),
        (Scapy_Exception("Cannot set filter: libpcap is not available"), "install it"),
    ],
)
def test_what_keeps_it_from_listening_is_said(
    monkeypatch: pytest.MonkeyPatch, error: Exception, says: str
) -> None:
    def refuse(**_: object) -> None:
        raise error

    monkeypatch.setattr(conf, "L2listen", refuse)
    with pytest.raises(CaptureError, match=says):
        listen(socket.if_nameindex()[0][1], "tcp")
