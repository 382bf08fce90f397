"""A mitmproxy addon: `mitmdump -w session.mitm -s "$(auditor addon)"`. The report comes when the proxy stops.

It writes a journal beside the dump: every message as it passes, every handshake that failed,
every connection. A dump holds no refused handshake, and nothing of a connection that is still
open when the proxy dies. `auditor analyze session.mitm` reads both and gives the same report.

Laws: traffic is never changed and never waits for a verdict; whatever cannot be taken becomes
a line in the proxy's log, and the proxy goes on.
"""

import asyncio
import gc
import logging
import shlex
import signal
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from mitmproxy import connection, ctx, dns, flow, hooks, http, tcp, tls, udp, version
from mitmproxy.proxy import server_hooks

from auditor.errors import AuditorError
from auditor.live.analyst import Seen, Task
from auditor.live.journal import Journal, place_of
from auditor.live.listener import Listener, Watcher
from auditor.live.states import known
from auditor.reporters import Options, reporter
from auditor.sources.flows import Request
from auditor.sources.records import Begun, Closed, Ended, First, Opened, Poured, Record, Refused, Said

log = logging.getLogger(__name__)

Stream = tcp.TCPFlow | udp.UDPFlow
Pour = Callable[[bytes], Iterable[bytes] | bytes]
Ear = Callable[[First | Record], None]
Tell = Callable[[Seen], None]


def printed(seen: Seen) -> None:
    reporter("terminal").render(seen.report, list(seen.verdicts), sys.stdout, Options())


class Auditor:
    """Hooks of the proxy in, records out: to the journal first, then to who listens and the audit."""

    def __init__(
        self,
        tell: Tell | None = None,
        watcher: Watcher | None = None,
        ears: Sequence[Ear] = (),
    ) -> None:
        self.tell = tell  # without one, the report is printed, and how to have it again
        self.watcher, self.ears = watcher, ears
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
        """Nobody waits for the audit to read its rules, neither traffic nor addons that begin after this."""
        if signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:  # mitmproxy would just die of it
            asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, ctx.master.shutdown)
        option, dump = ctx.options.auditor_journal, ctx.options.save_stream_file
        path, saved, goes_on = place_of(option, dump)
        try:
            if path:
                self.journal = Journal(path, f"mitmproxy {version.VERSION}", goes_on)
                beside = saved and saved.with_name(path.name) == path
                self.session = str(saved if beside else path)
                self.note(self.journal.first)
        except AuditorError as exc:
            log.error("auditor: %s", exc)  # noqa: TRY400
            return
        self.listener = Listener(self._task(), self.watcher)
        self._starting = asyncio.get_running_loop().create_task(self._begun(self.listener))
        gc.freeze()  # programs stay: a look for garbage that passes them over stops all traffic for less long

    async def _begun(self, listener: Listener) -> None:
        try:
            await asyncio.to_thread(listener.begin)
        except AuditorError as exc:
            log.error("auditor: %s", exc)  # noqa: TRY400
            self.listener = None

    def _task(self) -> Task:
        options = ctx.options
        return Task(
            str(self.journal.path.absolute()) if self.journal else "",
            self.session,
            options.auditor_rules,
            tuple(options.auditor_canary),
            dict(pair.split("=", 1) for pair in options.auditor_as if "=" in pair),
            options.auditor_reveal,
        )

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        if flow.request.stream:
            self._begin(flow)
            flow.request.stream = self._pouring(flow, True, flow.request.stream)

    def responseheaders(self, flow: http.HTTPFlow) -> None:
        if flow.response and (flow.response.stream or _endless(flow.response)):
            self._begin(flow)
            flow.response.stream = self._pouring(flow, False, flow.response.stream)

    def request(self, flow: http.HTTPFlow) -> None:
        self._begin(flow)

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
        begun = known(flow)
        self.open[flow.id] = (flow, begun.request)
        self.note(Begun(flow.id, begun, flow.client_conn.id))

    def _pouring(self, flow: http.HTTPFlow, out: bool, before: Pour | bool) -> Pour:
        """Writes down what arrives; what becomes of it is for others to say."""

        def pour(data: bytes) -> Iterable[bytes] | bytes:
            if data:
                self.note(Poured(flow.id, out, data))
            return before(data) if callable(before) else data

        return pour

    def _said(self, flow: Stream) -> None:
        if len(flow.messages) == 1:
            self._begin(flow)  # again: now it is known where it leads
        one = flow.messages[-1]
        self.note(Said(flow.id, one.from_client, one.content, one.timestamp))

    def _end(self, flow: flow.Flow) -> None:
        ended = known(flow)
        _, asked = self.open.pop(flow.id, (flow, None))
        if ended.request == asked:
            ended.request = None  # the journal has it already
        self.note(Ended(flow.id, ended))

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
        if seen := listener.finish():
            (self.tell or printed)(seen)
        else:
            log.error("auditor: the audit came to an early end, so there is no report")
        if self.session and self.tell is None:
            print(f"\nThis report again: {self._command()}")
        sys.stdout.flush()

    def _command(self) -> str:
        options = ctx.options
        words = ["auditor", "analyze", self.session]
        words += [word for text in options.auditor_canary for word in ("--canary", text)]
        words += [word for pair in options.auditor_as for word in ("--as", pair)]
        words += ["--rules", options.auditor_rules] if options.auditor_rules else []
        words += ["--reveal"] if options.auditor_reveal else []
        return shlex.join(words)


_ENDLESS = (b"text/event-stream", b"application/grpc", b"application/x-ndjson", b"application/stream+json")


def _endless(answer: http.Response) -> bool:
    """Its reader waits for each piece of it, so it cannot be held until it ends."""
    fields = answer.data.headers.fields  # asked for by name, they all become texts first
    kind = next((value for name, value in fields if name.lower() == b"content-type"), b"")
    return kind.lower().startswith(_ENDLESS)


def _far_end(data: tls.TlsData) -> tuple[str, int, str]:
    """The host that was asked for, its port, and its address where it is known."""
    server = data.context.server
    name, port = server.address[:2] if server.address else ("", 0)
    address = str(server.peername[0]) if server.peername else ""
    return data.conn.sni or data.context.client.sni or name, port, address


addons = [Auditor()]
# mitmproxy looks in this file, too, at every hook: in vain, which takes Python 3.11 as long as what we do.
globals().update(dict.fromkeys(hooks.all_hooks.keys() - globals().keys()))
