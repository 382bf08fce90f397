"""Keys that were seen anywhere in a capture, and messages that stayed shut: who carried both can read them.

A key may travel long before what it opens, or after it: in the answer to a login, in a backup, in an
earlier message. Laws: a key is tried on what the same platform, or the same host, carried; only what is
called a key is remembered, and only what opens counts; what is held and tried is bounded, and the first
are kept, so that shares of a capture come together to what one process would have held.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeAlias

from msgspec import Struct, structs

from auditor.decoders import DECODERS, Clue
from auditor.decoders.clues import CODINGS
from auditor.decoders.unwrap import Node, Opening
from auditor.errors import TooMuch
from auditor.excerpts import Excerpts
from auditor.hiding import look_for
from auditor.model import Content, Finding, Grade, Parcel
from auditor.needles import Needles
from auditor.rulebook.book import Rulebook
from auditor.rulebook.contents import Seen
from auditor.rulebook.keyring import Shut, called_keys, calls_it_a_key
from auditor.rulebook.match import shown_path

TRIES = 10_000
MOST_KEYS = 500
MOST_SHUT = 20  # messages of one kind
KINDS = 50
LONGEST = 16_384  # bytes of one of them
LARGEST = 1_048_576  # bytes of what is looked through for keys
LARGE = LARGEST // 4
MOST_LARGE = 4_194_304  # bytes of all that are larger than that
DEEP = 4  # wrappings around a body that its head does not name
STRANGERS = 200  # parcels of hosts that nobody knows, which are looked through
# Halves that all may know are passed over at once: they come by the hundred.
HINT = re.compile(rb"(?<![Pp]re)(?<![Pp]ub)(?:key|Key|KEY)|ecret|assw|assphrase")
BEFORE, BEHIND = re.compile(rb"[\w.-]*\Z"), re.compile(rb"[\w.-]*")
NAME = 40  # bytes of a name on each side of that
# How what is packed begins: as it is, and in the letters of base64 (JSON in base64, too).
BEGINNINGS = {
    b"\x1f\x8b\x08": "gzip", b"\x78\x01": "zlib", b"\x78\x5e": "zlib", b"\x78\x9c": "zlib",
    b"\x78\xda": "zlib", b"\x28\xb5\x2f\xfd": "zstd", b"H4sI": "base64", b"KLUv": "base64",
    b"eJ": "base64", b"eN": "base64", b"eA": "base64", b"eF": "base64", b"eyJ": "base64",
}  # fmt: skip
PACKED = re.compile(rb"[\"'>=]((?:H4sI|KLUv|eyJ)[\w+/-]{8,}={0,2})[\"'<&]")
MARKS = (b"H4sI", b"KLUv", b"eyJ")

Locked: TypeAlias = tuple[Finding, tuple[Shut, ...]]


class Owner(Struct, frozen=True):
    """Whose it was: a platform's, or at least a host's."""

    host: str
    platform: str

    def carries(self, other: "Owner") -> bool:
        return self.host == other.host or (self.platform == other.platform != "")


class Key(Struct, frozen=True):
    data: bytes
    owner: Owner
    place: str


class Waiting(Struct, frozen=True):
    """A message that stayed shut."""

    finding: Finding
    owner: Owner
    shut: tuple[Shut, ...]


class Kept(Struct):
    """What is remembered of a share of a capture."""

    keys: dict[tuple[bytes, Owner], Key] = {}
    waiting: dict[tuple[str, str, str], list[Waiting]] = {}


class Recall:
    """What one audit remembers; it yields the messages that open, each with its host."""

    def __init__(self, book: Rulebook, needles: Needles, excerpts: Excerpts) -> None:
        self.book, self.needles, self.excerpts = book, needles, excerpts
        self.kept = Kept()
        self.left = TRIES
        self.strangers = STRANGERS
        self.spare = MOST_LARGE

    def listens(self, parcel: Parcel, known: bool) -> bool:
        """Whether something may be called a key in it, and it is worth opening."""
        size = len(parcel.body)
        if size > LARGEST or (not known and not self.strangers):
            return False
        if size > LARGE:
            self.spare -= size
            if self.spare < 0:
                return False
        asked = "&".join(name for name, _ in parcel.head.query).encode(errors="replace")
        heard = names_a_key(asked) or any(map(names_a_key, _readings(parcel)))
        self.strangers -= heard and not known
        return heard

    def look(
        self, parcel: Parcel, platform: str, locked: Iterable[Locked], heard: Node | None
    ) -> Iterator[tuple[Finding, str]]:
        """What the keys of a parcel open that came before, and what those that came before open in it."""
        host = parcel.channel.host
        for finding, shut in locked:
            small = tuple(one for one in shut if len(one.data) <= LONGEST)
            if small:
                yield from self._wait(Waiting(finding, Owner(host, finding.platform), small))
        for value in called_keys(heard) if heard is not None else ():
            place = f"{parcel.ref} {shown_path(value.path)}"
            yield from self._learn(Key(value.data, Owner(host, platform), place))

    def join(self, other: Kept) -> Iterator[tuple[Finding, str]]:
        """What comes of it that another share of the capture remembers other things."""
        for key in other.keys.values():
            yield from self._learn(key)
        for kind in other.waiting.values():
            for one in kind:
                yield from self._wait(one)

    def _learn(self, key: Key) -> Iterator[tuple[Finding, str]]:
        keys = self.kept.keys
        if len(keys) >= MOST_KEYS or (key.data, key.owner) in keys:
            return
        keys[key.data, key.owner] = key
        for kind in self.kept.waiting.values():
            for one in tuple(kind):
                for found in self._opened((key,), one):
                    kind.remove(one)
                    yield found

    def _wait(self, one: Waiting) -> Iterator[tuple[Finding, str]]:
        waiting, about = self.kept.waiting, one.finding
        kind = waiting.setdefault((about.rule, about.surface, about.direction), [])
        if len(kind) < MOST_SHUT and len(waiting) <= KINDS:
            found = list(self._opened(self.kept.keys.values(), one))
            kind += [] if found else [one]
            yield from found

    def _opened(self, keys: Iterable[Key], one: Waiting) -> Iterator[tuple[Finding, str]]:
        for key in keys:
            for shut in one.shut if key.owner.carries(one.owner) else ():
                for cipher, cost, opener in shut.ways(key.data):
                    self.left -= cost
                    if self.left < 0:
                        return
                    if plain := opener():
                        note = f"opened ({cipher}) with a key that was seen at {key.place}"
                        yield self._finding(one.finding, plain, cipher, note), one.owner.host
                        return

    def _finding(self, shut: Finding, plain: bytes, cipher: str, note: str) -> Finding:
        node = Opening().open(plain, ("body",), trail=(*shut.trail, cipher))
        hits = (hit for one in node.walk() for hit in look_for(self.needles, one))
        texts = tuple(sorted({hit.text for hit in hits if not hit.digest}))
        sure = texts or self.book.rules[shut.rule].verified
        return structs.replace(
            shut,
            content=Content.READABLE,
            grade=Grade.SHOWN if sure else Grade.CONSISTENT,
            seal="",
            trail=node.trail,
            excerpt=self.excerpts.of(Seen(Content.READABLE, node, texts=texts)),
            offset=None,
            note=note,
            texts=texts,
        )


def names_a_key(body: bytes) -> bool:
    """Whether something in it has a name that calls it a key; opening what has none would be in vain."""
    for hint in HINT.finditer(body):
        start, end = hint.span()
        before = BEFORE.search(body, max(0, start - NAME), start)
        behind = BEHIND.match(body, end, end + NAME)
        if before and behind and calls_it_a_key((before[0] + hint[0] + behind[0]).decode()):
            return True
    return False


def _readings(parcel: Parcel) -> Iterator[bytes]:
    """The body without what was wrapped around it, named by its head or not, and what is packed inside."""
    coding = parcel.head.header("content-encoding").strip().lower()
    body = next((plain for name in CODINGS.get(coding, ()) if (plain := _unwrapped(name, parcel.body))), None)
    plain = _bare(parcel.body if body is None else body)
    yield plain
    if any(mark in plain for mark in MARKS):
        for packed in islice(PACKED.finditer(plain), MOST_SHUT):
            yield _bare(packed[1])


def _bare(data: bytes) -> bytes:
    for _ in range(DEEP):
        name = next((name for start, name in BEGINNINGS.items() if data.startswith(start)), "")
        inner = _unwrapped(name, data) if name else None
        if inner is None:
            break
        data = inner
    return data


def _unwrapped(name: str, data: bytes) -> bytes | None:
    try:
        plain = DECODERS[name].unwrap(data, Clue(limit=LARGEST))
    except (ValueError, TooMuch):
        return None
    return plain if isinstance(plain, bytes) else None
