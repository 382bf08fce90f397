"""The nouns of an audit, in the order they appear. Frozen: nothing that was seen changes afterwards.

A source yields parcels and contacts. A parcel is unwrapped to leaves. A rule
turns leaves into findings. `report.py` adds findings up, `judge.py` turns the
sums into verdicts.
"""

import re
from collections.abc import Iterable
from enum import StrEnum
from typing import Any, TypeAlias

from msgspec import Struct

Scalar: TypeAlias = str | bytes | int | float | bool | None
Path: TypeAlias = tuple[str, ...]
Tree: TypeAlias = Any  # what a decoder yields: dict, list or scalar, nested at will
KEPT_REFS = 3
_PART = re.compile(r"[0-9]+|[^0-9]+")


class Road(StrEnum):
    """How the channel itself is protected, whatever travels on it."""

    CLEAR = "clear"
    PROTECTED = "protected"  # TLS, QUIC, DTLS
    UNKNOWN = "unknown"


class Content(StrEnum):
    """What lies in the slot of a message, weakest first."""

    READABLE = "readable"
    UNDECIDED = "undecided"  # could be a text or a key; takes the class of its slot
    MISSING = "missing"  # a message, but its slot is empty: the app moved
    WRAPPED = "wrapped"  # a layer that the server opens
    OPAQUE = "opaque"  # bytes that no decoder and no seal knows
    SEALED = "sealed"  # a recognised end-to-end envelope that is shut


class Grade(StrEnum):
    """How much a finding rests on, strongest first."""

    SHOWN = "shown"  # the text itself was read
    RECOGNISED = "recognised"  # a seal with a recorded or published example
    CONSISTENT = "consistent"  # only constructed examples, or one sighting
    CLAIMED = "claimed"  # documents only


class Answer(StrEnum):
    """The five public verdicts, worst first; `inconclusive` stands beside the ladder."""

    CLEARTEXT = "cleartext"
    TRANSPORT_ONLY = "transport-only"
    OPAQUE = "opaque"
    END_TO_END = "end-to-end"
    INCONCLUSIVE = "inconclusive"


LADDER = (Answer.CLEARTEXT, Answer.TRANSPORT_ONLY, Answer.OPAQUE, Answer.END_TO_END)  # worst first


class Direction(StrEnum):
    OUT = "out"
    IN = "in"
    ANY = "any"  # only in rows about a platform that was seen without a message


MESSAGES = ("dm", "group", "channel", "room", "mail", "media", "call", "bot")
AROUND = (
    "typing",
    "receipt",
    "presence",
    "contacts",
    "preview",
    "push",
    "backup",
    "account",
    "note",
    "other",
)
SURFACES = (*MESSAGES, *AROUND)
ROLES = (  # what the far end may learn beside the text; a closed list
    "sender", "recipient", "time", "id", "device", "sender-device", "kind", "program", "answers", "address",
)  # fmt: skip


class App(Struct, frozen=True, order=True):
    """What the user says was audited: another version or mode may do otherwise."""

    name: str = ""
    version: str = ""
    mode: str = ""
    device: str = ""  # of several that were audited together

    def __str__(self) -> str:
        named = " ".join(word for word in (self.name, self.version) if word)
        return ", ".join(word for word in (named, self.mode, self.device and f"on {self.device}") if word)


class Ref(Struct, frozen=True, order=True):
    """Finds a parcel again: `alice.mitm#17>`."""

    capture: str
    entry: int
    part: str = ""

    def __str__(self) -> str:
        return f"{self.capture}#{self.entry}{self.part}"


def first_refs(refs: Iterable[Ref]) -> tuple[Ref, ...]:
    return tuple(sorted(set(refs), key=ref_order)[:KEPT_REFS])


def ref_order(ref: Ref) -> tuple[str, int, tuple[tuple[int, str], ...], str]:
    """In the order of the capture: .3> before .10>."""
    pieces = _PART.findall(ref.part) if ref.part else ()
    numbers = tuple((int(p), "") if p[0] in "0123456789" else (0, p) for p in pieces)
    return ref.capture, ref.entry, numbers, ref.part


class Channel(Struct, frozen=True):
    """One connection to one far end. What begins inside it (CONNECT, STARTTLS) is a new channel."""

    host: str
    port: int = 0
    road: Road = Road.UNKNOWN
    address: str = ""
    alpn: str = ""
    opened_by: str = "nobody"  # proxy, key log, app hook, nobody
    renamed: str = ""  # the host's own name, where `--as` gave it another
    device: str = ""  # the near end, where the user told several apart


class Head(Struct, frozen=True):
    """What a protocol says around a body: a verb and an address serve all of them."""

    method: str = ""
    path: tuple[str, ...] = ()
    query: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()  # names in lower case
    status: int = 0

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key == name), "")


class Parcel(Struct, frozen=True):
    """One payload, going one way."""

    ref: Ref
    channel: Channel
    outgoing: bool
    body: bytes
    protocol: str = "http"
    head: Head = Head()
    answers: Head | None = None  # the head that this one answers
    when: float | None = None  # seconds since 1970
    whole: bool = True  # false where the recorder cut or lost the body
    retold: bool = False  # whether the body is JSON of ours, made of what a protocol says otherwise

    @property
    def direction(self) -> Direction:
        return Direction.OUT if self.outgoing else Direction.IN

    @property
    def asked(self) -> Head:
        """The head with the verb and the address: an answer is known by its question."""
        return self.answers or self.head


class Contact(Struct, frozen=True):
    """A connection seen from outside, and why its content stayed shut."""

    ref: Ref
    channel: Channel
    transport: str
    reason: str
    sent: int = 0
    received: int = 0
    when: float | None = None
    facts: tuple[tuple[str, str], ...] = ()  # what shows from outside: ("tls", "1.3"), ("ja4", "t13d...")
    platform: str = ""  # where the source knows better than the host whose it is
    carrier: str = ""  # tcp or udp
    start: tuple[tuple[bool, bytes], ...] = ()  # how it began, piece by piece: outgoing; the bytes
    also: tuple[int, ...] = ()  # entries of others that look the same: the sums are of all together


class Problem(Struct, frozen=True):
    """Something that could not be read, in words; the audit goes on."""

    ref: Ref
    kind: str  # damaged, cut, too-much, refused ...
    message: str
    channels: tuple[Channel, ...] = ()  # where messages may lie in it: what it was said on,
    protocols: tuple[str, ...] = ()  # and what was spoken there


Event: TypeAlias = Parcel | Contact | Problem


class Finding(Struct, frozen=True, kw_only=True):
    """One rule saw one message in one parcel."""

    ref: Ref
    platform: str
    surface: str
    direction: Direction
    road: Road
    content: Content
    grade: Grade
    rule: str
    slot: str = ""  # as written in the rule; token-like values are judged among their like
    seal: str = ""
    path: str = ""
    trail: tuple[str, ...] = ()
    excerpt: str = ""
    offset: int | None = None  # where the value lies verbatim in the parcel's body
    note: str = ""
    texts: tuple[str, ...] = ()  # the planted texts that were read here
    when: float | None = None
    device: str = ""


class Sighting(Struct, frozen=True, kw_only=True):
    """Something around messages: a typing notice, a receipt, or what a message shows beside its text."""

    ref: Ref
    platform: str
    surface: str
    direction: Direction
    rule: str
    sees: tuple[str, ...] = ()
