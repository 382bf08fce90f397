"""CPIM (RFC 3862): {"header": {name: [values]}, "mail": what it is about}, as chats of SIP have it.

Two heads and a text: who writes to whom, what the text is, the text. The second head and the text are read
as mail is. There is no magic, so this is only asked where a header or a rule names it.
"""

import re

from auditor.decoders import Clue, mime
from auditor.errors import TooMuch
from auditor.model import Tree

CLUE = Clue(kinds=("cpim",))
EXAMPLES: list[tuple[bytes, Tree]] = [
    (
        b"From: Al <sip:al@a.example>\r\nTo: <sip:bob@a.example>\r\n\r\n"
        b"Content-Type: text/plain\r\n\r\nmeet at 7",
        {
            "header": {"from": ["Al <sip:al@a.example>"], "to": ["<sip:bob@a.example>"]},
            "mail": {"header": {"content-type": ["text/plain"]}, "text": "meet at 7"},
        },
    ),
    (
        b"From: <sip:al@a.example>\nNS: imdn <urn:ietf:params:imdn>\nimdn.Message-ID: 1\n\n"
        b"Content-type: application/pkcs7-mime\nContent-Transfer-Encoding: base64\n\nAP+A",
        {
            "header": {
                "from": ["<sip:al@a.example>"],
                "ns": ["imdn <urn:ietf:params:imdn>"],
                "imdn.message-id": ["1"],
            },
            "mail": {
                "header": {"content-type": ["application/pkcs7-mime"]},
                "attachment": {"@type": "application/pkcs7-mime", "#body": b"\x00\xff\x80"},
            },
        },
    ),
]
order = 50
reads = "both"
needs_clue = True

_BLANK = re.compile(rb"\r?\n\r?\n")
_LINE = re.compile(r"([!-9;-~]+):[ \t]*([^\r\n]*)")
_INNER = Clue(kinds=("mime",))


def unwrap(data: bytes, clue: Clue) -> Tree:
    blank = _BLANK.search(data)
    if not blank:
        raise ValueError("not CPIM: one head where two should be")
    if len(data) > clue.limit:
        raise TooMuch(f"CPIM: more than {clue.limit:,} bytes would come out")
    header: dict[str, list[str]] = {}
    for line in re.split(r"\r?\n", data[: blank.start()].decode()):
        found = _LINE.fullmatch(line)
        if not found:
            raise ValueError("not CPIM: a line that is no header")
        header.setdefault(found[1].lower(), []).append(found[2].strip(" \t"))
    return {"header": header, "mail": mime.unwrap(data[blank.end() :], _INNER)}


def wrap(tree: Tree) -> bytes:
    several = (
        (name, value if isinstance(value, list) else [value]) for name, value in tree["header"].items()
    )
    lines = [f"{name}: {one}" for name, values in several for one in values]
    return "\r\n".join([*lines, "", ""]).encode() + mime.wrap(tree["mail"])
