"""WhatsApp's binary nodes, what lies inside its Noise frames: the same tree as XML gives, {tag: element}.

An element without attributes and children is its text or its bytes. Else attributes are "@name", children
stand by their tag (several of one tag as a list) and bytes or text beside attributes are "#text". Words come
from a dictionary that both sides know (tables/whatsapp.py); digits and hexadecimal letters are packed two in
a byte; addresses come out as user@server, those of devices as user:device@server. The first byte says with
its second bit whether zlib follows; other flags are not known and refused, as are other tags, an
address in an address and bytes that are left over. A root that is no stanza is refused too: so look nodes
whose words are numbered in another way. More than 64 levels are too much.

There is no magic, four bytes would do: only where a parcel's protocol, a header or a rule names it. Of
1,000,000 random strings of 4 to 200 bytes none is taken, of as many that begin as a node does 19.
tulir/whatsmeow binary/decoder.go, types/jid.go, client.go; WhiskeySockets/Baileys src/WABinary
(read 2026-11-21).
"""

from msgspec import Struct

from auditor.decoders import Clue, zlib
from auditor.decoders.msgpack import gather
from auditor.decoders.tables.whatsapp import numbers, words
from auditor.errors import TooMuch
from auditor.model import Tree
from auditor.text import as_text

CLUE = Clue(kinds=("whatsapp_nodes",))
EXAMPLES: list[tuple[bytes, Tree]] = [
    (
        bytes.fromhex("00f8041311fafb041555010003f801f8041d04fc056d736d7367fc0400ff80fe"),
        {
            "message": {
                "@to": "15550100@s.whatsapp.net",
                "enc": {"@type": "msmsg", "#text": b"\x00\xff\x80\xfe"},
            }
        },
    ),
    (
        bytes.fromhex("02789cfbc1c2c9f19bd96ec3ff1f4c3f9804ff3026fe6016e4f9c398040080a209d3"),
        {"notification": {"@id": "3EB0FF", "to": ["a", {"@jid": "b"}]}},
    ),
    (
        bytes.fromhex(
            "00f8070706f70103ff041555010011f6fc01610002fc046d73677205f5fc016200000007fc07696e7465726f70"
        ),
        {"receipt": {"@from": "15550100:3@lid", "@to": "a:2@msgr", "@participant": "7-b@interop"}},
    ),
]
order = 50
reads = "bytes"
needs_clue = True

_DEPTH = 64
_EMPTY, _LIST_8, _LIST_16 = 0, 248, 249
_DICTIONARIES = range(236, 240)
_INTEROP, _MESSENGER, _DEVICE, _PAIR, _HEX, _NIBBLES = 245, 246, 247, 250, 251, 255
_SIZES = {252: 1, 253: 3, 254: 4}  # bytes that say how many follow; of three only twenty bits count
_LETTERS = {_HEX: "0123456789ABCDEF", _NIBBLES: "0123456789-."}
_STANZAS = (
    *("message", "appdata", "receipt", "call", "chatstate", "presence", "notification", "iq", "ib", "ack"),
    *("success", "failure", "error", "stream:error"),
)
_SERVERS = {0: "s.whatsapp.net", 1: "lid", 128: "hosted", 129: "hosted.lid"}


def unwrap(data: bytes, clue: Clue) -> Tree:
    if len(data) < 4 or data[0] not in (0, 2):
        raise ValueError("not a WhatsApp node")
    inside = zlib.unwrap(data[1:], clue) if data[0] else data[1:]
    reader = _Reader(inside, clue.limit)
    tag, element = reader.node(0)
    if tag not in _STANZAS:
        raise ValueError("not a WhatsApp node: no stanza")
    if reader.at != len(inside):
        raise ValueError("not a WhatsApp node: something follows")
    return {tag: element}


def wrap(tree: Tree) -> bytes:
    if not isinstance(tree, dict) or len(tree) != 1:
        raise ValueError("a WhatsApp node has one root")
    return b"\0" + b"".join(_node(str(tag), element) for tag, element in tree.items())


