"""Engine.IO and Socket.IO packets as text: `42["chat",{"text":"hi"}]` is an event and its arguments.

{"packet": kind} and, as far as they are there, "namespace", "id", "attachments", "event" (the first
argument, where it is a text) and "data": the other arguments, or the object of an opening. Several packets
of one polling body are a list: those of version 4 are parted by U+001E, those of version 3 preceded by
their length in UTF-16 units. Without a clue at least one packet must carry JSON and all must be whole;
a clue also lets in pings, plain Engine.IO messages ("text") and binary ones (`b` and base64, "data").
"""

import base64
import re

from auditor.decoders import Clue, json
from auditor.errors import TooMuch
from auditor.model import Tree

EXAMPLES: list[tuple[bytes, Tree]] = [
    (b'42["chat",{"text":"hi"}]', {"packet": "event", "event": "chat", "data": [{"text": "hi"}]}),
    (
        b'451-/room,12["file",{"_placeholder":true,"num":0}]',
        {
            "packet": "binary-event",
            "attachments": 1,
            "namespace": "/room",
            "id": 12,
            "event": "file",
            "data": [{"_placeholder": True, "num": 0}],
        },
    ),
    (
        b'0{"sid":"x1"}\x1e40{"sid":"y"}\x1e2',
        [
            {"packet": "open", "data": {"sid": "x1"}},
            {"packet": "connect", "data": {"sid": "y"}},
            {"packet": "ping"},
        ],
    ),
    (
        '11:42["a","é"]2:40'.encode(),
        [{"packet": "event", "event": "a", "data": ["é"]}, {"packet": "connect"}],
    ),
]
order = 28
reads = "both"
needs_clue = False
starts = b"0123456789b"

_ENGINE = ("open", "close", "ping", "pong", "message", "upgrade", "noop")
_SOCKET = ("connect", "disconnect", "event", "ack", "connect-error", "binary-event", "binary-ack")
_BARE = ("connect", "disconnect")  # may stand without JSON
_LISTS = ("event", "ack", "binary-event", "binary-ack")
_PARTED = "\x1e"
_START = re.compile(rb"[0-6]|b[A-Za-z0-9+/]|[1-9][0-9]{0,7}:[0-6]")
_MESSAGE = re.compile(
    r"4([0-6])(?:(\d{1,3})-)?(?:(/[^,\[{]*+)(?:,|\Z))?(\d{1,18}(?=[\[{]))?([\[{].*)?", re.DOTALL
)
_LENGTH = re.compile(r"([1-9][0-9]{0,7}):")
_MOST = 20_000  # packets


def unwrap(data: bytes, clue: Clue) -> Tree:
    named = "socketio" in clue.kinds
    if not _START.match(data) or not (named or b"[" in data or b"{" in data):
        raise ValueError("not Socket.IO")
    text = data.decode()
    pieces = list(_measured(text)) if _LENGTH.match(text) else text.split(_PARTED)
    if len(pieces) > _MOST:
        raise TooMuch(f"Socket.IO: more than {_MOST:,} packets")
    if len(data) > clue.limit:
        raise TooMuch(f"Socket.IO: more than {clue.limit:,} bytes would come out")
    packets = [_packet(piece, named, Clue(limit=clue.limit)) for piece in pieces]
    if not named and not any("data" in packet or "event" in packet for packet in packets):
        raise ValueError("perhaps Socket.IO, but nothing proves it")
    return packets if len(packets) > 1 else packets[0]


def wrap(tree: Tree) -> bytes:
    return _PARTED.join(_write(packet) for packet in (tree if isinstance(tree, list) else [tree])).encode()


def _measured(text: str) -> list[str]:
    """Version 3 counts as JavaScript does: a character beyond U+FFFF is two."""
    units = text.encode("utf-16-le")
    pieces: list[str] = []
    at = 0
    while at < len(units):
        length = _LENGTH.match(units[at : at + 18].decode("utf-16-le", "replace"))
        if not length:
            raise ValueError("a packet without its length")
        start = at + 2 * length.end()
        at = start + 2 * int(length[1])
        if at > len(units):
            raise ValueError("a packet is cut short")
        pieces.append(units[start:at].decode("utf-16-le"))
    return pieces


def _packet(text: str, named: bool, inner: Clue) -> dict[str, Tree]:
    kind, rest = text[:1], text[1:]
    if kind == "b" and named:
        return {"packet": "message", "data": base64.b64decode(rest, validate=True)}
    if kind not in tuple("0123456"):
        raise ValueError("not a packet of Engine.IO")
    if kind == "4":
        try:
            return _message(text, inner)
        except ValueError:
            if not named:
                raise
    packet: dict[str, Tree] = {"packet": _ENGINE[int(kind)]}
    if kind == "0":
        opening = json.unwrap(rest.encode(), inner)
        if "sid" not in opening or not isinstance(opening, dict):
            raise ValueError("an opening without a session")
        return packet | {"data": opening}
    if rest and not (named or rest == "probe"):
        raise ValueError("not Socket.IO")
    return packet | {"text": rest} if rest or kind == "4" else packet


def _message(text: str, inner: Clue) -> dict[str, Tree]:
    found = _MESSAGE.fullmatch(text)
    if not found:
        raise ValueError("not a packet of Socket.IO")
    kind, (_, attachments, space, number, body) = _SOCKET[int(found[1])], found.groups()
    if bool(attachments) != kind.startswith("binary") or not (body or kind in _BARE):
        raise ValueError("not a packet of Socket.IO")
    packet: dict[str, Tree] = {"packet": kind}
    if attachments:
        packet["attachments"] = int(attachments)
    if space:
        packet["namespace"] = space
    if number:
        packet["id"] = int(number)
    if not body:
        return packet
    data = json.unwrap(body.encode(), inner)
    if isinstance(data, list) != (kind in _LISTS):
        raise ValueError("a packet of Socket.IO with other data")
    if kind.endswith("event"):
        if not data or not isinstance(data[0], str):
            raise ValueError("an event without a name")
        return packet | {"event": data[0], "data": data[1:]}
    return packet | {"data": data}


def _write(packet: Tree) -> str:
    kind, data = packet["packet"], packet.get("data")
    if kind not in _SOCKET:
        if isinstance(data, bytes):
            return "b" + base64.b64encode(data).decode()
        body = json.wrap(data).decode() if "data" in packet else packet.get("text", "")
        return f"{_ENGINE.index(kind)}{body}"
    if "event" in packet:
        data = [packet["event"], *packet["data"]]
    attachments = f"{packet['attachments']}-" if "attachments" in packet else ""
    space = f"{packet['namespace']}," if "namespace" in packet else ""
    body = "" if data is None else json.wrap(data).decode()
    return f"4{_SOCKET.index(kind)}{attachments}{space}{packet.get('id', '')}{body}"
