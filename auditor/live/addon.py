"""A mitmproxy addon: `mitmdump -w session.mitm -s "$(auditor addon)"`. The report comes when the proxy stops.

It writes a journal beside the dump: every message as it passes, every handshake that failed,
every connection. A dump holds no refused handshake, and nothing of a connection that is still
open when the proxy dies. `auditor analyze session.mitm` reads both and gives the same report.

Laws: traffic is never changed and never waits for a verdict; whatever cannot be taken becomes
a line in the proxy's log, and the proxy goes on.
"""

import hashlib
import logging
import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from mitmproxy import connection, ctx, dns, flow, http, tcp, tls, udp, version
from mitmproxy.proxy import server_hooks

from auditor.audit import Audit
from auditor.errors import AuditorError
from auditor.judge import judge
from auditor.live.journal import Journal, place_of
from auditor.live.lasting import Pieces, lasts
from auditor.live.listener import Listener, Watcher
from auditor.needles import Needles
from auditor.probes.canaries import weakness
from auditor.report import Capture, Report
from auditor.reporters import Options, reporter
from auditor.rulebook.book import Rulebook
from auditor.shelf import Session, load_rules, session_of
from auditor.sources.flows import Flow, Request, flow_of
from auditor.sources.heads import Place, clean
from auditor.sources.records import Begun, Closed, Ended, First, Opened, Record, Refused, Said

NAME = "live"
log = logging.getLogger(__name__)

Stream = tcp.TCPFlow | udp.UDPFlow
Ear = Callable[[First | Record], None]
Tell = Callable[[Report, Rulebook], None]


def printed(report: Report, book: Rulebook) -> None:
    reporter("terminal").render(report, judge(report, book), sys.stdout, Options())


