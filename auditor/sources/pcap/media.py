"""Sound and pictures of calls: RTP and RTCP. Whether they are sealed is not written on them.

One packet could be chance, so a stream is known by several that are numbered one by one.
"""

from collections.abc import Sequence

from auditor.sources.pcap.vpn import Piece

ENOUGH = 3  # packets of one stream

_REPORTS = range(192, 224)  # kinds of RTCP


def media(pieces: Sequence[Piece]) -> bool:
    """Whether these datagrams of one direction are sound or pictures."""
    last: dict[bytes, tuple[int, int]] = {}  # source: its last number, how many followed each other
    for piece in pieces:
        one = piece.head
        if len(one) < 12 or one[0] >> 6 != 2 or one[1] in _REPORTS:
            continue
        source, number = one[8:12], int.from_bytes(one[2:4])
        before, length = last.get(source, (number - 1, 0))
        length = length + 1 if 0 < (number - before) % 65536 <= ENOUGH else 1
        last[source] = number, length
        if length >= ENOUGH:
            return True
    return False


def report(one: Piece) -> bool:
    """A report about sound and pictures (RTCP): whole words, one after the other."""
    if one.size < 8 or one.head[0] >> 6 != 2 or one.head[1] not in range(200, 208):
        return False
    return 4 * (int.from_bytes(one.head[2:4]) + 1) <= one.size
