"""Connections that are only looked at: many at once, and those that begin alike are looked at once.

A connection is a number in a column: that of what was seen. Only what is seen first is understood, by an
onlooker; whoever begins with the same bytes at the same places shows the same. Contacts that look alike
are told as one.
"""

from collections.abc import Iterable, Iterator

import numpy as np

from auditor.model import Contact
from auditor.sources.heads import Place
from auditor.sources.pcap.devices import Devices
from auditor.sources.pcap.flow import Flow, Sums
from auditor.sources.pcap.flows import BOTH, GUESS, ONE, SHUT, TORN, TWO
from auditor.sources.pcap.glance import Glance, Script, Spoken, show, tell
from auditor.sources.pcap.known import Known
from auditor.sources.pcap.lanes import LANES, lanes
from auditor.sources.pcap.onlooker import Onlooker, contact, unsaid
from auditor.sources.pcap.outside import Seen
from auditor.sources.pcap.reasons import reason_of
from auditor.sources.pcap.rows import Words
from auditor.sources.pcap.sums import Flows, between, packed
from auditor.sources.pcap.table import Batch
from auditor.sources.pcap.views import View, Views
from auditor.sources.pcap.window import Integers
from auditor.sources.pcap.wire import TCP, UDP, End

OTHERS = "neither end is a device that was named"
SETTLED, CLIENT_ONE, PHONE_ONE, PHONE_TWO = 1, 2, 4, 8  # who is who, in a column
TOGETHER = 1 << 14  # connections among which those that look alike are looked for
AT_ONCE = 4096  # contacts that are made before the first of them is told
_FAR = End(b"")
_CLIENT, _SERVER = End(b"client"), End(b"server")  # whoever they are: all that begin alike are one


