"""OTR messages in fragments: pieces of one message, put together again where all of them were seen.

`?OTR|sender|receiver,k,n,piece,` (version 3) and `?OTR,k,n,piece,` (version 2) come one after the
other; who joins them late or misses one has nothing (libotr, Protocol-v3, Fragmentation). A
fragment proves nothing: what the whole message is, is judged when its last piece has come.

Laws: pieces are joined within one connection, direction, sender and recipient, and only in
their order; a message that was not seen whole is never sealed: it is opaque, with the reason;
what may be words is never hidden behind the label; what is held is bounded, and given back.
"""

import re
from collections import OrderedDict
from collections.abc import Iterator

from msgspec import Struct, structs

from auditor.model import Content, Finding, Grade
from auditor.text import is_token

MOST = 10_000  # fragments that are held
LONGEST = 1_000_000  # characters of one message
HELD = 64_000_000  # characters of all that are held
SHORT = 12  # characters; fewer could be a word as well as a key

_FRAGMENT = re.compile(
    r"\s*\?OTR(\|[0-9A-Fa-f]{1,8}\|[0-9A-Fa-f]{1,8})?,([0-9]{1,5}),([0-9]{1,5}),([A-Za-z0-9+/=.:?]+),\s*"
)


class Fragment(Struct, frozen=True):
    """One piece of a message."""

    tags: str  # who speaks to whom, as version 3 says
    number: int  # from 1
    total: int
    piece: str


Key = tuple[str, int, bool, str, str, str]  # capture, entry, direction, rule, people, tags


class _Message(Struct):
    """The pieces of one message, without a gap."""

    first: int
    total: int
    pieces: list[str] = []
    findings: list[Finding] = []
    size: int = 0

    def goes_on(self, one: Fragment) -> bool:
        follows = (one.number, one.total) == (self.first + len(self.pieces), self.total)
        return follows and self.size + len(one.piece) <= LONGEST

    def take(self, one: Fragment, finding: Finding) -> None:
        self.pieces.append(one.piece)
        self.findings.append(finding)
        self.size += len(one.piece)

    @property
    def ended(self) -> bool:
        return self.first + len(self.pieces) > self.total


def fragment_of(text: str) -> Fragment | None:
    """A fragment, where a text is one. Spaces, other signs and words in it say that it is none."""
    found = _FRAGMENT.fullmatch(text)
    if not found:
        return None
    number, total, piece = int(found[2]), int(found[3]), found[4]
    if not 1 <= number <= total <= 0xFFFF or (number == 1) != piece.startswith("?OTR:"):
        return None
    bare = piece.removeprefix("?OTR:").removesuffix(".")
    return Fragment(found[1] or "", number, total, piece) if len(bare) < SHORT or is_token(bare) else None


class Fragments:
    """The messages that are not whole yet, the oldest first."""

    def __init__(self) -> None:
        self._open: OrderedDict[Key, _Message] = OrderedDict()
        self._held = self._size = 0

    def add(self, key: Key, one: Fragment, finding: Finding) -> tuple[str, list[Finding]]:
        """The whole message, where this was the last piece of it; and what is settled besides."""
        settled: list[Finding] = []
        message = self._open.pop(key, None)
        if message is not None and not message.goes_on(one):
            settled += self._let_go(message)
            message = None
        message = message or _Message(one.number, one.total)
        message.take(one, finding)
        self._held += 1
        self._size += len(one.piece)
        if not message.ended:
            self._open[key] = message
        elif message.first == 1:
            self._forget(message)
            return "".join(message.pieces), settled
        else:
            settled += self._let_go(message)
        while self._held > MOST or self._size > HELD:
            settled += self._let_go(self._open.popitem(last=False)[1])
        return "", settled

    def unfinished(self) -> list[Finding]:
        """What is to be said of the messages that are still open, if nothing more comes."""
        return [finding for message in self._open.values() for finding in _said(message)]

    def finish(self) -> list[Finding]:
        """The same, and they are open no longer."""
        found = self.unfinished()
        self._open.clear()
        self._held = self._size = 0
        return found

    def _let_go(self, message: _Message) -> Iterator[Finding]:
        self._forget(message)
        return _said(message)

    def _forget(self, message: _Message) -> None:
        self._held -= len(message.findings)
        self._size -= message.size


def _said(message: _Message) -> Iterator[Finding]:
    """One finding for a message that was not seen whole; all of them where it may be words."""
    text = "".join(message.pieces).removeprefix("?OTR:").removesuffix(".")
    if len(text) >= SHORT and not is_token(text):
        yield from message.findings
        return
    last = message.first + len(message.pieces) - 1
    which = f"piece {last}" if last == message.first else f"pieces {message.first} to {last}"
    yield structs.replace(
        message.findings[0],
        content=Content.OPAQUE if len(text) >= SHORT else Content.UNDECIDED,
        grade=Grade.CONSISTENT,
        note=f"only {which} of {message.total} of what may be an OTR message: that proves nothing",
    )