class _Reader(Struct):
    data: bytes
    left: int  # bytes that may come out
    at: int = 0

    def take(self, size: int) -> bytes:
        piece = self.data[self.at : self.at + size]
        if len(piece) < size:
            raise ValueError("not a WhatsApp node: cut short")
        self.at += size
        return piece

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size))

    def count(self, kind: int) -> int:
        match kind:
            case 0:
                return 0
            case 248 | 249:
                return self.number(kind - 247)
        raise ValueError("not a WhatsApp node: no list where one should be")

    def node(self, depth: int) -> tuple[str, Tree]:
        if depth > _DEPTH:
            raise TooMuch(f"WhatsApp nodes are nested more than {_DEPTH} deep")
        size = self.count(self.number(1))
        tag = self.name()
        if not size or tag[0] in "@#":
            raise ValueError("not a WhatsApp node: no tag")
        parts: list[tuple[Tree, Tree]] = [(f"@{self.name()}", self.value()) for _ in range((size - 1) // 2)]
        if size % 2:
            return tag, gather(parts) if parts else ""
        kind = self.number(1)
        if kind in (_EMPTY, _LIST_8, _LIST_16):
            parts += [self.node(depth + 1) for _ in range(self.count(kind))]
            return tag, gather(parts) if parts else ""
        text = self.string(kind)
        if not parts:
            return tag, text
        return tag, gather([*parts, ("#text", text)] if text else parts)

    def name(self) -> str:
        name = self.value()
        if not isinstance(name, str) or not name:
            raise ValueError("not a WhatsApp node: a name that is no text")
        return name

    def value(self) -> str | bytes:
        kind = self.number(1)
        return "" if kind == _EMPTY else self.string(kind)

    def string(self, kind: int) -> str | bytes:
        text = self.address(kind) if kind in (_INTEROP, _MESSENGER, _DEVICE, _PAIR) else self.plain(kind)
        self.left -= len(text)
        if self.left < 0:
            raise TooMuch("WhatsApp nodes: more than the limit would come out")
        return text

    def plain(self, kind: int) -> str | bytes:
        """A word, packed letters or bytes: everything but an address."""
        if kind in _SIZES:
            return as_text(self.take(self.number(_SIZES[kind]) & (0xFFFFF if kind == 253 else 0xFFFFFFFF)))
        if kind in _LETTERS:
            return self.packed(_LETTERS[kind])
        one, *two = words()
        if kind in _DICTIONARIES:
            return two[kind - _DICTIONARIES[0]][self.number(1)]
        if not 0 < kind <= len(one):
            raise ValueError("not a WhatsApp node: an unknown tag")
        return one[kind - 1]

    def packed(self, letters: str) -> str:
        head = self.number(1)
        numbers = [half for byte in self.take(head & 127) for half in (byte >> 4, byte & 15)]
        if head & 128:
            del numbers[-1:]  # there to fill the byte
        if any(number >= len(letters) for number in numbers):
            raise ValueError("not a WhatsApp node: packed letters of no alphabet")
        return "".join(letters[number] for number in numbers)

    def address(self, kind: int) -> str:
        if kind == _DEVICE:
            domain, device = self.take(2)
            user = self.part()
            known = user if domain in _SERVERS else f"{user}.{domain}"
            name = f"{known}:{device}" if device else known
            return f"{name}@{_SERVERS.get(domain, _SERVERS[0])}"
        user = self.part()
        device = self.number(2) if kind in (_INTEROP, _MESSENGER) else 0
        integrator = f"{self.number(2)}-" if kind == _INTEROP else ""
        server = self.part()
        if not server:
            raise ValueError("not a WhatsApp node: an address without a server")
        name = f"{integrator}{user}:{device}" if device else f"{integrator}{user}"
        return f"{name}@{server}" if name else server

    def part(self) -> str:
        kind = self.number(1)
        part = "" if kind == _EMPTY else self.plain(kind)
        if isinstance(part, str):
            return part
        raise ValueError("not a WhatsApp node: an address that is no text")


def _node(tag: str, element: Tree) -> bytes:
    fields = element if isinstance(element, dict) else {"#text": element}
    pairs = [
        (str(key)[1:], one) for key, several in fields.items() if _is_attribute(key) for one in _each(several)
    ]
    nodes = [
        _node(str(key), one)
        for key, several in fields.items()
        if key != "#text" and not _is_attribute(key)
        for one in _each(several)
    ]
    text = fields.get("#text", "")
    if nodes and text:
        raise ValueError("a WhatsApp node holds either nodes or text")
    written = b"".join(_string(name) + _string(value) for name, value in pairs)
    size = 1 + 2 * len(pairs) + bool(nodes or text)
    return (
        _list(size)
        + _string(tag)
        + written
        + (_list(len(nodes)) + b"".join(nodes) if nodes else b"")
        + (_string(text) if text else b"")
    )


def _is_attribute(key: Tree) -> bool:
    return isinstance(key, str) and key.startswith("@")


def _each(several: Tree) -> list[Tree]:
    return several if isinstance(several, list) else [several]


def _list(size: int) -> bytes:
    return bytes([_LIST_8, size]) if size < 256 else bytes([_LIST_16]) + size.to_bytes(2)


def _string(value: Tree) -> bytes:
    if isinstance(value, bytes):
        return _bytes(value)
    text = str(value)
    if text in numbers():
        return numbers()[text]
    for kind, letters in _LETTERS.items():
        if 0 < len(text) < 255 and not text.strip(letters):
            return _packed(kind, text, letters)
    user, _, server = text.partition("@")
    if user and server and "@" not in server:
        return bytes([_PAIR]) + _string(user) + _string(server)
    return _bytes(text.encode())


def _packed(kind: int, text: str, letters: str) -> bytes:
    halves = [letters.index(letter) for letter in text] + [15] * (len(text) % 2)
    packed = bytes(high << 4 | low for high, low in zip(halves[::2], halves[1::2], strict=True))
    return bytes([kind, len(packed) | 128 * (len(text) % 2)]) + packed


def _bytes(data: bytes) -> bytes:
    if len(data) < 256:
        return bytes([252, len(data)]) + data
    if len(data) < 1 << 20:
        return bytes([253]) + len(data).to_bytes(3) + data
    return bytes([254]) + len(data).to_bytes(4) + data
