"""MQTT 3.1, 3.1.1 and 5.0, on TCP and in a WebSocket, and Facebook's MQTToT.

PUBLISH has the topic as its path, cut at each "/" (one at its beginning goes, as in a URL),
and the payload as its body. CONNECT has what it says in JSON; the will in it, which the server
publishes when the client is gone, is a PUBLISH of its own with the header "will". CONNECT of MQTToT
has its payload as it is, and says what is in it (zlib around Thrift's compact protocol). All other
packets are JSON. Properties of a PUBLISH are headers. A packet of more than MOST bytes is TOO-LONG;
one that does not keep to its format, or whose topic nobody heard, is UNREADABLE, with its bytes, and
reading goes on behind it.
"""

from auditor.model import Head
from auditor.streams import START
from auditor.streams.talk import Talk, words

name = "mqtt"

MOST = 32_000_000
ALIASES = 1000  # topics that are remembered by a number, each of at most TOPIC bytes
TOPIC = 1024
STEPS = 256  # of a path
THRIFT = "application/vnd.apache.thrift.compact"

_TYPES = (
    "RESERVED", "CONNECT", "CONNACK", "PUBLISH", "PUBACK", "PUBREC", "PUBREL", "PUBCOMP",
    "SUBSCRIBE", "SUBACK", "UNSUBSCRIBE", "UNSUBACK", "PINGREQ", "PINGRESP", "DISCONNECT", "AUTH",
)  # fmt: skip
_NAMES = (b"\0\4MQTT", b"\0\6MQIsdp", b"\0\6MQTToT")
# Which kinds a client sends and is given, which have a flag, and how long some are at least.
_SENT, _GIVEN, _FLAGGED = (3, 4, 5, 6, 7, 8, 10, 12, 14), (2, 3, 4, 5, 6, 7, 9, 11, 13, 14), (6, 8, 10)
_LEAST = {2: 2, 4: 2, 5: 2, 6: 2, 7: 2, 8: 6, 9: 3, 10: 5, 11: 2}
_SMALL = 65536  # bytes of a packet without a payload
# MQTT 5.0, 2.2.2.2: how many bytes a property has; 0 stands for a length before it, -1 for a number
# of variable length, -2 for a pair of texts.
_PROPERTIES = {
    1: ("payload-format", 1), 2: ("expiry", 4), 3: ("content-type", 0), 8: ("response-topic", 0),
    9: ("correlation-data", 0), 11: ("subscription", -1), 17: ("session-expiry", 4), 18: ("client-id", 0),
    19: ("keep-alive", 2), 21: ("auth-method", 0), 22: ("auth-data", 0), 23: ("request-problem", 1),
    24: ("will-delay", 4), 25: ("request-response", 1), 26: ("response-information", 0),
    28: ("server-reference", 0), 31: ("reason", 0), 33: ("receive-maximum", 2), 34: ("alias-maximum", 2),
    35: ("topic-alias", 2), 36: ("maximum-qos", 1), 37: ("retain-available", 1), 38: ("user", -2),
    39: ("maximum-packet", 4), 40: ("wildcards", 1), 41: ("subscription-ids", 1), 42: ("shared", 1),
}  # fmt: skip


def recognises(outgoing: bool, start: bytes) -> bool | None:
    """By the protocol's name in the CONNECT that comes first, or in the midst by a packet with a topic."""
    if start[:1] != b"\x10" or not outgoing:
        return _midst(outgoing, start)
    at = next((i for i, byte in enumerate(start[1:5], 2) if byte < 128), 0)
    if not at:
        return None if len(start) < 5 else False
    if start.startswith(_NAMES, at):
        return True
    return None if any(known.startswith(start[at : at + 8]) for known in _NAMES) else False


