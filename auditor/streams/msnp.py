"""MSNP, which MSN and Windows Live Messenger spoke, from version 2 to 21.

A command is a message with its verb and its parameters in JSON, its path the person it names. A text
is MSG, whichever command carried it (MSG, UUM, UBM, SDG): its path is the other side, its headers are
those before the text, its body the text alone. TYPING says that somebody types; what is neither is
MSG-OTHER. "members" among the headers counts those who joined besides oneself.
"""

import re

from auditor.model import Head
from auditor.streams.talk import Talk, words

name = "msnp"

LONGEST = 8192  # of a line
PAYLOAD = 2_000_000  # bytes behind a line
PEOPLE = 1000  # who are remembered to have joined

_CLIENT = re.compile(
    rb"VER \d{1,9}(?: (?:MSNP\d{1,2}|CVR0))+ *\r\n"
    rb"|(?:USR|ANS) \d{1,9} [^\s@]+@[^\s@]+ \S+(?: \d+)?\r\n"
    rb"|MSG \d{1,9} [UNADS] \d{1,7}\r\n(?:MIME-Version|Message-ID): "
)
_SERVER = re.compile(
    rb"VER \d{1,9}(?: (?:MSNP\d{1,2}|CVR0))+ *\r\n|USR \d{1,9} OK [^\s@]+@"
    rb"|(?:JOI|IRO \d+ \d+ \d+) [^\s@]+@[^\s@]+ |ANS \d{1,9} OK\r\n"
    rb"|MSG [^\s@]+@[^\s@]+ \S+ \d{1,7}\r\n(?:MIME-Version|Message-ID): "
)
_COULD = re.compile(rb"[A-Z]{0,3}|(?:VER|USR|ANS|MSG|JOI|IRO)(?: [^\r\n]{0,1000})?(?:\r\n?[\w-]{0,12}:?)?")
# Which commands have bytes behind their line, and how many parameters they then have at least.
_CARRIES = {
    "MSG": 3, "UUX": 2, "UBX": 2, "UUM": 5, "UBM": 4, "SDG": 2, "ADL": 2, "RML": 2, "FQY": 2, "QRY": 3,
    "PAG": 2, "NOT": 1, "GCF": 2, "IPG": 1, "UUN": 3, "UBN": 3, "PUT": 2, "DEL": 2, "NFY": 2,
}  # fmt: skip
_TALKS = ("MSG", "UUM", "UBM", "SDG")
_WHO = {"JOI": 0, "BYE": 0, "IRO": 3, "CAL": 1, "RNG": 4, "NLN": 1, "FLN": 0}
_BLANK = re.compile(rb"\r?\n\r?\n")
_BLOCKS = {"SDG": 3}  # heads behind each other: routing, reliability, messaging


def recognises(outgoing: bool, start: bytes) -> bool | None:
    """By a first line of either side, also in the midst of a talk."""
    if (_CLIENT if outgoing else _SERVER).match(start):
        return True
    return None if _COULD.fullmatch(start) else False


def Stream() -> Talk:  # noqa: N802
    return Talk(_Msnp().step)


class _Msnp:
    def __init__(self) -> None:
        self._want: dict[bool, tuple[str, list[str], int]] = {}
        self._people: dict[str, None] = {}

    def step(self, talk: Talk, outgoing: bool) -> bool:
        buffer = talk.sides[outgoing]
        if outgoing in self._want:
            verb, params, size = self._want[outgoing]
            body = buffer.block(size)
            if body is None:
                return False
            del self._want[outgoing]
            self._carried(talk, outgoing, verb, params, body[0])
            return True
        found = buffer.line(LONGEST)
        if found is None:
            return False
        line, length = found
        if length > LONGEST:
            talk.too_long(outgoing, line, length)
        elif line:
            self._line(talk, outgoing, words(line).split(" "))
        return True

    def _line(self, talk: Talk, outgoing: bool, parts: list[str]) -> None:
        verb, params = parts[0], [part for part in parts[1:] if part]
        last = params[-1] if params else ""
        if (
            len(params) >= _CARRIES.get(verb, 1 << 16)
            and last.isascii()
            and last.isdigit()
            and len(last) < 12
        ):
            if int(last) > PAYLOAD:
                raise ValueError("a message longer than any may be")
            self._want[outgoing] = verb, params, int(last)
            return
        at = _WHO.get(verb, len(params))
        who = params[at] if at < len(params) else ""
        if verb in ("JOI", "IRO") and not outgoing and who and len(self._people) < PEOPLE:
            self._people[who] = None
        elif verb == "BYE" and not outgoing:
            self._people.pop(who, None)
        talk.say(outgoing, Head(verb, (who,) if who else ()), {"params": params})

    def _carried(self, talk: Talk, outgoing: bool, verb: str, params: list[str], data: bytes) -> None:
        if verb not in _TALKS:
            talk.say(outgoing, Head(verb), {"params": params, "text": words(data)})
            return
        headers, body = _headers(data, _BLOCKS.get(verb, 1))
        told = dict(headers)
        kind = told.get("content-type", "").partition(";")[0].strip().lower()
        method = "MSG-OTHER"
        if kind == "text/plain" or "chunk" in told:
            method = "MSG"
        elif kind == "text/x-msmsgscontrol" or "typinguser" in told:
            method = "TYPING"
        if verb in ("UUM", "UBM"):
            who = params[outgoing]
        elif verb == "SDG":
            who = told.get("to" if outgoing else "from", "")
        else:
            who = (
                params[0] if not outgoing else next(iter(self._people), "") if len(self._people) == 1 else ""
            )
        members = ("members", str(len(self._people)))
        talk.say(outgoing, Head(method, (who,) if who else (), headers=(*headers, members)), body)


def _headers(data: bytes, blocks: int) -> tuple[tuple[tuple[str, str], ...], bytes]:
    """The heads before the text, one name and value each, and the text."""
    found: list[tuple[str, str]] = []
    for _ in range(blocks):
        blank = _BLANK.search(data)
        head, data = (data[: blank.start()], data[blank.end() :]) if blank else (data, b"")
        pairs = (line.partition(":") for line in words(head).splitlines() if ":" in line)
        found += [(key.strip().lower(), value.strip()) for key, _, value in pairs]
    return tuple(found), data
