"""OSCAR, which AIM and ICQ spoke: FLAP frames around SNACs.

A text is MESSAGE, its path the other side: {"channel", "from" or "to", "text", "charset"}. Channel 1
has texts in fragments, channel 2 has them inside ICQ's relay, channel 4 is ICQ's old format. A text
in HTML, as AIM writes it, is "text" without its markup, and "html" as it stands. What goes from one
program to another otherwise is RENDEZVOUS. TYPING says that somebody types, HELD a message that ICQ
kept until its reader came, CHAT what is said in a room. Every other SNAC is its two numbers
("0001/0017"), every other frame FLAP-1 and so on, with their bytes.
"""

import base64
import re
from html import unescape

from auditor.model import Head
from auditor.streams.talk import Talk, words

name = "oscar"

_FRAME = 6
_CHANNELS = range(1, 6)
_OPENS, _DATA = 1, 2
_SNAC = 10
_RELAY = bytes.fromhex("094613494c7f11d18222444553540000")
_UTF8 = b"{0946134E-4C7F-11D1-8222-444553540000}"
_SENT, _CAME, _TYPING = b"\0\4\0\6", b"\0\4\0\7", b"\0\4\0\x14"
_ICQ = b"\0\x15\0\3"
_IN_ROOM = (b"\0\x0e\0\5", b"\0\x0e\0\6")
_HTML = re.compile(r"\s*<(?:html|body|font|p|b|i|u|a|br|div|span|binary)\b[^>]*>", re.IGNORECASE)
_TAG = re.compile(r"</?[a-z!][^>]*>", re.IGNORECASE)
_BREAK = re.compile(r"<br\s*/?>|</p>", re.IGNORECASE)
_CHARSETS = {0: "us-ascii", 2: "utf-16-be", 3: "latin-1"}


def recognises(outgoing: bool, start: bytes) -> bool | None:
    """By a first frame that opens the connection, of version 1, or by one whole SNAC of texts."""
    while len(start) >= _FRAME:
        channel, size = start[1], int.from_bytes(start[4:_FRAME])
        data, start = start[: _FRAME + size], start[_FRAME + size :]
        if not data.startswith(b"*") or channel not in (_OPENS, _DATA):
            return False
        data = data[_FRAME:]
        if channel == _OPENS and not b"\0\0\0\1".startswith(data[:4]):
            return False
        if len(data) < size:
            return None
        if channel == _OPENS:
            return size >= 4 and _fields(data[4:]) is not None
        if size < _SNAC or data[0] or data[2]:
            return False
        if data[:4] in (_SENT, _CAME, *_IN_ROOM):
            return True
    return None if b"*".startswith(start[:1]) else False


def Stream() -> Talk:  # noqa: N802
    return Talk(_Oscar().step)


class _Oscar:
    def __init__(self) -> None:
        self._want: dict[bool, tuple[int, int]] = {}

    def step(self, talk: Talk, outgoing: bool) -> bool:
        buffer = talk.sides[outgoing]
        if outgoing not in self._want:
            found = buffer.block(_FRAME)
            if found is None:
                return False
            if found[0][:1] != b"*" or found[0][1] not in _CHANNELS:
                raise ValueError("bytes that are no frame")
            self._want[outgoing] = found[0][1], int.from_bytes(found[0][4:])
        channel, size = self._want[outgoing]
        found = buffer.block(size)
        if found is None:
            return False
        del self._want[outgoing]
        if channel == _DATA and size >= _SNAC:
            _snac(talk, outgoing, found[0])
        else:
            talk.say(outgoing, Head(f"FLAP-{channel}"), found[0])
        return True


class _Parts:
    """Takes one part after the other. ValueError where it is shorter than it says."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def take(self, size: int) -> bytes:
        if size > len(self.data):
            raise ValueError("a SNAC that is shorter than it says")
        taken, self.data = self.data[:size], self.data[size:]
        return taken

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size))

    def small(self, size: int) -> int:
        return int.from_bytes(self.take(size), "little")

    def field(self) -> tuple[int, bytes]:
        kind = self.number(2)
        return kind, self.take(self.number(2))


def _snac(talk: Talk, outgoing: bool, data: bytes) -> None:
    kind, flags, parts = data[:4], int.from_bytes(data[4:6]), _Parts(data[10:])
    try:
        if flags & 0x8000:
            parts.take(parts.number(2))
        read = _READ.get(kind)
        if read:
            method, who, body = read(parts, kind == _CAME)
            talk.say(outgoing, Head(method, (who,) if who else ()), body)
            return
    except ValueError:
        talk.say(outgoing, Head("UNREADABLE", (kind[:2].hex(), kind[2:].hex())), data)
        return
    talk.say(outgoing, Head(f"{kind[:2].hex()}/{kind[2:].hex()}"), data[10:])


Said = tuple[str, str, dict[str, object]]


def _message(parts: _Parts, came: bool) -> Said:
    cookie, channel = parts.take(8), parts.number(2)
    who = words(parts.take(parts.number(1)))
    body: dict[str, object] = {"id": cookie.hex(), "channel": channel, "from" if came else "to": who}
    if came:
        parts.take(2)  # how often its sender was warned
        for _ in range(parts.number(2)):
            parts.field()
    fields = _fields(parts.data)
    if fields is None:
        raise ValueError("fields that do not fill the SNAC")
    read = {1: (2, _fragments), 2: (5, _rendezvous), 4: (5, _old)}.get(channel)
    inner = next((value for number, value in fields if read and number == read[0]), None)
    if read is None or inner is None:
        return "MESSAGE", who, body | {"fields": [[number, value.hex()] for number, value in fields]}
    method, said = read[1](inner)
    return method, who, body | said


def _fragments(data: bytes) -> tuple[str, dict[str, object]]:
    """Fragment 5 says what the sender's program can, each fragment 1 is a text and its charset."""
    parts, texts = _Parts(data), []
    while parts.data:
        kind = parts.number(1)
        parts.take(1)
        inner = _Parts(parts.take(parts.number(2)))
        if kind == 1:
            charset = _CHARSETS.get(inner.number(2), "latin-1")
            inner.take(2)
            texts.append((charset, _decoded(inner.data, charset)))
    whole = "".join(text for _, text in texts)
    return "MESSAGE", {"charset": texts[0][0] if texts else ""} | _shown(whole)


