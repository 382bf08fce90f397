"""YMSG, which Yahoo! Messenger spoke: packets of numbered fields.

A packet is a message with the name of its service, or SERVICE-n. MESSAGE has "from", "to" and
"text"; CONFERENCE and CHAT are said in a room. A packet may have several texts, as when it brings
what was said while somebody was away; then these are lists. Its other fields are "fields".
"""

import re

from auditor.model import Head
from auditor.streams.talk import Talk, words

name = "ymsg"

_HEADER = 20
_NAMES = {
    0x01: "LOGON", 0x02: "LOGOFF", 0x03: "ISAWAY", 0x04: "ISBACK", 0x06: "MESSAGE", 0x12: "PING",
    0x18: "CONFERENCE-INVITE", 0x1D: "CONFERENCE", 0x4B: "NOTIFY", 0x4C: "VERIFY", 0x54: "AUTHRESP",
    0x55: "LIST", 0x57: "AUTH", 0x8A: "KEEPALIVE", 0x98: "CHAT-JOIN", 0xA8: "CHAT", 0xF1: "LIST",
}  # fmt: skip
# What the numbers mean: some are of one service only.
_FIELDS = {
    "MESSAGE": {"1": "from", "4": "from", "5": "to", "14": "text"},
    "CONFERENCE": {"1": "from", "3": "from", "53": "to", "57": "room", "14": "text"},
    "CONFERENCE-INVITE": {"1": "from", "50": "from", "52": "to", "57": "room", "58": "text"},
    "CHAT": {"1": "from", "109": "from", "104": "room", "117": "text"},
    "NOTIFY": {"1": "from", "4": "from", "5": "to", "49": "kind", "13": "state"},
}
_BREAK = b"\xc0\x80"
_FIRST = re.compile(rb"\d{1,6}\xc0\x80", re.DOTALL)
_OFFICIAL = re.compile(r"\x1b\[[0-9;#a-fA-Fx]*m|</?(?:FONT|FADE|ALT|SND)\b[^>]*>", re.IGNORECASE)


def recognises(outgoing: bool, start: bytes) -> bool | None:
    """By the header of a first packet and the number of its first field."""
    if not start.startswith(b"YMSG"):
        return None if b"YMSG".startswith(start) else False
    if len(start) < _HEADER:
        return None
    version, size = start[4:8], int.from_bytes(start[8:10])
    if sum(byte > 0 for byte in version) > 2 or max(version) > 200:
        return False
    body = start[_HEADER : _HEADER + size]
    if not size:
        return int.from_bytes(start[10:12]) in _NAMES
    if _FIRST.match(body):
        return True
    return None if len(body) < min(size, 8) and re.fullmatch(rb"\d{0,6}\xc0?", body) else False


def Stream() -> Talk:  # noqa: N802
    return Talk(_Ymsg().step)


class _Ymsg:
    def __init__(self) -> None:
        self._want: dict[bool, bytes] = {}

    def step(self, talk: Talk, outgoing: bool) -> bool:
        buffer = talk.sides[outgoing]
        if outgoing not in self._want:
            found = buffer.block(_HEADER)
            if found is None:
                return False
            if not found[0].startswith(b"YMSG"):
                raise ValueError("bytes that are no packet")
            self._want[outgoing] = found[0]
        head = self._want[outgoing]
        body = buffer.block(int.from_bytes(head[8:10]))
        if body is None:
            return False
        del self._want[outgoing]
        _say(talk, outgoing, head, body[0])
        return True


def _say(talk: Talk, outgoing: bool, head: bytes, data: bytes) -> None:
    service, status = int.from_bytes(head[10:12]), int.from_bytes(head[12:16])
    method = _NAMES.get(service, f"SERVICE-{service}")
    headers = (("service", str(service)), ("status", str(status)))
    parts = data.split(_BREAK)
    if parts.pop().strip(b"\0") or len(parts) % 2:
        talk.say(outgoing, Head("UNREADABLE", headers=headers), data)
        return
    known = _FIELDS.get(method, {})
    body: dict[str, list[str]] = {}
    rest = []
    for number, value in zip(map(words, parts[::2]), map(words, parts[1::2]), strict=True):
        if number in known:
            body.setdefault(known[number], []).append(value)
        else:
            rest.append([number, value])
    said: dict[str, object] = {
        key: values[0] if len(values) == 1 else values for key, values in _shown(body).items()
    }
    to = body.get("room") or body.get("to") or []
    talk.say(outgoing, Head(method, tuple(to[:1]), headers=headers), said | {"fields": rest})


def _shown(body: dict[str, list[str]]) -> dict[str, list[str]]:
    """Texts without the colours and fonts that programs write into them, which stay beside."""
    texts = body.get("text", [])
    plain = [_OFFICIAL.sub("", text) for text in texts]
    return body if plain == texts else body | {"text": plain, "styled": texts}
