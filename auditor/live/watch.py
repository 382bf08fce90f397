"""What the records of a session say of its connections: who came, who refused us, what went past us.

It hears the records as they are written, or as a saved journal gives them; so `auditor doctor`
says of a folder what the live view said of the session.
"""

import re
from contextlib import suppress
from email.utils import parsedate_to_datetime

from msgspec import Struct

from auditor.sources.flows import Flow, Response, lines
from auditor.sources.probed import Outcome, Probes
from auditor.sources.records import Asked, Begun, Closed, Ended, First, Hello, Opened, Passed, Record, Refused

MOST = 10_000  # hosts, and connections that are open, that are told apart
CLOCKS = 1000  # answers whose time is compared
_ALERTS = (
    ("unknown ca", "unknown CA"),
    ("certificate expired", "certificate expired"),
    ("bad certificate", "bad certificate"),
    ("certificate unknown", "certificate unknown"),
    ("certificate", "certificate refused"),
    ("unsupported protocol|protocol version|wrong version", "old TLS"),
    ("Cannot parse ClientHello", "not TLS"),
    ("no shared cipher|handshake failure", "no cipher in common"),
    ("connection closed", "hung up"),
)
CERTIFICATE = ("unknown CA", "bad certificate", "certificate unknown", "certificate refused", "hung up")
_DOT = 853
_VPN = {500: "IPsec", 4500: "IPsec", 1194: "OpenVPN", 51820: "WireGuard"}  # by their usual ports
_DOH = "application/dns-message"


class Host(Struct):
    """What happened with the connections to one host."""

    spoke: int = 0  # connections on which something was said, opened by us
    raw: int = 0  # connections that are neither HTTP nor opened any further
    left: int = 0  # shaken hands, and gone without a word
    passed: int = 0
    why: str = ""  # they were passed through
    alerts: dict[str, int] = {}
    early: int = 0  # refusals of our certificate before anybody trusted it: they tell nothing of the app
    server: str = ""  # what went wrong on the other side
    probes: dict[str, Outcome] = {}  # by the kind of false certificate

    @property
    def refused(self) -> int:
        return sum(self.alerts.values())


