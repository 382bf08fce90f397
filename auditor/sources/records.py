"""The records of a session journal: what the addon writes (live/) and journal.py reads."""

from typing import TypeAlias

import msgspec
from msgspec import Struct

from auditor.sources.flows import Flow

SUFFIX = ".journal"  # behind the name of the dump
VERSION = 1
START = b'{"journal":'


class First(Struct, omit_defaults=True):
    """The line that says what the file is; another one further down begins another run of the proxy."""

    journal: int
    made_by: str = ""
    began: float | None = None


class Begun(Struct, omit_defaults=True, tag_field="what", tag="begun"):
    id: str
    flow: Flow
    connection: str = ""  # of the app to the proxy


class Said(Struct, omit_defaults=True, tag_field="what", tag="said"):
    id: str
    out: bool
    data: bytes
    when: float | None = None
    kind: int = 0  # of a WebSocket frame


class Poured(Struct, omit_defaults=True, tag_field="what", tag="poured"):
    """A part of a body that is passed on as it comes: the flow does not have it."""

    id: str
    out: bool
    data: bytes


class Ended(Struct, omit_defaults=True, tag_field="what", tag="ended"):
    """The flow without its messages; without its request where that is as it was at the beginning."""

    id: str
    flow: Flow


class Refused(Struct, omit_defaults=True, tag_field="what", tag="refused"):
    side: str  # client or server
    host: str = ""
    port: int = 0
    address: str = ""
    error: str = ""
    when: float | None = None
    connection: str = ""  # of the app to the proxy
    carrier: str = "tls"  # or quic


class Hello(Struct, omit_defaults=True, tag_field="what", tag="hello"):
    """How an app began TLS, told where something depends on it; `shown` is a kind of false certificate."""

    connection: str
    host: str = ""
    port: int = 0
    address: str = ""
    look: str = ""  # the same for all connections of one program
    shown: str = ""
    ech: bool = False  # a part of the hello is encrypted, or pretends to be
    when: float | None = None


class Asked(Struct, omit_defaults=True, tag_field="what", tag="asked"):
    """A name that was looked up, where the proxy heard it."""

    name: str
    when: float | None = None


class Opened(Struct, omit_defaults=True, tag_field="what", tag="opened"):
    """A connection of the app (client) or to a server; a `tls` one has shaken hands."""

    id: str
    side: str
    host: str = ""
    port: int = 0
    address: str = ""
    tls: bool = False
    when: float | None = None


class Closed(Struct, omit_defaults=True, tag_field="what", tag="closed"):
    id: str
    side: str
    when: float | None = None


class Passed(Struct, omit_defaults=True, tag_field="what", tag="passed"):
    """A connection that went through the proxy unopened, and why."""

    why: str
    host: str = ""
    port: int = 0
    address: str = ""
    when: float | None = None
    carrier: str = "tls"  # or quic


class Lost(Struct, omit_defaults=True, tag_field="what", tag="lost"):
    """Records that would stand here, and why they do not."""

    count: int
    why: str


Record: TypeAlias = Begun | Said | Poured | Ended | Refused | Hello | Asked | Opened | Closed | Passed | Lost


def line(record: First | Record) -> bytes:
    return msgspec.json.encode(record) + b"\n"


class Named(Struct):
    """Of any record only whose it is."""

    id: str = ""


def record_of(data: bytes) -> First | Record:
    if data.startswith(START):
        return msgspec.json.decode(data, type=First)
    found: Record = msgspec.json.decode(data, type=Record)
    return found
