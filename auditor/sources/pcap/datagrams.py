"""One conversation of UDP: every chunk is a datagram, and most that is said so is no message.

Streams that travel in datagrams (SIP) are read, DTLS opened where there are keys; all else is
a contact with what shows from outside. QUIC has its own reader (quic_conversation.py). A stream may
begin with any datagram: signs of life, and what looks for a way, come before its first message.
"""

from collections.abc import Callable
from typing import Protocol

from msgspec import structs

from auditor.model import Contact, Event, Parcel, Problem, Road
from auditor.sources import raw, talk
from auditor.sources.heads import Place
from auditor.sources.pcap import records, stun
from auditor.sources.pcap.dtls import Dtls
from auditor.sources.pcap.hello import ClientHello
from auditor.sources.pcap.keys import Keys
from auditor.sources.pcap.line import Line, line_to
from auditor.sources.pcap.outside import Outside
from auditor.sources.pcap.reasons import reason_of
from auditor.sources.pcap.wire import Chunk, End, Facts, Said
from auditor.sources.sockets import Frame
from auditor.streams import Message, Sorter

UNSURE = 16  # datagrams by which it must be known what they are
AROUND = 200  # bytes of memory that any datagram takes
HELD = 4_000_000  # bytes that nobody understands which are searched


class Opener(Protocol):
    """DTLS, as its owner opens it."""

    client: ClientHello | None
    alpn: str
    shut: str
    protects: bool

    @property
    def facts(self) -> Facts: ...
    def feed(self, from_client: bool, datagram: bytes) -> list[Said]: ...
    def finish(self) -> None: ...


class Datagrams:
    def __init__(
        self, place: Place, keys: Keys, entry: int, client: End, server: End, host: str = "",
        search: bool = False, opener: Callable[[Keys], Opener] = Dtls,
    ) -> None:  # fmt: skip
        self.client, self.server, self.entry = client, server, entry
        self.place, self.search = place, search
        self.line = line_to(server, host)
        self._keys, self._opener = keys, opener
        self._outside = Outside(datagrams=True)
        self._sorter = Sorter(carrier="udp")
        self._dtls: Opener | None = None
        self._opened = False
        self._sizes = {True: 0, False: 0}
        self._count = self._read = self._held = 0
        self._strange = 0  # datagrams that begin nothing that is known
        self._when: float | None = None
        self._frames: list[Frame] = []
        self._numbers: list[int] = []  # of the packets of the frames

    @property
    def settled(self) -> bool:
        """Nothing that comes would be read, or show more than what is seen."""
        return self._outside.settled and self._dtls is None and self._given_up and not self.search

    @property
    def _given_up(self) -> bool:
        return not self._sorter.name and self._strange > UNSURE

    def feed(self, chunk: Chunk) -> list[Event]:
        self._sizes[chunk.from_client] += len(chunk.data)
        self._when = chunk.when if self._when is None else self._when
        self._count += 1
        self._outside.feed(chunk.from_client, chunk.data)
        if self._dtls is None and not self._sorter.name:
            self._recognise(chunk.data)
        if self._dtls:
            said = self._dtls.feed(chunk.from_client, chunk.data)
            self._opened = self._opened or bool(said)
            pieces = [structs.replace(chunk, from_client=way, data=data) for way, data in said]
            return [event for piece in pieces for event in self._said(piece)]
        return self._said(chunk)

    def finish(self, ended: bool = True) -> list[Event]:
        found: list[Event] = []
        why = ""
        facts: Facts = ()
        if self._dtls:
            self._dtls.finish()
            why, facts = self._dtls.shut, self._dtls.facts
        channel = self.place.channel(self._line().channel())
        strange = raw.parcels(self._frames, self.entry, self.place, channel, "udp")
        found += [self._placed(one, self._numbers[int(one.ref.part[1:-1])]) for one in strange]
        if not self._read:
            found.append(self._contact(why or (talk.STRANGE if self._opened else ""), facts))
        elif why:
            found.append(self.unread("shut", f"it is read no further: {why}"))
        return found

    def unread(self, kind: str, message: str) -> Problem:
        """A problem of all that is said from here on."""
        name = self._sorter.name
        channel = self.place.channel(self._line().channel())
        return self.place.problem(self.entry, kind, message, "", (channel,), (name,) if name else ())

    def _recognise(self, data: bytes) -> None:
        if self._count > UNSURE:
            return
        if any(one.kind == records.HANDSHAKE for one in records.of_datagram(data)):
            self._dtls = self._opener(self._keys)
            self._strange = 0  # what is inside begins anew

    def _said(self, chunk: Chunk) -> list[Event]:
        """A datagram in the open, or what was sealed in one."""
        found = self._spoken(chunk)
        if not self._sorter.name:
            if self.search and self._held < HELD and chunk.data:
                self._held += len(chunk.data) + AROUND
                self._frames.append(Frame(len(self._frames), chunk.from_client, chunk.data, chunk.when))
                self._numbers.append(chunk.number)
            return []
        self._read += len(found)
        channel, name = self.place.channel(self._line().channel()), self._sorter.name
        parcels = (
            talk.parcel(self.place, self.entry, channel, name, one, chunk.when, f".{one.part}@{chunk.number}")
            for one in found
        )
        return [structs.replace(one, whole=not chunk.lost) for one in parcels]

    def _spoken(self, chunk: Chunk) -> list[Message]:
        """The messages of a datagram. Until one was understood, each may be the first."""
        if not self._sorter.name and not self._given_up:
            self._sorter = Sorter(carrier="udp")
            self._strange += stun.read(chunk.data) is None
        return self._sorter.feed(chunk.from_client, chunk.data)

    def _placed(self, event: Parcel, number: int) -> Parcel:
        return structs.replace(event, ref=structs.replace(event.ref, part=f"{event.ref.part}@{number}"))

    def _line(self) -> Line:
        if self._dtls is None:
            return self.line
        host = (self._dtls.client.server_name if self._dtls.client else "") or self.line.host
        if not self._dtls.protects:
            return structs.replace(self.line, host=host)
        return structs.replace(
            self.line, host=host, alpn=self._dtls.alpn, road=Road.PROTECTED, opened_by="key log"
        )

    def _contact(self, why: str, facts: Facts) -> Contact:
        seen = self._outside.seen()
        host = self.line.host or seen.host
        road = Road.PROTECTED if seen.protects else Road.CLEAR if seen.transport != "UDP" else Road.UNKNOWN
        channel = self.place.channel(structs.replace(self.line, host=host, road=road).channel())
        both = (*seen.facts, *(fact for fact in facts if fact not in seen.facts))
        return Contact(
            self.place.ref(self.entry), channel, seen.transport.lower(), why or reason_of(seen),
            self._sizes[True], self._sizes[False], self._when, both, carrier="udp", start=seen.start,
        )  # fmt: skip
