"""A mitmproxy addon: `mitmdump -s "$(auditor addon)"`. The report comes when the proxy stops.

Laws: traffic is never changed and never waits for a verdict; whatever the audit cannot
take becomes a line in the proxy's log, and the proxy goes on. The dump (`-w FILE`) is
mitmproxy's and is written without us: `auditor analyze FILE` gives this report again.
"""

import hashlib
import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mitmproxy import ctx, dns, flow, http, tcp, udp

from auditor.audit import Audit
from auditor.errors import AuditorError
from auditor.judge import judge
from auditor.needles import Needles
from auditor.report import Capture
from auditor.reporters import Options, reporter
from auditor.shelf import load_rules
from auditor.sources.flows import flow_of
from auditor.sources.heads import Place
from auditor.sources.mitm import events_of

NAME = "live"
log = logging.getLogger(__name__)


class Auditor:
    """Feeds every finished flow to one audit."""

    def __init__(self) -> None:
        self.audit: Audit | None = None
        self.flows = 0
        self.renamed: dict[str, str] = {}

    def load(self, loader: Any) -> None:
        loader.add_option("auditor_canary", Sequence[str], [], "Texts that you will send.")
        loader.add_option("auditor_as", Sequence[str], [], "HOST=NAME: audit HOST as if it were NAME.")
        loader.add_option("auditor_rules", str, "", "Another folder of rules.")
        loader.add_option("auditor_reveal", bool, False, "Show message texts instead of masking them.")

    def running(self) -> None:
        options = ctx.options
        try:
            book = load_rules(Path(options.auditor_rules) if options.auditor_rules else None)
        except AuditorError as exc:
            log.error("auditor: %s", exc)  # noqa: TRY400
            return
        self.renamed = dict(pair.lower().split("=", 1) for pair in options.auditor_as if "=" in pair)
        self.audit = Audit(book, Needles(options.auditor_canary), options.auditor_reveal)

    def response(self, flow: http.HTTPFlow) -> None:
        if flow.websocket is None:
            self.feed(flow)

    def websocket_end(self, flow: http.HTTPFlow) -> None:
        self.feed(flow)

    def error(self, flow: http.HTTPFlow) -> None:
        self.feed(flow)

    def tcp_end(self, flow: tcp.TCPFlow) -> None:
        self.feed(flow)

    def tcp_error(self, flow: tcp.TCPFlow) -> None:
        self.feed(flow)

    def udp_end(self, flow: udp.UDPFlow) -> None:
        self.feed(flow)

    def dns_response(self, flow: dns.DNSFlow) -> None:
        self.feed(flow)

    def feed(self, one: flow.Flow) -> None:
        if self.audit is None:
            return
        number, self.flows = self.flows, self.flows + 1
        for event in events_of(flow_of(one.get_state()), number, Place(NAME, self.renamed)):
            for finding in self.audit.feed(event):
                about = (finding.platform, finding.surface, finding.direction, finding.content)
                log.info("auditor: %s %s %s: %s", *about)

    def done(self) -> None:
        if self.audit is None:
            return
        # Nothing was saved here to take a hash of: the flows themselves name this session.
        session = hashlib.sha256(f"{id(self)} {self.flows}".encode()).hexdigest()
        renamed = tuple(sorted(self.audit.renamed))
        report = self.audit.report(Capture(session, NAME, "live proxy", 0, 0, renamed))
        reporter("terminal").render(report, judge(report, self.audit.book), sys.stdout, Options())


addons = [Auditor()]
