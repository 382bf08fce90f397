"""Packets and capture files, built byte by byte; checksums are nobody's concern here."""

import struct
from collections.abc import Sequence
from io import BytesIO

from auditor.sources.pcap.frames import frames
from auditor.sources.pcap.table import Batch, Table
from auditor.sources.pcap.window import Item, Trouble, Window
from auditor.sources.pcap.wire import Packet
from auditor.sources.tape import Tape

PHONE, SERVER = bytes([192, 168, 1, 20]), bytes([93, 184, 216, 34])
PHONE6, SERVER6 = bytes.fromhex("20010db8" + "00" * 11 + "20"), bytes.fromhex("20010db8" + "00" * 11 + "34")
SECOND = 1_700_000_000
ALL = 1 << 32  # more than anything kept


def tcp(
    source: int, target: int, sequence: int, flags: int, data: bytes = b"", options: bytes = b""
) -> bytes:
    offset = (5 + len(options) // 4) << 4
    return struct.pack(">HHIIBBHHH", source, target, sequence, 0, offset, flags, 0, 0, 0) + options + data


def udp(source: int, target: int, data: bytes = b"", length: int | None = None) -> bytes:
    return struct.pack(">HHHH", source, target, len(data) + 8 if length is None else length, 0) + data


def ipv4(
    inside: bytes, protocol: int = 6, source: bytes = PHONE, target: bytes = SERVER, *, options: bytes = b"",
    name: int = 0, at: int = 0, more: bool = False, total: int | None = None,
) -> bytes:  # fmt: skip
    size = 20 + len(options)
    total = size + len(inside) if total is None else total
    piece = at // 8 | (0x2000 if more else 0)
    start = struct.pack(">BBHHHBBH", 0x40 | size // 4, 0, total, name, piece, 64, protocol, 0)
    return start + source + target + options + inside


def ipv6(inside: bytes, protocol: int = 6, source: bytes = PHONE6, target: bytes = SERVER6) -> bytes:
    return struct.pack(">IHBB", 0x60000000, len(inside), protocol, 64) + source + target + inside


def ethernet(inside: bytes, kind: int = 0x0800, tags: Sequence[int] = ()) -> bytes:
    between = b"".join(struct.pack(">HH", tag, 7) for tag in tags)
    return bytes(12) + between + struct.pack(">H", kind) + inside


def said(data: bytes, source: int = 40_000, target: int = 443, sequence: int = 1, flags: int = 24) -> bytes:
    """A packet of Ethernet with a piece of a conversation."""
    return ethernet(ipv4(tcp(source, target, sequence, flags, data)))


def pcap(
    packets: Sequence[bytes], *, order: str = "<", magic: int = 0xA1B2C3D4, link: int = 1, snap: int = ALL,
    version: tuple[int, int] = (2, 4), more: bytes = b"", swapped: bool = False, tick: int = 1,
) -> bytes:  # fmt: skip
    """A file of pcap, one packet a second; `more` stands in the header of each, `tick` after the second."""
    out = bytearray(struct.pack(f"{order}IHHiIII", magic, *version, 0, 0, 262144, link))
    out += bytes(4) if magic in (0x1C0001AC, 0x1C0001AB) else b""
    for number, packet in enumerate(packets):
        kept = packet[:snap]
        lengths = (len(packet), len(kept)) if swapped else (len(kept), len(packet))
        out += struct.pack(f"{order}IIII", SECOND + number, tick, *lengths) + more + kept
    return bytes(out)


def block(kind: int, body: bytes, order: str = "<") -> bytes:
    body += bytes(-len(body) % 4)
    size = struct.pack(f"{order}I", len(body) + 12)
    return struct.pack(f"{order}I", kind) + size + body + size


def option(code: int, value: bytes, order: str = "<") -> bytes:
    return struct.pack(f"{order}HH", code, len(value)) + value + bytes(-len(value) % 4)


def section(order: str = "<", options: bytes = b"") -> bytes:
    return block(0x0A0D0D0A, struct.pack(f"{order}IHHq", 0x1A2B3C4D, 1, 0, -1) + options, order)


def interface(order: str = "<", link: int = 1, options: bytes = b"", snap: int = 0) -> bytes:
    return block(1, struct.pack(f"{order}HHI", link, 0, snap) + options, order)


def packet(
    data: bytes,
    order: str = "<",
    *,
    ticks: int = 0,
    face: int = 0,
    wire: int | None = None,
    options: bytes = b"",
) -> bytes:
    """An enhanced packet block."""
    sizes = (len(data), len(data) if wire is None else wire)
    head = struct.pack(f"{order}IIIII", face, ticks >> 32, ticks & 0xFFFFFFFF, *sizes)
    return block(6, head + data + bytes(-len(data) % 4) + options, order)


def items(data: bytes) -> list[Item]:
    """All that a file says; windows with their bytes, for the stretch is overwritten."""
    found: list[Item] = []
    for item in frames(Tape(BytesIO(data))):
        if isinstance(item, Window):
            item.data = item.data[: int((item.starts + item.kept).max())].copy()
        found.append(item)
    return found


def kept(data: bytes) -> list[bytes]:
    """The bytes of all packets."""
    return [w.packet(n) for w in items(data) if isinstance(w, Window) for n in range(len(w))]


def troubles(data: bytes) -> list[str]:
    return [item.text for item in items(data) if isinstance(item, Trouble)]


def times(data: bytes) -> list[int]:
    return [when for w in items(data) if isinstance(w, Window) for when in w.when.tolist()]


def conversation(data: bytes) -> list[tuple[int, Packet]]:
    """Every packet of every flow, with the number of its flow."""
    found: list[tuple[int, Packet]] = []
    for item in Table(Tape(BytesIO(data))):
        if isinstance(item, Batch):
            found += ((item.number(slot), packet) for slot, packet in item.packets())
    return found


def only(data: bytes, link: int = 1) -> Packet | None:
    """What the table makes of one packet."""
    found = conversation(pcap([data], link=link))
    return found[0][1] if found else None
