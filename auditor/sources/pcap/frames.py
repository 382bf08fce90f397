"""Capture files, whatever their format: windows of packets, and what else is written between them."""

from collections.abc import Iterator

from auditor.sources.pcap import classic
from auditor.sources.pcap.window import Buffer, Item, Trouble
from auditor.sources.tape import Tape


def frames(tape: Tape) -> Iterator[Item]:
    """Everything in the file, in order. What cannot be read is counted as unread and said."""
    buffer = Buffer(tape.fill)
    buffer.move(0)
    for item in classic.frames(buffer):
        if isinstance(item, Trouble):
            tape.unread += buffer.end + tape.drain()
        yield item
