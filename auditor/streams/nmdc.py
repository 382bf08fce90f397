"""NMDC, which Direct Connect hubs speak: commands that end with a bar.

What somebody says in the hub is CHAT, to one person PRIVATE, its path the recipient: {"from", "to",
"text"}. Every other command is its own name, in capitals, and its text. Bars and dollars that
people typed are written back. Where a file or packed lists begin, reading ends.
"""

import re

from auditor.model import Head
from auditor.streams.talk import Buffer, Talk, words

name = "nmdc"

LONGEST = 1_000_000  # bytes of a command; lists of all names in a hub are one

_KNOWN = re.compile(
    rb"\|*+\$(?:Lock [^|]{2,1000} Pk=[^|]{0,200}|To: [^| ]{1,64} From: [^| ]{1,64} \$<[^|]*"
    rb"|MyINFO \$ALL [^| ]{1,64} [^|]*|ValidateNick [^| ]{1,64})\|"
)
_SURE = re.compile(rb"\|*+\$(?:Key [^|]{1,1000}|Supports [^|]{1,1000}|MyNick [^| ]{1,64})\|")
_COULD = re.compile(
    rb"\|*+(?:\$(?:[A-Za-z]{0,12}|(?:Lock|To:|MyINFO|ValidateNick|Key|Supports|MyNick)(?: [^|]{0,4096})?))?"
)
_CHAT = re.compile(r"<([^>\r\n|]{1,128})> ?(.*)", re.DOTALL)
_PRIVATE = re.compile(r"\$To: (\S+) From: (\S+) \$(.*)", re.DOTALL)
_ROOM = re.compile(r"\$MCTo: (\S+) \$(\S+) (.*)", re.DOTALL)
_COMMAND = re.compile(r"\$(\w+):? ?(.*)", re.DOTALL)
_ENDS = {"ADCSND": "a file follows", "SENDING": "a file follows", "FILELENGTH": "a file follows",
         "ZON": "packed commands follow"}  # fmt: skip


def recognises(outgoing: bool, start: bytes) -> bool | None:
    """By a command that only NMDC has; the keys that answer a lock need a second one."""
    at = 0
    while found := _SURE.match(start, at):
        at = found.end()
    if _KNOWN.match(start, at):
        return True
    return None if _COULD.fullmatch(start, at) else False


def Stream() -> Talk:  # noqa: N802
    return Talk(_step)


def _step(talk: Talk, outgoing: bool) -> bool:
    found = _command(talk.sides[outgoing])
    if found is None:
        return False
    data, size = found
    if size > LONGEST:
        talk.too_long(outgoing, data, size)
    elif data:
        _say(talk, outgoing, words(data))
    return True


def _command(buffer: Buffer) -> tuple[bytes, int] | None:
    """The next command without its bar, and its length: of one that is too long its beginning."""
    end = buffer.data.find(b"|", buffer.seen)
    if end < 0:
        if buffer.gone + len(buffer.data) > LONGEST:
            buffer.skip(len(buffer.data))
        buffer.seen = len(buffer.data)
        return None
    if not buffer.gone and end <= LONGEST:
        return buffer.take(end + 1)[:-1], end
    buffer.skip(end)
    buffer.take(1)
    return buffer.done()


def _say(talk: Talk, outgoing: bool, text: str) -> None:
    if found := _CHAT.fullmatch(text):
        talk.say(outgoing, Head("CHAT"), {"from": found[1], "text": _typed(found[2])})
    elif found := _PRIVATE.fullmatch(text):
        inner = _CHAT.fullmatch(found[3])
        body = {"from": found[2], "to": found[1], "text": _typed(inner[2] if inner else found[3])}
        talk.say(outgoing, Head("PRIVATE", (found[1],)), body)
    elif found := _ROOM.fullmatch(text):
        talk.say(
            outgoing,
            Head("PRIVATE", (found[1],)),
            {"from": found[2], "to": found[1], "text": _typed(found[3])},
        )
    elif found := _COMMAND.fullmatch(text):
        method = found[1].upper()
        talk.say(outgoing, Head(method), {"params": found[2]})
        if method in _ENDS:
            talk.hand_over(_ENDS[method])
    else:
        talk.say(outgoing, Head("NOTICE"), {"params": text})


def _typed(text: str) -> str:
    return text.replace("&#36;", "$").replace("&#124;", "|").replace("&amp;", "&")
