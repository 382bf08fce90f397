"""Apps that were shown a certificate that proves nothing: which of them went on to speak.

Laws: only words of the app count, for some shake hands first and look at the certificate later;
what a program accepted once it is taken to accept at that host, and a program is known there by
how it says hello. Nobody is asked but the records, so a saved journal says what the proxy saw.
"""

from msgspec import Struct

from auditor.sources.records import Begun, Closed, First, Hello, Record, Refused, Said

KINDS = {  # what is shown, in this order: what is wrong with it
    "unknown CA": "from an authority that nobody knows",
    "wrong name": "for another name",
    "expired": "that has expired",
}
# Who accepts one of these speaks to whoever stands in the way; an old key of the host itself is rarer.
BARE = ("unknown CA", "wrong name")
MOST = 100_000  # connections that are open at the same time
ACCEPTED, REFUSED, LEFT = "accepted", "refused", "left"
_SAID = {
    REFUSED: "the app refused a certificate {} that the probe showed it, as it should",
    LEFT: "the app shook hands over a certificate {} that the probe showed it, and said nothing",
}


class Outcome(Struct, frozen=True):
    hello: Hello
    did: str

    @property
    def weak(self) -> str:
        """What its TLS fails to do, where the app accepted what it should not."""
        if self.did != ACCEPTED:
            return ""
        what = f"accepts a certificate {KINDS.get(self.hello.shown, self.hello.shown)}"
        return f"{what}: TLS protects nothing here" if self.hello.shown in BARE else what

    @property
    def reason(self) -> str:
        kind = KINDS.get(self.hello.shown, self.hello.shown)
        return f"opened by the probe: the app {self.weak}" if self.weak else _SAID[self.did].format(kind)


class Probes:
    """Hears all records of a session, and says what came of a probe when it is known."""

    def __init__(self) -> None:
        self._hellos: dict[str, Hello] = {}
        self._open: dict[str, Hello] = {}  # probed, and nothing is known yet
        self._flows: dict[str, str] = {}  # of those
        self._bare: set[tuple[str, str]] = set()

    def hear(self, record: First | Record) -> Outcome | None:
        match record:
            case Hello():
                self._hellos[record.connection] = record
                if record.shown:
                    self._open[record.connection] = record
                while len(self._hellos) > MOST:
                    self._forget(next(iter(self._hellos)))
            case Begun(connection=name) if name in self._open:
                if record.flow.type == "http":
                    return self._came(name, ACCEPTED)
                self._flows[record.id] = name
            case Said(out=True) if name := self._flows.pop(record.id, ""):
                return self._came(name, ACCEPTED)
            case Refused(side="client"):
                return self._came(record.connection, REFUSED)
            case Closed():
                ended = self._came(record.id, LEFT)
                self._forget(record.id)
                return ended
        return None

    def hello(self, connection: str) -> Hello | None:
        return self._hellos.get(connection)

    def bare(self, hello: Hello | None) -> bool:
        """Whether the TLS of this connection protects nothing."""
        return hello is not None and _program(hello) in self._bare

    def _came(self, connection: str, did: str) -> Outcome | None:
        hello = self._open.pop(connection, None)
        if hello is None:
            return None
        if did == ACCEPTED and hello.shown in BARE:
            self._bare.add(_program(hello))
        return Outcome(hello, did)

    def _forget(self, connection: str) -> None:
        self._hellos.pop(connection, None)
        self._open.pop(connection, None)
        self._flows = {flow: name for flow, name in self._flows.items() if name != connection}


def _program(hello: Hello) -> tuple[str, str]:
    return hello.host.lower(), hello.look or hello.connection
