"""One connection, from its first chunk to the last: parcels as they are read, and why the rest stayed shut.

Laws: what a connection is, its content says and no port; every connection gives at least
one event; facts that show from outside go with the contact.
"""

from collections.abc import Callable

from msgspec import structs

from auditor.model import Contact, Event, Parcel, Problem, Road
from auditor.sources.heads import Place
from auditor.sources.pcap.keys import Keys
from auditor.sources.pcap.line import line_to
from auditor.sources.pcap.outside import Outside
from auditor.sources.pcap.readers import About, Opener
from auditor.sources.pcap.reasons import reason_of
from auditor.sources.pcap.speech import Speech
from auditor.sources.pcap.tls import Tls
from auditor.sources.pcap.wire import Chunk, End
from auditor.sources.talk import STRANGE

SILENT = "nothing was said on it"
UNREAD = "nothing that was said makes a message"


class Conversation:
    """A TCP connection. `client` opened it; `host` is what its server is called as far as others said it.

    Where the client is only guessed, it may be the other one: that is tried before nothing is understood.
    """

    def __init__(
        self, place: Place, keys: Keys, entry: int, client: End, server: End, host: str = "",
        search: bool = False, opener: Callable[[Keys], Opener] = Tls, guessed: bool = False,
    ) -> None:  # fmt: skip
        self.client, self.server = client, server
        self.entry = entry
        about = About(place, keys, entry, opener, search)
        self._speech = Speech(about, line_to(server, host), other=line_to(client, "") if guessed else None)
        self._outside = Outside()
        self._told = False

    @property
    def settled(self) -> bool:
        """Nothing that comes would be read, or show more than what is seen."""
        return self._outside.settled and self._speech.settled

    def feed(self, chunk: Chunk) -> list[Event]:
        if not self._outside.settled:
            self._outside.feed(chunk.from_client, chunk.data, chunk.lost)
        return self._named(self._speech.feed(chunk))

    def finish(self, ended: bool = True) -> list[Event]:
        found = self._named(self._speech.finish(ended))
        if not self._told:
            spoke = any(self._speech.sizes.values())
            found += self._named([self._speech.contact(UNREAD if spoke else SILENT)])
        return found

    def unread(self, kind: str, message: str) -> Problem:
        """A problem of all that is said from here on."""
        return self._speech.unread(kind, message)

    def _named(self, events: list[Event]) -> list[Event]:
        """Contacts of the connection itself show what shows from outside."""
        self._told = self._told or any(isinstance(event, Parcel | Contact) for event in events)
        return [self._seen(one) if isinstance(one, Contact) and not one.ref.part else one for one in events]

    def _seen(self, contact: Contact) -> Contact:
        seen = self._outside.seen()
        channel = contact.channel
        host = channel.host or seen.host
        road = Road.PROTECTED if seen.protects else channel.road
        channel = structs.replace(channel, host=host, road=road)
        facts = (*seen.facts, *(fact for fact in contact.facts if fact not in seen.facts))
        reason = reason_of(seen) if contact.reason == STRANGE else contact.reason
        return structs.replace(
            contact, channel=channel, transport=seen.transport.lower(), reason=reason, facts=facts,
            carrier="tcp", start=seen.start,
        )  # fmt: skip
