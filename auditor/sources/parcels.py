"""parcels.jsonl: what an app hook or another tool saw, one JSON object a line.

The first line says what the file is, the others are parcels:

    {"parcels": 1, "made_by": "frida hook of example app"}
    {"outgoing": true, "protocol": "wabinary", "host": "web.whatsapp.com", "road": "protected",
     "method": "message", "body": "hello"}

A parcel has `outgoing` and a `body` (text) or `body_base64`. It may have `protocol` (http),
`host`, `port`, `address`, `road` (clear, protected, unknown), `alpn`, `opened_by` (app hook), `method`,
`path` (a text with slashes or a list), `query` and `headers` (mappings), `status`, `when`
(seconds since 1970), `whole` (true), and `answers`: {method, path, query} of the question.
What lay inside an opened layer may stay as it was: WhatsApp's binary nodes or XML (protocol `wabinary`),
Telegram's TL or JSON with the constructor as "_" (protocol `mtproto`); it needs no method then.

Laws: an unknown key is a problem with its line, for a misspelt one must not change what is
concluded; a bad line costs that line; lines over 64 MB are passed over and counted.
"""

import base64
import binascii
from collections.abc import Iterator

import msgspec
from msgspec import Struct

from auditor.model import Channel, Event, Head, Parcel, Road
from auditor.sources import heads
from auditor.sources.heads import Place
from auditor.sources.tape import Tape

VERSION = 1
LONGEST = 64_000_000


class First(Struct, forbid_unknown_fields=True):
    """The line that says what the file is."""

    parcels: int
    made_by: str = ""


class Asked(Struct, forbid_unknown_fields=True):
    method: str = ""
    path: str | list[str] = ""
    query: dict[str, str] = {}


class Line(Struct, forbid_unknown_fields=True, kw_only=True):
    """One parcel as it is written down."""

    outgoing: bool
    body: str | None = None
    body_base64: str | None = None
    protocol: str = "http"
    host: str = ""
    port: int = 0
    address: str = ""
    road: Road = Road.UNKNOWN
    alpn: str = ""
    opened_by: str = "app hook"
    method: str = ""
    path: str | list[str] = ""
    query: dict[str, str] = {}
    headers: dict[str, str] = {}
    status: int = 0
    when: float | None = None
    whole: bool = True
    answers: Asked | None = None


def read(tape: Tape, place: Place) -> Iterator[Event]:
    lines = tape.lines(LONGEST)
    try:
        first = msgspec.json.decode(next(lines, (b"", 0))[0], type=First)
    except (msgspec.MsgspecError, RecursionError) as error:
        yield place.problem(0, "damaged", f"line 1 does not say what this file is: {_why(error)}")
        return
    if first.parcels != VERSION:
        yield place.problem(0, "too-new", f"parcels of version {first.parcels}; version {VERSION} is read")
        return
    for number, (line, _) in enumerate(lines):
        tape.entries = number + 1
        if not line:
            yield place.problem(number, "too-much", f"line {number + 2} is longer than {LONGEST:,} bytes")
        elif line.strip():
            yield from _parcel(line, number, place)


def _parcel(line: bytes, number: int, place: Place) -> Iterator[Event]:
    try:
        one = msgspec.json.decode(line, type=Line)
        body = _body(one)
    except (msgspec.MsgspecError, binascii.Error, ValueError, RecursionError) as error:
        yield place.problem(number, "damaged entry", f"line {number + 2}: {_why(error)}")
        return
    channel = Channel(one.host, one.port, one.road, one.address, one.alpn, one.opened_by)
    head = _head(one.method, one.path, one.query)
    pairs = heads.headers(one.headers.items())
    yield Parcel(
        ref=place.ref(number, ">" if one.outgoing else "<"),
        channel=place.channel(channel),
        outgoing=one.outgoing,
        body=body,
        protocol=one.protocol,
        head=Head(head.method, head.path, head.query, pairs, one.status),
        answers=_head(one.answers.method, one.answers.path, one.answers.query) if one.answers else None,
        when=heads.seconds(one.when),
        whole=one.whole,
    )


def _body(one: Line) -> bytes:
    if one.body is not None and one.body_base64 is not None:
        raise ValueError("either body or body_base64, not both")
    if one.body_base64 is not None:
        return base64.b64decode(one.body_base64, validate=True)
    return (one.body or "").encode()


def _head(method: str, path: str | list[str], query: dict[str, str]) -> Head:
    if isinstance(path, str):
        steps, pairs = heads.target(path)
    else:
        steps, pairs = tuple(heads.clean(step) for step in path[: heads.STEPS]), ()
    named = tuple((heads.clean(key), heads.clean(value)) for key, value in query.items())
    return Head(heads.clean(method), steps, (*pairs, *named))


def _why(error: Exception) -> str:
    return str(error) or "nested too deep"
