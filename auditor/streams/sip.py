"""SIP, as in RFC 3261, and its MESSAGE (RFC 3428), on TCP, UDP and, as in RFC 7118, in a WebSocket.

A request is a message with its method, its address as the path, its headers (compact names
written out) and its body. An answer is REPLY with its status; `cseq` among its headers says to what.
"""

import re

from auditor.model import Head
from auditor.streams.talk import MOST, Talk, words

name = "sip"

LONGEST = 65536  # of one line
LINES = 1000  # of one head

_METHODS = (
    rb"(?:INVITE|ACK|BYE|CANCEL|OPTIONS|REGISTER|MESSAGE|SUBSCRIBE|NOTIFY|INFO|PRACK|UPDATE|REFER|PUBLISH)"
)
_FIRST = re.compile(
    rb"(?:" + _METHODS + rb" [A-Za-z][\w+.-]{0,30}:[^\s]{0,4096} SIP/2\.0|SIP/2\.0 [1-6]\d\d)[ \r\n]"
)
_COULD = re.compile(rb"[A-Z]{0,9}|" + _METHODS + rb"(?: [^\r\n]{0,4200})?\r?|SIP/2?\.?0?(?: \d{0,3})?")
_REQUEST = re.compile(r"([A-Z]{1,20}) (\S+) SIP/2\.0")
_STATUS = re.compile(r"SIP/2\.0 (\d{3})(?: .*)?")
_COMPACT = {
    "a": "accept-contact", "b": "referred-by", "c": "content-type", "e": "content-encoding", "f": "from",
    "i": "call-id", "k": "supported", "l": "content-length", "m": "contact", "o": "event", "r": "refer-to",
    "s": "subject", "t": "to", "u": "allow-events", "v": "via", "x": "session-expires",
}  # fmt: skip


def recognises(outgoing: bool, start: bytes) -> bool | None:
    """By the first line: a request or an answer of SIP/2.0."""
    text = start.lstrip(b"\r\n\0")
    if _FIRST.match(text):
        return True
    return None if _COULD.fullmatch(text) else False


def Stream() -> Talk:  # noqa: N802
    return Talk(_Sip(datagrams=False).step)


def Datagrams() -> Talk:  # noqa: N802
    """Every piece that is fed is one message, so its body needs no length."""
    return Talk(_Sip(datagrams=True).step)


carriers = {"tcp": Stream, "udp": Datagrams, "websocket": Datagrams}


class _Sip:
    def __init__(self, *, datagrams: bool) -> None:
        self._datagrams = datagrams
        self._heads: dict[bool, list[str]] = {True: [], False: []}
        self._want: dict[bool, tuple[Head, int]] = {}

    def step(self, talk: Talk, outgoing: bool) -> bool:
        buffer = talk.sides[outgoing]
        if outgoing in self._want:
            head, size = self._want[outgoing]
            if self._datagrams:
                size = min(size, len(buffer.data))
            body = buffer.block(size, MOST)
            if body is None:
                return False
            del self._want[outgoing]
            if body[1] > MOST:
                talk.too_long(outgoing, *body)
            else:
                talk.say(outgoing, head, body[0])
            return True
        found = buffer.line(LONGEST)
        if found is None:
            if self._datagrams and (
                buffer.size or self._heads[outgoing]
            ):  # a head without an end, or the pulse of a phone
                data = buffer.take(len(buffer.data)).strip(b" \t\r\n\0")
                self._unreadable(talk, outgoing, data)
                return True
            return False
        self._line(talk, outgoing, *found)
        return True

    def _unreadable(self, talk: Talk, outgoing: bool, data: bytes) -> None:
        lines, self._heads[outgoing] = self._heads[outgoing], []
        text = "\r\n".join(lines).encode(errors="replace") + data
        if text:
            talk.say(outgoing, Head("UNREADABLE"), text)

    def _line(self, talk: Talk, outgoing: bool, data: bytes, size: int) -> None:
        lines, text = self._heads[outgoing], words(data)
        if size > LONGEST or len(lines) >= LINES:
            start = "\r\n".join([*lines[:20], text]).encode(errors="replace")
            talk.too_long(outgoing, start, size + sum(map(len, lines)))
            self._heads[outgoing] = []
        elif text[:1] in (" ", "\t") and len(lines) > 1 and len(lines[-1]) < LONGEST:
            lines[-1] += " " + text.strip()
        elif text or not lines:
            if text.strip("\0"):  # RFC 3261, 7.5: "MUST ignore any CRLF appearing before the start-line"
                lines.append(text)
        elif head := _head(lines):
            self._heads[outgoing] = []
            length = head.header("content-length").strip()
            known = length.isascii() and length.isdigit() and len(length) < 16
            self._want[outgoing] = (head, int(length) if known else MOST if self._datagrams else 0)
        else:
            self._unreadable(talk, outgoing, b"")


def _head(lines: list[str]) -> Head | None:
    pairs = [
        (key.strip().lower(), value.strip()) for key, _, value in (line.partition(":") for line in lines[1:])
    ]
    headers = tuple((_COMPACT.get(key, key), value) for key, value in pairs)
    if found := _REQUEST.fullmatch(lines[0]):
        return Head(found[1], (found[2],), headers=headers)
    if found := _STATUS.fullmatch(lines[0]):
        return Head("REPLY", headers=headers, status=int(found[1]))
    return None
