"""pcap files as tcpdump and its kin have written them since 1988.

Laws: a record whose length cannot be true ends what can be read, for nothing tells where the next
one begins; a file that was cut gives all that precedes the cut.
Source: libpcap `pcap-savefile(5)`; the kinds besides are those that Wireshark's wiretap reads.
"""

import struct
import sys
from array import array
from collections.abc import Iterator
from struct import Struct as Layout

import numpy as np
from msgspec import Struct

from auditor.sources.pcap.window import LARGEST, Buffer, Integers, Item, Trouble, Window, heads, split

# How a file begins: bytes of a record's header, whether its clock counts nanoseconds, bytes after the file's.
KINDS = {
    0xA1B2C3D4: (16, False, 0),
    0xA1B23C4D: (16, True, 0),
    0xA1B2CD34: (24, False, 0),  # Kuznetzov's: the interface, the protocol and the kind of packet besides
    0x1C0001AC: (16, True, 4),  # IXIA, recorded by hardware; the sum of all records stands after the header
    0x1C0001AB: (16, False, 4),  # IXIA, recorded by software
}
HEADER = 24  # bytes before the first record


class Style(Struct, frozen=True):
    """How this file is written."""

    order: str  # "<" or ">"
    header: int  # bytes before each packet
    tick: int  # nanoseconds of one count of the clock
    link: int
    begin: int  # bytes before the first record
    swapped: bool = False  # the two lengths stand the other way round


def style(start: bytes) -> Style:
    """ValueError where no such file begins like this."""
    for order, name in (("<", "little"), (">", "big")):
        kind = KINDS.get(int.from_bytes(start[:4], "little" if name == "little" else "big"))
        if kind is not None and len(start) >= HEADER:
            major, minor, _, _, _, link = Layout(f"{order}4xHHiIII").unpack_from(start)
            begin = HEADER + kind[2]
            swapped = (major, minor) < (2, 3)
            if (major, minor) == (2, 3) and len(start) >= begin + 16:  # it was written both ways
                first, second = Layout(f"{order}II").unpack_from(start, begin + 8)
                swapped = first > second
            return Style(order, kind[0], 1 if kind[1] else 1000, link & 0xFFFF, begin, swapped)
    raise ValueError("no header of a pcap file")


def frames(buffer: Buffer) -> Iterator[Item]:
    """All packets of the file, and why the rest of it is none."""
    how = style(bytes(buffer.view[: min(buffer.end, HEADER + 20)]))
    at, number = min(how.begin, buffer.end), 1
    while True:
        buffer.move(at)
        window, at = _window(buffer, how, number)
        number += len(window)
        yield from split(window)
        if at >= buffer.end and buffer.over:
            return
        if not len(window):
            break
    yield _trouble(buffer, how)


def _window(buffer: Buffer, how: Style, number: int) -> tuple[Window, int]:
    """The whole packets of the stretch, and where the next one would begin."""
    lengths = _follow(buffer, how)
    records = (
        heads(buffer.data, lengths - (12 if how.swapped else 8), 16).view(f"{how.order}u4").astype(np.int64)
    )
    kept, wire = (records[:, 3], records[:, 2]) if how.swapped else (records[:, 2], records[:, 3])
    starts = lengths - (12 if how.swapped else 8) + how.header
    ends = starts + kept
    wrong = np.flatnonzero((kept > LARGEST) | (ends > buffer.end))
    whole = int(wrong[0]) if len(wrong) else len(starts)
    when = records[:whole, 0] * 1_000_000_000 + records[:whole, 1] * how.tick
    window = Window(
        buffer.data,
        starts[:whole],
        kept[:whole],
        wire[:whole],
        when,
        np.full(whole, how.link, np.int64),
        number,
        buffer.offset,
    )
    return window, int(ends[whole - 1]) if whole else 0


def _follow(buffer: Buffer, how: Style) -> Integers:
    """Where the lengths of the records stand, each found by the one before.

    The only loop over all packets: what can be decided afterwards, for all at once, is not decided here.
    """
    found = array("q")
    add = found.append
    at, step, end = (12 if how.swapped else 8), how.header, buffer.end
    try:
        if how.order == ("<" if sys.byteorder == "little" else ">"):
            # Four views of the same bytes, one for each place at which a number may begin.
            views = [buffer.view[k : end - (end - k) % 4].cast("I") for k in range(min(4, end + 1))]
            while True:
                size = views[at & 3][at >> 2]
                add(at)
                at += size + step
        else:
            read, view = Layout(f"{how.order}I").unpack_from, buffer.view[:end]
            while True:
                (size,) = read(view, at)
                add(at)
                at += size + step
    except (IndexError, struct.error):
        return np.frombuffer(found, np.int64) if found else np.zeros(0, np.int64)


def _trouble(buffer: Buffer, how: Style) -> Trouble:
    """Why the stretch, which begins with a record, has no whole one."""
    if buffer.end >= how.header:
        field = 12 if how.swapped else 8
        (size,) = Layout(f"{how.order}I").unpack_from(buffer.view, field)
        if size > LARGEST:
            return Trouble(
                "damaged", f"a packet of {size} bytes cannot be; nothing tells where the next begins"
            )
        have = buffer.end - how.header
        return Trouble("cut off", f"the file ends inside a packet: {have} of {size} bytes are there")
    return Trouble("cut off", f"the file ends inside the header of a packet, after {buffer.end} bytes")
