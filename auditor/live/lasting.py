"""Answers that come in pieces for as long as they last, such as server-sent events.

mitmproxy holds an answer back until it is whole, so an app that listens for events would wait
for ever. Each piece of such an answer is passed on as it comes, and written down.
"""

import time
from collections.abc import Callable

from mitmproxy import http

from auditor.sources.records import Said

KINDS = ("text/event-stream", "application/grpc", "application/x-ndjson", "application/stream+json")
MOST = 1_000_000  # bytes of an answer that go into the dump as well; the journal has all of them


def lasts(response: http.Response) -> bool:
    """Whether nobody can wait for its end. What another addon does with its pieces is not ours to change."""
    kind = response.headers.get("content-type", "").lower()
    return kind.startswith(KINDS) and not callable(response.stream)


class Pieces:
    """Takes the pieces of one answer; mitmproxy asks it what to pass on."""

    def __init__(self, flow: http.HTTPFlow, response: http.Response, note: Callable[[Said], None]) -> None:
        self.flow, self.response, self.note = flow, response, note
        self.size = 0

    def __call__(self, data: bytes) -> bytes:
        if data:
            self.note(Said(self.flow.id, False, data, time.time()))
        self.size += len(data)
        kept = (self.response.raw_content or b"") + data
        self.response.raw_content = kept if self.size <= MOST else None
        return data