class Watch:
    """Hears records; everything it knows is counted by host."""

    def __init__(self) -> None:
        self.devices: dict[str, int] = {}
        self.hosts: dict[str, Host] = {}
        self.trusted = False  # somebody spoke through TLS that we opened
        self.quic: set[str] = set()  # hosts that offer HTTP/3 to whoever asks
        self.datagrams: set[str] = set()  # hosts that were talked to in QUIC, before us
        self.doh: set[str] = set()
        self.ech: set[str] = set()  # hosts whose hello is partly encrypted, or pretends to be
        self.asked: set[str] = set()  # names that were looked up where we heard it
        self.private: set[str] = set()  # resolvers that were asked where we did not hear what
        self.tunnels: set[str] = set()  # hosts that were talked to as if they were the far end of a VPN
        self.clocks: list[float] = []  # seconds by which servers are ahead of us
        self.requests = 0
        self._silent: dict[str, str] = {}  # connections on which nothing was said yet
        self._flows: dict[str, str] = {}
        self._probes = Probes()

    def hear(self, record: First | Record) -> Outcome | None:
        """What came of a probe, where this record shows it: no other sign of trust or of refusal."""
        if outcome := self._probes.hear(record):
            self.host(outcome.hello.host).probes[outcome.hello.shown] = outcome
        if outcome is None or outcome.weak:
            self._hear(record)
        return outcome

    def _hear(self, record: First | Record) -> None:
        match record:
            case Opened(side="client", tls=True) if (hello := self._probes.hello(record.id)) and hello.shown:
                pass
            case Opened(side="client", tls=True):
                _bounded(self._silent)
                self._silent[record.id] = record.host.lower()
            case Opened(side="client"):
                _bounded(self.devices)
                self.devices[record.address] = self.devices.get(record.address, 0) + 1
            case Hello(ech=True) if len(self.ech) < MOST:
                self.ech.add(record.host.lower())
            case Asked() if len(self.asked) < MOST:
                self.asked.add(record.name)
            case Opened(side="server") if record.port == _DOT and len(self.private) < MOST:
                self.private.add(record.host.lower())
            case Closed() if host := self._silent.pop(record.id, ""):
                self.host(host).left += 1
            case Refused(side="client"):
                self._in_quic(record)
                alerts, kind = self.host(record.host).alerts, alert(record.error)
                alerts[kind] = alerts.get(kind, 0) + 1
            case Refused():
                self.host(record.host).server = record.error
            case Passed():
                self._in_quic(record)
                one = self.host(record.host)
                one.passed, one.why = one.passed + 1, record.why
            case Begun():
                self._begun(record)
            case Ended(flow=Flow(response=Response() as response) as flow):
                self._flows.pop(record.id, None)
                self._answered(flow, response)
            case Ended():
                self._flows.pop(record.id, None)

    def unmet(self) -> set[str]:
        """Names that were looked up, and no connection to them came here."""
        return {name for name in self.asked if name not in self.hosts and not name.endswith(".arpa")}

    def host(self, name: str) -> Host:
        _bounded(self.hosts)
        return self.hosts.setdefault(name.lower() or "(no name)", Host())

    def _in_quic(self, record: Refused | Passed) -> None:
        if record.carrier == "quic" and len(self.datagrams) < MOST:
            self.datagrams.add(record.host.lower())

    def _begun(self, record: Begun) -> None:
        flow = record.flow
        if self._silent.pop(record.connection, "") and not self.trusted:
            self._trust()
        name = flow.client_conn.sni or (flow.request.asked_host if flow.request else _address(flow))
        if record.id in self._flows or not name:
            return  # told again once it is known where it leads
        _bounded(self._flows)
        self._flows[record.id] = name
        one = self.host(name)
        one.spoke += 1
        if flow.type == "http":
            self.requests += 1
        elif flow.type == "tcp":
            one.raw += 1
        elif flow.type == "udp" and _port(flow) == 443:
            self.datagrams.add(name)
        elif flow.type == "udp" and _port(flow) in _VPN and len(self.tunnels) < MOST:
            self.tunnels.add(name)

    def _trust(self) -> None:
        self.trusted = True
        for one in self.hosts.values():
            one.early = one.left + sum(one.alerts.get(kind, 0) for kind in CERTIFICATE)
            one.left = 0
            one.alerts = {kind: times for kind, times in one.alerts.items() if kind not in CERTIFICATE}

    def _answered(self, flow: Flow, response: Response) -> None:
        host = flow.request.asked_host if flow.request else flow.client_conn.sni or _address(flow)
        for name, value in lines(response):
            if name == "alt-svc" and re.search(r"\bh3", value) and len(self.quic) < MOST:
                self.quic.add(host)
            elif name == "content-type" and value.startswith(_DOH) and len(self.doh) < MOST:
                self.doh.add(host)
            elif name == "date" and response.timestamp_start and len(self.clocks) < CLOCKS:
                self._clock(value, response.timestamp_start)

    def _clock(self, date: str, when: float) -> None:
        with suppress(ValueError, OverflowError):  # not a date
            self.clocks.append(parsedate_to_datetime(date).timestamp() - when)


def alert(error: str) -> str:
    """What kind of refusal it was, in a word or two."""
    return next((kind for pattern, kind in _ALERTS if re.search(pattern, error)), "handshake failed")


def _address(flow: Flow) -> str:
    side = flow.server_conn.address or flow.server_conn.peername
    return str(side[0]) if side else ""


def _port(flow: Flow) -> int:
    side = flow.server_conn.address or flow.server_conn.peername
    return int(side[1]) if side and len(side) > 1 else 0


def _bounded(table: dict[str, str] | dict[str, int] | dict[str, Host]) -> None:
    while len(table) >= MOST:
        del table[next(iter(table))]