def _midst(outgoing: bool, start: bytes) -> bool | None:
    """None while packets are too small to prove anything."""
    fields = _Fields(start)
    try:
        while fields.left():
            first = fields.number(1)
            kind, flags = first >> 4, first & 15
            fits = flags & 6 != 6 if kind == 3 else flags == (2 if kind in _FLAGGED else 0)
            if not fits or kind not in (_SENT if outgoing else _GIVEN):
                return False
            size = fields.length()
            if kind == 3:
                return size <= MOST and _is_topic(fields, size - 2)
            if not _LEAST.get(kind, 0) <= size <= _SMALL:
                return False
            inner = _Fields(fields.take(size))
            if kind in (8, 10):
                number, rest = inner.number(2), inner.rest()
                return number > 0 and any(
                    _topics(rest, subscribes=kind == 8, properties=properties) for properties in (False, True)
                )
            if kind == 2 and inner.number(1) > 1:
                return False
    except ValueError:
        return False
    except IndexError:
        return None if len(start) < START else False
    return None


def _is_topic(fields: "_Fields", most: int) -> bool:
    size = fields.number(2)
    if not 1 < size <= most:
        return False
    topic = fields.take(size).decode()
    return topic.isprintable() and not {"#", "+"} & set(topic)


def _topics(data: bytes, *, subscribes: bool, properties: bool) -> list[str]:
    """All that is asked for, in the format with or without properties; nothing where it does not fit."""
    fields, topics = _Fields(data), []
    try:
        if properties:
            fields.properties()
        while fields.left():
            topics.append(fields.block().decode())
            options = fields.number(1) if subscribes else 0
            if options > 63 or not topics[-1].isprintable():
                return []
    except (IndexError, ValueError):
        return []
    return topics


def Stream() -> Talk:  # noqa: N802
    return Talk(_Mqtt().step)


carriers = {"tcp": Stream, "websocket": Stream}


