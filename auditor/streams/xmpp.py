"""XMPP, as in RFC 6120, on TCP and, as in RFC 7395, in a WebSocket.

One element below the stream is one message: its name is the method, its `to` the path,
its XML the body. The body stands by itself: the namespaces that the stream declared are
written into it, but for the one of the stanzas (jabber:client), which is taken off, so that
`message` and `body` are plain names and all else has its namespace.

STARTTLS hands over to TLS; XEP-0138 compression is undone. A document type or an entity is
not XMPP (RFC 6120, 11.1), so reading ends there. An element of more than LONGEST bytes, or
with a tag of more than TAG, is TOO-LONG with its beginning, and reading goes on behind it.
"""

import re
from html import unescape

from msgspec import Struct

from auditor.model import Head
from auditor.streams import TLS
from auditor.streams.talk import Buffer, Talk, words
from auditor.streams.zlib_stream import Inflater
from auditor.text import xml_quoted

name = "xmpp"

LONGEST = 16_000_000
TAG = 65536
DEPTH = 10_000  # levels; decoders stop far above

_OWN = ("jabber:client", "jabber:server", "jabber:component:accept")
_STREAMS = "http://etherx.jabber.org/streams"
_NAME = re.compile(rb"</?([^\s/>:]*)(?::([^\s/>]*))?")
_ATTRIBUTE = re.compile(rb"""(?<!\s)\s++([^\s=/>]++)\s*+=\s*+("[^"]*+"|'[^']*+')""")
_ROOT = re.compile(rb"""(?:[^"'>]++|"[^"]*+"|'[^']*+')*+>""")
_SPACE = b" \t\r\n"
_SPACES = re.compile(rb"[ \t\r\n]+")
_MARK = b"\xef\xbb\xbf"  # of UTF-8
_UNQUOTED = re.compile(rb"[\"'>]")
_SPECIAL = {b"<!--": b"-->", b"<![CDATA[": b"]]>", b"<?": b"?>"}
_KNOWN = re.compile(
    rb"<(?:[\w.-]{1,64}:)?(?:stream[\s>][^>]*http://etherx\.jabber\.org/streams"
    rb"|(?:open|message|presence|iq)\s[^>]*(?:urn:ietf:params:xml:ns:xmpp-framing|['\"]jabber:client['\"]))"
)
# In the midst of a stream its stanzas do not say what they are of; this much they all have.
_STANZA = re.compile(
    rb"<(?:iq(?=[^>]*\sid=)(?=[^>]*\stype=['\"](?:get|set|result|error)['\"])"
    rb"|(?:message|presence)(?=[^>]*\s(?:to|from)=['\"][^'\"<>\s@]{1,1023}@[\w.\[:-]{1,1023}[/'\"]))\s[^>]*>"
)
# Short elements that say nothing of the stream may come first: a sign of life, an acknowledgement.
_FIRST = re.compile(rb"(?:<(?:presence|r|a|iq|message)(?:\s[^<>]{0,1024})?/>[ \t\r\n]*+){1,64}")
_OPENS = re.compile(rb"<(?:[\w.-]{0,64}:)?[a-z]{0,8}(?:\s[^>]{0,8192})?")


def recognises(outgoing: bool, start: bytes) -> bool | None:
    """By the first tag that tells: a stream's, a stanza's, or in a WebSocket the frame's."""
    text = start.removeprefix(_MARK).lstrip(_SPACE)
    if text.startswith(b"<?xml"):
        _, end, text = text.partition(b"?>")
        text = text.lstrip(_SPACE)
        if not end:
            return None if len(start) < 1024 else False
    first = _FIRST.match(text)
    rest = text[first.end() :] if first else text
    if _KNOWN.match(text) or _STANZA.match(text) or _STANZA.match(rest):
        return True
    if first:
        return None if not rest or _OPENS.fullmatch(rest) else False
    unfinished = _OPENS.fullmatch(text) or b"<?xml".startswith(text) or _MARK.startswith(text)
    return None if unfinished else False


def Stream() -> Talk:  # noqa: N802
    return Talk(_Xmpp().step)


carriers = {"tcp": Stream, "websocket": Stream}


