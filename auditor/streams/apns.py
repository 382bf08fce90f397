"""APNs, between a device and Apple's push servers: what a proxy sees that was let in.

A frame is a command, four bytes of length and fields: a number, two bytes of length, a value.
A notification (0a) is a SendMessage either way: its path is the topic (SHA-1 of a name, 20
bytes, in field 1 when a device sends it and in field 2 when it gets it), its body the payload
(field 3); every other field of a frame is a header.
"""

from auditor.model import Head
from auditor.streams.talk import MOST, Talk

name = "apns"

_NAMES = {
    7: "Connect", 8: "ConnectResponse", 9: "PushTopics", 10: "SendMessage", 11: "SendMessageResponse",
    12: "KeepAlive", 13: "KeepAliveResponse", 14: "NoStorage",
}  # fmt: skip
_TOPIC, _PAYLOAD = 20, 3
_CONNECT = 4096  # bytes that a first frame has at most
FIELDS = 10_000  # of one frame
_SEND = 10
Field = tuple[int, bytes]


def recognises(outgoing: bool, start: bytes) -> bool | None:
    """By the device's first frame: to connect, whole and made of fields."""
    if not outgoing:
        return None  # the server answers
    if not b"\7\0\0".startswith(start[:3]):
        return False
    if len(start) < 5:
        return None
    size = int.from_bytes(start[1:5])
    if not 4 <= size <= _CONNECT:
        return False
    if len(start) < 5 + size:
        return None
    return bool(_fields(start[5 : 5 + size]))


def Stream() -> Talk:  # noqa: N802
    return Talk(_Apns().step)


class _Apns:
    def __init__(self) -> None:
        self._want: dict[bool, tuple[int, int]] = {}

    def step(self, talk: Talk, outgoing: bool) -> bool:
        buffer = talk.sides[outgoing]
        if outgoing not in self._want:
            found = buffer.block(5)
            if found is None:
                return False
            self._want[outgoing] = found[0][0], int.from_bytes(found[0][1:])
        command, size = self._want[outgoing]
        found = buffer.block(size)
        if found is None:
            return False
        del self._want[outgoing]
        if found[1] > MOST:
            talk.too_long(outgoing, *found)
        else:
            _say(talk, outgoing, command, found[0])
        return True


def _say(talk: Talk, outgoing: bool, command: int, data: bytes) -> None:
    fields = _fields(data)
    if fields is None or len(fields) > FIELDS:
        talk.too_long(outgoing, data, len(data)) if fields else talk.say(outgoing, Head("UNREADABLE"), data)
        return
    method = _NAMES.get(command, f"COMMAND-{command}")
    topic, payload, rest = b"", b"", []
    for number, value in fields:
        if command == _SEND and number in (1, 2) and len(value) == _TOPIC and not topic:
            topic = value
        elif command == _SEND and number == _PAYLOAD and not payload:
            payload = value
        else:
            rest.append((str(number), value.hex()))
    path = (topic.hex(),) if topic else ()
    talk.say(outgoing, Head(method, path=path, headers=tuple(rest)), payload)


def _fields(data: bytes) -> list[Field] | None:
    """Every field; one more than there may be where there are too many; nothing where they do not fill it."""
    fields: list[Field] = []
    at = 0
    while at + 3 <= len(data):
        if len(fields) > FIELDS:
            return fields
        end = at + 3 + int.from_bytes(data[at + 1 : at + 3])
        fields.append((data[at], data[at + 3 : end]))
        at = end
    return fields if at == len(data) else None
