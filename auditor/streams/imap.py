"""IMAP, as in RFC 3501 and RFC 9051, with RFC 7888 (literals), RFC 4978 (COMPRESS) and RFC 3516 (BINARY).

A whole mail that comes is a message FETCH, its path the mailbox; headers are FETCH-HEADER;
one part of a mail is FETCH-PART, a piece of it FETCH-PIECE. Pieces that were fetched one after the
other also give the FETCH they make, or a FETCH-PART without a body where the mail was never seen
whole. A mail that goes out is APPEND; APPEND-PART and FETCH-PART are also what there is of one
that the connection's end cut. A command is a message
with its verb and its text in JSON; those that ask for these are FETCH-ASKED and APPEND-ASKED.
Other answers are REPLY. STARTTLS hands over to TLS, compression is undone.
"""

import re

from auditor.model import Head
from auditor.streams import TLS
from auditor.streams.talk import MOST, Talk, words
from auditor.streams.zlib_stream import Inflater

name = "imap"

LONGEST = 1_000_000  # of a line; lists of thousands of mails are one
HELD = 65536  # bytes after a literal's length for which the answer of the server is waited for
TAGS = PIECES = 10_000

_SERVER = re.compile(rb"\* (?:(?:OK|PREAUTH)[ \r\n]|\d{1,10} FETCH \()")
_GREETING = re.compile(rb"\*?|\* (?:[A-Z]{0,7}|\d{1,10}(?: F?E?T?C?H? ?)?)")
_CLIENT = re.compile(rb"[!#$&',-Z\[\]-z|}~]{1,64}(?: [^\0]*)?|", re.DOTALL)
_LITERAL = re.compile(r"~?\{(\d{1,15})(\+?)\}\Z")
_SECTION = re.compile(
    r"(BODY|BINARY|RFC822)(?:\[([^\]]*)\])?(\.HEADER|\.TEXT)?(?:<(\d{1,15})>)? ", re.IGNORECASE
)
_BEFORE = re.compile(_SECTION.pattern + r"~?\Z", re.IGNORECASE)
_QUOTED = re.compile(_SECTION.pattern + r'"((?:[^"\\]|\\.)*+)"', re.IGNORECASE | re.DOTALL)
_ANSWER = re.compile(r"\* (\d+) FETCH \(", re.IGNORECASE)
_PIECE = re.compile(r"<(\d{1,15})\.(\d{1,15})>")
_SIZE = re.compile(r"RFC822\.SIZE (\d{1,15})", re.IGNORECASE)
_RENUMBERS = re.compile(r"\* (?:\d+ EXPUNGE|VANISHED)", re.IGNORECASE)
_ABOUT = ("ENVELOPE", "BODYSTRUCTURE")
_NAME = re.compile(r'(?:UID )?\w+ (?:"((?:[^"\\]|\\.)*)"|([^ "(]+))')


def recognises(outgoing: bool, start: bytes) -> bool | None:
    """By the server's greeting, or a mail it brings; what the client says could be another protocol's."""
    if outgoing:
        return None if _CLIENT.fullmatch(start) else False
    return True if _SERVER.match(start) else None if _GREETING.fullmatch(start) else False


def Stream() -> Talk:  # noqa: N802
    imap = _Imap()
    return Talk(imap.step, imap.end)


