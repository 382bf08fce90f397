"""Budgets of reading captures of packets."""

from auditor.sources.pcap import keys
from tests.budgets.made import Budget


def key_log(lines: int) -> bytes:
    return b"".join(b"CLIENT_RANDOM %064x %096x\n" % (number, 1) for number in range(lines))


PACKETS = [
    Budget("sources/pcap/keys.py MOST", keys, "^3$", lambda _: len(keys.Keys([key_log(5)])), low=3),
]
