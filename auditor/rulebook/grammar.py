"""What a rule file may say, as types: its keys, which of them must be there, their order, what each is for.

The reader takes its keys from here, the formatter its order, and editors the JSON Schema
that is made of it (rules/schema/, checked in; a test makes it anew and compares).
"""

from functools import cache
from typing import Annotated, Any

from msgspec import Meta, Struct, json, structs

from auditor.decoders import DECODERS
from auditor.model import AROUND, SURFACES, Answer

DIRECTIONS = {"out": True, "in": False}
FAR_ENDS = ("service", "peer", "own-device")
OPENED_BY = ("recipient", "server", "own-device", "unknown")
STRENGTHS = ("alone", "context")
CLAIMED = tuple(a.value for a in Answer if a not in (Answer.OPAQUE, Answer.INCONCLUSIVE))
# What a test may expect: a content, what is around messages, an attachment, or nothing at all.
EXPECT = (
    "readable", "undecided", "missing", "wrapped", "opaque", "sealed", "metadata", "attachment", "nothing",
)  # fmt: skip


def _key(name: str) -> str:
    return name.rstrip("_").replace("_", "-")


def _words(words: tuple[str, ...]) -> Meta:
    return Meta(extra_json_schema={"enum": list(words)})


def _says(text: str) -> Meta:
    return Meta(description=text)


Word = str | int
Texts = Word | list[Word]
Paths = Annotated[
    Texts, _says("a path: body.a.b, * one step, ** any number, #0 a position, 'a.b' a name with dots")
]
Values = Word | bool | list[Word | bool]
Conditions = dict[str, Values]
Surface = Annotated[str, _words(SURFACES)]
Direction = Annotated[str, _words(tuple(DIRECTIONS))]
Expected = Annotated[str, _words(EXPECT)]
Decoder = Annotated[str, _words(tuple(DECODERS))]
Reasons = Annotated[
    dict[str, str], _says("lints that are overruled here, and why: {R305: a mail inside a mail has parts}")
]


class FactKeys(Struct, kw_only=True, rename=_key, forbid_unknown_fields=True):
    fact: Annotated[str, _says("what is so, in a sentence")]
    source: Annotated[
        str, _says("where it was read; general (...) or constructed (...) where it was not looked up")
    ]
    read: Annotated[str, _says("the day on which it was read: 2026-11-21")] = ""


class ClaimKeys(Struct, kw_only=True, rename=_key, forbid_unknown_fields=True):
    surface: Surface
    says: Annotated[str, _words(CLAIMED)]
    when: Annotated[str, _says("for whom or where it holds, in words")] = ""
    optional: Annotated[bool, _says("only where people switch it on")] = False
    since: Annotated[str, _says("the first day on which it holds")]
    until: Annotated[str, _says("the last day")] = ""
    source: str
    read: str = ""


class WhenKeys(Struct, kw_only=True, rename=_key, forbid_unknown_fields=True):
    protocol: Annotated[str, _says("http unless said: websocket, irc, xmpp ...")] = "http"
    direction: Direction | list[Direction]
    host: Annotated[Texts, _says("globs; any for self-hosted servers; without it the platform's hosts")] = ""
    method: Annotated[Texts, _says("POST, or the verb of another protocol")] = ""
    path: Annotated[Texts, _says("segment by segment: * one, ** any number")] = ""
    header: Annotated[dict[str, Texts], _says("headers of the request: a name and what it may say")] = {}


class SurfaceKeys(Struct, kw_only=True, rename=_key, forbid_unknown_fields=True):
    from_: Paths
    is_: dict[str, Surface]
    else_: Surface


class TestKeys(Struct, kw_only=True, rename=_key, forbid_unknown_fields=True):
    name: str
    out: Annotated[str, _says("POST host/path?query; without it the address of the test before")] = ""
    in_: Annotated[str, _says("the request that is answered: POST host/path?query")] = ""
    query: str = ""
    headers: dict[str, Word] = {}
    body: Any = None
    bytes: Any = None
    expect: Annotated[Word | list[Word], _says("one content, or one for each message")]
    text: Word = ""
    surface: Surface = ""
    sees: dict[str, Word] = {}
    path: str = ""
    published: Annotated[str, _says("who published these bytes")] = ""
    todo: Annotated[str, _says("a known gap, in words; it must still fail")] = ""


