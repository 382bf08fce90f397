"""A proxy that was recorded on both sides: what it passed on counts once.

Who records beside an intercepting proxy sees every message twice: on the way to the proxy
and on the way from it. The second is told as a contact, so that nothing is counted double
and nothing is hidden.

Laws: a connection is the far leg of a proxy only where it comes from an address that others
connect to, and all that its client said was said before to that address, to the same host,
on a road of the same kind. Where one message is its own, all of them count; what was answered
to it and never passed on counts too.
"""

from collections.abc import Iterator
from hashlib import blake2b

from msgspec import Struct, structs

from auditor.model import Contact, Event, Parcel
from auditor.sources.pcap.wire import End

HELD = 64_000_000  # bytes of messages that wait to be known as passed on
MOST = 100_000  # messages that are remembered
AROUND = 1_000  # bytes of memory that any message takes
LAG = 60.0  # seconds that a proxy may keep one

Print = bytes  # of a message: who says it to which host, and what


class Leg(Struct):
    """A connection that comes from where others go to."""

    client: End
    server: End
    events: list[Event]
    size: int = 0
    over: bool = False


class Said(Struct, frozen=True):
    """Who said something, where to and when."""

    port: int
    entry: int
    when: float


class Legs:
    """Between the conversations and whoever listens to them."""

    def __init__(self) -> None:
        self._servers: dict[bytes, set[int]] = {}  # ports that were connected to, by address
        self._heard: dict[Print, list[Said]] = {}
        self._held: dict[int, Leg] = {}
        self._free: set[int] = set()  # connections that are nobody's far leg
        self._size = 0

    def take(self, entry: int, client: End, server: End, events: list[Event], over: bool) -> list[Event]:
        """What may be told of a connection now; `over` where nothing more comes of it."""
        self._servers.setdefault(server.address, set()).add(server.port)
        for event in _said(events):
            self._remember(_print(server, event), Said(server.port, entry, event.when or 0.0))
        if entry in self._free or not self.behind(client, server):
            if over:
                self._free.discard(entry)
            elif events:
                self._free.add(entry)
            return events
        leg = self._held.setdefault(entry, Leg(client, server, []))
        leg.events += events
        size = sum(len(event.body) + AROUND for event in events if isinstance(event, Parcel))
        leg.size, leg.over = leg.size + size, over
        self._size += size
        return list(self._settled(last=False)) if over or self._size > HELD else []

    def finish(self) -> Iterator[Event]:
        """Nothing more comes."""
        yield from self._settled(last=True)

    def behind(self, client: End, server: End) -> bool:
        """Whether it comes from where others go to, so that it may be a far leg."""
        ports = self._servers.get(client.address, set())
        return bool(ports - {server.port} if client.address == server.address else ports)

    def _remember(self, seen: Print, said: Said) -> None:
        self._heard.setdefault(seen, []).append(said)
        while len(self._heard) > MOST:
            del self._heard[next(iter(self._heard))]

    def _settled(self, last: bool) -> Iterator[Event]:
        """In the order in which they began, so that a far leg is never taken for the near one of the next."""
        for entry in sorted(self._held):
            leg = self._held[entry]
            near = self._near(leg, entry) if leg.over else None
            if near is None and not last and self._size <= HELD:
                return
            del self._held[entry]
            self._size -= leg.size
            if near is None:
                self._free |= set() if leg.over else {entry}
                yield from leg.events
            else:
                self._forget(leg, entry, near)
                yield from (kept := [one for one in _said(leg.events) if self._kept_back(leg, entry, one)])
                yield _passed_on(leg, entry, near[0][1].entry, len(kept))

    def _near(self, leg: Leg, entry: int) -> list[tuple[Print, Said]] | None:
        """What was said to the proxy, message by message, if all of it was: on one connection or several."""
        asked = [(_print(leg.client, event), event.when or 0.0) for event in _asked(leg.events)]
        first = self._heard.get(asked[0][0], ()) if asked else ()
        for only in (*dict.fromkeys(said.entry for said in first), None):
            if found := self._matched(leg, entry, asked, only):
                return found
        return None

    def _matched(
        self, leg: Leg, entry: int, asked: list[tuple[Print, float]], only: int | None
    ) -> list[tuple[Print, Said]] | None:
        used: list[tuple[Print, Said]] = []
        taken: set[tuple[Print, Said]] = set()
        for seen, when in asked:
            for said in self._heard.get(seen, ()):
                before = said.entry < entry and 0 <= when - said.when <= LAG and only in (None, said.entry)
                other = leg.client.address != leg.server.address or said.port != leg.server.port
                if before and other and (seen, said) not in taken:
                    used.append((seen, said))
                    taken.add((seen, said))
                    break
            else:
                return None
        return used or None

    def _kept_back(self, leg: Leg, entry: int, one: Parcel) -> bool:
        """Whether this is an answer that the proxy did not pass on as it was."""
        heard = self._heard.get(_print(leg.client, one), ())
        return not one.outgoing and one.whole and all(said.entry == entry for said in heard)

    def _forget(self, leg: Leg, entry: int, near: list[tuple[Print, Said]]) -> None:
        """What was passed on is passed on once, and who passes on says nothing of its own."""
        for seen, said in near:
            self._heard[seen].remove(said)
        for event in _asked(leg.events):
            seen = _print(leg.server, event)
            self._heard[seen] = [said for said in self._heard.get(seen, ()) if said.entry != entry]


def _said(events: list[Event]) -> Iterator[Parcel]:
    return (event for event in events if isinstance(event, Parcel))


def _asked(events: list[Event]) -> Iterator[Parcel]:
    return (event for event in _said(events) if event.outgoing)


def _print(proxy: End, parcel: Parcel) -> Print:
    head = parcel.head
    who = head.header("authorization"), head.header("cookie")
    about = (proxy.address, parcel.channel.host, parcel.channel.road.value, parcel.protocol, head.method)
    digest = blake2b(repr((about, head.path, head.query, who)).encode(errors="replace"), digest_size=16)
    digest.update(parcel.body)
    return digest.digest()


def _passed_on(leg: Leg, entry: int, near: int, kept: int) -> Contact:
    parcels = list(_said(leg.events))
    first = parcels[0]
    sizes = {way: sum(len(one.body) for one in parcels if one.outgoing == way) for way in (True, False)}
    reason = "the far leg of a proxy: what it says was read on the way to it"
    ref = structs.replace(first.ref, part="")
    facts = (("passed on", f"{len(parcels) - kept} messages of {first.ref.capture}#{near}"),)
    return Contact(ref, first.channel, "tcp", reason, sizes[True], sizes[False], first.when, facts)
