"""A capture of packets, from its first window to its last: connections, each read as far as it can be."""

from collections.abc import Callable, Iterator
from typing import Protocol, TypeAlias

import numpy as np
from msgspec import structs

from auditor.model import Contact, Event, Parcel, Problem
from auditor.sources.heads import Place
from auditor.sources.pcap.closed import MISSED, Closed
from auditor.sources.pcap.crowd import OTHERS, Crowd
from auditor.sources.pcap.devices import Devices
from auditor.sources.pcap.flow import Flow, Sums
from auditor.sources.pcap.flows import GUESS, ONE, SHUT
from auditor.sources.pcap.frames import secrets
from auditor.sources.pcap.keys import Keys
from auditor.sources.pcap.known import Known
from auditor.sources.pcap.onlooker import Onlooker
from auditor.sources.pcap.reasons import folded
from auditor.sources.pcap.sums import Flows, between, packed
from auditor.sources.pcap.table import Batch, Table
from auditor.sources.pcap.talks import talk
from auditor.sources.pcap.window import Name, Secrets, Trouble
from auditor.sources.pcap.wire import Packet
from auditor.sources.tape import Tape
from auditor.text import printable

MOST = 20_000  # connections that are read at the same time
_ETHERNET = 1


class Talk(Protocol):
    """One connection, to whoever reads it."""

    @property
    def settled(self) -> bool:
        """Nothing that comes would change anything: its packets need not be read."""

    @property
    def over(self) -> bool:
        """Both ends said that it is; what was late may still come."""

    @property
    def waits(self) -> bool:
        """What it tells depends on what others will have said."""

    def feed(self, packet: Packet) -> list[Event]: ...
    def finish(self, sums: Sums) -> list[Event]: ...
    def unread(self, kind: str, message: str) -> Problem:
        """A problem of all that is said from here on, which nobody reads."""


Begin: TypeAlias = Callable[[Flow, Known], Talk]


def read(tape: Tape, place: Place) -> Iterator[Event]:
    """Messages where they lie open or a key opens them, contacts for the rest."""
    yield from Reader(tape, place, None if place.outside else talk).events()
    if place.share.number:
        tape.unread = 0  # what cannot be read of the file as a whole, the first share says


def prepared(tape: Tape, place: Place) -> Place:
    """The same with the secrets that stand anywhere in the file: some who capture write them at its end."""
    keys = place.keys or Keys()
    for one in secrets(tape):
        if one.kind == "tls":
            keys.add(one.data)
    return structs.replace(place, keys=keys)


