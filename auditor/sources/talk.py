"""What a stream says of a connection, in the words of all sources: dumps and packets say it alike."""

from collections.abc import Iterator

from auditor.model import Channel, Parcel, Problem
from auditor.sources.heads import Place
from auditor.streams import TLS, Conversation, Message

STRANGE = "a protocol this version does not know"


def parcel(
    place: Place,
    number: int,
    channel: Channel,
    name: str,
    message: Message,
    when: float | None,
    part: str = "",
) -> Parcel:
    """One message. `name` is that of its protocol, `part` where the message's own is not enough."""
    ref = place.ref(number, part or f".{message.part}")
    body, retold = message.body, message.retold
    return Parcel(ref, channel, message.outgoing, body, name, message.head, when=when, retold=retold)


def handed_over(stream: Conversation) -> str:
    """Why a stream read no further: TLS, or what is wrong."""
    return str(getattr(stream, "handed_over", ""))


def rest(stream: Conversation) -> dict[bool, int]:
    """Bytes each way that came after the hand-over."""
    return {True: 0, False: 0, **getattr(stream, "rest", {})}


def unopened(name: str) -> str:
    return f"{name} went on inside TLS, which nobody opened"


def left_over(
    place: Place, number: int, channel: Channel, name: str, stream: Conversation, part: str = ""
) -> Iterator[Problem]:
    """What a stream did not read, but for what TLS hides."""
    if (why := handed_over(stream)) and why != TLS:
        left = sum(rest(stream).values())
        why = f"{name}: {why}; {left} bytes not read"
        yield place.problem(number, "damaged", why, part, (channel,), (name,))
    if stream.waiting:
        why = f"{stream.waiting} bytes at the end of the connection make no message"
        yield place.problem(number, "cut", why, part, (channel,), (name,))
