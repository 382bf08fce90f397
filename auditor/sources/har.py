"""HTTP Archive files, as browsers and proxies save them, entry by entry.

One bad entry costs that entry. Where its quotes do not close, it swallows its
neighbours; they are found again by how an entry begins, each looked at once.
"""

import json
import re
from collections.abc import Iterator
from itertools import islice

from auditor.model import Event
from auditor.sources import exchange
from auditor.sources.cutter import LIMIT, CutError, Cutter, LostError
from auditor.sources.heads import Place
from auditor.sources.tape import CHUNK, Tape

_BROWSERS = ("WebInspector", "Firefox", "WebKit Web Inspector", "BrowserMob")
_JSON = json.JSONDecoder(strict=False)
# How Chrome, Firefox, Safari and mitmproxy begin an entry. A quote that stands bare
# cannot be inside a string, so no body is taken for an entry.
_BEGINNING = re.compile(
    rb'[,\[]\s*+(?=\{\s*+"(?:startedDateTime|pageref|request|_connectionId|_initiator|_priority|_resourceType)"\s*+:)'
)


def read(tape: Tape, place: Place, limit: int = LIMIT) -> Iterator[Event]:
    return _Reader(tape, place, limit).events()


class _Reader:
    """One pass over one file."""

    def __init__(self, tape: Tape, place: Place, limit: int) -> None:
        self._tape = tape
        self._place = place
        self._limit = limit
        self._cutter = Cutter(tape, limit)
        self._opened_by = "proxy"
        self._found = False

    def events(self) -> Iterator[Event]:
        try:
            for _ in self._entries():
                begin = self._cutter.position
                try:
                    raw = self._cutter.value()
                except CutError as cut:
                    yield from self._cut(cut.rest, begin)
                    return
                if raw is None:
                    yield self._problem("too-much", f"an entry of {self._lose(begin)} bytes was passed over")
                else:
                    yield from self._entry(raw)
        except CutError:
            yield self._ended("nothing of an entry was lost")
        except LostError as lost:
            yield from self._lost(lost)
        if not self._found:
            yield self._problem("damaged", "it has no log.entries")

    def _entries(self) -> Iterator[None]:
        """Stops before every item of log.entries, wherever that stands."""
        for key in self._cutter.fields():
            if key != "log":
                self._cutter.skip()
                continue
            for inner in self._cutter.fields():
                if inner == "entries":
                    self._found = True
                    yield from self._cutter.items()
                elif inner == "creator":
                    self._opened_by = _opener(self._cutter.value() or b"")
                else:
                    self._cutter.skip()

    def _entry(self, raw: bytes) -> Iterator[Event]:
        """The events of one entry, or of all that a damaged one swallowed."""
        try:
            entry = _decoded(raw)
        except (ValueError, RecursionError) as error:
            pieces = _BEGINNING.split(raw)
            if len(pieces) == 1:
                yield self._damaged(raw, error)
                return
        else:
            yield from self._exchange(raw, entry)
            return
        for piece in pieces:
            yield from self._piece(piece)

    def _piece(self, raw: bytes) -> Iterator[Event]:
        try:
            entry = _decoded(raw)
        except (ValueError, RecursionError) as error:
            yield self._damaged(raw, error)
        else:
            yield from self._exchange(raw, entry)

    def _exchange(self, raw: bytes, entry: object) -> Iterator[Event]:
        try:
            yield from exchange.events(entry, self._tape.entries, self._place, self._opened_by)
        except ValueError as error:
            yield self._damaged(raw, error)
        else:
            self._tape.entries += 1

    def _damaged(self, raw: bytes, error: Exception) -> Event:
        self._tape.unread += len(raw)
        return self._problem("damaged entry", f"an entry of {len(raw)} bytes: {_why(error)}")

    def _cut(self, rest: bytes, begin: int) -> Iterator[Event]:
        """The end of a file that ends inside an entry, or inside what a damaged one swallowed."""
        first, *others = _BEGINNING.split(rest)
        size = len(first) if rest else self._cutter.position - begin
        if others:
            yield self._damaged(first, ValueError("its end is missing"))
            *whole, last = others
            for piece in whole:
                yield from self._piece(piece)
            size = 0 if _is_entry(last) else len(last)
            if not size:
                yield from self._piece(last)
        self._tape.unread += size
        yield self._ended(f"{size} bytes not read")

    def _lost(self, lost: LostError) -> Iterator[Event]:
        at = self._cutter.position
        yield self._problem("damaged", f"after {self._tape.entries} entries, at byte {at}: {lost}")
        rest = self._cutter.rest()
        head = b"".join(islice(rest, self._limit // CHUNK))
        first, *others = _BEGINNING.split(head)
        self._tape.unread += len(first)
        for piece in others:
            self._found = True
            yield from self._piece(piece)
        self._tape.unread += sum(map(len, rest))

    def _ended(self, what: str) -> Event:
        self._found = True  # whether it has entries, nobody can know
        return self._problem("cut", f"the file ends early, after {self._tape.entries} entries; {what}")

    def _lose(self, begin: int) -> int:
        size = self._cutter.position - begin
        self._tape.unread += size
        return size

    def _problem(self, kind: str, message: str) -> Event:
        number = self._tape.entries
        if kind in ("damaged entry", "too-much"):
            self._tape.entries += 1
        return self._place.problem(number, kind, message)


def _decoded(raw: bytes) -> object:
    # Text after the end is what stood between this entry and the next.
    return _JSON.raw_decode(raw.decode("utf-8", "surrogateescape").lstrip())[0]


def _is_entry(raw: bytes) -> bool:
    try:
        return isinstance(_decoded(raw), dict)
    except (ValueError, RecursionError):
        return False


def _opener(raw: bytes) -> str:
    """Who opened the channel: the app itself where a browser wrote the file, else a proxy."""
    try:
        name = json.loads(raw).get("name", "")
    except (ValueError, AttributeError, RecursionError):
        return "proxy"
    return "app hook" if name in _BROWSERS else "proxy"


def _why(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "nested too deeply"
    return str(error) if type(error) is ValueError else "not valid JSON"
