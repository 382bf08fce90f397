"""Server-sent events (HTML, 9.2): a list of {event, id, data, retry}, as far as they are there.

The lines of `data` are joined, so that the data of an event is one value; a field that stands twice
yields both values; comments are kept under ":". An event that no empty line ends is kept as well.
Without a clue every line is a field that the standard knows or a comment, and `data` and `event` or `id`
must both appear. A clue lets other fields in; a line of a browser's charset other than UTF-8 never.
"""

import re

from auditor.decoders import Clue
from auditor.errors import TooMuch
from auditor.model import Tree

EXAMPLES: list[tuple[bytes, Tree]] = [
    (
        b'event: message\nid: 7\ndata: {"text": "hi"}\n\n',
        [{"event": "message", "id": "7", "data": '{"text": "hi"}'}],
    ),
    (
        b":ok\r\n\r\ndata:meet\r\ndata: at 7\r\nevent: add\r\n\r\nid\r\ndata: x",
        [{":": "ok"}, {"data": "meet\nat 7", "event": "add"}, {"id": "", "data": "x"}],
    ),
]
order = 30
reads = "text"
needs_clue = False
starts = b"deir:\xef\r\n"
least, mark = 6, b":"

_MEDIA = "text/event-stream"
_LINE = re.compile("\r\n|\r|\n")
_START = re.compile(rb"(?:\xef\xbb\xbf)?[\r\n]*+(?:data|event|id|retry|:)")
_PROOF = re.compile(rb"(?:^|[\r\n])(?:event|id):")
_KNOWN = frozenset(("data", "event", "id", "retry", ":"))
_JOINED = ("data", ":")


def unwrap(data: bytes, clue: Clue) -> Tree:
    named = "sse" in clue.kinds or clue.media == _MEDIA
    if not named and not (_START.match(data) and b"data:" in data and _PROOF.search(data)):
        raise ValueError("not an event stream")
    text = data.decode().removeprefix("\ufeff")
    if len(data) > clue.limit:
        raise TooMuch(f"events: more than {clue.limit:,} bytes would come out")
    events: list[Tree] = []
    fields: dict[str, list[str]] = {}
    for line in [*_LINE.split(text), ""]:
        if line:
            name, colon, value = line.partition(":")
            name = name or ":"
            if name not in _KNOWN and not (named and colon):
                raise ValueError("a line that is no field of an event")
            fields.setdefault(name, []).append(value.removeprefix(" "))
        elif fields:
            events.append({name: _value(name, values) for name, values in fields.items()})
            fields = {}
    if not events:
        raise ValueError("a stream without events")
    return events


def wrap(tree: Tree) -> bytes:
    out: list[str] = []
    for event in tree if isinstance(tree, list) else [tree]:
        for name, value in event.items():
            for one in value if isinstance(value, list) else [value]:
                out += [f"{'' if name == ':' else name}: {line}\n" for line in str(one).split("\n")]
        out.append("\n")
    return "".join(out).encode()


def _value(name: str, values: list[str]) -> Tree:
    if name in _JOINED:
        return "\n".join(values)
    return values if len(values) > 1 else values[0]
