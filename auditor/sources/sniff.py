"""Packets from an interface, on disk before anybody looks at them.

A process of its own records, so that no packet is lost because an audit takes its time, and a
crash of the audit costs nothing. What is written is pcapng and can be read while it grows.
Scapy listens; on Linux that takes the right to open raw sockets (root or CAP_NET_RAW), on
macOS the right to read /dev/bpf*.
"""

import os
import socket
import struct
import sys
import time
from pathlib import Path
from typing import BinaryIO, Protocol

from scapy.config import conf
from scapy.error import Scapy_Exception
from scapy.layers.inet import IP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import CookedLinux, Ether, Loopback

from auditor.errors import CaptureError
from auditor.text import printable

LONGEST = 262_144  # bytes of one packet
BUFFER = 64_000_000  # bytes that the system may hold for us
_SOL_PACKET, _IGNORE_OUTGOING = 263, 23  # of Linux, which Python does not name
WAIT = 0.05  # seconds between looks whether it is over
_LINKS = {Ether: 1, Loopback: 0, CookedLinux: 113, IP: 101, IPv6: 101}  # the numbers of link types


class Listener(Protocol):
    """What a socket of Scapy is to us."""

    def recv_raw(self, x: int = ..., /) -> tuple[type | None, bytes | None, float | None]: ...
    def close(self) -> None: ...


class Flag(Protocol):
    """An event that another process or thread sets."""

    def set(self) -> None: ...
    def is_set(self) -> bool: ...


def listen(interface: str, wanted: str = "") -> Listener:
    """A socket that hears all of an interface; CaptureError says what is missing."""
    if interface not in (known := [name for _, name in socket.if_nameindex()]):
        shown = printable(interface)
        raise CaptureError(f"{shown}: no such interface; this machine has {', '.join(known)}")
    try:
        listener: Listener = conf.L2listen(iface=interface, filter=wanted or None)
    except PermissionError as error:
        raise CaptureError(
            f"{interface}: listening takes the right to open raw sockets: run as root, or give python"
            " the capability (setcap cap_net_raw+ep)"
        ) from error
    except (OSError, ValueError, Scapy_Exception) as error:
        why = printable(str(error))[:200]
        if wanted and "libpcap" in why:
            raise CaptureError(
                "--filter takes libpcap, which this machine lacks: install it (on Debian libpcap0.8),"
                " or listen without --filter"
            ) from error
        raise CaptureError(f"{interface}: cannot listen: {why}") from error
    raw = getattr(listener, "ins", None)
    if isinstance(raw, socket.socket):
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
        raw.settimeout(WAIT)
        if interface.startswith("lo") and sys.platform == "linux":  # it shows its packets coming and going
            raw.setsockopt(_SOL_PACKET, _IGNORE_OUTGOING, 1)
    return listener


def record(
    listener: Listener, interface: str, path: Path, ready: Flag, over: Flag, seconds: float | None
) -> None:
    """Writes what is heard until somebody says that it is over, or so long."""
    with _created(path) as file:
        file.write(_beginning())
        file.flush()
        ready.set()
        links: dict[int, int] = {}
        last = began = time.monotonic()
        while not over.is_set() and (seconds is None or time.monotonic() - began < seconds):
            heard = _next(listener)
            if heard is not None:
                layer, data, when = heard
                file.write(_described(links, layer, interface))
                file.write(_packet(links[layer], data, when))
            if heard is None or time.monotonic() - last > WAIT:
                file.flush()
                last = time.monotonic()
        file.flush()
        os.fsync(file.fileno())


def _next(listener: Listener) -> tuple[int, bytes, float] | None:
    try:
        layer, data, when = listener.recv_raw(LONGEST)
    except (TimeoutError, BlockingIOError, InterruptedError):
        return None
    if data is None:
        return None
    link = next((number for kind, number in _LINKS.items() if layer and issubclass(layer, kind)), 1)
    return link, data, when or time.time()


def _created(path: Path) -> BinaryIO:
    """A new file for the owner's eyes only; another one is never written over."""
    number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    return os.fdopen(number, "wb")


def _beginning() -> bytes:
    return _block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1) + _option(4, b"auditor"))


def _described(links: dict[int, int], link: int, interface: str) -> bytes:
    """The description of an interface, where packets of this kind come for the first time."""
    if link in links:
        return b""
    links[link] = len(links)
    options = _option(2, interface.encode()) + _option(9, b"\x09")  # nanoseconds
    return _block(1, struct.pack("<HHI", link, 0, min(LONGEST, 0xFFFFFFFF)) + options)


def _packet(number: int, data: bytes, when: float) -> bytes:
    high, low = divmod(int(when * 1_000_000_000), 1 << 32)
    head = struct.pack("<IIIII", number, high, low, len(data), len(data))
    return _block(6, head + data + bytes(-len(data) % 4))


def _block(kind: int, body: bytes) -> bytes:
    size = len(body) + 12
    return struct.pack("<II", kind, size) + body + struct.pack("<I", size)


def _option(code: int, value: bytes) -> bytes:
    return struct.pack("<HH", code, len(value)) + value + bytes(-len(value) % 4)
