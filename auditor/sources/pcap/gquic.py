"""The first hello of Google's own QUIC, before the standard: the name and the program that asks show.

Its tags stand in a table, each with the end of its value. From version Q050 on it is sealed as
the standard does it.
"""

from auditor.sources.pcap.wire import Facts

SEARCHED = 128  # bytes among which the table begins
MOST = 64  # tags of one hello

_NAME, _PROGRAM = b"SNI\0", b"UAID"


def hello(datagram: bytes) -> tuple[str, Facts]:
    """The name that is asked for, and the program that asks; nothing where it is no such hello."""
    at = datagram.find(b"CHLO", 0, SEARCHED)
    count = int.from_bytes(datagram[at + 4 : at + 6], "little")
    values = at + 8 + 8 * count
    if at < 0 or not 0 < count <= MOST or values > len(datagram):
        return "", ()
    found: dict[bytes, bytes] = {}
    start = 0
    for entry in range(at + 8, values, 8):
        end = int.from_bytes(datagram[entry + 4 : entry + 8], "little")
        if not start <= end <= len(datagram):
            return "", ()
        found.setdefault(datagram[entry : entry + 4], datagram[values + start : values + end])
        start = end
    program = found.get(_PROGRAM, b"").decode("latin-1")[:200]
    name = found.get(_NAME, b"").decode("latin-1")[:255].lower()
    return name, ((("software", program),) if program else ())
