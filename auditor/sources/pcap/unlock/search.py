"""Bytes behind a loss, in which the beginning of a record is sought.

Each place that looks like one is asked about once, when the record behind it is whole: the time this
takes grows with the bytes, not with how they are cut.
"""

import re
from collections.abc import Callable
from heapq import heappop, heappush

from auditor.sources.pcap.records import LONGEST, Record

SOUGHT = 36_874  # bytes that are kept: twice a record, so that a whole one lies in them
HEAD = re.compile(rb"[\x14-\x17]\x03[\x00-\x04]")


class Search:
    def __init__(self) -> None:
        self.passed = 0  # bytes that are kept no more
        self._data = bytearray()
        self._scanned = 0
        self._begun: list[tuple[int, int]] = []  # where a record would end, and where it would begin

    def __len__(self) -> int:
        """How many bytes were given."""
        return self.passed + len(self._data)

    def feed(self, data: bytes, believed: Callable[[Record, bytes], bool]) -> bytes | None:
        """Everything from the first record on that is believed, given what stands behind it."""
        self._data += data
        self._mark()
        while self._begun and self._begun[0][0] <= len(self):
            end, at = heappop(self._begun)
            if at < self.passed:
                continue
            head, body = self._cut(at, at + 5), self._cut(at + 5, end)
            record = Record(head[0], int.from_bytes(head[1:3]), body)
            if believed(record, self._cut(end, end + 3)):
                return bytes(self._data[at - self.passed :])
        if len(self._data) > 2 * SOUGHT:
            self.passed += len(self._data) - SOUGHT
            del self._data[:-SOUGHT]
        return None

    def _mark(self) -> None:
        last = len(self) - 4  # before it all heads are whole
        for found in HEAD.finditer(self._data, max(self._scanned - self.passed, 0)):
            at = self.passed + found.start()
            if at >= last:
                break
            size = int.from_bytes(self._cut(at + 3, at + 5))
            if 0 < size <= LONGEST:
                heappush(self._begun, (at + 5 + size, at))
        self._scanned = max(self._scanned, last)

    def _cut(self, begin: int, end: int) -> bytes:
        return bytes(self._data[begin - self.passed : end - self.passed])
