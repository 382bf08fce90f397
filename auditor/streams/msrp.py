"""MSRP, as in RFC 4975: the chats of SIP.

A message that was cut into chunks is one SEND, its path the last address of To-Path, its
headers those of its first chunk. Chunks that make no whole message, because one is missing,
the sender gave up or too many are open, are SEND-PART each. Other requests keep their
method; an answer is REPLY with its status.
"""

import re

from auditor.model import Head
from auditor.streams.talk import MOST, Talk, words

name = "msrp"

LONGEST = 65536  # of one line of a head
LINES = 1000
OPEN = 1000  # messages whose chunks are not all there

_FIRST = re.compile(rb"MSRP [\w.+%=-]{4,32} (?:[A-Z]{1,20}|\d{3}(?: [^\r\n]{0,200})?)\r\n")
_COULD = re.compile(rb"M?S?R?P?|MSRP (?:[\w.+%=-]{0,32}|[\w.+%=-]{4,32} [^\r\n]{0,210}\r?)")
_START = re.compile(r"MSRP ([\w.+%=-]{1,64}) ([A-Z]{1,20}|\d{3})(?: .*)?")
_RANGE = re.compile(r"(\d{1,12})-(?:\d{1,12}|\*)/(?:\d{1,12}|\*)")


def recognises(outgoing: bool, start: bytes) -> bool | None:
    """By the first line."""
    if _FIRST.match(start):
        return True
    return None if _COULD.fullmatch(start) else False


def Stream() -> Talk:  # noqa: N802
    return Talk(_Msrp().step)


carriers = {"tcp": Stream, "websocket": Stream}


class _Side:
    """One direction: the chunk that is being read, and the messages that lack chunks."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.end = b""  # "-------" and the id of the transaction: the body ends before it
        self.head = Head()
        self.open: dict[str, tuple[Head, bytearray]] = {}


class _Msrp:
    def __init__(self) -> None:
        self._sides = {True: _Side(), False: _Side()}

    def step(self, talk: Talk, outgoing: bool) -> bool:
        side = self._sides[outgoing]
        if side.end:
            return self._body(talk, outgoing, side)
        found = talk.sides[outgoing].line(LONGEST)
        if found is None:
            return False
        line, size = found
        if size > LONGEST or len(side.lines) >= LINES:
            side.lines = []
            talk.too_long(outgoing, line, size)
        elif not side.lines and not _START.fullmatch(words(line)):
            raise ValueError("a line that begins no message")
        else:
            self._line(talk, outgoing, side, words(line))
        return True

    def _line(self, talk: Talk, outgoing: bool, side: _Side, line: str) -> None:
        begin = _START.fullmatch(side.lines[0]) if side.lines else None
        if begin and line[:-1] == f"-------{begin[1]}" and line[-1:] in "$+#":
            head, side.lines = _head(begin[2], side.lines), []
            self._ended(talk, outgoing, head, b"", line[-1])
        elif begin and not line:
            side.end, side.head, side.lines = f"-------{begin[1]}".encode(), _head(begin[2], side.lines), []
        else:
            side.lines.append(line)

    def _body(self, talk: Talk, outgoing: bool, side: _Side) -> bool:
        """RFC 4975, 7.1: the end line stands behind a line end that is not of the body."""
        buffer, end = talk.sides[outgoing], side.end
        while (at := buffer.data.find(end, buffer.seen)) >= 0:
            flag = bytes(buffer.data[at + len(end) : at + len(end) + 3])
            before = bytes(buffer.data[max(0, at - 2) : at])
            if len(flag) < 3 and (flag[:1] or b"$") in b"$+#" and b"\r\n".startswith(flag[1:]):
                return False
            if flag[:1] in b"$+#" and flag[1:] == b"\r\n" and before in (b"\r\n", b""):
                self._cut(talk, outgoing, side, at, chr(flag[0]))
                return True
            buffer.seen = at + 1
        buffer.seen = max(buffer.seen, len(buffer.data) - len(end) + 1)
        if buffer.gone + len(buffer.data) > MOST and buffer.seen > 2:
            buffer.skip(buffer.seen - 2)
            buffer.seen = 2
        return False

    def _cut(self, talk: Talk, outgoing: bool, side: _Side, at: int, flag: str) -> None:
        buffer, head, end = talk.sides[outgoing], side.head, len(side.end) + 3
        side.end = b""
        if buffer.gone or at > MOST:
            buffer.skip(at)
            buffer.take(end)
            talk.too_long(outgoing, *buffer.done())
            return
        body = buffer.take(at)[:-2]
        buffer.take(end)
        self._ended(talk, outgoing, head, body, flag)

    def _ended(self, talk: Talk, outgoing: bool, head: Head, body: bytes, flag: str) -> None:
        """RFC 4975, 7.1.1: "+" means that more chunks follow, "#" that the sender gave up."""
        side, number, place = self._sides[outgoing], head.header("message-id"), _place(head)
        if head.method != "SEND" or (flag == "$" and place == 0 and number not in side.open):
            talk.say(outgoing, head, body)
            return
        first, joined = side.open.pop(number, (head, bytearray()))
        if place == len(joined) and flag != "#" and talk.held + len(body) <= MOST:
            joined += body
            if flag == "$":
                talk.say(outgoing, first, bytes(joined))
            else:
                side.open[number] = (first, joined)
                if len(side.open) > OPEN:
                    self._part(talk, outgoing, *side.open.pop(next(iter(side.open))))
        else:
            self._part(talk, outgoing, first, joined)
            self._part(talk, outgoing, head, body)
        talk.held = sum(len(text) for one in self._sides.values() for _, text in one.open.values())

    def _part(self, talk: Talk, outgoing: bool, head: Head, body: bytes | bytearray) -> None:
        if body:
            talk.say(outgoing, Head("SEND-PART", head.path, headers=head.headers), bytes(body))


def _place(head: Head) -> int:
    """How many bytes of the message come before this chunk."""
    found = _RANGE.fullmatch(head.header("byte-range").strip())
    return max(0, int(found[1]) - 1) if found else 0


def _head(what: str, lines: list[str]) -> Head:
    pairs = (line.partition(":") for line in lines[1:])
    headers = tuple((key.strip().lower(), value.strip()) for key, _, value in pairs)
    if what.isdigit():
        return Head("REPLY", headers=headers, status=int(what))
    to = dict(headers).get("to-path", "").split()
    return Head(what, (to[-1],) if to else (), headers=headers)
