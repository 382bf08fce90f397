"""pcapng files: blocks of packets, and what else the one who captured wrote down between them.

Laws: a block that no one knows is passed over; a block whose length cannot be true ends what can be
read; a section has its own byte order and its own interfaces. Secrets, names and comments come before
the packets among which they stand.
Source: draft-ietf-opsawg-pcapng.
"""

import struct
from array import array
from collections.abc import Iterator
from struct import Struct as Layout

import numpy as np

from auditor.sources.pcap import notes
from auditor.sources.pcap.notes import Interface
from auditor.sources.pcap.window import (
    LARGEST,
    SIZE,
    Buffer,
    Bytes,
    Comment,
    Integers,
    Item,
    Name,
    Trouble,
    Window,
    heads,
    split,
)  # fmt: skip

SECTION, INTERFACE, OLD_PACKET, SIMPLE, PACKET = 0x0A0D0D0A, 1, 2, 3, 6
INTERFACES = 65_536
REMARKS = 100_000  # names and comments
_SMALLEST = 12
_MAGIC = 0x1A2B3C4D
_UNKNOWN = -1
_BILLION = 1_000_000_000


class Reader:
    """One file, stretch by stretch."""

    def __init__(self, buffer: Buffer) -> None:
        self._buffer = buffer
        self._order = "<"
        self._interfaces: list[Interface] = []
        self._places = array("q")  # of packets in the stretch
        self._number = 1
        self._last = 0  # nanoseconds; for packets without a time
        self._remarks = 0

    def frames(self) -> Iterator[Item]:
        at = 0
        while True:
            at = self._run(at)
            kind, size = self._block(at)
            whole = _SMALLEST <= size <= self._buffer.end - at
            if whole and kind != SECTION:
                yield from self._few(self._other(kind, bytes(self._buffer.view[at + 8 : at + size - 4])))
                at += size
                continue
            yield from self._flush()
            if whole:
                yield from self._section(bytes(self._buffer.view[at + 8 : at + size - 4]))
                at += size
                continue
            if at:
                self._buffer.move(at)
                at = 0
                continue
            if not self._buffer.end:
                return
            yield (trouble := self._trouble(size))
            if trouble.last:
                return

    def _run(self, at: int) -> int:
        """Notes the packets that stand in a row; where something else stands."""
        view, end, add = self._buffer.view[: self._buffer.end], self._buffer.end, self._places.append
        read = Layout(f"{self._order}II").unpack_from
        try:
            while True:
                kind, size = read(view, at)
                if kind not in (PACKET, OLD_PACKET, SIMPLE) or size < _SMALLEST or at + size > end:
                    return at
                add(at)
                at += size + 3 & ~3
        except struct.error:
            return min(at, end)

    def _block(self, at: int) -> tuple[int, int]:
        """The kind and the size of the block there; 0 where not even that is whole."""
        view = self._buffer.view[: self._buffer.end]
        if len(view) - at < _SMALLEST:
            return 0, len(view) - at + 1 + _SMALLEST
        kind, size = Layout(f"{self._order}II").unpack_from(view, at)
        if kind == SECTION:
            for order in "<>":
                if Layout(f"{order}I").unpack_from(view, at + 8)[0] == _MAGIC:
                    (size,) = Layout(f"{order}I").unpack_from(view, at + 4)
        return kind, (size + 3 & ~3) if size >= _SMALLEST else 0

    def _section(self, body: bytes) -> Iterator[Item]:
        for order in "<>":
            if Layout(f"{order}I").unpack_from(body)[0] == _MAGIC:
                self._order = order
        self._interfaces = []
        yield from self._few(notes.comments(body[16:], self._order))

    def _other(self, kind: int, body: bytes) -> Iterator[Item]:
        if kind == INTERFACE and len(self._interfaces) < INTERFACES:
            try:
                self._interfaces.append(notes.interface(body, self._order))
            except ValueError as error:
                self._interfaces.append(Interface(_UNKNOWN))
                yield Trouble("damaged", str(error))
            yield from notes.comments(body[8:], self._order)
        else:
            yield from notes.said(kind, body, self._order)

    def _few(self, items: Iterator[Item]) -> Iterator[Item]:
        """All but names and comments without end."""
        for item in items:
            self._remarks += isinstance(item, Comment | Name)
            if self._remarks <= REMARKS or not isinstance(item, Comment | Name):
                yield item

    def _trouble(self, size: int) -> Trouble:
        """Why the block at the beginning of the stretch cannot be had whole."""
        have = self._buffer.end
        if size < _SMALLEST:
            return Trouble("damaged", "the length of a block cannot be; nothing tells where the next begins")
        if self._buffer.over:
            return Trouble("cut off", f"the file ends inside a block, after {have} bytes of it")
        gone = self._buffer.skip(size)
        return Trouble("passed over", f"a block of {size} bytes; {SIZE} is the most", False, gone)

    def _flush(self) -> Iterator[Item]:
        if not self._places:
            return
        places = np.frombuffer(self._places, np.int64)
        self._places = array("q")
        window, remarks = self._window(places)
        for index in remarks.tolist():
            end = int(places[index]) + int(self._field(places[index : index + 1], 1)[0]) - 4
            start = int(window.starts[index]) + (int(window.kept[index]) + 3 & ~3)
            data = bytes(self._buffer.view[start:end])
            yield from self._few(notes.comments(data, self._order, window.first + index))
        yield from split(window)
        self._number += len(window)

    def _field(self, places: Integers, number: int) -> Integers:
        found: Bytes = heads(self._buffer.data, places + 4 * number, 4)
        return found.view(f"{self._order}u4")[:, 0].astype(np.int64)

    def _window(self, places: Integers) -> tuple[Window, Integers]:
        """The packets of the stretch, and which of them have more to say."""
        words = heads(self._buffer.data, places, 28).view(f"{self._order}u4").astype(np.int64)
        kind, size = words[:, 0], words[:, 1]
        simple, old = kind == SIMPLE, kind == OLD_PACKET
        half = words[:, 2] & 0xFFFF if self._order == "<" else words[:, 2] >> 16
        which = np.where(simple, 0, np.where(old, half, words[:, 2]))
        which = np.where(which < len(self._interfaces), which, len(self._interfaces))
        known = [*self._interfaces, Interface(_UNKNOWN)]
        header = np.where(simple, 12, 28)
        snap = known[0].snap or LARGEST
        kept = np.where(simple, np.minimum(words[:, 2], snap), words[:, 5])
        kept = np.minimum(kept, (size - header - 4).clip(0))
        wire = np.where(simple, words[:, 2], words[:, 6])
        when = self._times(which, words[:, 3] << 32 | words[:, 4], simple)
        links = np.array([face.link for face in known], np.int64)[which]
        starts = places + header
        window = Window(self._buffer.data, starts, kept, wire, when, links, self._number, self._buffer.offset)
        spare = size - header - 4 - (kept + 3 & ~3)
        asked = np.flatnonzero(~simple & (spare > 4))
        first = heads(self._buffer.data, starts[asked] + (kept[asked] + 3 & ~3), 2).view(f"{self._order}u2")[
            :, 0
        ]
        return window, asked[first == 1]

    def _times(
        self, which: Integers, count: Integers, simple: np.ndarray[tuple[int], np.dtype[np.bool_]]
    ) -> Integers:
        """Nanoseconds since 1970; a simple packet has the time of the one before it."""
        when = np.zeros(len(which), np.int64)
        ticks = count.astype(np.uint64)
        for number in np.flatnonzero(np.bincount(which)).tolist():
            if number < len(self._interfaces):
                mine = which == number
                when[mine] = _nanoseconds(ticks[mine], self._interfaces[number])
        if simple.any():
            before = np.maximum.accumulate(np.where(simple, -1, np.arange(len(when))))
            when = np.where(before < 0, self._last, when[before])
        self._last = int(when[-1])
        return when


def _nanoseconds(ticks: np.ndarray[tuple[int], np.dtype[np.uint64]], face: Interface) -> Integers:
    if face.base == 2:
        power = min(face.power, 63)
        seconds, part = ticks >> np.uint64(power), ticks & np.uint64((1 << power) - 1)
        fine = max(power - 34, 0)  # so that the product stays below 64 bits
        rest = (part >> np.uint64(fine)) * np.uint64(_BILLION) >> np.uint64(power - fine)
        found = seconds * np.uint64(_BILLION) + rest
    elif face.power <= 9:
        found = ticks * np.uint64(10 ** (9 - face.power))
    else:
        found = ticks // np.uint64(10 ** min(face.power - 9, 19))
    return found.astype(np.int64) + face.offset * _BILLION
