"""The trust probe: does an app accept a certificate that it has no reason to trust?

Whoever asks for it names the hosts. To an app that speaks to one, three connections are answered
with a false certificate, each of another kind and each once; all others are opened as ever. An
app that goes on to speak there is not protected by its TLS, and the session's journal says so.

Laws: never unasked, never silently, and one connection for each kind and host; nothing is taken
up again from an earlier connection, which would show no certificate at all; a kind whose refusal
would prove nothing (the app does not trust our authority in the first place) is not tried; a
false certificate that cannot be shown ends the connection, and the true one never takes its place.
"""

import logging
from collections.abc import Callable
from pathlib import Path

from mitmproxy import connection, http, tcp, tls
from mitmproxy.addons.tlsconfig import alpn_select_callback
from msgspec import structs
from OpenSSL import SSL

from auditor.live.authority import Forger
from auditor.live.pins import far_end, listed
from auditor.sources.pcap.hello import client_hello
from auditor.sources.pcap.ja4 import ja4
from auditor.sources.probed import KINDS
from auditor.sources.records import Hello

log = logging.getLogger(__name__)

MOST = 1000  # hosts that are probed
_EACH_TIME = (16, 21, 41, 42)  # what will be spoken, padding, what takes up an earlier connection
_ECH = 0xFE0D


class Probe:
    """An addon that shows false certificates, and says of which connections."""

    def __init__(self, note: Callable[[Hello], None], hosts: tuple[str, ...], authority: Path) -> None:
        self.note, self.hosts = note, hosts
        self.shown: dict[str, str] = {}  # connections that are open, and the kind they were shown
        self._forger = Forger(authority) if hosts else None
        self._left: dict[str, list[str]] = {}  # kinds that a host was not shown yet
        self._asked: dict[str, str] = {}  # connections that are open, and their host
        self._trusting: set[str] = set()  # hosts whose app accepts our own authority

    def tls_clienthello(self, data: tls.ClientHelloData) -> None:
        client, (host, port, address) = data.context.client, far_end(data.context, data.client_hello.sni)
        ech = any(kind == _ECH for kind, _ in data.client_hello.extensions)
        if data.ignore_connection or client.transport_protocol != "tcp":
            return
        probed = self._forger is not None and listed(host, self.hosts)
        if probed:
            self._asked[client.id] = host
            if kind := self.next(host):
                self.shown[client.id] = kind
                log.warning("auditor: the app is shown a certificate %s at %s", KINDS[kind], host)
        if probed or ech:
            look, shown = _look(data.client_hello), self.shown.get(client.id, "")
            self.note(Hello(client.id, host, port, address, look, shown, ech, client.timestamp_start))

    def tls_start_client(self, data: tls.TlsData) -> None:
        kind = self.shown.get(data.conn.id)
        if not kind or data.ssl_conn is None or self._forger is None:
            return
        app_data, data.ssl_conn = data.ssl_conn.get_app_data(), None
        context = SSL.Context(SSL.TLS_SERVER_METHOD)
        context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
        context.set_alpn_select_callback(alpn_select_callback)  # type: ignore[arg-type]  # as the proxy does
        false = SSL.Connection(context)
        certificate, key = self._forger.made(kind, self._asked[data.conn.id])
        false.use_certificate(certificate)
        false.use_privatekey(key)
        false.set_app_data(app_data)
        false.set_accept_state()
        data.ssl_conn = false

    def request(self, flow: http.HTTPFlow) -> None:
        self._spoke(flow.client_conn)

    def tcp_message(self, flow: tcp.TCPFlow) -> None:
        if flow.messages[-1].from_client:
            self._spoke(flow.client_conn)

    def client_disconnected(self, client: connection.Client) -> None:
        self._asked.pop(client.id, None)
        self.shown.pop(client.id, None)

    def next(self, host: str) -> str:
        """The kind that this host is to be shown now, if any."""
        if host not in self._left and len(self._left) >= MOST:
            return ""
        left = self._left.setdefault(host, list(KINDS))
        if not left or (len(left) < len(KINDS) and host not in self._trusting):
            return ""
        return left.pop(0)

    def _spoke(self, client: connection.Client) -> None:
        host, kind = self._asked.pop(client.id, ""), self.shown.get(client.id)
        if host and kind is None:
            self._trusting.add(host)
        elif host and kind == next(iter(KINDS)):
            self._left[host] = []  # who trusts everybody need not be asked about more


def _look(hello: tls.ClientHello) -> str:
    """How the program says hello, whether or not it was here before."""
    try:
        said = client_hello(hello.raw_bytes(wrap_in_record=False))
    except ValueError:
        return ""
    kinds = tuple(one for one in said.extensions if one[0] not in _EACH_TIME)
    return ja4(structs.replace(said, extensions=kinds))