class _Side(Struct):
    """How far one direction was read. Its buffer begins with the element, or the tag, that is open."""

    spaces: dict[str, str] = {}  # prefix to namespace, as the stream declared
    open: list[str] = []  # the default namespaces of the elements we are in
    cuts: list[tuple[int, int]] = []  # declarations to take off
    at: int = 0
    tag: int = -1  # where the tag begins that is being read
    until: bytes = b""  # ends the quote, comment or the like that is being read
    second: bytes = b""  # the second byte of a tag whose beginning is gone
    large: bool = False


class _Xmpp:
    def __init__(self) -> None:
        self._sides = {True: _Side(), False: _Side()}

    def step(self, talk: Talk, outgoing: bool) -> bool:
        side, buffer = self._sides[outgoing], talk.sides[outgoing]
        if not side.open and not side.at and not _at_tag(buffer):
            return False
        while end := _token(side, buffer.data):
            if side.tag >= 0:
                if self._tag(talk, outgoing, end):
                    return True
            elif not side.open:  # a comment or an instruction
                _forget(side, buffer, end)
                return True
        _shorten(side, buffer)
        return False

    def _tag(self, talk: Talk, outgoing: bool, end: int) -> bool:
        """Whether the tag that ends here ends a whole thing."""
        side, buffer = self._sides[outgoing], talk.sides[outgoing]
        begin, inside = side.tag, bool(side.open)
        second = side.second or bytes(buffer.data[begin + 1 : begin + 2])
        side.large |= end - begin > TAG
        tag = b"" if side.large else bytes(buffer.data[begin:end])
        side.tag, side.second = -1, b""
        if second == b"/":
            del side.open[-1:]
        elif not inside and _is_stream(tag):
            self._begin(talk, outgoing, tag)
            return True
        else:
            _enter(side, tag, begin, stays=buffer.data[end - 2 : end - 1] != b"/")
        if side.open:
            return False
        if inside or second != b"/":
            self._element(talk, outgoing, end)
        else:
            _forget(side, buffer, end)  # the end of the stream
        return True

    def _begin(self, talk: Talk, outgoing: bool, tag: bytes) -> None:
        side = self._sides[outgoing]
        _forget(side, talk.sides[outgoing], len(tag))
        side.spaces = _declared(tag)
        talk.say(outgoing, Head("stream", _to(tag)), tag[:-1].rstrip(b"/") + b"/>")

    def _element(self, talk: Talk, outgoing: bool, end: int) -> None:
        side, buffer = self._sides[outgoing], talk.sides[outgoing]
        cuts, large = side.cuts, side.large
        if large or buffer.gone or end > LONGEST:
            buffer.skip(end)
            _forget(side, buffer, 0)
            talk.too_long(outgoing, *buffer.done())
            return
        xml = bytes(memoryview(buffer.data)[:end])
        _forget(side, buffer, end)
        xml = _without(xml, cuts)
        start, found = _ROOT.match(xml), _NAME.match(xml)
        root = start[0] if start else b""
        method = words((found[2] or found[1]) if found else b"")
        talk.say(outgoing, Head(method, _to(root)), _alone(xml, root, side.spaces))
        self._turn(talk, outgoing, method, root)

    def _turn(self, talk: Talk, outgoing: bool, method: str, root: bytes) -> None:
        """What only the server may say: from here on something else travels.

        RFC 6120, 5.4.2.3: "after the closing '>' character of the <proceed/> element".
        """
        if not outgoing and method == "proceed" and b"urn:ietf:params:xml:ns:xmpp-tls" in root:
            talk.hand_over(TLS)
        elif not outgoing and method == "compressed" and b"http://jabber.org/protocol/compress" in root:
            talk.unpack({True: Inflater().pieces, False: Inflater().pieces})


def _at_tag(buffer: Buffer) -> bool:
    """Whether a tag begins here. Between elements there is nothing but white space."""
    data = buffer.data
    if data[:3] == _MARK:
        buffer.take(3)
    if space := _SPACES.match(data):
        buffer.take(space.end())
    if data.startswith(b"<"):
        return True
    if _MARK.startswith(data):
        return False
    raise ValueError("text between the elements of the stream")


