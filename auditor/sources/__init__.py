"""Captures: what a file is, by its content, and the events in it.

    for event in (source := read(path)): ...
    source.sha256, source.size, source.unread, source.entries

Laws: a name never decides what a file is; every byte of the file is in the hash,
read or not; memory does not grow with the file; what cannot be read is an event
that says so, and only a file of which nothing can be read is an error.
"""

import importlib
import re
import stat
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Literal, Protocol, TypeAlias, cast

from msgspec import Struct, structs

from auditor import words
from auditor.errors import CaptureError
from auditor.model import Contact, Event, Parcel, Road
from auditor.sources.heads import Place, Share, clean
from auditor.sources.phones import is_hardware
from auditor.sources.tape import Tape
from auditor.text import is_text, printable

NOTHING = Place()
START = 65536  # bytes that are looked at to tell what a file is
WAIT = 0.05  # seconds between looks at a file that grows

Where: TypeAlias = Path | Literal["-"]


class Kind(Struct, frozen=True):
    """One format: its name, its module, and how its files begin. The module is imported when one is met."""

    name: str
    module: str
    start: re.Pattern[bytes]
    shared: bool = False  # several processes can read it together
    divided: bool = False  # the same where only what shows from outside is asked for
    squeezed: bool = False  # read also where it is compressed as a whole
    opening: bool = False  # may carry the keys that open it


class Reader(Protocol):
    def read(self, tape: Tape, place: Place) -> Iterator[Event]: ...


class Opener(Protocol):
    """A reader of files that may carry the keys that open them, anywhere."""

    def prepared(self, tape: Tape, place: Place) -> Place: ...


class Packed(Protocol):
    def beginning(self, start: bytes) -> bytes: ...


_PCAP = (  # both byte orders; microseconds, nanoseconds, and two that old Linux kernels were patched to write
    rb"\xd4\xc3\xb2\xa1|\xa1\xb2\xc3\xd4|\x4d\x3c\xb2\xa1|\xa1\xb2\x3c\x4d|\x34\xcd\xb2\xa1|\xa1\xb2\xcd\x34"
)
_KINDS = (
    Kind("mitmproxy dump", "mitm", re.compile(rb"\d{1,12}:\d{1,3}:\w{1,64}[;,]"), shared=True),
    Kind("pcap", "pcap.reader", re.compile(_PCAP), divided=True, squeezed=True),
    Kind(
        "pcapng",
        "pcap.reader",
        re.compile(rb"\x0a\x0d\x0d\x0a.{4}(?:\x1a\x2b\x3c\x4d|\x4d\x3c\x2b\x1a)", re.DOTALL),
        divided=True,
        squeezed=True,
        opening=True,
    ),
    Kind("session journal", "journal", re.compile(rb'\{"journal":')),
    Kind("parcels", "parcels", re.compile(rb'(?:\xef\xbb\xbf)?\s*+\{\s*+"parcels"\s*+:')),
    Kind("har", "har", re.compile(rb'(?:\xef\xbb\xbf)?\s*+\{(?=.*"log"\s*+:)', re.DOTALL)),
)
_BLOCK = 1 << 18  # bytes in which the first block of what is compressed is whole
_SQUEEZED = (b"\x1f\x8b", b"\x28\xb5\x2f\xfd")  # gzip, Zstandard
_KEY_LOG = rb"(?:#[^\n]*+\n|\s)*+(?:CLIENT|SERVER|EXPORTER|EARLY)_[A-Z0-9_]+ [0-9a-fA-F]{64} "
_STRANGERS = (
    (re.compile(rb"\x1f\x8b"), "a gzip file without a capture in it: unpack it first"),
    (re.compile(rb"\x28\xb5\x2f\xfd"), "a Zstandard file without a capture in it: unpack it first"),
    (re.compile(rb"PK\x03\x04"), "a zip file: unpack it first"),
    (re.compile(rb"SQLite format 3\0"), "an SQLite database"),
    (re.compile(_KEY_LOG), "a TLS key log: give it together with the capture that it opens"),
    (re.compile(rb"(?:\xef\xbb\xbf)?\s*+\{"), "JSON without the log of a HAR file"),
    (re.compile(rb"(?:\xef\xbb\xbf)?\s*+<"), "an XML or HTML file"),
)


class Growing:
    """A file that somebody still writes: its end is only where nobody writes any more."""

    def __init__(self, path: Path, growing: Callable[[], bool]) -> None:
        self._file = path.open("rb")
        self._growing = growing

    def read(self, size: int) -> bytes:
        while True:
            growing = self._growing()  # asked first: what is written meanwhile is read
            data = self._file.read(size)
            if data or not growing:
                return data
            time.sleep(WAIT)

    def close(self) -> None:
        self._file.close()


