"""SMTP and LMTP, as in RFC 5321, RFC 3030 (BDAT), RFC 4954 (AUTH), RFC 3207 (STARTTLS) and RFC 2033.

A mail is one message DATA, however it was sent: its path is the first recipient, its body
the mail, with the dots taken off that were put on. A command is a message with its verb and
its parameters in JSON; the command that asks for DATA is DATA-ASKED, chunks of a mail that
was given up, or that the connection's end cut, are DATA-PART. What the server says is REPLY
with its code as the status.
"""

import re
from collections import deque

from auditor.model import Head
from auditor.streams import TLS
from auditor.streams.talk import MOST, Talk, words

name = "smtp"

LONGEST = 65536  # RFC 5321 allows 512 bytes, AUTH 12288
HELD = 65536  # bytes after DATA for which the answer of the server is waited for
LINES = 1000  # of one reply
ASKED = 10_000  # commands, or mails to one recipient, that wait for their answer

_FIRST = re.compile(rb"(?:EHLO|HELO|LHLO)[ \r\n]|MAIL FROM: ?<[^>\r\n]{0,1000}>", re.IGNORECASE)
_VERBS = re.compile(rb"[A-Za-z]{0,4}|(?:[A-Za-z]{4}|STARTTLS)[ \r\n][^\0]*", re.IGNORECASE)
_GREETING = re.compile(rb"220[ -][^\r\n]*SMTP", re.IGNORECASE)
_CODE = re.compile(rb"\d{0,3}|\d{3}[ -][^\0]*")
_REPLY = re.compile(r"(\d{3})([ -]?)(.*)", re.DOTALL)
_ADDRESS = re.compile(r"(?:FROM|TO):\s*<([^>]*)>\s*(.*)", re.IGNORECASE | re.DOTALL)
_CHUNK = re.compile(r"(\d{1,15})( +LAST)?\s*", re.IGNORECASE)


def recognises(outgoing: bool, start: bytes) -> bool | None:
    """FTP greets with 220 too, so one of the two has to say more; in the midst by a mail that begins."""
    known, could = (_FIRST, _VERBS) if outgoing else (_GREETING, _CODE)
    if known.match(start):
        return True
    return None if could.fullmatch(start) and len(start) <= LONGEST else False


def Stream() -> Talk:  # noqa: N802
    smtp = _Smtp()
    return Talk(smtp.step, smtp.end)