def _rendezvous(data: bytes) -> tuple[str, dict[str, object]]:
    parts = _Parts(data)
    stage, _, ability = parts.number(2), parts.take(8), parts.take(16)
    body: dict[str, object] = {"stage": stage, "ability": ability.hex()}
    fields = _fields(parts.data) or []
    relayed = next((value for number, value in fields if number == 0x2711), b"")
    if ability == _RELAY and relayed and not stage:
        method, said = _relay(_Parts(relayed))
        return method, body | said
    body["fields"] = [[number, base64.b64encode(value).decode()] for number, value in fields]
    return "RENDEZVOUS", body


def _relay(parts: _Parts) -> tuple[str, dict[str, object]]:
    """Two blocks with lengths before them, then kind, flags, state, urgency and the text with its length."""
    plugin = parts.take(parts.small(2))
    parts.take(parts.small(2))
    kind, _ = parts.take(2)
    parts.take(4)
    text = parts.take(parts.small(2)).removesuffix(b"\0")
    if any(plugin[2:18]) or kind in (0xE8, 0xE9, 0xEA, 0xEB, 0xEC):  # of a plug-in, or asks for a state
        return "RENDEZVOUS", {"kind": kind, "state": words(text), "rest": parts.data.hex()}
    charset = "utf-8" if _UTF8 in parts.data.upper() else "latin-1"
    return "MESSAGE", {"kind": kind, "charset": charset} | _shown(_decoded(text, charset))


def _old(data: bytes) -> tuple[str, dict[str, object]]:
    parts = _Parts(data)
    number, kind, _ = parts.small(4), parts.number(1), parts.number(1)
    text = parts.take(parts.small(2)).removesuffix(b"\0")
    # A contact or an address is several texts with FE between them.
    said = [words(one) for one in text.split(b"\xfe")]
    return "MESSAGE", {"number": number, "kind": kind, "text": said if len(said) > 1 else said[0]}


def _typing(parts: _Parts, _: bool) -> Said:
    parts.take(10)
    who = words(parts.take(parts.number(1)))
    return "TYPING", who, {"who": who, "state": parts.number(2)}


def _kept(parts: _Parts, _: bool) -> Said:
    """ICQ's answers lie in a field of their own; 0041 is a message that waited."""
    number, inner = parts.field()
    parts = _Parts(inner)
    if number != 1 or len(inner) < 10 or inner[6:8] != b"\x41\0":
        return "ICQ", "", {"hex": inner.hex()}
    parts.take(10)
    sender, when = parts.small(4), parts.take(6)
    parts.take(2)
    text = words(parts.take(parts.small(2)).removesuffix(b"\0"))
    return "HELD", str(sender), {"from": str(sender), "time": when.hex(), "text": text}


def _room(parts: _Parts, _: bool) -> Said:
    """Field 5 has the text and how it is written, field 3 who said it."""
    body: dict[str, object] = {"id": parts.take(8).hex(), "channel": parts.number(2)}
    fields = dict(_fields(parts.data) or [])
    inner = dict(_fields(fields.get(5, b"")) or [])
    if 3 in fields:
        sender = _Parts(fields[3])
        body["from"] = words(sender.take(sender.number(1)))
    charset = words(inner.get(2, b"us-ascii")).lower()
    charset = charset if charset in ("us-ascii", "iso-8859-1", "utf-8") else "utf-16-be"
    shown = _shown(_decoded(inner[1], charset)) if 1 in inner else {}
    return "CHAT", "", body | {"charset": charset} | shown


_READ = {_SENT: _message, _CAME: _message, _TYPING: _typing, _ICQ: _kept} | dict.fromkeys(_IN_ROOM, _room)


def _fields(data: bytes) -> list[tuple[int, bytes]] | None:
    """Every field; nothing where they do not fill it."""
    parts, fields = _Parts(data), []
    try:
        while parts.data:
            fields.append(parts.field())
    except ValueError:
        return None
    return fields


def _decoded(data: bytes, charset: str) -> str:
    try:
        return data.decode(charset)
    except UnicodeDecodeError:
        return words(data)


def _shown(text: str) -> dict[str, object]:
    if not _HTML.match(text):
        return {"text": text}
    return {"text": unescape(_TAG.sub("", _BREAK.sub("\n", text))).strip(), "html": text}
