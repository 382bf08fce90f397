"""The messages of one WebSocket as parcels: its own, or those of a protocol that travels in it.

A message that a stream knows (XMPP, MQTT, SIP ...) gives the parcels of that protocol
instead: one keeps the message's ref, several count on from it (`#14.3.0>`). What the stream
does not read any more is the WebSocket's again.
"""

from collections.abc import Iterable, Iterator

from msgspec import Struct, structs

from auditor.model import Channel, Event, Head, Parcel, Problem
from auditor.sources.heads import Place
from auditor.streams import STREAMS, Message, Sorter

_CARRIED = [name for name, stream in STREAMS.items() if "websocket" in getattr(stream, "carriers", ())]


class Frame(Struct, frozen=True):
    """One message of a WebSocket, and its number among them."""

    number: int
    outgoing: bool
    data: bytes
    when: float | None = None
    whole: bool = True
    sign: str = ""  # where it is no message: one of SIGNS

    def ref(self, inner: str = "") -> str:
        return f".{self.number}{inner}{'>' if self.outgoing else '<'}"


def events(
    frames: Iterable[Frame], entry: int, place: Place, channel: Channel, head: Head
) -> Iterator[Event]:
    every = list(frames)
    kept = [frame for frame in every if not frame.sign]
    sorter = Sorter(carrier="websocket")
    for frame in kept:
        sorter.feed(frame.outgoing, frame.data)
        if sorter.name or sorter.refused:
            break
    else:
        sorter.finish()
    stream, name = sorter.again(), sorter.name or "websocket"

    def said(frame: Frame, message: Message, inner: str) -> Parcel:
        ref = place.ref(entry, frame.ref(inner))
        around = head if name == "websocket" or frame.sign else message.head
        around = structs.replace(around, method=frame.sign) if frame.sign else around
        return Parcel(
            ref, channel, message.outgoing, message.body, name, around, when=frame.when, whole=frame.whole,
            retold=message.retold,
        )  # fmt: skip

    for frame in kept:
        found = stream.feed(frame.outgoing, frame.data) if stream else [_own(frame)]
        for count, message in enumerate(found):
            yield said(frame, message, f".{count}" if len(found) > 1 else "")
        if stream and (why := getattr(stream, "handed_over", "")):
            why = f"{name} in a WebSocket: {why}"
            yield place.problem(entry, "damaged", why, frame.ref(), (channel,), (name,))
            stream, name = None, "websocket"
            yield said(frame, _own(frame), ".rest")
    for frame in every:
        if frame.sign:
            yield said(frame, _own(frame), "")
    if stream and stream.waiting:
        why = f"{stream.waiting} bytes at the end of the WebSocket make no message"
        yield place.problem(entry, "cut", why, "", (channel,), (name,))


def begins(asked: Head) -> bool:
    """Whether a request that is granted is the beginning of a WebSocket."""
    return "websocket" in asked.header("upgrade").lower()


def offered(asked: Head) -> set[str]:
    """What may be said in the WebSocket that is asked for: `mqttv3.1` is MQTT (RFC 6455, 1.9)."""
    words = asked.header("sec-websocket-protocol").lower().replace(",", " ").split()
    return {name for name in _CARRIED if any(word.startswith(name) for word in words)}


def unrecorded(entry: int, place: Place, channel: Channel, asked: Head) -> Problem:
    """A WebSocket of whose messages the recorder kept none, nor said that there were none."""
    why = "what was said in a WebSocket was not recorded"
    spoken = tuple(sorted({"websocket", *offered(asked)}))
    return place.problem(entry, "not read", why, "", (channel,), spoken)


def session(entry: int, place: Place, channel: Channel, what: str) -> Problem:
    """What was said inside HTTP and is no HTTP: streams of WebTransport, capsules, datagrams."""
    why = f"what was said in {what} is of no protocol known here"
    return place.problem(entry, "not read", why, "", (channel,), ("http", "websocket"))


def _own(frame: Frame) -> Message:
    return Message(frame.outgoing, Head(), frame.data, "")