class _Line:
    """One command or answer: its texts, and the literals between them."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.literals: list[bytes] = []
        self.size = 0
        self.want = -1  # bytes of the literal that comes next
        self.large = False

    def fits(self, size: int) -> bool:
        self.size += size
        self.large |= self.size > MOST or len(self.texts) > PIECES
        return not self.large


class _Pieces:
    """Mails that are fetched piece by piece, by their numbers."""

    def __init__(self) -> None:
        self.asked: dict[str, dict[int, int]] = {}  # tag to how many bytes it asked for from where on
        self._open: dict[str, bytearray] = {}

    @property
    def size(self) -> int:
        return sum(map(len, self._open.values()))

    def add(self, number: str, begin: int, data: bytes, size: int) -> bytes | None:
        """The mail, where this was the last piece: shorter than was asked for, or up to its size.

        ValueError where it is no piece of what came before.
        """
        joined = self._open.setdefault(number, bytearray()) if begin else bytearray()
        if begin != len(joined) or self.size + len(data) > MOST:
            raise ValueError
        joined += data
        self._open[number] = joined
        asked = min((pieces[begin] for pieces in self.asked.values() if begin in pieces), default=0)
        return bytes(self._open.pop(number)) if len(data) < asked or len(joined) == size else None

    def give_up(self, *numbers: str) -> int:
        """How many mails of these, or of all, were not seen whole."""
        return sum(bool(self._open.pop(number, None)) for number in numbers or tuple(self._open))


class _Imap:
    def __init__(self) -> None:
        self._lines = {True: _Line(), False: _Line()}
        self._hold = False  # a literal was announced that the server has yet to ask for
        self._asked: dict[str, str] = {}  # tag to verb
        self._talks = ""  # the tag of a command whose next lines are no commands
        self._mailbox = ""
        self._pieces = _Pieces()

    def step(self, talk: Talk, outgoing: bool) -> bool:
        line, buffer = self._lines[outgoing], talk.sides[outgoing]
        if line.want >= 0:
            waits = outgoing and self._hold and len(buffer.data) <= HELD
            block = None if waits else buffer.block(line.want, MOST)
            if block is None:
                return False
            line.literals.append(block[0] if line.fits(block[1]) else b"")
            line.want = -1
        elif found := buffer.line(LONGEST):
            self._line(talk, outgoing, *found)
        else:
            return False
        talk.held = sum(one.size for one in self._lines.values()) + self._pieces.size
        return True

    def end(self, talk: Talk) -> bool:
        for outgoing, method in ((True, "APPEND-PART"), (False, "FETCH-PART")):
            line, buffer = self._lines[outgoing], talk.sides[outgoing]
            data = buffer.start + buffer.take(len(buffer.data)) if line.want >= 0 else b""
            buffer.done()
            for literal in filter(None, (*line.literals, data)):
                talk.say(outgoing, Head(method, self._path), literal)
            self._lines[outgoing] = _Line()
        self._give_up(talk)
        return False

    def _line(self, talk: Talk, outgoing: bool, data: bytes, size: int) -> None:
        line = self._lines[outgoing]
        line.large |= size > LONGEST
        literal = _LITERAL.search(words(data[-24:]))
        text = words(data[: data.rfind(b"{")]) if literal else words(data)
        if line.fits(size) or not line.texts:
            line.texts.append(text)
        if literal:
            line.want = int(literal[1])
            self._hold = not literal[2] if outgoing else self._hold
            return
        self._lines[outgoing] = _Line()
        if line.large:
            talk.too_long(outgoing, line.texts[0].encode(errors="replace"), line.size)
        elif outgoing:
            self._command(talk, line)
        elif found := _ANSWER.match(line.texts[0]):
            self._fetched(talk, found[1], line)
        else:
            self._answer(talk, line)

    def _command(self, talk: Talk, line: _Line) -> None:
        text = _joined(line)
        if self._talks:
            talk.say(True, Head(self._asked.get(self._talks, "")), {"answer": text})
            self._talks = "" if text.strip().upper() == "DONE" else self._talks
            return
        tag, _, rest = line.texts[0].partition(" ")
        verb, _, more = rest.partition(" ")
        verb, uid = (more.partition(" ")[0].upper(), "UID ") if verb.upper() == "UID" else (verb.upper(), "")
        if not tag:
            return
        if len(self._asked) >= TAGS:
            self._asked.clear()
            self._pieces.asked.clear()
        self._asked[tag] = verb
        if verb in ("AUTHENTICATE", "IDLE"):
            self._talks = tag
        elif verb in ("SELECT", "EXAMINE"):
            self._give_up(talk)
            self._mailbox = _mailbox(rest, line.literals)
        elif verb == "FETCH" and (pieces := _PIECE.findall(text)):
            self._pieces.asked[tag] = {int(begin): int(size) for begin, size in pieces}
        mails = line.literals if verb == "APPEND" else []
        named = _NAME.match(rest) is not None  # else the first literal is the name
        for mail in mails if named else mails[1:]:
            talk.say(True, Head("APPEND", (_mailbox(rest, line.literals),)), mail)
        said = rest if mails else f"{rest}{text[len(line.texts[0]) :]}"
        method = f"{verb}-ASKED" if verb in ("FETCH", "APPEND") else verb
        talk.say(True, Head(method), {"tag": tag, "text": said.removeprefix(f"{uid}{verb}").strip()})

    def _answer(self, talk: Talk, line: _Line) -> None:
        tag, _, rest = line.texts[0].partition(" ")
        if tag == "+":
            self._hold = False
            talk.say(False, Head("REPLY"), {"tag": "+", "to": "", "text": rest})
            return
        verb = self._asked.pop(tag, "") if tag != "*" else ""
        self._pieces.asked.pop(tag, None)
        if _RENUMBERS.match(line.texts[0]):
            self._give_up(talk)
        talk.say(False, Head("REPLY"), {"tag": tag, "to": verb, "text": _joined(line).partition(" ")[2]})
        if tag == self._talks:
            self._talks = ""
        if self._hold and verb == "" and tag != "*":
            self._refused(talk)
        good = rest[:3].upper() == "OK "
        if verb == "STARTTLS" and good:
            talk.hand_over(TLS)
        elif verb == "COMPRESS" and good:
            talk.unpack({True: Inflater(-15).pieces, False: Inflater(-15).pieces})

    def _refused(self, talk: Talk) -> None:
        """The server did not want the literal, so it does not come."""
        line, self._lines[True], self._hold = self._lines[True], _Line(), False
        talk.say(True, Head("REFUSED"), {"text": _joined(line)})

    def _fetched(self, talk: Talk, number: str, line: _Line) -> None:
        sizes = [f"{{{len(literal)}}}" for literal in line.literals]
        rest = "".join(text + size for text, size in zip(line.texts, [*sizes, ""], strict=False))
        size = int(found[1]) if (found := _SIZE.search(rest)) else 0
        about = any(word in rest.upper() for word in _ABOUT)
        for text, literal in zip(line.texts, line.literals, strict=False):
            if found := _BEFORE.search(text[-4096:]):
                self._section(talk, number, found, literal, size)
            else:
                talk.say(False, Head("FETCH-HEADER" if about else "FETCH-PART", self._path), literal)
        for text in line.texts:
            for found in _QUOTED.finditer(text):
                quoted = found[5].replace('\\"', '"').replace("\\\\", "\\")
                self._section(talk, number, found, quoted.encode(errors="replace"), size)
        if "ENVELOPE" in rest.upper():
            talk.say(False, Head("FETCH-HEADER", self._path), {"number": number, "text": rest})
        else:
            talk.say(False, Head("REPLY"), {"tag": "*", "to": "FETCH", "text": rest})

    @property
    def _path(self) -> tuple[str, ...]:
        return (self._mailbox,) if self._mailbox else ()

    def _section(self, talk: Talk, number: str, found: re.Match[str], data: bytes, size: int) -> None:
        kind, part, dotted = found[1].upper(), (found[2] or "").upper(), (found[3] or "").upper()
        if dotted == ".HEADER" or "HEADER" in part or part.endswith("MIME"):
            method = "FETCH-HEADER"
        elif part or dotted or (kind != "RFC822" and found[2] is None):
            method = "FETCH-PART"
        elif found[4] is not None:
            self._piece(talk, number, int(found[4]), data, size)
            return
        else:
            method = "FETCH"
            self._pieces.give_up(number)  # all of it is here
        talk.say(False, Head(method, self._path, query=(("section", part),) * bool(part)), data)

    def _piece(self, talk: Talk, number: str, begin: int, data: bytes, size: int) -> None:
        if not begin:
            self._pieces.give_up(number)  # it comes again
        try:
            mail = self._pieces.add(number, begin, data, size)
        except ValueError:
            talk.say(False, Head("FETCH-PART", self._path), data)
            return
        talk.say(False, Head("FETCH-PIECE", self._path), data)
        if mail is not None:
            talk.say(False, Head("FETCH", self._path), mail)

    def _give_up(self, talk: Talk) -> None:
        """Mails that will not be seen whole: the numbers begin to mean others, or nothing more comes."""
        for _ in range(self._pieces.give_up()):
            talk.say(False, Head("FETCH-PART", self._path))


def _joined(line: _Line) -> str:
    """The text of a line, with its literals as text."""
    literals = [*map(words, line.literals), ""]
    return "".join(text + literal for text, literal in zip(line.texts, literals, strict=False))


def _mailbox(rest: str, literals: list[bytes]) -> str:
    found = _NAME.match(rest)
    if not found:
        return words(literals[0]) if literals else ""
    return found[2] or (found[1] or "").replace('\\"', '"').replace("\\\\", "\\")
