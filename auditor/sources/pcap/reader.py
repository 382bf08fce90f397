"""A capture of packets, from its first window to its last: connections, each read as far as it can be."""

from collections.abc import Callable, Iterator
from typing import Protocol, TypeAlias

from auditor.model import Event
from auditor.sources.heads import Place
from auditor.sources.pcap.dns import Names
from auditor.sources.pcap.flows import ONE, SHUT, Flows
from auditor.sources.pcap.keys import Keys
from auditor.sources.pcap.onlooker import Line, Onlooker, Sums
from auditor.sources.pcap.table import Batch, Table
from auditor.sources.pcap.window import Secrets, Trouble
from auditor.sources.pcap.wire import End, Packet
from auditor.sources.tape import Tape


class Talk(Protocol):
    """One connection, to whoever reads it."""

    settled: bool  # nothing that comes would change anything: its packets need not be read

    def feed(self, packet: Packet) -> list[Event]: ...
    def finish(self, sums: Sums) -> list[Event]: ...


Begin: TypeAlias = Callable[[Line, Names, Keys], Talk]


def read(tape: Tape, place: Place) -> Iterator[Event]:
    """Everything: messages where they lie open or a key opens them, contacts for the rest."""
    return Reader(tape, place, Onlooker).events()


def contacts(tape: Tape, place: Place) -> Iterator[Event]:
    """Only who was talked to, as it shows from outside."""
    return Reader(tape, place, Onlooker).events()


class Reader:
    def __init__(self, tape: Tape, place: Place, begin: Begin) -> None:
        self.tape = tape
        self.place = place
        self.begin = begin
        self.names = Names()
        self.keys = place.keys.copy()
        self._talks: dict[int, Talk] = {}

    def events(self) -> Iterator[Event]:
        table = Table(self.tape)
        for item in table:
            match item:
                case Batch():
                    yield from self._batch(item)
                case Secrets(kind="tls"):
                    self.keys.add(item.data)
                case Trouble():
                    yield self.place.problem(self.tape.entries, item.kind, item.text)
        yield from self._over(table.finish())

    def _batch(self, batch: Batch) -> Iterator[Event]:
        for slot, packet in batch.packets():
            number = batch.number(slot)
            talk = self._talks.get(number)
            if talk is None:
                talk = self._talks[number] = self.begin(self._line(batch.flows, slot), self.names, self.keys)
            yield from talk.feed(packet)
            if talk.settled:
                batch.mark(slot, SHUT)
        yield from self._over(batch.over)

    def _over(self, flows: Flows) -> Iterator[Event]:
        for row in range(len(flows)):
            line = self._line(flows, row)
            talk = self._talks.pop(int(flows.number[row]), None) or self.begin(line, self.names, self.keys)
            ways = (int(flows.one_bytes[row]), int(flows.two_bytes[row]))
            sent, received = ways if flows.client[row] & 3 == ONE else reversed(ways)
            yield from talk.finish(Sums(sent, received, int(flows.began[row]) / 1e9))

    def _line(self, flows: Flows, row: int) -> Line:
        ends = _ends(flows, row)
        client, server = ends if flows.client[row] & 3 == ONE else reversed(ends)
        return Line(self.place, int(flows.first[row]), client, server, int(flows.kind[row]) >> 32 & 0xFF)


def _ends(flows: Flows, row: int) -> tuple[End, End]:
    kind = int(flows.kind[row])
    wide = kind >> 40 & 0xF == 6
    one = _address(wide, int(flows.one_high[row]), int(flows.one_low[row]))
    two = _address(wide, int(flows.two_high[row]), int(flows.two_low[row]))
    return End(one, kind & 0xFFFF), End(two, kind >> 16 & 0xFFFF)


def _address(wide: bool, high: int, low: int) -> bytes:
    return high.to_bytes(8) + low.to_bytes(8) if wide else low.to_bytes(4)
