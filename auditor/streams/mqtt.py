"""MQTT 3.1, 3.1.1 and 5.0, on TCP and in a WebSocket, and Facebook's MQTToT.

PUBLISH has the topic as its path, cut at each "/" (one at its beginning goes, as in a URL),
and the payload as its body. CONNECT has what it says in JSON; that of MQTToT has its payload as
it is, and says what is in it (zlib around Thrift's compact protocol). All other packets are JSON.
Properties of a PUBLISH are headers. A packet of more than MOST bytes is TOO-LONG; one that does
not keep to its format is UNREADABLE, with its bytes, and reading goes on behind it.
"""

from auditor.model import Head
from auditor.streams import Talk, words

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
    """By the name of the protocol in the CONNECT that comes first."""
    if not outgoing:
        return None if not start or start[0] >> 4 == 2 else False  # a CONNACK; the client spoke before
    if start[:1] not in (b"\x10", b""):
        return False
    at = next((i for i, byte in enumerate(start[1:5], 2) if byte < 128), 0)
    if not at:
        return None if len(start) < 5 else False
    if start.startswith(_NAMES, at):
        return True
    return None if any(known.startswith(start[at : at + 8]) for known in _NAMES) else False


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
        self._level = 0
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
            properties = fields.properties() if self._level >= 5 else []
            topics = []
            while fields.left():
                topics.append(words(fields.block()))
                if kind == "SUBSCRIBE":
                    fields.number(1)
            body = {"id": number, "topics": topics, "properties": dict(properties)}
            talk.say(outgoing, Head(kind, (topics[0],) if len(topics) == 1 else ()), body)
        else:
            talk.say(outgoing, Head(kind), {"hex": data.hex()})

    def _publish(self, talk: Talk, outgoing: bool, first: int, fields: _Fields) -> None:
        topic, qos = fields.block(), first >> 1 & 3
        headers = [("qos", str(qos))]
        if qos:
            headers.append(("id", str(fields.number(2))))
        headers += [(flag, "1") for flag, bit in (("dup", 8), ("retain", 1)) if first & bit]
        if self._level >= 5:
            properties = fields.properties()
            topic = self._known(outgoing, topic, dict(properties).get("topic-alias", ""))
            headers += properties
        headers.append(("topic", words(topic)))
        path = tuple(words(topic).removeprefix("/").split("/", STEPS - 1))
        talk.say(outgoing, Head("PUBLISH", path, headers=tuple(headers)), fields.rest())

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
        if flags & 4:
            body |= {"will-properties": dict(fields.properties())} if self._level >= 5 else {}
            body |= {"will-topic": words(fields.block()), "will": words(fields.block())}
        if flags & 128:
            body["user"] = words(fields.block())
        if flags & 64:
            body["password"] = words(fields.block())
        talk.say(outgoing, Head("CONNECT", (client,) if client else (), headers=headers), body)
