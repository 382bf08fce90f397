"""XMPP in HTTP bodies (BOSH, XEP-0124 and XEP-0206): each stanza is a parcel of XMPP, as on TCP.

An HTTP body `<body xmlns='http://jabber.org/protocol/httpbind'>` holds any number of stanzas.
They get the refs `#14.0>`, `#14.1>` ... and no more is said of them than XMPP says, so the rules
of XMPP see them as anywhere else. What is left, the head and the tag of `body`, stays a parcel of
HTTP. A body that holds no stanza stays as it is; so does one that is not XML throughout, that was cut
before its first stanza ended or is too much to look through, and a problem says so.
"""

import re
from contextlib import suppress

from msgspec import structs

from auditor.decoders import DECODERS, Clue
from auditor.decoders.clues import CODINGS
from auditor.errors import TooMuch
from auditor.model import Parcel, Problem, Ref
from auditor.streams import START, Message, xmpp

SPACE = b"http://jabber.org/protocol/httpbind"
MOST = 16_000_000  # bytes that may come out of a compressed body
STANZAS = 10_000  # in one body

# Types that say nothing: only where one of these or XML is named a compressed body is looked into.
UNTOLD = ("", "text/html", "text/plain", "application/octet-stream")
WIDE = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"<\0": "utf-16-le", b"\0<": "utf-16-be"}
JSON = (b"{", b"[", b'"')

_ROOT = re.compile(
    rb"""(?:\xef\xbb\xbf)?\s*+(?:<\?xml[^>]*+>\s*+)?(?:<!--(?:[^-]|-(?!->))*+-->\s*+)*+"""
    rb"""<(?:([\w.-]{1,64}):)?body((?:\s(?:[^"'>]++|"[^"]*+"|'[^']*+')*+)?)>"""
)
_OWN = re.compile(rb"""\sxmlns(?::([\w.-]++))?\s*+=\s*+["']%s["']""" % re.escape(SPACE))
_PREFIX = re.compile(rb"""\sxmlns:(?!stream\b)[\w.-]++\s*+=\s*+(?:"[^"<]*+"|'[^'<]*+')""")
_STREAM = b"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'%s>"
_QUOTED = re.compile(rb"(?i)(?:<|\\u003c)(?:[\w.-]{1,64}:)?body\b")
_ESCAPED = SPACE.replace(b"/", b"\\/")
_END = re.compile(rb"</(?:[\w.-]{1,64}:)?body\s*+>\s*+\Z")


def parts(parcel: Parcel) -> list[Parcel | Problem]:
    """The parcel; or what is left of it, and the stanzas that it carried."""
    if parcel.protocol != "http":
        return [parcel]
    try:
        body = _narrow(_plain(parcel))
        if body.startswith(JSON) and _QUOTED.search(body):
            return [parcel, _unread(parcel, "not read", "a body of BOSH stands inside JSON")]
        root = _ROOT.match(body)
        if not root or root[2].endswith(b"/") or (root[1] or b"") not in _OWN.findall(root[2]):
            return [parcel]
        stanzas = _stanzas(parcel, body, root)
    except TooMuch as error:
        return [parcel, _unread(parcel, "too much", f"no stanzas were looked for in a body: {error}")]
    if stanzas is None:
        return [parcel, _unread(parcel, "damaged", "a body of BOSH makes no stanzas")]
    if not stanzas:
        return [parcel]
    kept = tuple(pair for pair in parcel.head.headers if pair[0] != "content-encoding")
    head = structs.replace(parcel.head, headers=kept)
    rest = structs.replace(parcel, body=root[0][:-1] + b"/>", head=head)
    return [rest, *(_parcel(parcel, number, one) for number, one in enumerate(stanzas))]


def _plain(parcel: Parcel) -> bytes:
    """The body without the compression that its head names; nothing where it cannot hold stanzas."""
    said = dict(parcel.head.headers)
    coding = said.get("content-encoding", "").strip().lower()
    media = said.get("content-type", "").partition(";")[0].strip().lower()
    if coding and ("xml" in media or media in UNTOLD):
        for name in CODINGS.get(coding, ()):
            try:
                plain = DECODERS[name].unwrap(parcel.body, Clue(limit=MOST))
            except ValueError:
                continue
            except TooMuch:
                if media in UNTOLD:
                    break
                raise
            return plain if isinstance(plain, bytes) else b""
    return parcel.body


def _narrow(body: bytes) -> bytes:
    """The same in UTF-8; nothing where it does not name the namespace."""
    if coding := WIDE.get(body[:2]):
        with suppress(UnicodeDecodeError):
            body = body.decode(coding).encode("utf-8", "surrogatepass")
    return body if SPACE in body or (body.startswith(JSON) and _ESCAPED in body) else b""


def _unread(parcel: Parcel, kind: str, message: str) -> Problem:
    return Problem(parcel.ref, kind, message, (parcel.channel,), ("xmpp",))


def _stanzas(parcel: Parcel, body: bytes, root: re.Match[bytes]) -> list[Message] | None:
    """What a stream with these namespaces would have carried; None where it cannot be read."""
    stream, way = xmpp.Stream(), parcel.outgoing
    stream.feed(way, _STREAM % b"".join(_PREFIX.findall(root[2])))
    end = _END.search(body, root.end())
    if not end and parcel.whole:
        return None
    last = end.start() if end else len(body)
    found: list[Message] = []
    for at in range(root.end(), last, START):
        found += stream.feed(way, body[at : min(at + START, last)])
        if len(found) > STANZAS:
            raise TooMuch(f"more than {STANZAS:,} of them")
    broken = stream.handed_over or (stream.waiting and (parcel.whole or not found))
    return None if broken else found


def _parcel(parcel: Parcel, number: int, stanza: Message) -> Parcel:
    at = parcel.ref
    ref = Ref(at.capture, at.entry, f".{number}{at.part}")
    return structs.replace(parcel, ref=ref, body=stanza.body, protocol="xmpp", head=stanza.head, answers=None)
