"""The bytes of a connection that no stream knows, as parcels: a planted text may lie open in them.

Where one reading of a socket ended means nothing, so all that one side said until the
other spoke is one parcel.
"""

from collections.abc import Iterable, Iterator
from itertools import groupby

from auditor.model import Channel, Parcel
from auditor.sources.heads import Place
from auditor.sources.sockets import Frame

MOST = 1_000_000  # bytes of one parcel; longer runs are several


def parcels(
    frames: Iterable[Frame], entry: int, place: Place, channel: Channel, transport: str
) -> Iterator[Parcel]:
    for frame in runs(frames):
        ref = place.ref(entry, frame.ref())
        yield Parcel(ref, channel, frame.outgoing, frame.data, transport, when=frame.when, whole=frame.whole)


def runs(frames: Iterable[Frame]) -> Iterator[Frame]:
    """What one side said until the other spoke, under the number of its first piece."""
    for outgoing, run in groupby(frames, key=lambda frame: frame.outgoing):
        first, held, size = None, [], 0
        for frame in run:
            first = first or frame
            held.append(frame.data)
            size += len(frame.data)
            if size >= MOST:
                yield _joined(first, held, outgoing)
                first, held, size = None, [], 0
        if first and size:
            yield _joined(first, held, outgoing)


def _joined(first: Frame, pieces: list[bytes], outgoing: bool) -> Frame:
    return Frame(first.number, outgoing, b"".join(pieces), first.when, first.whole)