def _token(side: _Side, data: bytearray) -> int:
    """The end of the next tag (which begins at `side.tag`) or comment; 0 if it has not come."""
    while side.at < len(data):
        if side.until:
            end = data.find(side.until, side.at)
            if end < 0:
                side.at = max(side.at, len(data) - len(side.until) + 1)
                return 0
            side.at, side.until = end + len(side.until), b""
            if side.tag < 0:
                return side.at
        elif side.tag < 0:
            side.tag = data.find(b"<", side.at)
            side.at = side.tag + 1 or len(data)
            whole = _ROOT.match(data, side.tag) if side.tag >= 0 else None
            if whole and data[side.at] not in b"!?":
                side.at = whole.end()
                return side.at
        elif side.at == side.tag + 1 and not side.second and data[side.at] in b"!?":
            if not _special(side, bytes(data[side.tag : side.tag + 9])):
                return 0
        elif found := _UNQUOTED.search(data, side.at):
            side.at = found.end()
            if found[0] == b">":
                return side.at
            side.until = bytes(found[0])
        else:
            side.at = len(data)
    return 0


def _special(side: _Side, start: bytes) -> bool:
    for opening, closing in _SPECIAL.items():
        if start.startswith(opening):
            side.at, side.tag, side.until = side.tag + len(opening), -1, closing
            return True
    if any(opening.startswith(start) for opening in _SPECIAL):
        return False
    raise ValueError("XML with a document type or entities")


def _enter(side: _Side, tag: bytes, begin: int, *, stays: bool) -> None:
    outer = side.open[-1] if side.open else side.spaces.get("", "")
    space = outer
    for found in _ATTRIBUTE.finditer(tag) if b"xmlns" in tag else ():
        if found[1] == b"xmlns":
            space = words(found[2][1:-1])
            if space in _OWN and (not side.open or outer in _OWN):
                side.cuts.append((begin + found.start(), begin + found.end()))
    if len(side.open) >= DEPTH:
        raise ValueError(f"XML that is nested more than {DEPTH} deep")
    if stays:
        side.open.append(space)


def _forget(side: _Side, buffer: Buffer, end: int) -> None:
    """The thing that began the buffer is over."""
    buffer.take(end)
    side.at, side.tag, side.until, side.cuts, side.large = 0, -1, b"", [], False


def _shorten(side: _Side, buffer: Buffer) -> None:
    """Of what became too long only the beginning is kept, and of an endless tag its two last bytes."""
    endless = side.tag >= 0 and side.at - side.tag > TAG
    if not endless and buffer.gone + side.at <= LONGEST:
        return
    gone = max(0, side.at - 2) if endless or side.tag < 0 else side.tag
    if endless:
        side.second = side.second or bytes(buffer.data[side.tag + 1 : side.tag + 2])
    side.large |= endless
    buffer.skip(gone)
    side.at -= gone
    side.tag = max(0, side.tag - gone) if side.tag >= 0 else -1


def _is_stream(tag: bytes) -> bool:
    found = _NAME.match(tag)
    named = found is not None and b"stream" in (found[1], found[2])
    return named and _STREAMS in _declared(tag).values()


def _attributes(tag: bytes) -> dict[str, str]:
    return {words(found[1]): unescape(words(found[2][1:-1])) for found in _ATTRIBUTE.finditer(tag)}


def _declared(tag: bytes) -> dict[str, str]:
    """Prefix to namespace; the default one has no prefix."""
    pairs = [(key.partition(":"), value) for key, value in _attributes(tag).items()]
    return {prefix: value for (key, _, prefix), value in pairs if key == "xmlns"}


def _to(tag: bytes) -> tuple[str, ...]:
    to = _attributes(tag).get("to")
    return (to,) if to else ()


def _without(xml: bytes, cuts: list[tuple[int, int]]) -> bytes:
    ends = [0, *(stop for _, stop in cuts)]
    starts = [*(start for start, _ in cuts), len(xml)]
    return b"".join(xml[end:start] for end, start in zip(ends, starts, strict=True))


def _alone(xml: bytes, root: bytes, spaces: dict[str, str]) -> bytes:
    """The element with the declarations of its stream that it uses."""
    found = _NAME.match(root)
    if not found:
        return xml
    own = _declared(root)
    used = [
        (f"xmlns:{prefix}" if prefix else "xmlns", space)
        for prefix, space in spaces.items()
        if prefix not in own and (f"{prefix}:".encode() in xml if prefix else space not in _OWN)
    ]
    added = "".join(f" {key}={xml_quoted(space)}" for key, space in used).encode(errors="replace")
    return xml[: found.end()] + added + xml[found.end() :]