class Crowd:
    """All connections of a capture."""

    def __init__(self, place: Place, known: Known, devices: Devices) -> None:
        self._place = place
        self._known = known
        self._devices = devices
        self._lanes = [Views(lane, LANES) for lane in range(LANES)]
        self._subjects = [""]  # names of devices that users told apart
        self._alike: dict[int, Flow] = {}  # of a protocol, between whomever

    def look(self, batch: Batch) -> None:
        """Shows every connection what is said in a window, in the order of the file."""
        for said in batch.naming:  # in the order of the file, for as long as somebody tells names
            if said[2:3] >= b"\x80":  # an answer
                self._known.names.learn(said)
        flows, glance = batch.flows, Glance(batch)
        self._settle(flows, glance.slots)
        columns = (glance.slots, flows.seen[glance.slots], lanes(flows.kind[glance.slots]), glance.longer)
        numbers, full, torn = list[int](), list[int](), list[int]()
        for which, (slot, before, lane, longer) in enumerate(
            zip(*(column.tolist() for column in columns), strict=True)
        ):
            views = self._lanes[lane]
            number = before or self._begin(flows, slot, glance, which, views)
            view = views[number]
            # With most, all that is said is how they begin.
            if (before or longer) and not view.over and (rows := glance.rest(which, before > 0, view.full)):
                number, view = self._alone(flows, slot, number, views)
                self._show(view, flows, slot, rows)
            numbers.append(number)
            full.append(BOTH if view.over else view.full)
            if view.torn:
                torn.append(slot)
        flows.seen[glance.slots] = numbers
        flows.full[glance.slots] |= np.array(full, np.uint8)
        batch.mark(np.array(torn, np.int64), TORN)
        batch.mark(glance.slots[flows.full[glance.slots] == BOTH], SHUT)

    def _views(self, number: int) -> Views:
        return self._lanes[number % LANES]

    def _begin(self, flows: Flows, slot: int, glance: Glance, which: int, views: Views) -> int:
        """The number of what shows of a connection that begins so."""
        script = glance.script(which)
        digest = script.digest(int(flows.sides[slot]))
        if number := views.known(digest):
            views[number].uses += 1
            return number
        view = View(self._onlooker(flows, slot, script), digest)
        view.ordered = glance.ordered[which]
        view.sure = view.torn = view.ordered and script.protocol == TCP and script.opened != BOTH
        self._play(view, flows, slot, script)
        view.script = None if view.full == BOTH else script
        return views.add(view)

    def _alone(self, flows: Flows, slot: int, number: int, views: Views) -> tuple[int, View]:
        """What is seen of one connection that goes on, whoever began as it did."""
        view = views[number]
        if view.looker and view.uses == 1 and not view.sure:
            views.alone(number)
            return number, view
        assert view.script is not None
        mine = View(self._onlooker(flows, slot, view.script))
        mine.ordered = view.ordered and not view.sure
        self._play(mine, flows, slot, view.script)
        views.release(np.array([number]))
        return views.add(mine), mine

    def _play(self, view: View, flows: Flows, slot: int, script: Script) -> None:
        """Shows how a connection begins."""
        assert view.looker is not None
        if view.ordered:
            client = ONE if flows.sides[slot] & CLIENT_ONE else TWO
            view.full = tell(view.looker, client, script.turns(client))
        else:
            self._show(view, flows, slot, script.rows(int(flows.one_base[slot]), int(flows.two_base[slot])))

    def _show(self, view: View, flows: Flows, slot: int, rows: Iterable[Spoken]) -> None:
        assert view.looker is not None
        client = ONE if flows.sides[slot] & CLIENT_ONE else TWO
        if view.looker.flow.protocol == UDP:
            view.full |= tell(view.looker, client, [(way == client, data) for way, data, *_ in rows])
        else:
            view.full, torn = show(view.looker, client, rows, view.full)
            view.torn = view.torn or torn

    def _onlooker(self, flows: Flows, slot: int, script: Script) -> Onlooker:
        """One that knows where TCP begins."""
        protocol = script.protocol
        if protocol not in self._alike:
            self._alike[protocol] = Flow(self._place, 0, _CLIENT, _SERVER, protocol)
        found = Onlooker(self._alike[protocol], self._known)
        for way, bases in ((ONE, flows.one_base), (TWO, flows.two_base)):
            if script.opened & way:
                from_client = (way == ONE) == bool(flows.sides[slot] & CLIENT_ONE)
                found.opened(from_client, int(bases[slot]) + 1 & 0xFFFFFFFF)
        return found

    def _settle(self, flows: Flows, slots: Integers) -> None:
        """Who is the client is seen in the first packets; where it is a guess, the phone is."""
        new = slots[flows.sides[slots] == 0]
        phone, told = self._devices.phones(flows, new), flows.client[new]
        one = told & ~np.uint8(GUESS) == ONE
        one ^= (told & GUESS > 0) & (phone == np.where(one, TWO, ONE))
        flows.sides[new] = SETTLED | np.where(one, CLIENT_ONE, 0) | phone * PHONE_ONE

    def over(self, flows: Flows) -> Iterator[Contact]:
        """Connections that are complete; so many at a time those that look alike are one contact."""
        for start in range(0, len(flows), TOGETHER):
            yield from self._over(flows.take(slice(start, start + TOGETHER)))

    def _over(self, flows: Flows) -> Iterator[Contact]:
        self._settle(flows, np.arange(len(flows)))
        every, mine = np.unique(flows.seen, return_inverse=True)
        known: dict[Seen | None, int] = {None: 0}
        shows = [
            known.setdefault(self._views(one).settle(one) if one else None, len(known))
            for one in every.tolist()
        ]
        columns = [np.array(shows)[mine], *self._between(flows)]
        order = np.lexsort((flows.first, *columns))
        changes = np.concatenate(([True], np.zeros(len(order) - 1, np.bool_)))
        for column in columns:
            changes[1:] |= column[order[1:]] != column[order[:-1]]
        begins = np.flatnonzero(changes)
        one = flows.sides & CLIENT_ONE > 0
        sent = np.where(one, flows.one_bytes, flows.two_bytes)[order]
        received = np.where(one, flows.two_bytes, flows.one_bytes)[order]
        sums = [np.add.reduceat(column, begins) for column in (sent, received)]
        numbers, first, seen = flows.first[order].tolist(), order[begins], list(known)
        shown, *between = (column[first] for column in columns)
        told = [begins, np.append(begins[1:], len(order)), shown, *sums, flows.began[first], *between]
        for some in np.array_split(np.argsort(flows.first[first]), 1 + len(begins) // AT_ONCE):
            for begin, end, which, *facts in zip(*(column[some].tolist() for column in told), strict=True):
                yield self._contact(numbers[begin:end], seen[which], *facts)
        for lane, views in enumerate(self._lanes):
            views.release(flows.seen[flows.seen % LANES == lane])

    def _between(self, flows: Flows) -> list[Integers | Words]:
        """The far end's address and port, the protocol, whose it is."""
        one = flows.sides & CLIENT_ONE > 0
        port = np.where(one, flows.kind >> np.uint64(16), flows.kind) & np.uint64(0xFFFF)
        return [
            np.where(one, flows.two_high, flows.one_high), np.where(one, flows.two_low, flows.one_low),
            port, flows.kind >> np.uint64(32) & np.uint64(0xFFF), self._whose(flows),
        ]  # fmt: skip

    def _contact(
        self, entries: list[int], seen: Seen | None, sent: int, received: int, began: int, high: int,
        low: int, port: int, kind: int, subject: int,
    ) -> Contact:  # fmt: skip
        address = packed(kind >> 8 == 6, high, low)
        protocol = kind & 0xFF
        device = self._subjects[max(subject, 0)]
        flow = Flow(self._place, entries[0], _FAR, End(address, port), protocol, device)
        seen = seen or unsaid(protocol)
        reason = OTHERS if subject < 0 else reason_of(seen)
        sums = Sums(sent, received, began / 1e9)
        return contact(flow, self._known.names, seen, reason, sums, tuple(entries[1:]))

    def _whose(self, flows: Flows) -> Integers:
        """Where users named their devices, the subject of each connection; below zero for strangers."""
        found = np.zeros(len(flows), np.int64)
        for row, sides in enumerate(flows.sides.tolist() if self._devices.named else ()):
            one, two = between(flows, row)
            name = self._devices.called(one if sides & PHONE_ONE else two)
            if not sides & (PHONE_ONE | PHONE_TWO):
                found[row] = -1
                continue
            if name not in self._subjects:
                self._subjects.append(name)
            found[row] = self._subjects.index(name)
        return found