class RuleKeys(Struct, kw_only=True, rename=_key, forbid_unknown_fields=True):
    title: str
    action: Annotated[str, _words(AROUND)] = ""
    surface: Surface | SurfaceKeys = ""
    when: WhenKeys
    open: Annotated[dict[str, Decoder], _says("what has no magic: a path and its decoder")] = {}
    each: Annotated[
        str, _says("cuts a parcel into messages; paths that begin with a dot are relative to it")
    ] = ""
    where: Annotated[Conditions, _says("all must hold")] = {}
    unless: Annotated[Conditions, _says("none may hold")] = {}
    slot: Annotated[Texts, _says("every place of the text; all count, the weakest decides")] = ""
    accept: Annotated[Texts, _says("weak envelopes that count here")] = ""
    placeholder: Annotated[Texts, _says("fixed texts that programs write beside a seal")] = ""
    attachment: Paths = ""
    empty_when: Annotated[Conditions, _says("when an empty slot is no alarm")] = {}
    sees: Annotated[dict[str, Texts], _says("what the far end learns besides")] = {}
    allow: Reasons = {}
    why: list[FactKeys]
    tests: list[TestKeys]


class PlatformKeys(Struct, kw_only=True, rename=_key, forbid_unknown_fields=True):
    title: str
    company: str = ""
    hosts: Texts = ""
    shared: Annotated[
        Texts, _says("hosts among these that apps and pages of others load: they name nobody")
    ] = ""
    far_end: Annotated[str, _words(FAR_ENDS)] = "service"
    speaks: Annotated[Texts, _says("platforms whose rules for any host count here")] = ""
    claims: list[ClaimKeys] = []
    limits: Annotated[Texts, _says("what an audit of it cannot see")] = ""
    allow: Reasons = {}
    why: list[FactKeys]


class EnvelopeKeys(Struct, kw_only=True, rename=_key, forbid_unknown_fields=True):
    title: str
    opened_by: Annotated[str, _words(OPENED_BY)]
    strength: Annotated[str, _words(STRENGTHS)] = "alone"
    only_in_slot: bool = False
    shape: list[dict[str, Any]] = []
    text: str = ""
    function: str = ""
    tree: dict[str, Word] = {}
    allow: Reasons = {}
    why: list[FactKeys]
    tests: list[TestKeys]


class HeardKeys(Struct, kw_only=True, rename=_key, forbid_unknown_fields=True):
    name: str
    said: Annotated[list[dict[str, Any]], _says("pieces, each `out` or `in`")] = []
    facts: dict[str, Word] = {}
    address: str = ""
    port: Word = ""
    expect: Annotated[str, _says("the transport's own name, or nothing")]
    published: Annotated[str, _says("who published these bytes")] = ""


class TransportKeys(Struct, kw_only=True, rename=_key, forbid_unknown_fields=True):
    title: str
    platform: str = ""
    name: Annotated[str, _says("what it is called where it is nobody's own")] = ""
    carrier: Annotated[str, _says("tcp or udp")] = ""
    out: Annotated[Texts, _says("how the app begins, piece by piece: 'ed 00 01', ? any byte")] = ""
    in_: Annotated[Texts, _says("how the far end begins")] = ""
    stream: Annotated[Texts, _says("protocols of auditor/streams")] = ""
    facts: Annotated[dict[str, Texts], _says("what shows from outside: alpn, certificate, realm ...")] = {}
    port: Texts = ""
    address: Annotated[Texts, _says("ranges of addresses")] = ""
    weak: Annotated[bool, _says("chance makes such beginnings; port, address or both sides help")] = False
    allow: Reasons = {}
    why: list[FactKeys]
    tests: list[HeardKeys]


FILES: dict[str, type[Struct]] = {
    "rule": RuleKeys, "platform": PlatformKeys, "envelope": EnvelopeKeys, "transport": TransportKeys,
}  # fmt: skip


@cache
def keys(of: type[Struct]) -> tuple[str, str]:
    """The keys that must be there, and those that may."""
    known = structs.fields(of)
    return (
        " ".join(f.encode_name for f in known if f.required),
        " ".join(f.encode_name for f in known if not f.required),
    )


@cache
def order(of: type[Struct]) -> tuple[str, ...]:
    return tuple(f.encode_name for f in structs.fields(of))


def schema(kind: str) -> bytes:
    """The JSON Schema of one kind of file, for editors; tags of builders are checked by `auditor check`."""
    of = FILES[kind]
    made = json.schema(of)
    made = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"a {kind} of auditor",
        **made,
    }
    return json.format(json.encode(made, order="sorted"), indent=2) + b"\n"