class Auditor:
    """Hooks of the proxy in, records out: to the journal first, then to who listens and the audit."""

    def __init__(
        self,
        tell: Tell | None = None,
        watcher: Watcher | None = None,
        ears: Sequence[Ear] = (),
        book: Rulebook | None = None,
    ) -> None:
        self.tell = tell  # without one, the report is printed, and how to have it again
        self.watcher, self.ears, self.book = watcher, ears, book
        self.journal: Journal | None = None
        self.listener: Listener | None = None
        self.open: dict[str, tuple[flow.Flow, Request | None]] = {}
        self.session = ""  # what `auditor analyze` is asked for

    def load(self, loader: Any) -> None:
        loader.add_option("auditor_canary", Sequence[str], [], "Texts that you will send.")
        loader.add_option("auditor_as", Sequence[str], [], "HOST=NAME: audit HOST as if it were NAME.")
        loader.add_option("auditor_rules", str, "", "Another folder of rules.")
        loader.add_option("auditor_reveal", bool, False, "Show message texts instead of masking them.")
        loader.add_option("auditor_journal", str, "", "Another place than beside the dump for the journal.")

    def running(self) -> None:
        option, dump = ctx.options.auditor_journal, ctx.options.save_stream_file
        path, saved, goes_on = place_of(option, dump)
        try:
            if path:
                self.journal = Journal(path, f"mitmproxy {version.VERSION}", goes_on)
                beside = saved and saved.with_name(path.name) == path
                self.session = str(saved if beside else path)
            self.listener = self._listener()
        except AuditorError as exc:
            log.error("auditor: %s", exc)  # noqa: TRY400
        if self.journal:
            self.note(self.journal.first)

    def _listener(self) -> Listener:
        options = ctx.options
        book = self.book or load_rules(Path(options.auditor_rules) if options.auditor_rules else None)
        session = session_of(Path(self.session)) if self.session else Session()
        pairs = dict(pair.split("=", 1) for pair in options.auditor_as if "=" in pair)
        needles = Needles((*options.auditor_canary, *session.texts))
        renamed = {host.lower(): name for host, name in {**session.renamed, **pairs}.items()}
        place = Place(clean(Path(self.session).name) if self.session else NAME, renamed)
        audit = Audit(book, needles, options.auditor_reveal, session.app)
        for weak in filter(None, map(weakness, needles.texts)):
            audit.feed(place.problem(0, "weak text", weak))
        return Listener(audit, place, self.journal.path if self.journal else None, self.watcher)

    def request(self, flow: http.HTTPFlow) -> None:
        self._begin(flow)

    def responseheaders(self, flow: http.HTTPFlow) -> None:
        if flow.response and lasts(flow.response):
            self._begin(flow)
            flow.response.stream = Pieces(flow, flow.response, self.note)

    def response(self, flow: http.HTTPFlow) -> None:
        if flow.websocket is None:
            self._end(flow)
        else:
            self._begin(flow)

    def error(self, flow: http.HTTPFlow) -> None:
        if flow.websocket is None:  # the end of a WebSocket is still to come
            self._end(flow)

    def websocket_message(self, flow: http.HTTPFlow) -> None:
        if flow.websocket:
            one = flow.websocket.messages[-1]
            self.note(Said(flow.id, one.from_client, one.content, one.timestamp, int(one.type)))

    def websocket_end(self, flow: http.HTTPFlow) -> None:
        self._end(flow)

    def tcp_start(self, flow: tcp.TCPFlow) -> None:
        self._begin(flow)

    def tcp_message(self, flow: tcp.TCPFlow) -> None:
        self._said(flow)

    def tcp_end(self, flow: tcp.TCPFlow) -> None:
        self._end(flow)

    def tcp_error(self, flow: tcp.TCPFlow) -> None:
        self._end(flow)

    def udp_start(self, flow: udp.UDPFlow) -> None:
        self._begin(flow)

    def udp_message(self, flow: udp.UDPFlow) -> None:
        self._said(flow)

    def udp_end(self, flow: udp.UDPFlow) -> None:
        self._end(flow)

    def udp_error(self, flow: udp.UDPFlow) -> None:
        self._end(flow)

    def dns_request(self, flow: dns.DNSFlow) -> None:
        self._begin(flow)

    def dns_response(self, flow: dns.DNSFlow) -> None:
        self._end(flow)

    def dns_error(self, flow: dns.DNSFlow) -> None:
        self._end(flow)

    def tls_established_client(self, data: tls.TlsData) -> None:
        host, port, address = _far_end(data)
        self.note(Opened(data.conn.id, "client", host, port, address, True, data.conn.timestamp_tls_setup))

    def tls_failed_client(self, data: tls.TlsData) -> None:
        why, when = data.conn.error or "", data.conn.timestamp_start
        carrier = "tls" if data.is_dtls or data.conn.transport_protocol == "tcp" else "quic"
        self.note(Refused("client", *_far_end(data), why, when, data.conn.id, carrier))

    def tls_failed_server(self, data: tls.TlsData) -> None:
        self.note(Refused("server", *_far_end(data), data.conn.error or "", data.conn.timestamp_start))

    def client_connected(self, client: connection.Client) -> None:
        self._opened(client, "client")

    def client_disconnected(self, client: connection.Client) -> None:
        self.note(Closed(client.id, "client", client.timestamp_end))

    def server_connected(self, data: server_hooks.ServerConnectionHookData) -> None:
        self._opened(data.server, "server")

    def server_disconnected(self, data: server_hooks.ServerConnectionHookData) -> None:
        self.note(Closed(data.server.id, "server", data.server.timestamp_end))

    def _begin(self, flow: flow.Flow) -> None:
        known = _known(flow)
        if known:
            self.open[flow.id] = (flow, known.request)
            self.note(Begun(flow.id, known, flow.client_conn.id))

    def _said(self, flow: Stream) -> None:
        if len(flow.messages) == 1:
            self._begin(flow)  # again: now it is known where it leads
        one = flow.messages[-1]
        self.note(Said(flow.id, one.from_client, one.content, one.timestamp))

    def _end(self, flow: flow.Flow) -> None:
        known = _known(flow)
        _, asked = self.open.pop(flow.id, (flow, None))
        if known:
            if asked is not None and known.request == asked:
                known.request = None  # the journal has it already
            self.note(Ended(flow.id, known))

    def _opened(self, one: connection.Connection, side: str) -> None:
        host, port = one.address[:2] if isinstance(one, connection.Server) and one.address else ("", 0)
        address = str(one.peername[0]) if one.peername else ""
        self.note(Opened(one.id, side, host, port, address, False, one.timestamp_start))

    def note(self, record: First | Record) -> None:
        if self.journal:
            self.journal.write(record)
        for ear in self.ears:
            ear(record)
        if self.listener:
            self.listener.hear(record)

    def done(self) -> None:
        for one, _ in list(self.open.values()):
            self._end(one)
        # Connections that close from here on are of no interest any more.
        (journal, self.journal), (listener, self.listener) = (self.journal, None), (self.listener, None)
        if journal:
            journal.close()
        if listener is None:
            return
        if listener.finish():
            (self.tell or printed)(
                listener.audit.report(self._capture(listener, journal)), listener.audit.book
            )
        else:
            log.error("auditor: the audit came to an early end, so there is no report")
        if self.session and self.tell is None:
            print(f"\nThis report again: {self._command()}")
        sys.stdout.flush()

    def _capture(self, listener: Listener, journal: Journal | None) -> Capture:
        renamed = tuple(sorted(listener.audit.renamed))
        if journal is None:
            # Nothing was saved here to take a hash of.
            session = hashlib.sha256(f"{id(self)}".encode()).hexdigest()
            return Capture(session, NAME, "live proxy", 0, 0, renamed)
        with journal.path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            size = file.tell()
        name = clean(Path(self.session).name)
        return Capture(digest, name, "session journal", size, listener.unread, renamed)

    def _command(self) -> str:
        options = ctx.options
        words = ["auditor", "analyze", self.session]
        words += [word for text in options.auditor_canary for word in ("--canary", text)]
        words += [word for pair in options.auditor_as for word in ("--as", pair)]
        words += ["--rules", options.auditor_rules] if options.auditor_rules else []
        words += ["--reveal"] if options.auditor_reveal else []
        return shlex.join(words)


def _known(one: flow.Flow) -> Flow | None:
    """What the audit reads of a flow, but for the messages of a connection: they have their own records."""
    state = {**one.get_state(), "messages": [], "websocket": None}
    try:
        return flow_of(state)
    except ValueError as exc:
        log.error("auditor: a flow was passed over: %s", exc)  # noqa: TRY400
        return None


def _far_end(data: tls.TlsData) -> tuple[str, int, str]:
    """The host that was asked for, its port, and its address where it is known."""
    server = data.context.server
    name, port = server.address[:2] if server.address else ("", 0)
    address = str(server.peername[0]) if server.peername else ""
    return data.conn.sni or data.context.client.sni or name, port, address


addons = [Auditor()]