class Source:
    """The events of one capture. Hash and numbers are known once it was read to its end."""

    def __init__(self, path: Where, kind: Kind, place: Place, tape: Tape | None) -> None:
        self.path = path
        self.name = place.capture
        self.kind = kind.name
        self.divided = tape is None and kind.divided and _is_divided(place)
        self.shared = self.divided or (tape is None and kind.shared)
        self._kind = kind
        self.sha256 = ""
        self.size = 0
        self.unread = 0
        self.entries = 0
        self.phones: Counter[str] = Counter()  # how often private ends talked in packets
        self._place = place
        self._tape = tape  # of a pipe, which cannot be opened twice
        self._once = tape is not None
        self._reading: Tape | None = None

    @property
    def length(self) -> int | None:
        """The size of the file before it is read; nothing for a pipe."""
        return None if self._once else Path(self.path).stat().st_size

    @property
    def position(self) -> int:
        """How far it is read."""
        return self._reading.position if self._reading else 0

    def part(self, number: int, of: int) -> "Source":
        """One of several shares. All of them together are the capture; the last one knows its hash."""
        return Source(self.path, self._kind, structs.replace(self._place, share=Share(number, of)), None)

    def __iter__(self) -> Iterator[Event]:
        tape = self._reading = self._begin()
        reader = cast(Reader, importlib.import_module(f"{__name__}.{self._kind.module}"))
        try:
            for event in reader.read(tape, self._prepared(reader)):
                yield _from_outside(event) if self._place.outside else event
            tape.drain()
        except OSError as error:
            where = f"after {tape.entries} entries, at byte {tape.position}"
            yield self._place.problem(tape.entries, "unreadable", f"{where}: {_why(error)}")
        finally:
            tape.close()
        self.sha256, self.size = tape.sha256, tape.position
        self.unread, self.entries, self.phones = tape.unread, tape.entries, Counter(tape.phones)

    def _prepared(self, reader: Reader) -> Place:
        """Of a file that can be read twice, what it carries to open itself is known before all else."""
        if self._once or self._place.outside or not self._kind.opening:
            return self._place
        tape = _open(self.path, hashed=False)
        try:
            return cast(Opener, reader).prepared(tape, self._place)
        finally:
            tape.close()

    def _begin(self) -> Tape:
        if not self._once:
            share = self._place.share
            return _open(self.path, hashed=share.number == share.of - 1)  # the first has more to do
        tape, self._tape = self._tape, None
        if tape is None:
            raise CaptureError(f"{_shown(self.path)}: a pipe can be read only once")
        return tape


def read(
    path: Where, *, renamed: Mapping[str, str] | None = None, name: str = "", said: Place = NOTHING
) -> Source:
    """The capture at `path`, or on standard input, called `name` in the report.

    `renamed` gives hosts (HOST or HOST:PORT) another name; `said` is what else its user says of it.
    """
    tape = _open(path)
    try:
        kind = _kind(tape, path)
    except OSError as error:
        tape.close()
        raise CaptureError(f"{_shown(path)}: {_why(error)}") from error
    except CaptureError:
        tape.close()
        raise
    once = path == "-" or not path.is_file()
    if not once:
        tape.close()
    names = {host.lower(): name for host, name in (renamed or said.renamed).items()}
    shown = clean(name or ("-" if path == "-" else path.name))
    place = structs.replace(said, capture=shown, renamed=names)
    return Source(path, kind, place, tape if once else None)


def follow(path: Path, growing: Callable[[], bool], said: Place = NOTHING) -> Source:
    """A capture that is still written, as pcapng, for as long as it is `growing`."""
    kind = next(kind for kind in _KINDS if kind.name == "pcapng")
    place = structs.replace(said, capture=clean(path.name))
    return Source(path, kind, place, Tape(Growing(path, growing)))


def _is_divided(place: Place) -> bool:
    """Where a device is known by its hardware alone, its addresses are learned from every packet."""
    return place.outside and not any(map(is_hardware, place.devices))


def _from_outside(event: Event) -> Event:
    """What was opened is only somebody who was talked to."""
    if not isinstance(event, Parcel):
        return event
    sizes = (len(event.body), 0) if event.outgoing else (0, len(event.body))
    reason = f"opened by the {event.channel.opened_by}"
    facts = (("open", words.OPEN),) if event.channel.road is Road.CLEAR else ()
    return Contact(event.ref, event.channel, event.protocol, reason, *sizes, event.when, facts)


def _kind(tape: Tape, path: Where) -> Kind:
    start, inside = tape.peek(START), _inside(tape)
    for kind in _KINDS:
        if kind.start.match(start) or (kind.squeezed and kind.start.match(inside)):
            return kind
    known = ", ".join(kind.name for kind in _KINDS)
    raise CaptureError(f"{_shown(path)}: {_stranger(start)} (what can be read: {known})")


def _inside(tape: Tape) -> bytes:
    """How a compressed file begins when it is unpacked; nothing where it is not compressed."""
    if not tape.peek(4).startswith(_SQUEEZED):
        return b""
    packed = cast(Packed, importlib.import_module(f"{__name__}.pcap.packed"))
    return packed.beginning(tape.peek(_BLOCK))


def _open(path: Where, hashed: bool = True) -> Tape:
    if path == "-":
        return Tape(sys.stdin.buffer, owned=False)
    try:
        if stat.S_ISDIR(path.stat().st_mode):
            raise CaptureError(f"{_shown(path)}: a folder, not a capture")
        return Tape(path.open("rb"), hashed=hashed)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise CaptureError(f"{_shown(path)}: {_why(error)}") from error


def _stranger(start: bytes) -> str:
    """What a file of no known kind seems to be."""
    if not start:
        return "an empty file"
    for pattern, what in _STRANGERS:
        if pattern.match(start):
            return what
    try:
        text = start[:4096].decode("utf-8", "strict" if len(start) <= 4096 else "ignore")
    except UnicodeDecodeError:
        text = "\0"
    return "a text file" if is_text(text) else f"a file of an unknown kind (it begins with {start[:4].hex()})"


def _why(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return "no such file"
    return printable(error.strerror or "cannot be read") if isinstance(error, OSError) else "not a file name"


def _shown(path: Where) -> str:
    return "standard input" if path == "-" else printable(str(path))
