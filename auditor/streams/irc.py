"""IRC, as in RFC 1459, RFC 2812 and the message tags of IRCv3.

One line is one message. A line that is longer than any server may send is
reported as TOO-LONG with its beginning, and reading goes on behind it. STARTTLS, which
some servers have, hands over to TLS.
"""

import re
from typing import Any

from auditor.model import Head
from auditor.streams import TLS
from auditor.streams.talk import Talk, words

name = "irc"

LONGEST = 16384  # IRCv3 allows 8191 bytes of tags and 512 of the message, the client's tags on top

_OPENS = frozenset(("CAP", "AUTHENTICATE", "NICK", "USER", "JOIN", "PRIVMSG", "NOTICE", "TAGMSG", "WEBIRC"))
# POP3, FTP and others say some of these too; in the midst of a connection they are what comes first.
_UNSURE = {
    "PASS", "PING", "PONG", "ERROR", "ISON", "MODE", "WHO", "WHOIS", "WHOWAS", "AWAY", "QUIT", "PART",
    "TOPIC", "NAMES", "LIST", "KICK", "INVITE", "USERHOST", "MONITOR", "MOTD", "LUSERS", "OPER", "SQUIT",
}  # fmt: skip
_TEXTS = frozenset(("PRIVMSG", "NOTICE"))
_AIMED = frozenset(
    (
        "JOIN",
        "PART",
        "TOPIC",
        "MODE",
        "KICK",
        "INVITE",
        "TAGMSG",
        "NAMES",
        "WHO",
        "WHOIS",
        "REDACT",
        "MARKREAD",
    )
)
_WANTS = {"USER": 4, "NOTICE": 2, "PRIVMSG": 2, "WEBIRC": 4}  # POP3 and FTP have a USER with one
_BEGINS = {
    "CAP": ("LS", "LIST", "REQ", "END"),
    "JOIN": ("#", "&", "+", "!"),
    "NOTICE": ("AUTH", "*", "#", "&"),
}
_COMMAND = re.compile(r"[A-Za-z]{1,16}|[0-9]{3}")
_START = re.compile(rb"[\r\n]*(?:[:@]|[A-Za-z]+(?:[ \r\n]|$))")
_ESCAPED = re.compile(r"\\(.?)", re.DOTALL)
_ESCAPES = {":": ";", "s": " ", "r": "\r", "n": "\n"}
_CTCP = re.compile("\x01([^\x01 ]+) ?([^\x01]*)\x01?", re.DOTALL)


def recognises(outgoing: bool, start: bytes) -> bool | None:
    """By the first line that only IRC says. Answers None while all lines could be another protocol's."""
    if not _START.match(start):
        return None if not start.strip(b"\r\n") else False
    *lines, rest = start.split(b"\n")
    for line in filter(None, (line.strip(b"\r") for line in lines)):
        if len(line) > LONGEST or b"\0" in line:
            return False
        answer = _speaks_irc(words(line))
        if answer is not None:
            return answer
    return None if len(rest) <= LONGEST else False


def Stream() -> Talk:  # noqa: N802
    return Talk(_step)


def _step(talk: Talk, outgoing: bool) -> bool:
    found = talk.sides[outgoing].line(LONGEST)
    if found is None:
        return False
    line, size = found[0].rstrip(b"\r"), found[1]
    if size > LONGEST:
        talk.too_long(outgoing, line, size)
    elif line:
        head, body = _message(line)
        talk.say(outgoing, head, body)
        if head.method == "670" and not outgoing:  # "proceed with the TLS handshake"
            talk.hand_over(TLS)
    return True


def _speaks_irc(line: str) -> bool | None:
    _, prefix, command, params = _split(line)
    if not _COMMAND.fullmatch(command):
        return False
    if command.isdigit():
        return bool(prefix) and bool(params)
    if command.upper() in _OPENS or not prefix:
        command = command.upper()
    if command in _OPENS and len(params) >= _WANTS.get(command, 1):
        begins = _BEGINS.get(command)
        return params[0].upper().startswith(begins) if begins else True
    if command in _UNSURE:
        return True if prefix or (params and params[0][:1] in ("#", "&")) else None
    return bool(prefix) and command.isupper()


def _split(line: str) -> tuple[str, str, str, list[str]]:
    """Tags, prefix, command and parameters.

    RFC 1459, 2.3.1: "<message> ::= [':' <prefix> <SPACE> ] <command> <params> <crlf>"
    """
    tags = prefix = ""
    if line.startswith("@"):
        tags, _, line = line[1:].partition(" ")
        line = line.lstrip(" ")
    if line.startswith(":"):
        prefix, _, line = line[1:].partition(" ")
    line, colon, trailing = line.lstrip(" ").partition(" :")
    command, *params = line.split(" ") if line else [""]
    params = [param for param in params if param]
    return tags, prefix, command, [*params, trailing] if colon else params


def _message(line: bytes) -> tuple[Head, dict[str, Any]]:
    tags, prefix, command, params = _split(words(line))
    command = command.upper()
    body: dict[str, Any] = {"prefix": prefix}
    if command in _TEXTS and len(params) >= 2:
        text = " ".join(params[1:])  # one, unless its sender forgot the colon
        body |= {"target": params[0], "text": text, "tags": _tags(tags)}
        if found := _CTCP.fullmatch(text):
            body |= {"text": found[2], "ctcp": found[1]}
        return Head(method=command, path=(params[0],)), body
    body["params"] = params
    if tags:
        body["tags"] = _tags(tags)
    aimed = params and (command in _AIMED or params[0].startswith(("#", "&")))
    return Head(method=command, path=(params[0],) if aimed else ()), body


def _tags(text: str) -> dict[str, str]:
    """IRCv3: "a missing value is the same as an empty one"; of a key that stands twice the last counts."""
    pairs = (tag.partition("=") for tag in text.split(";") if tag)
    return {
        key: _ESCAPED.sub(lambda found: _ESCAPES.get(found[1], found[1]), value) for key, _, value in pairs
    }