class _Fields:
    """Reads the parts of one packet. IndexError where it is shorter than it says."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, size: int) -> bytes:
        taken = self._data[self._at : self._at + size]
        if len(taken) < size:
            raise IndexError
        self._at += size
        return taken

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size))

    def block(self) -> bytes:
        return self.take(self.number(2))

    def rest(self) -> bytes:
        return self.take(len(self._data) - self._at)

    def left(self) -> bool:
        return self._at < len(self._data)

    def next(self) -> bytes:
        return self._data[self._at : self._at + 1]

    def length(self) -> int:
        """MQTT 5.0, 1.5.5: seven bits a byte, the low ones first, four bytes at most."""
        value = 0
        for shift in range(0, 28, 7):
            byte = self.number(1)
            value |= (byte & 127) << shift
            if byte < 128:
                return value
        raise IndexError

    def properties(self) -> list[tuple[str, str]]:
        inner, found = _Fields(self.take(self.length())), []
        while inner.left():
            key, size = _PROPERTIES.get(inner.length(), ("", 0))
            if not key:
                raise IndexError
            if size == -2:
                found.append((f"user-{words(inner.block()).lower()}", words(inner.block())))
            elif size:
                found.append((key, str(inner.number(size) if size > 0 else inner.length())))
            else:
                found.append((key, words(inner.block())))
        return found


class _Mqtt:
    def __init__(self) -> None:
        self._level = -1  # nobody said it yet
        self._want: dict[bool, tuple[int, int]] = {}  # first byte and length of the packet that comes
        self._aliases: dict[bool, dict[str, bytes]] = {True: {}, False: {}}

    def step(self, talk: Talk, outgoing: bool) -> bool:
        buffer = talk.sides[outgoing]
        if outgoing not in self._want and not self._header(talk, outgoing):
            return False
        first, length = self._want[outgoing]
        found = buffer.block(length, MOST)
        if found is None:
            return False
        del self._want[outgoing]
        data, size = found
        if size > MOST:
            talk.too_long(outgoing, data, size)
            return True
        try:
            self._packet(talk, outgoing, first, data)
        except IndexError:
            talk.say(outgoing, Head("UNREADABLE", (_TYPES[first >> 4],)), bytes([first]) + data)
        return True

    def _header(self, talk: Talk, outgoing: bool) -> bool:
        start = bytes(talk.sides[outgoing].data[:5])
        end = next((i for i, byte in enumerate(start[1:], 2) if byte < 128), 0)
        if not end:
            if len(start) == 5:
                raise ValueError("a packet whose length does not end")
            return False
        talk.sides[outgoing].take(end)
        self._want[outgoing] = (start[0], _Fields(start[1:end]).length())
        return True

    def _packet(self, talk: Talk, outgoing: bool, first: int, data: bytes) -> None:
        kind, fields = _TYPES[first >> 4], _Fields(data)
        if kind == "PUBLISH":
            self._publish(talk, outgoing, first, fields)
        elif kind == "CONNECT":
            self._connect(talk, outgoing, fields)
        elif kind in ("SUBSCRIBE", "UNSUBSCRIBE"):
            number = fields.number(2)
            if self._level < 0:
                older = _topics(data[2:], subscribes=kind == "SUBSCRIBE", properties=False)
                self._level = 4 if older else 5
            properties = fields.properties() if self._level >= 5 else []
            topics = []
            while fields.left():
                topics.append(words(fields.block()))
                if kind == "SUBSCRIBE":
                    fields.number(1)
            body = {"id": number, "topics": topics, "properties": dict(properties)}
            talk.say(outgoing, Head(kind, (topics[0],) if len(topics) == 1 else ()), body)
        else:
            if kind == "CONNACK" and self._level < 0:
                self._level = 4 if len(data) == 2 else 5
            talk.say(outgoing, Head(kind), {"hex": data.hex()})

    def _publish(self, talk: Talk, outgoing: bool, first: int, fields: _Fields) -> None:
        topic, qos = fields.block(), first >> 1 & 3
        headers = [("qos", str(qos))]
        if qos:
            headers.append(("id", str(fields.number(2))))
        headers += [(flag, "1") for flag, bit in (("dup", 8), ("retain", 1)) if first & bit]
        if self._level >= 5 or (self._level < 0 and fields.next() == b"\0"):
            properties = fields.properties()
            topic = self._known(outgoing, topic, dict(properties).get("topic-alias", ""))
            headers += properties
        if not topic:
            raise IndexError
        talk.say(outgoing, _published(topic, headers), fields.rest())

    def _known(self, outgoing: bool, topic: bytes, alias: str) -> bytes:
        aliases = self._aliases[outgoing]
        if not topic:
            return aliases.get(alias, b"")
        if alias and len(topic) <= TOPIC and (alias in aliases or len(aliases) < ALIASES):
            aliases[alias] = topic
        return topic

    def _connect(self, talk: Talk, outgoing: bool, fields: _Fields) -> None:
        protocol, level = words(fields.block()), fields.number(1)
        flags, alive = fields.number(1), fields.number(2)
        self._level = level if protocol == "MQTT" else 0
        headers = (("protocol", protocol), ("level", str(level)), ("keep-alive", str(alive)))
        if protocol == "MQTToT":
            talk.say(outgoing, Head("CONNECT", headers=(*headers, ("content-type", THRIFT))), fields.rest())
            return
        body: dict[str, object] = {"properties": dict(fields.properties())} if self._level >= 5 else {}
        client = body["client"] = words(fields.block())
        properties, topic, will = [], b"", b""
        if flags & 4:
            properties = fields.properties() if self._level >= 5 else []
            topic, will = fields.block(), fields.block()
            body["will-topic"] = words(topic)
        if flags & 128:
            body["user"] = words(fields.block())
        if flags & 64:
            body["password"] = words(fields.block())
        talk.say(outgoing, Head("CONNECT", (client,) if client else (), headers=headers), body)
        if flags & 4:
            talk.say(outgoing, _published(topic, [("will", "1"), *properties]), will)


def _published(topic: bytes, headers: list[tuple[str, str]]) -> Head:
    path = tuple(words(topic).removeprefix("/").split("/", STEPS - 1))
    return Head("PUBLISH", path, headers=(*headers, ("topic", words(topic))))
