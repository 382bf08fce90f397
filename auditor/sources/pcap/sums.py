"""What is summed up of each flow, in columns: 151 bytes a flow, and no object."""

import numpy as np
from msgspec import Struct

from auditor.sources.pcap.ends import Flags
from auditor.sources.pcap.rows import Words
from auditor.sources.pcap.window import Bytes, Integers
from auditor.sources.pcap.wire import End


class Flows(Struct):
    """Columns of flows; in the order of their numbers, which is that of their first packets."""

    number: Integers
    key: Words
    one_high: Words
    one_low: Words
    two_high: Words
    two_low: Words
    kind: Words
    first: Integers  # its first packet
    began: Integers  # nanoseconds
    ended: Integers
    touched: Integers  # the last window that has packets of it
    one_packets: Integers  # sent by the end with the smaller address
    two_packets: Integers
    one_bytes: Integers
    two_bytes: Integers
    one_base: Integers  # the first sequence number it sent; -1 before
    two_base: Integers
    client: Bytes  # 1 or 2, and 4 more where it is a guess
    spoke: Bytes  # who sent payload: 1, 2 or both
    flags: Bytes  # all that were seen
    opened: Bytes  # who sent a SYN before all else: 1, 2 or both
    full: Bytes  # whose payload nobody wants any more: 1, 2 or both
    state: Bytes
    seen: Integers  # the number of what somebody saw who only looks on; 0 before
    sides: Bytes  # who is the client and who the phone, once it is settled; 0 before

    def __len__(self) -> int:
        return len(self.number)

    def take(self, which: Integers | Flags | slice) -> "Flows":
        return Flows(*(getattr(self, name)[which].copy() for name in self.__struct_fields__))

    def keep(self, which: Flags | slice, room: int) -> None:
        """Only these stay, with room for more: column by column, so that there are never two tables."""
        unknown = none(1)
        for name in self.__struct_fields__:
            kept, empty = getattr(self, name)[which], np.repeat(getattr(unknown, name), room)
            setattr(self, name, np.concatenate((kept, empty)))


def none(count: int = 0) -> Flows:
    """Flows of which nothing is known."""

    def integers() -> Integers:
        return np.zeros(count, np.int64)

    def words() -> Words:
        return np.zeros(count, np.uint64)

    def marks() -> Bytes:
        return np.zeros(count, np.uint8)

    never, unknown = np.full(count, np.iinfo(np.int64).max), np.full(count, -1)
    return Flows(
        integers(), words(), words(), words(), words(), words(), words(), integers(), never, integers(),
        integers(), integers(), integers(), integers(), integers(), unknown, unknown.copy(),
        marks(), marks(), marks(), marks(), marks(), marks(), integers(), marks(),
    )  # fmt: skip


def joined(some: Flows, more: Flows) -> Flows:
    if not len(more):
        return some
    return Flows(*(np.concatenate((getattr(some, n), getattr(more, n))) for n in Flows.__struct_fields__))


def between(flows: Flows, row: int) -> tuple[End, End]:
    """The two ends of one."""
    kind = int(flows.kind[row])
    wide = kind >> 40 & 0xF == 6
    one = packed(wide, int(flows.one_high[row]), int(flows.one_low[row]))
    two = packed(wide, int(flows.two_high[row]), int(flows.two_low[row]))
    return End(one, kind & 0xFFFF), End(two, kind >> 16 & 0xFFFF)


def packed(wide: bool, high: int, low: int) -> bytes:
    """An address as it stands in a packet."""
    return high.to_bytes(8) + low.to_bytes(8) if wide else low.to_bytes(4)
