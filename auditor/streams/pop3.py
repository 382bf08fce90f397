"""POP3, as in RFC 1939, RFC 2449 (CAPA), RFC 2595 (STLS) and RFC 5034 (AUTH).

A mail that comes is a message RETR, its path the number of the mail, also where a program asked
for more lines of its text than there are (TOP 1 99999999); its head alone is RETR-HEADER, and with
some lines of its text, or cut by the connection's end, it is RETR-PART. A command is a message with
its verb and its parameters in JSON, but the commands that ask for mail are RETR-ASKED and TOP-ASKED.
Other answers are REPLY.
"""

import re
from collections import deque

from auditor.model import Head
from auditor.streams import TLS
from auditor.streams.talk import MOST, Talk, words

name = "pop3"

LONGEST = 65536  # of a line; RFC 2449 allows 512 bytes, AUTH more
ASKED = 10_000  # commands that wait for their answer

_SERVER = re.compile(rb"\+OK[ \r\n]")
_ASKS = re.compile(rb"RETR \d{1,10}\r\n|TOP \d{1,10} \d{1,10}\r\n", re.IGNORECASE)
_CLIENT = re.compile(
    rb"(?:CAPA|STLS|QUIT|NOOP)\r?\n[^\0]*|(?:APOP|USER|AUTH|PASS)[ \r][^\0]*|[A-Z]{0,4}\r?", re.IGNORECASE
)
_LISTS = ("CAPA", "RETR", "TOP")  # LIST, UIDL and AUTH do so only without parameters
GREETING = "greeting", ""
_MAILS = ("RETR", "TOP")


def recognises(outgoing: bool, start: bytes) -> bool | None:
    """By the greeting of the server, or by a client that asks for a mail."""
    if outgoing:
        return True if _ASKS.match(start) else None if _CLIENT.fullmatch(start) else False
    return True if _SERVER.match(start) else None if b"+OK".startswith(start) else False


def Stream() -> Talk:  # noqa: N802
    pop3 = _Pop3()
    return Talk(pop3.step, pop3.end)


class _Pop3:
    def __init__(self) -> None:
        self._asked: deque[tuple[str, str]] = deque([GREETING])
        self._now = ("", "", "")  # verb, parameters and first line of the long answer that is coming
        self._body = bytearray()
        self._size = 0

    def step(self, talk: Talk, outgoing: bool) -> bool:
        found = talk.sides[outgoing].line(LONGEST if outgoing or not self._now[0] else MOST)
        if found is None:
            return False
        line, size = found
        if self._now[0] and not outgoing:
            self._line(talk, line, size)
        elif size > LONGEST:
            talk.too_long(outgoing, line, size)
        elif outgoing:
            self._command(talk, words(line))
        else:
            self._answer(talk, words(line))
        return True

    def end(self, talk: Talk) -> bool:
        (verb, rest, _), buffer = self._now, talk.sides[False]
        if verb in _MAILS and (self._body or buffer.data):
            body = bytes(self._body) + buffer.take(len(buffer.data))
            self._now, self._body = ("", "", ""), bytearray()
            talk.say(False, Head("RETR-PART", tuple(rest.split()[:1])), body)
        return False

    def _command(self, talk: Talk, line: str) -> None:
        if self._asked and self._asked[0] == ("AUTH", "*"):
            talk.say(True, Head("AUTH"), {"answer": line})
            return
        verb, _, rest = line.strip().partition(" ")
        verb = verb.upper()
        if self._asked and self._asked[0] == GREETING:
            self._asked.popleft()  # joined in its middle: it was before
        if verb:
            self._asked.append((verb, rest.strip()))
            method = f"{verb}-ASKED" if verb in _MAILS else verb
            talk.say(True, Head(method), {"params": rest.split()})
        if len(self._asked) > ASKED:
            talk.hand_over(f"more than {ASKED:,} commands wait for an answer")

    def _answer(self, talk: Talk, line: str) -> None:
        if not line.startswith(("+", "-")):  # of a mail that was asked for before anybody listened
            talk.say(False, Head("UNREADABLE"), line.encode(errors="replace"))
            return
        verb, rest = self._asked[0] if self._asked else ("", "")
        if line.startswith("+ ") or line == "+":
            if self._asked:
                self._asked[0] = ("AUTH", "*")  # what the client says next is no command
        elif self._asked:
            self._asked.popleft()
        good = line.startswith("+OK")
        if good and (verb in _LISTS or (verb in ("LIST", "UIDL", "AUTH") and not rest)):
            self._now = (verb, rest, line)
            return
        talk.say(False, Head("REPLY"), {"to": verb, "text": line})
        if verb == "STLS" and good:
            talk.hand_over(TLS)

    def _line(self, talk: Talk, line: bytes, size: int) -> None:
        if line != b".":
            self._size += size + 2
            if self._size <= MOST or not self._body:
                self._body += line.removeprefix(b".") + b"\r\n"
            talk.held = len(self._body)
            return
        (verb, rest, first), body, length = self._now, bytes(self._body), self._size
        self._now, self._body, self._size, talk.held = ("", "", ""), bytearray(), 0, 0
        if length > MOST:
            talk.too_long(False, body, length)
        elif verb in _MAILS:
            talk.say(False, Head(_method(verb, rest, body), tuple(rest.split()[:1])), body)
        else:
            talk.say(
                False, Head("REPLY"), {"to": verb, "text": first, "lines": words(body).split("\r\n")[:-1]}
            )


def _method(verb: str, rest: str, body: bytes) -> str:
    """What of a mail was brought: RFC 1939 sends of TOP "the indicated number of lines", or all there are."""
    lines = body.partition(b"\r\n\r\n")[2].count(b"\n")
    asked = rest.split()[1:2]
    if verb == "RETR" or (asked and asked[0].isdecimal() and int(asked[0][:9]) > lines):
        return "RETR"
    return "RETR-PART" if lines else "RETR-HEADER"
