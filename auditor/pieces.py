"""Texts that travel in pieces: split over messages or lines of one connection, in one direction.

Laws: white space and case do not count, for a protocol that cuts lines adds and drops them;
what is kept of a connection is no longer than the longest planted text; connections that
were silent for long are forgotten first.
"""

from collections import OrderedDict

from auditor.needles import Needles, fold

CONNECTIONS = 1000  # whose last words are kept
SHORTEST = 8  # characters without white space; shorter texts come together by chance

Road = tuple[str, int, bool, str]  # capture, entry, direction, rule


class Pieces:
    """The last words of every conversation, and the planted texts to look for in them."""

    def __init__(self, needles: Needles) -> None:
        self.texts = {short: text for text in needles.texts if len(short := squeezed(text)) >= SHORTEST}
        self.longest = max(map(len, self.texts), default=0)
        self.tails: OrderedDict[Road, str] = OrderedDict()

    def add(self, road: Road, text: str) -> tuple[str, ...]:
        """The planted texts that are complete with this piece."""
        if not self.texts:
            return ()
        tail = self.tails.pop(road, "")
        joined = tail + squeezed(text)
        found = tuple(sorted(full for short, full in self.texts.items() if joined.find(short) >= 0))
        # What was found is not found again: the tail begins after it.
        ends = [joined.rfind(squeezed(full)) + len(squeezed(full)) for full in found]
        rest = joined[max(ends, default=0) :]
        self.tails[road] = rest[len(rest) - min(len(rest), self.longest - 1) :]
        if len(self.tails) > CONNECTIONS:
            self.tails.popitem(last=False)
        return found


def squeezed(text: str) -> str:
    return fold(text).replace(" ", "")
