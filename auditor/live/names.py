"""Names that were asked for where the proxy hears it: in a tunnel, or as the DNS server of the phone.

A dump holds the questions, but no journal did; who asked for a name and never came to it may have
gone another way.
"""

from collections.abc import Callable

from mitmproxy import dns

from auditor.sources.records import Asked


class Names:
    """An addon that writes down the questions."""

    def __init__(self, note: Callable[[Asked], None]) -> None:
        self.note = note

    def dns_request(self, flow: dns.DNSFlow) -> None:
        for question in flow.request.questions:
            self.note(Asked(question.name.lower().rstrip("."), flow.timestamp_created))