class _Smtp:
    def __init__(self) -> None:
        self._asked: deque[str] = deque(["greeting"])  # what the server has yet to answer
        self._state = "command"  # asked: DATA was said; mail: it follows; chunk: of BDAT; answer: to AUTH
        self._mail = bytearray()
        self._size = 0
        self._chunk = (0, False)  # its size, and whether it is the last
        self._to = ""
        self._lmtp = False
        self._recipients = 0
        self._reply: list[str] = []

    def step(self, talk: Talk, outgoing: bool) -> bool:
        if not outgoing:
            return self._answer(talk)
        match self._state:
            case "asked" if len(talk.sides[True].data) <= HELD:
                return False
            case "asked" | "mail":
                self._state = "mail"
                return self._mail_line(talk)
            case "chunk":
                return self._chunked(talk)
            case _:
                return self._command(talk)

    def end(self, talk: Talk) -> bool:
        """Whether a mail follows whose server was not heard; else what there is of a mail."""
        buffer = talk.sides[True]
        if self._state == "asked" and buffer.data:
            self._state = "mail"
            return True
        if self._state in ("mail", "chunk"):
            size, start = buffer.size, buffer.start + buffer.take(len(buffer.data))
            buffer.done()
            self._keep(talk, start, size)
        if self._size:
            left, self._state = self._size, "command"
            self._finish(talk, "DATA-PART")
            talk.held = left
        return False

    def _mail_line(self, talk: Talk) -> bool:
        found = talk.sides[True].line(MOST)
        if found is None:
            return False
        line, size = found
        if line == b"." and size == 1:
            self._state = "command"
            self._finish(talk, "DATA")
            self._ask(talk, ".", max(1, self._recipients) if self._lmtp else 1)
        else:
            # RFC 5321, 4.5.2: "If the first character is a period and there are other characters [...]"
            self._keep(talk, line.removeprefix(b".") + b"\r\n", size + 2)
        return True

    def _chunked(self, talk: Talk) -> bool:
        size, last = self._chunk
        found = talk.sides[True].block(size, MOST)
        if found is None:
            return False
        self._state = "command"
        self._keep(talk, *found)
        if last:
            self._finish(talk, "DATA")
        return True

    def _keep(self, talk: Talk, data: bytes, size: int) -> None:
        self._size += size
        if self._size <= MOST or not self._mail:
            self._mail += data
        talk.held = len(self._mail)

    def _finish(self, talk: Talk, method: str) -> None:
        mail, size = bytes(self._mail), self._size
        self._mail, self._size, talk.held = bytearray(), 0, 0
        if size > MOST:
            talk.too_long(True, mail, size)
        else:
            talk.say(True, Head(method, (self._to,) if self._to else ()), mail)

    def _command(self, talk: Talk) -> bool:
        found = talk.sides[True].line(LONGEST)
        if found is None:
            return False
        line, size = found
        if size > LONGEST:
            talk.too_long(True, line, size)
            return True
        if self._state == "answer":
            self._state = "command"
            talk.say(True, Head("AUTH"), {"answer": words(line)})
            return True
        verb, _, rest = words(line).strip().partition(" ")
        if verb:
            self._order(talk, verb.upper(), rest.strip())
        return True

    def _order(self, talk: Talk, verb: str, rest: str) -> None:
        if self._size and verb not in ("BDAT", "NOOP"):
            self._finish(talk, "DATA-PART")
        body: dict[str, object] = {"params": rest.split()}
        path: tuple[str, ...] = ()
        if verb in ("MAIL", "RCPT") and (found := _ADDRESS.fullmatch(rest)):
            path = (found[1],)
            body = {"address": found[1], "params": found[2].split()}
        if verb in ("MAIL", "RSET"):
            self._to, self._recipients = "", 0
        elif verb == "RCPT":
            self._to = self._to or (path[0] if path else "")
            self._recipients += 1
        elif verb == "LHLO":
            self._lmtp = True
        elif verb == "DATA":
            self._state = "asked"
        elif verb == "BDAT" and (chunk := _CHUNK.fullmatch(rest)):
            self._state, self._chunk = "chunk", (int(chunk[1]), bool(chunk[2]))
        talk.say(True, Head("DATA-ASKED" if verb == "DATA" else verb, path), body)
        self._ask(talk, verb)

    def _ask(self, talk: Talk, what: str, times: int = 1) -> None:
        """Beyond what may wait nobody could say which answer is whose."""
        if len(self._asked) + times > ASKED:
            talk.hand_over(f"more than {ASKED:,} commands wait for an answer")
        else:
            self._asked.extend([what] * times)

    def _answer(self, talk: Talk) -> bool:
        found = talk.sides[False].line(LONGEST)
        if found is None:
            return False
        line, size = found
        if size > LONGEST:
            talk.too_long(False, line, size)
            return True
        code = _REPLY.fullmatch(words(line))
        self._reply.append(code[3] if code else words(line))
        if not code or code[2] != "-" or len(self._reply) >= LINES:
            self._replied(talk, int(code[1]) if code else 0)
        return True

    def _replied(self, talk: Talk, code: int) -> None:
        to, text = self._asked[0] if self._asked else "", self._reply
        self._reply = []
        if code == 334:
            self._state = "answer"
        elif code and self._asked:
            self._asked.popleft()
        talk.say(False, Head("REPLY", status=code), {"to": to, "text": text})
        if self._state == "asked" and (to == "DATA" or code == 354):
            self._state = "mail" if code == 354 else "command"
        elif self._state == "answer" and code != 334:
            self._state = "command"
        if to == "STARTTLS" and code == 220:
            talk.hand_over(TLS)
