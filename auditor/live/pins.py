"""Hosts whose apps refuse our certificate: after a few tries they are passed through unopened.

An app that pins its certificates does not work behind the proxy, and an app that does not work
shows nothing at all. So such a host is let through, and the journal says of every connection
that it was not opened, and why. A host that accepts us in between is counted from the start, and
all of them are when the device takes our certificate, and when it begins to trust us.
"""

import logging
from collections.abc import Callable, Container
from fnmatch import fnmatchcase

from mitmproxy import connection, http, tcp, tls
from mitmproxy.proxy import layer, layers
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers.quic import quic_parse_client_hello_from_datagrams

from auditor.sources.records import Passed

log = logging.getLogger(__name__)

MOST = 10_000  # hosts that are counted
HASTE = 2.0  # seconds in which an app that checks late has left again


class Pins:
    """An addon that counts refusals, and opens no hello of a host that had enough of them."""

    def __init__(
        self,
        note: Callable[[Passed], None],
        after: int,
        through: tuple[str, ...] = (),
        opened: tuple[str, ...] = (),
        probed: Container[str] = (),
    ) -> None:
        """`after` refusals in a row (0: never); hosts that are never opened; hosts that always are.

        Connections that are `probed` are refused for another reason, and count for nothing.
        """
        self.note, self.after, self.probed = note, after, probed
        self.through, self.opened = through, opened
        self.refusals: dict[str, int] = {}
        self.trusted = False
        self._silent: dict[str, str] = {}  # shaken hands, nothing said yet: connection and host

    def tls_clienthello(self, data: tls.ClientHelloData) -> None:
        quic = any(isinstance(one, layers.ClientQuicLayer) for one in data.context.layers)
        if not quic and self._passes(data.context, data.client_hello.sni, "tls"):
            data.ignore_connection = True

    def next_layer(self, chosen: layer.NextLayer) -> None:
        """QUIC has to be let go before the proxy begins with it: later, mitmproxy loses the connection."""
        if not isinstance(chosen.layer, layers.ServerQuicLayer):
            return
        try:
            hello = quic_parse_client_hello_from_datagrams([chosen.data_client()])
        except ValueError:
            return
        if hello and self._passes(chosen.context, hello.sni, "quic"):
            del chosen.context.layers[chosen.context.layers.index(chosen.layer) :]
            chosen.layer = layers.UDPLayer(chosen.context, ignore=True)

    def _passes(self, context: Context, asked: str | None, carrier: str) -> bool:
        host, port, address = far_end(context, asked)
        if why := self.why(host):
            self.note(Passed(why, host, port, address, context.client.timestamp_start, carrier))
        return bool(why)

    def why(self, host: str) -> str:
        """The reason to leave the connections of this host shut, if there is one."""
        if listed(host, self.opened):
            return ""
        if listed(host, self.through):
            return "you asked for it"
        if self.after and self.refusals.get(host, 0) >= self.after:
            return f"the app refused the proxy's certificate {self.after} times"
        return ""

    def tls_failed_client(self, data: tls.TlsData) -> None:
        if data.conn.id not in self.probed:
            self.refused(_host(data))

    def tls_established_client(self, data: tls.TlsData) -> None:
        while len(self._silent) >= MOST:
            del self._silent[next(iter(self._silent))]
        if data.conn.id not in self.probed:
            self._silent[data.conn.id] = _host(data)

    def request(self, flow: http.HTTPFlow) -> None:
        self._spoke(flow.client_conn)

    def tcp_message(self, flow: tcp.TCPFlow) -> None:
        self._spoke(flow.client_conn)

    def client_disconnected(self, client: connection.Client) -> None:
        host = self._silent.pop(client.id, "")
        ended, began = client.timestamp_end, client.timestamp_tls_setup
        if host and ended and began and ended - began < HASTE:
            self.refused(host)

    def again(self) -> None:
        """The certificate was taken: who refused it before may accept it now."""
        if not self.trusted:
            self.refusals.clear()

    def _spoke(self, client: connection.Client) -> None:
        if host := self._silent.pop(client.id, ""):
            if self.trusted:
                self.refusals.pop(host, None)
            else:
                self.trusted = True
                self.refusals.clear()

    def refused(self, host: str) -> None:
        if not host or (host not in self.refusals and len(self.refusals) >= MOST):
            return
        count = self.refusals[host] = self.refusals.get(host, 0) + 1
        if count == self.after and self.why(host):
            log.warning("auditor: %s refused %s times: passed through unopened from now on", host, count)


def listed(host: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(host, pattern.lower()) for pattern in patterns)


def far_end(context: Context, asked: str | None) -> tuple[str, int, str]:
    """The host that was asked for, its port, and its address where it is known."""
    server = context.server
    name, port = server.address[:2] if server.address else ("", 0)
    return (asked or name).lower(), port, str(server.peername[0]) if server.peername else ""


def _host(data: tls.TlsData) -> str:
    return far_end(data.context, data.conn.sni or data.context.client.sni)[0]