class Reader:
    """`begin` reads a connection; where there is none, somebody only looks on."""

    def __init__(self, tape: Tape, place: Place, begin: Begin | None) -> None:
        self.tape = tape
        self.place = place
        self.begin = begin
        self.known = Known(place.keys or Keys())
        self.devices = Devices(place.devices)
        self._talks: dict[int, tuple[Flow, Talk, bool]] = {}  # and whether its client is the one end
        self._open: dict[int, None] = {}  # those that are still read; the one that spoke last stands last
        self._ending: set[int] = set()  # connections whose ends said so in this window
        self._ended: set[int] = set()  # and in the one before
        self._crowd = Crowd(place, self.known, self.devices) if begin is None else None

    def events(self) -> Iterator[Event]:
        # Who only looks on needs no fragments, and may be one of several.
        table = Table(self.tape, together=self._crowd is None, share=self.place.share)
        yield from self._read(table)
        yield from self._crowd.over(table.finish()) if self._crowd else self._over(table.finish())
        yield from map(_folded, self.known.legs.finish())
        for reason, count in sorted(table.reasons.items()):
            packets = "a packet" if count == 1 else f"{count} packets"
            yield from self._trouble("not read", f"{packets}: {reason}")
        self.tape.phones = self.devices.talks()

    def _read(self, table: Table) -> Iterator[Event]:
        for item in table:
            match item:
                case Batch():
                    self._hardware(item)
                    yield from self._batch(item)
                case Secrets(kind="tls"):
                    self.known.keys.add(item.data)
                case Secrets():
                    why = f"secrets that are not for TLS ({printable(item.kind)}): what they open stays shut"
                    yield from self._trouble("not read", why)
                case Name():
                    self.known.names.say(item.name, item.address)
                case Trouble():
                    yield from self._trouble(item.kind, item.text)

    def _trouble(self, kind: str, text: str) -> Iterator[Event]:
        """With the file as a whole, which is said once, whoever reads it together."""
        if not self.place.share.number:
            yield self.place.problem(self.tape.entries, kind, text)

    def _hardware(self, batch: Batch) -> None:
        """Devices that were named by their MAC address: where they send from."""
        starts, data = batch.window.starts, batch.window.data
        for hardware in self.devices.hardware:
            mine = (batch.window.links == _ETHERNET) & (batch.window.kept >= 14) & (batch.rows.family > 0)
            for at, byte in enumerate(hardware):
                mine &= data[np.where(mine, starts + 6 + at, 0)] == byte
            sources = np.stack((batch.rows.family, batch.rows.source_high, batch.rows.source_low), axis=1)
            for family, high, low in np.unique(sources[mine].astype(np.uint64), axis=0).tolist():
                self.devices.learn(hardware, packed(family == 6, high, low))

    def _batch(self, batch: Batch) -> Iterator[Event]:
        if self._crowd:
            self._crowd.look(batch)
            yield from self._crowd.over(batch.over)
            return
        for slot, packet in batch.packets():
            flow, mine, _ = self._talk(batch.flows, slot)
            number = batch.number(slot)
            if number in self._open:
                self._open[number] = self._open.pop(number)  # spoke last
            yield from _told(flow, mine.feed(packet))
            if mine.settled:
                yield from self._close(number)
                if not flow.naming:
                    batch.mark(slot, SHUT)
            elif mine.over:
                self._ending.add(number)
            if len(self._open) > MOST:
                yield from self._close(next(iter(self._open)), early=True)
        yield from self._over(batch.over)
        for number in sorted(self._ended & self._talks.keys()):
            yield from self._close(number)
        self._ended, self._ending = self._ending, set()

    def _close(self, number: int, early: bool = False) -> Iterator[Event]:
        """Tells all that is known of a connection but for its sums, and forgets the rest."""
        flow, mine, one = self._talks[number]
        self._open.pop(number, None)
        if isinstance(mine, Closed) or mine.waits:
            return
        unread = mine.unread("too much", MISSED) if early else None
        found = mine.finish(Sums(0, 0, 0.0))
        left: list[Event] = [event for event in found if isinstance(event, Contact) and not event.ref.part]
        self._talks[number] = flow, Closed(flow, left, self.known.names, unread), one
        yield from _told(flow, [event for event in found if event not in left])

    def _over(self, flows: Flows) -> Iterator[Event]:
        for row in range(len(flows)):
            flow, mine, one = self._talk(flows, row)
            del self._talks[int(flows.number[row])]
            self._open.pop(int(flows.number[row]), None)
            sent, received = int(flows.one_bytes[row]), int(flows.two_bytes[row])
            if not one:
                sent, received = received, sent
            yield from _told(flow, mine.finish(Sums(sent, received, int(flows.began[row]) / 1e9)))

    def _talk(self, flows: Flows, row: int) -> tuple[Flow, Talk, bool]:
        number = int(flows.number[row])
        if number not in self._talks:
            flow, one = self._flow(flows, row)
            begin = self.begin or Onlooker
            mine = Onlooker(flow, self.known, OTHERS) if flow.other else begin(flow, self.known)
            self._talks[number] = flow, mine, one
            self._open[number] = None
        return self._talks[number]

    def _flow(self, flows: Flows, row: int) -> tuple[Flow, bool]:
        """Who is the client is seen in the first packets; where it is a guess, the phone is.

        Only a device that was named turns what is sent around: a guess is no reason to call an
        answer a question.
        """
        one, two = between(flows, row)
        told = int(flows.client[row])
        client, server = (one, two) if told & ~GUESS == ONE else (two, one)
        phone = self.devices.of(one, two)
        guessed = bool(told & GUESS)
        if phone == server and guessed:
            client, server = server, client
        device = self.devices.called(phone) if phone else ""
        other = bool(self.devices.named) and phone is None
        first, protocol = int(flows.first[row]), int(flows.kind[row]) >> 32 & 0xFF
        turned = phone == server and bool(self.devices.named)
        flow = Flow(self.place, first, client, server, protocol, device, turned, other, guessed)
        return flow, client is one


def _folded(event: Event) -> Event:
    """A contact as many connections are."""
    if not isinstance(event, Contact):
        return event
    reason, facts = folded(event.reason)
    return structs.replace(event, reason=reason, facts=(*event.facts, *facts))


def _told(flow: Flow, events: list[Event]) -> Iterator[Event]:
    """What a phone said that was the server of a connection is told as said by the phone."""
    for event in events:
        if isinstance(event, Problem):
            channels = tuple(structs.replace(one, device=flow.device) for one in event.channels)
            yield structs.replace(event, channels=channels)
            continue
        one = _folded(structs.replace(event, channel=structs.replace(event.channel, device=flow.device)))
        if flow.turned and isinstance(one, Parcel):
            one = structs.replace(one, outgoing=not one.outgoing)
        yield one
