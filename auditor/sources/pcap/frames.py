"""Capture files, whatever their format: windows of packets, and what else is written between them."""

from collections.abc import Iterator

from auditor.errors import CaptureError
from auditor.sources.pcap import classic
from auditor.sources.pcap.packed import unpacked
from auditor.sources.pcap.pcapng import SECTION, Reader
from auditor.sources.pcap.window import Buffer, Item, Secrets, Trouble
from auditor.sources.tape import Tape


def frames(tape: Tape) -> Iterator[Item]:
    """Everything in the file, in order. What cannot be read is counted as unread and said."""
    inside = unpacked(tape)
    buffer = Buffer(inside or tape)
    buffer.move(0)
    for item in _items(buffer, inside.trouble if inside else ""):
        if isinstance(item, Trouble):
            tape.unread += item.unread
            if item.last:
                tape.unread += buffer.end + tape.drain()
        yield item
    if inside and inside.trouble:
        tape.unread += tape.drain()
        yield Trouble("damaged", inside.trouble)


def secrets(tape: Tape) -> Iterator[Secrets]:
    """What a file carries to open its own connections, wherever in it; for a file that can be read again.

    Only pcapng can carry any: any other file is not read at all.
    """
    inside = unpacked(tape)
    buffer = Buffer(inside or tape)
    buffer.move(0)
    if bytes(buffer.view[:4]) == SECTION.to_bytes(4):
        yield from (item for item in Reader(buffer).frames() if isinstance(item, Secrets))


def recognised(start: bytes) -> bool:
    """Whether a file that begins like this, unpacked, is a capture of packets."""
    try:
        classic.style(start)
    except ValueError:
        return start[:4] == SECTION.to_bytes(4)
    return True


def _items(buffer: Buffer, trouble: str) -> Iterator[Item]:
    start = bytes(buffer.view[: min(buffer.end, classic.HEADER + 20)])
    if start[:4] == SECTION.to_bytes(4):
        yield from Reader(buffer).frames()
    elif recognised(start):
        yield from classic.frames(buffer)
    else:
        raise CaptureError(trouble or "no capture of packets")
